# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of ipvs_table are checked as if Ansible did it, only faster."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.module_utils.common import arg_spec
from ansible_collections.steadfast.edge.plugins.doc_fragments.ipvs_common import ModuleDocFragment
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import arguments, normalise, spec
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import InvalidValue

SERVER: dict[str, Any] = {"address": "192.0.2.21", "weight": 3, "forward": "route"}
WEB: dict[str, Any] = {"address": "192.0.2.150", "port": 80, "scheduler": "sh", "scheduler_flags": ["sh-port"], "one_packet": False}


@pytest.fixture(name="asked")
def _asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Each time that Ansible's own check is asked."""
    calls: list[Any] = []
    check = arg_spec.ArgumentSpecValidator.validate

    def validate(self: Any, parameters: Any) -> Any:
        calls.append(parameters)
        return check(self, parameters)

    monkeypatch.setattr(arg_spec.ArgumentSpecValidator, "validate", validate)
    return calls


def test_what_is_plainly_right_is_taken_as_it_is(asked: list[Any]) -> None:
    given = [{**WEB, "destinations": [SERVER, {"address": "192.0.2.22"}]}, {"fwmark": 7, "family": "ipv6", "destinations": []}]
    assert arguments.services(given) is given
    assert asked == []


CONVERTED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"port": "80"}, {"port": 80}),
    ({"one_packet": "no"}, {"one_packet": False}),
    ({"scheduler_flags": "sh-port,sh-fallback"}, {"scheduler_flags": ["sh-port", "sh-fallback"]}),
    ({"persistence_netmask": 24, "persistence_timeout": 5}, {"persistence_netmask": "24", "persistence_timeout": 5}),
    ({"persistence_netmask": None}, {}),
    ({"destinations": None}, {}),
    ({"destinations": [{**SERVER, "weight": "3"}]}, {"destinations": [SERVER]}),
    ({"destinations": [{**SERVER, "tunnel_port": None}]}, {"destinations": [SERVER]}),
    ({"destinations": ["address=192.0.2.21 weight=3"]}, {"destinations": [SERVER]}),
    ({"destinations": [{**SERVER, "weight": True}]}, {"destinations": [{**SERVER, "weight": 1}]}),
]


@pytest.mark.parametrize(("spelt", "plain"), CONVERTED)
def test_other_spellings_are_converted(asked: list[Any], spelt: dict[str, Any], plain: dict[str, Any]) -> None:
    given = [{"fwmark": 7}, {**WEB, **spelt}]
    assert normalise.table(arguments.services(given)) == normalise.table([{"fwmark": 7}, {**WEB, **plain}])
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"prot": 80}, "services.prot"),
        ({"port": "http"}, "port"),
        ({"scheduler": "fastest"}, "value of scheduler must be one of"),
        ({"scheduler": ["rr"]}, "value of scheduler must be one of"),
        ({"destinations": [{"weight": 1}]}, "missing required arguments: address found in services -> destinations"),
        ({"destinations": [{**SERVER, "forward": "dr"}]}, "value of forward must be one of: route, tunnel, masquerade, got: dr"),
        ({"destinations": [{**SERVER, "wait": 1}]}, "services.destinations.wait"),
        ({"destinations": [None]}, "destinations"),
        ({"destinations": [["192.0.2.21"]]}, "destinations"),
    ],
)
def test_mistakes_are_told_in_ansibles_words(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        arguments.services([{"fwmark": 7}, {**WEB, **wrong}])


def told(options: dict[str, Any], below: str) -> dict[str, Any]:
    """What matters of options, as documented or as specified."""
    found = {}
    for name, option in options.items():
        found[name] = {key: option[key] for key in ("type", "elements", "choices", "default", "required") if option.get(key) is not None}
        if below in option:
            found[name]["below"] = told(option[below], below)
    return found


def test_the_documentation_says_what_is_checked() -> None:
    """The sanity test compares the two for ipvs_service; of the services of ipvs_table Ansible knows no more than that they are dicts."""
    documented = yaml.safe_load(ModuleDocFragment.SERVICES)["options"]["services"]["suboptions"]
    assert told(documented, "suboptions") == told(spec.service(), "options")

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin: the core's answer as a task's result, and each value rendered once."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.steadfast.edge.plugins.action import preflight
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.topology.cases import good, hostvars


class HostVars(dict):  # type: ignore[type-arg]
    """As Ansible's: raw values beside those that are rendered at each look. Here every text is rendered in capitals."""

    def __init__(self, raw: dict[str, dict[str, Any]]) -> None:
        super().__init__({host: self.rendering(values) for host, values in raw.items()})
        self.raw = raw
        self.renderings = 0

    def raw_get(self, host: str) -> dict[str, Any]:
        return self.raw[host]

    def rendering(self, values: dict[str, Any]) -> Any:
        def render(name: str) -> Any:
            self.renderings += 1
            return str(values[name]).upper()

        view = MagicMock()
        view.__getitem__.side_effect = render
        return view


def run(inventory: dict[str, Any], **options: Any) -> dict[str, Any]:
    task = MagicMock(args=options, async_val=0, action="steadfast.edge.preflight", check_mode=False)
    connection = MagicMock()
    action = preflight.ActionModule(
        task=task, connection=connection, play_context=MagicMock(), loader=None, templar=None, shared_loader_obj=None
    )
    result = action.run(task_vars={"hostvars": hostvars(inventory), "groups": inventory["groups"]})
    assert connection.method_calls == []
    return result


def test_a_sound_inventory_changes_nothing() -> None:
    result = run(good())
    assert (result["failed"], result["changed"], result["errors"]) == (False, False, [])
    assert result["msg"].startswith("The topology is sound: 2 VIPs")


def test_errors_come_as_text_and_as_data() -> None:
    inventory = good()
    inventory["all"]["edge_vips"][0]["virtual_router_id"] = 300
    result = run(inventory)
    assert (result["failed"], result["changed"]) == (True, False)
    assert result["errors"] == [
        {
            "path": "edge_vips[0].virtual_router_id",
            "host": None,
            "value": 300,
            "message": "This must be a whole number from 1 to 255.",
            "remedy": "Write a number from 1 to 255, for example 51.",
        }
    ]
    assert "1. edge_vips[0].virtual_router_id: 300" in result["msg"].splitlines()


def test_there_are_no_options() -> None:
    with pytest.raises(AnsibleActionFail, match="no options, but was given fast"):
        run(good(), fast=True)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ([{"a": 1, "b": ["x", None, True, 0.5]}], "literal"),
        ("{{ groups['edge_web'] | sort | map('upper') }}", "inventory"),
        (["x", "{% for host in groups.edge_web %}{{ host }}{% endfor %}"], "inventory"),
        (["{{ groups['edge_web'] }}", {"a": "{{ inventory_hostname }}"}], "host"),
        ("{{ lookup('env', 'HOME') }}", "host"),
        ("{{ groups[", "host"),
        (b"encrypted", "host"),
    ],
)
def test_what_a_value_depends_on(raw: Any, kind: str) -> None:
    assert preflight.scope(raw) == kind


def test_only_what_may_differ_is_rendered_again() -> None:
    raw = {host: {"plain": "p", "same": "{{ groups }}", "own": "{{ x }}"} for host in "abc"}
    raw["c"]["same"] = "{{ groups.c }}"
    hostvars = HostVars(raw)
    views = preflight.Views(hostvars)
    assert (list(views), len(views), list(views["a"]), len(views["a"]), "own" in views["a"]) == (
        ["a", "b", "c"],
        3,
        list(raw["a"]),
        3,
        True,
    )
    assert [views[host]["plain"] for host in "abc"] == ["p"] * 3
    assert hostvars.renderings == 0
    assert [views[host]["same"] for host in "abc"] == ["{{ GROUPS }}", "{{ GROUPS }}", "{{ GROUPS.C }}"]
    assert hostvars.renderings == 2
    assert [views[host]["own"] for host in "abc"] == ["{{ X }}"] * 3
    assert hostvars.renderings == 5

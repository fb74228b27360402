# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters add nothing to the derivation but Ansible's own kind of error."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.steadfast.edge.plugins.filter import topology
from ansible_collections.steadfast.edge.plugins.module_utils._topology import derive
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.topology.cases import good, hostvars

FILTERS = topology.FilterModule().filters()


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_a_filter_is_the_derivation_of_its_name(name: str) -> None:
    seen = hostvars(good())
    for host in seen:
        assert FILTERS[name](seen, host) == getattr(derive, name)(seen, host)


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_errors_name_the_filter_and_the_value(name: str) -> None:
    inventory = good()
    inventory["all"].update(edge_vips=7, edge_virtual_services=7, edge_upstreams=7)
    with pytest.raises(AnsibleFilterError, match=rf"steadfast\.edge\.{name}\(web1\): edge_vips: 7"):
        FILTERS[name](hostvars(inventory), "web1")
    with pytest.raises(AnsibleFilterError, match="not on 'x'"):
        FILTERS[name]("x", "web1")


def test_each_filter_is_documented() -> None:
    folder = Path(topology.__file__).parent
    for name in FILTERS:
        documentation = yaml.safe_load((folder / f"{name}.yml").read_text(encoding="utf-8"))
        assert documentation["DOCUMENTATION"]["name"] == name

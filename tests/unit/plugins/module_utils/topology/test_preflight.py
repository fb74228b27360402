# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules, by a table of bad inventories, and what must not be refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._topology import preflight
from ansible_collections.steadfast.edge.plugins.module_utils._topology.inventory import Inventory
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import Problem
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.topology.cases import (
    BAD_INPUTS,
    BASES,
    ROLES,
    broken,
    good,
    hostvars,
    put,
)


def problems_of(inventory: dict[str, Any]) -> list[Problem]:
    return preflight.check(Inventory(hostvars(inventory), inventory["groups"]), ROLES)[1]


@pytest.mark.parametrize("case", BAD_INPUTS, ids=lambda case: case["name"])
def test_bad_input_is_refused_with_its_path_and_a_remedy(case: dict[str, Any]) -> None:
    found = problems_of(broken(case))
    assert [(problem.path, problem.host) for problem in found] == [(each["path"], each.get("host")) for each in case["expect"]]
    for problem, expected in zip(found, case["expect"]):
        for word in expected["words"]:
            assert word in str(problem)
        assert problem.message.endswith((".", "?"))
        assert problem.remedy.endswith(".")
    if "secret" in case:
        assert case["secret"] not in preflight.report(found) + repr([problem.as_dict() for problem in found])


def test_the_table_is_as_long_as_promised() -> None:
    assert len({case["name"] for case in BAD_INPUTS}) == len(BAD_INPUTS) >= 40


def test_the_good_inventory_passes() -> None:
    inventory = good()
    vocabulary, found = preflight.check(Inventory(hostvars(inventory), inventory["groups"]), ROLES)
    assert found == []
    assert preflight.describe(vocabulary) == "The topology is sound: 2 VIPs, 2 virtual services, 2 upstreams, 7 hosts taking part."


def test_nothing_at_all_passes() -> None:
    assert problems_of({"groups": {}, "hosts": {}, "all": {}}) == []
    assert problems_of({"groups": {}, "hosts": {"web1": {"ansible_connection": "local"}}, "all": {}}) == []


def lone(address: str, vrid: int) -> dict[str, Any]:
    return {"name": "lone", "address": address, "virtual_router_id": vrid, "holders": ["client1"]}


@pytest.mark.parametrize("base", BASES)
def test_each_topology_has_a_sound_inventory(base: str) -> None:
    assert problems_of(good(base)) == []


RIGHT = {
    "an address that wins over the way in": ("hosts", "web1", {"ansible_host": "web1.example.com", "edge_address": "192.0.2.21"}),
    "an inventory name that is an address": ("all", "edge_foreign_variables", []),
    "one VRID on two segments": (
        "all",
        "edge_vips[1]",
        lone("198.51.100.9/24", 51),
    ),
    "one VRID for IPv4 and IPv6": (
        "all",
        "edge_vips[1]",
        lone("2001:db8::9/64", 51),
    ),
    "a variable that is somebody else's": ("all", "edge_foreign_variables", ["nginx_exporter_*"]),
    "digits in a text": ("all", "edge_virtual_services[0].port", "80"),
    "the longest intervals of version 2": ("all", "edge_vrrp", {"version": 2, "advertisement_interval": 255, "password": "p4ss-w0d"}),
    "the shortest interval of version 3": ("all", "edge_vrrp", {"advertisement_interval": 0.01}),
    "a hundredth that a float cannot hold": ("all", "edge_vrrp", {"advertisement_interval": 0.29}),
    "an empty edge_vrrp": ("all", "edge_vrrp", None),
    "version 2 at the usual pace": ("all", "edge_vrrp", {"version": 2}),
    "a VIP of web servers alone": (
        "all",
        "edge_vips[1]",
        {"name": "web", "address": "192.0.2.152/24", "virtual_router_id": 53, "holders": ["web1", "web2"], "track": "nginx"},
    ),
    "clients of a subnet together": ("all", "edge_virtual_services[1].persistence_netmask", "255.255.255.0"),
    "a quorum that is reached": ("all", "edge_virtual_services[0].quorum", 4),
    "persistence off": ("all", "edge_virtual_services[1].persistence_timeout", 0),
    "a private name": ("all", "__edge_vip", 1),
    "a drained real server": ("all", "edge_virtual_services[0].real_servers[1].weight", 0),
    "the first address of a /31": (
        "all",
        "edge_vips[1]",
        lone("198.51.100.8/31", 9),
    ),
}
ADDRESSES = {"198.51.100.9/24": "198.51.100.8", "2001:db8::9/64": "2001:db8::8", "198.51.100.8/31": "198.51.100.9"}


@pytest.mark.parametrize("change", RIGHT.values(), ids=RIGHT.keys())
def test_what_is_right_is_not_refused(change: tuple[str, str, Any]) -> None:
    inventory = good()
    where, path, value = change
    inventory["all"]["nginx_exporter_port"] = 1 if value == ["nginx_exporter_*"] else None
    if where == "hosts":
        inventory["hosts"][path] = value
    else:
        put(inventory["all"], path, value)
    if isinstance(value, dict) and value.get("address") in ADDRESSES:
        inventory["hosts"]["client1"]["ansible_host"] = ADDRESSES[value["address"]]
        inventory["groups"]["edge_directors"].append("client1")
    assert problems_of(inventory) == []


def test_a_number_counts_on_each_interface_of_a_holder_by_itself() -> None:
    inventory = good("nat")
    inventory["all"]["edge_vips"][1]["virtual_router_id"] = 51
    assert problems_of(inventory) == []


def test_a_real_server_of_two_translated_services_that_move_together() -> None:
    inventory = good("nat")
    service, vip = inventory["all"]["edge_virtual_services"][0], inventory["all"]["edge_vips"][0]
    inventory["all"]["edge_vips"].append({**vip, "name": "center", "address": "192.0.2.151/24", "virtual_router_id": 53})
    inventory["all"]["edge_virtual_services"].append({**service, "name": "center-http", "vip": "center"})
    assert problems_of(inventory) == []


def test_an_inventory_name_that_is_an_address_serves_as_one() -> None:
    inventory = good()
    inventory["hosts"]["192.0.2.34"] = {}
    inventory["all"]["edge_upstreams"][0]["members"].append("192.0.2.34")
    assert problems_of(inventory) == []


def test_more_holders_than_priorities() -> None:
    inventory = good()
    names = [f"d{number}" for number in range(25)]
    inventory["hosts"].update({name: {"ansible_host": f"192.0.2.{200 + index}"} for index, name in enumerate(names)})
    inventory["groups"]["edge_directors"] += names
    inventory["all"]["edge_vips"][0]["holders"] = names[:24]
    assert problems_of(inventory) == []
    inventory["all"]["edge_vips"][0]["holders"] = names
    (found,) = problems_of(inventory)
    assert (found.path, "24 holders" in found.message) == ("edge_vips[0].holders", True)


def test_most_hosts_decide_what_is_judged_further() -> None:
    inventory = good()
    inventory["hosts"]["app3"]["edge_vips"] = "nonsense"
    assert [problem.path for problem in problems_of(inventory)] == ["edge_vips"]


def test_the_report_numbers_the_errors_and_says_that_nothing_happened() -> None:
    case = next(case for case in BAD_INPUTS if case["name"] == "Several errors at once")
    lines = preflight.report(problems_of(broken(case))).splitlines()
    assert lines[0] == "The preflight found 4 errors in the inventory. No host has been touched."
    assert lines[2] == "1. edge_upstreams[0].port: http"
    assert [line[:2] for line in lines if line[:1].isdigit()] == ["1.", "2.", "3.", "4."]


def test_errors_stand_in_the_order_of_the_file() -> None:
    inventory = good()
    template = inventory["all"]["edge_upstreams"][0]
    inventory["all"]["edge_upstreams"] = [{**template, "name": f"up{number}", "keepalive": -1} for number in range(12)]
    assert [problem.path for problem in problems_of(inventory)] == [f"edge_upstreams[{number}].keepalive" for number in range(12)]


def test_a_variable_belongs_to_the_role_with_the_longest_name() -> None:
    inventory = good()
    inventory["all"] = {"lvs_director_x": 1}
    known: dict[str, dict[str, Any]] = {"lvs": {"lvs_director_x": {}}, "lvs_director": {"lvs_director_y": {}}}
    (found,) = preflight.check(Inventory(hostvars(inventory), inventory["groups"]), known)[1]
    assert "role lvs_director" in found.message

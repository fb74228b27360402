# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session's cookie leads back to its Tomcat, by what the inventory says of members and of Tomcat's instances."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._topology import derive
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.topology.cases import good, hostvars


@pytest.fixture
def inventory() -> dict[str, Any]:
    inventory = good()
    inventory["all"]["edge_upstreams"] = [
        {"name": "shop-app", "port": 8080, "members": ["app1", "app2", {"name": "app2", "port": 8081}], "sticky": "JSESSIONID"},
        {"name": "center-app", "port": 8080, "members": ["app1"]},
    ]
    return inventory


def servers(upstream: dict[str, Any]) -> list[tuple[str, int, bool]]:
    return [(one["address"], one["port"], one["backup"]) for one in upstream["servers"]]


def test_each_member_has_an_upstream_in_which_the_others_are_backups(inventory: dict[str, Any]) -> None:
    inventory["hosts"]["app2"]["tomcat_instances"] = [{"name": "a", "port": 8080}, {"name": "b", "port": 8081, "jvm_route": "second"}]
    found = {one["name"]: one for one in derive.upstreams(hostvars(inventory), "web1")}
    assert list(found) == ["shop-app", "shop-app--app1", "shop-app--app2-a", "shop-app--second", "center-app"]
    first, second = found["shop-app"]["servers"][0]["address"], found["shop-app"]["servers"][1]["address"]
    assert servers(found["shop-app--second"]) == [(second, 8081, False), (first, 8080, True), (second, 8080, True)]
    assert [one["max_fails"] for one in found["shop-app--second"]["servers"]] == [1, 0, 0]
    (a_map,) = derive.sticky_maps(hostvars(inventory), "web1")
    assert (a_map["name"], a_map["source"], a_map["default"]) == ("sticky_shop_app", "$cookie_jsessionid", "shop-app")
    assert list(a_map["values"].values()) == ["shop-app--app1", "shop-app--app2-a", "shop-app--second"]


def test_only_the_whole_route_at_the_end_counts(inventory: dict[str, Any]) -> None:
    inventory["all"]["edge_upstreams"][0]["members"] = ["app1", {"name": "app2", "route": "app.1"}]
    (a_map,) = derive.sticky_maps(hostvars(inventory), "web1")

    def leads_to(cookie: str) -> str:
        return str(next((name for key, name in a_map["values"].items() if re.search(key[1:], cookie)), a_map["default"]))

    assert [leads_to(cookie) for cookie in ("0F.app1", "0F.app.1", "0F.appx1", "0F.app11", "app1", "")] == [
        "shop-app--app1", "shop-app--app.1", "shop-app", "shop-app", "shop-app", "shop-app"]


def test_the_route_of_the_member_comes_before_that_of_the_host(inventory: dict[str, Any]) -> None:
    inventory["all"]["edge_upstreams"][0]["members"] = [{"name": "app1", "route": "own"}, "app2"]
    inventory["hosts"]["app1"]["tomcat_jvm_route"] = "not-asked"
    inventory["hosts"]["app2"]["tomcat_jvm_route"] = "two"
    assert [one["name"] for one in derive.upstreams(hostvars(inventory), "web1")][1:3] == ["shop-app--own", "shop-app--two"]


def test_a_method_that_knows_no_backups_is_that_of_everybody_only(inventory: dict[str, Any]) -> None:
    inventory["all"]["edge_upstreams"][0].update(method="hash", key="$request_uri")
    found = derive.upstreams(hostvars(inventory), "web1")
    assert [(one["method"], one["key"]) for one in found[:2]] == [("hash", "$request_uri"), ("round_robin", None)]


def test_members_of_the_replication_are_those_that_replicate(inventory: dict[str, Any]) -> None:
    hosts = inventory["hosts"]
    inventory["all"]["tomcat_sessions"] = "replicated"
    hosts["app2"]["tomcat_instances"] = [
        {"name": "a", "port": 1, "replication_port": 4001},
        {"name": "b", "port": 2, "sessions": "stored"},
        {"name": "c", "port": 3, "state": "absent"},
    ]
    found = derive.replication_members(hostvars(inventory), "app1")
    own = [derive.replication_address(hostvars(inventory), host) for host in ("app1", "app2", "app3")]
    assert [(one["address"], one["port"]) for one in found] == [(own[0], 4000), (own[1], 4001), (own[2], 4000)]
    inventory["all"]["tomcat_sessions"] = "local"
    assert derive.replication_members(hostvars(inventory), "app1") == []

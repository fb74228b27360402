# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each role is given follows from the inventory alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._topology import derive
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import TopologyError
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.topology.cases import good, hostvars, put

FUNCTIONS = (derive.vrrp_instances, derive.virtual_servers, derive.realserver_vips, derive.upstreams)


@pytest.fixture
def inventory() -> dict[str, Any]:
    return good()


def test_a_holder_runs_one_instance_for_each_vip(inventory: dict[str, Any]) -> None:
    assert derive.vrrp_instances(hostvars(inventory), "director1") == [
        {
            "name": "shop",
            "interface": "eth0",
            "state": "MASTER",
            "virtual_router_id": 51,
            "priority": 250,
            "advert_int": 0.5,
            "nopreempt": False,
            "unicast_src_ip": "192.0.2.11",
            "unicast_peers": ["192.0.2.12"],
            "virtual_ipaddresses": ["192.0.2.150/32"],
            "auth_pass": None,
        },
        {
            "name": "center",
            "interface": "bond0",
            "state": "BACKUP",
            "virtual_router_id": 52,
            "priority": 240,
            "advert_int": 0.5,
            "nopreempt": True,
            "unicast_src_ip": "192.0.2.11",
            "unicast_peers": ["192.0.2.12"],
            "virtual_ipaddresses": ["192.0.2.151/32"],
            "auth_pass": None,
        },
    ]


def test_the_preferred_holder_leads(inventory: dict[str, Any]) -> None:
    first, second = derive.vrrp_instances(hostvars(inventory), "director2")
    assert (first["state"], first["priority"]) == ("BACKUP", 240)
    # Preferred for the second VIP, but keepalived ignores nopreempt on an instance that starts as master.
    assert (second["state"], second["priority"], second["nopreempt"]) == ("BACKUP", 250, True)


def test_priorities_fall_with_the_order_and_stay_usable() -> None:
    priorities = [derive.priority(position) for position in range(derive.MOST_HOLDERS)]
    assert priorities == sorted(set(priorities), reverse=True)
    assert priorities[-1] >= 1 and priorities[0] < 255


def test_many_holders_are_all_each_others_peers(inventory: dict[str, Any]) -> None:
    put(inventory["all"], "edge_vips[0].holders", ["web2", "director1", "web1"])
    (instance,) = derive.vrrp_instances(hostvars(inventory), "web1")
    assert (instance["priority"], instance["unicast_peers"]) == (230, ["192.0.2.22", "192.0.2.11"])


def test_multicast_names_nobody(inventory: dict[str, Any]) -> None:
    inventory["all"]["edge_vrrp"] = {"unicast": False}
    instance = derive.vrrp_instances(hostvars(inventory), "director1")[0]
    assert (instance["unicast_src_ip"], instance["unicast_peers"], instance["advert_int"]) == (None, [], 1)


def test_only_version_2_has_a_password(inventory: dict[str, Any]) -> None:
    inventory["all"]["edge_vrrp"] = {"version": 2, "password": "hush"}
    assert derive.vrrp_instances(hostvars(inventory), "director1")[0]["auth_pass"] == "hush"
    inventory["all"]["edge_vrrp"] = {"version": 3, "password": "hush"}
    assert derive.vrrp_instances(hostvars(inventory), "director1")[0]["auth_pass"] is None


def test_interface_of_the_vip_wins_over_the_hosts(inventory: dict[str, Any]) -> None:
    inventory["hosts"]["director1"]["edge_interface"] = "ens3"
    interfaces = [instance["interface"] for instance in derive.vrrp_instances(hostvars(inventory), "director1")]
    assert interfaces == ["ens3", "bond0"]


def test_the_edge_address_wins_over_the_way_in(inventory: dict[str, Any]) -> None:
    inventory["hosts"]["director1"]["ansible_host"] = "director1.example.com"
    inventory["hosts"]["director1"]["edge_address"] = "192.0.2.111"
    assert derive.vrrp_instances(hostvars(inventory), "director2")[0]["unicast_peers"] == ["192.0.2.111"]


def test_a_holder_balances_the_services_of_its_vips(inventory: dict[str, Any]) -> None:
    first, second = derive.virtual_servers(hostvars(inventory), "director2")
    assert first == {
        "name": "shop-http",
        "address": "192.0.2.150",
        "port": 80,
        "protocol": "TCP",
        "scheduler": "wrr",
        "forward": "DR",
        "persistence_timeout": 0,
        "check": {"type": "http", "path": "/healthz", "status": 200, "interval": 2, "timeout": 2, "retries": 1, "retry_delay": 1},
        "real_servers": [
            {"address": "192.0.2.21", "port": 80, "weight": 1},
            {"address": "192.0.2.22", "port": 80, "weight": 3},
        ],
    }
    # Without `check` a connection suffices; every key is there all the same.
    assert second["check"] == {
        "type": "tcp",
        "path": None,
        "status": None,
        "interval": 2,
        "timeout": 2,
        "retries": 1,
        "retry_delay": 1,
    }
    assert (second["scheduler"], second["persistence_timeout"]) == ("wlc", 300)


def test_an_empty_check_asks_for_the_root(inventory: dict[str, Any]) -> None:
    inventory["all"]["edge_virtual_services"][0]["check"] = {}
    check = derive.virtual_servers(hostvars(inventory), "director1")[0]["check"]
    assert (check["type"], check["path"], check["status"]) == ("http", "/", 200)


def test_a_real_server_accepts_each_address_once(inventory: dict[str, Any]) -> None:
    assert derive.realserver_vips(hostvars(inventory), "web2") == ["192.0.2.150"]
    put(inventory["all"], "edge_virtual_services[1].vip", "center")
    assert derive.realserver_vips(hostvars(inventory), "web2") == ["192.0.2.150", "192.0.2.151"]


def test_a_tomcat_believes_the_web_tier(inventory: dict[str, Any]) -> None:
    seen = hostvars(inventory)
    assert derive.proxies(seen, next(iter(seen))) == [
        member["edge_address"] if "edge_address" in member else member["ansible_host"]
        for name, member in seen.items()
        if name in member["groups"]["edge_web"]
    ]


def test_upstreams_name_their_members_addresses(inventory: dict[str, Any]) -> None:
    first, second = derive.upstreams(hostvars(inventory), "web1")
    usual = {"weight": 1, "max_conns": 0, "max_fails": 1, "fail_timeout": "10s", "backup": False, "down": False}
    assert first == {
        "name": "shop-app",
        "method": "round_robin",
        "key": None,
        "consistent": False,
        "keepalive": 32,
        "servers": [
            {"address": "192.0.2.31", "port": 8080, **usual},
            {"address": "192.0.2.32", "port": 8080, **usual},
            {"address": "192.0.2.33", "port": 8080, **usual, "weight": 2, "backup": True},
        ],
    }
    assert (second["method"], second["key"], second["consistent"], second["keepalive"]) == ("hash", "$request_uri", True, 32)
    assert [(server["address"], server["port"]) for server in second["servers"]] == [("192.0.2.31", 8081), ("192.0.2.31", 8082)]


@pytest.mark.parametrize(("given", "nginx"), [(5, "5s"), ("7", "7s"), ("1m30s", "1m30s"), (0, "0s")])
def test_times_reach_nginx_in_its_own_spelling(inventory: dict[str, Any], given: Any, nginx: str) -> None:
    put(inventory["all"], "edge_upstreams[0].members[2].fail_timeout", given)
    assert derive.upstreams(hostvars(inventory), "web1")[0]["servers"][2]["fail_timeout"] == nginx


def test_ipv6_is_bare_for_keepalived_and_bracketed_for_nginx(inventory: dict[str, Any]) -> None:
    for index, host in enumerate(inventory["hosts"]):
        inventory["hosts"][host] = {"edge_address": f"2001:db8:0::{index + 1}"}
    put(inventory["all"], "edge_vips[0].address", "2001:db8::150/64")
    seen = hostvars(inventory)
    assert derive.vrrp_instances(seen, "director1")[0]["virtual_ipaddresses"] == ["2001:db8::150/128"]
    assert derive.virtual_servers(seen, "director1")[0]["real_servers"][0]["address"] == "2001:db8::3"
    assert derive.upstreams(seen, "web1")[0]["servers"][0]["address"] == "[2001:db8::5]"


def test_who_takes_no_part_gets_nothing(inventory: dict[str, Any]) -> None:
    seen = hostvars(inventory)
    assert [function(seen, "client1") for function in FUNCTIONS[:3]] == [[], [], []]
    assert derive.upstreams(seen, "client1") == derive.upstreams(seen, "web1")
    bare: dict[str, dict[str, Any]] = {"web1": {"groups": {}}}
    assert [function(bare, "web1") for function in FUNCTIONS] == [[], [], [], []]


def test_nothing_is_changed_on_the_way(inventory: dict[str, Any]) -> None:
    seen = hostvars(inventory)
    before = copy.deepcopy(seen)
    first = [function(seen, host) for host in seen for function in FUNCTIONS]
    assert seen == before
    assert first == [function(seen, host) for host in seen for function in FUNCTIONS]


GARBAGE: list[tuple[Any, str, Any, list[str]]] = [
    (derive.vrrp_instances, "edge_vips", "shop", ["edge_vips: shop", "must be a list"]),
    (derive.vrrp_instances, "edge_vips[0]", 5, ["edge_vips[0]: 5", "must be a mapping"]),
    (derive.vrrp_instances, "edge_vips[0].holders", ["director1", "nobody"], ["edge_vips[0].holders[1]: nobody", "no such host"]),
    (derive.vrrp_instances, "edge_vips[0].holders", ["director1", "client1"], ["client1.example.com", "edge_address"]),
    (derive.vrrp_instances, "edge_vips[0].holders", [f"d{i}" for i in range(24)] + ["director1"], ["24 holders"]),
    (derive.virtual_servers, "edge_virtual_services[0].vip", "nowhere", ["edge_virtual_services[0].vip: nowhere", "no VIP"]),
    (derive.virtual_servers, "edge_virtual_services[0].port", "http", ["edge_virtual_services[0].port: http"]),
    (derive.realserver_vips, "edge_virtual_services", {"a": 1}, ["edge_virtual_services", "must be a list"]),
    (derive.upstreams, "edge_upstreams[0].members", ["nobody"], ["edge_upstreams[0].members[0]: nobody"]),
    (derive.upstreams, "edge_upstreams[0].port", None, ["edge_upstreams[0].port", "needs a port"]),
    (derive.upstreams, "edge_upstreams", "{{ later }}", ["edge_upstreams", "{{ later }}"]),
]


@pytest.mark.parametrize(("function", "path", "value", "words"), GARBAGE)
def test_garbage_fails_by_name(inventory: dict[str, Any], function: Any, path: str, value: Any, words: list[str]) -> None:
    put(inventory["all"], path, value)
    host = "web1" if function is derive.realserver_vips else "director1"
    with pytest.raises(TopologyError) as caught:
        function(hostvars(inventory), host)
    for word in words:
        assert word in str(caught.value)


def test_a_host_that_does_not_exist_fails_by_name(inventory: dict[str, Any]) -> None:
    with pytest.raises(TopologyError, match="nobody"):
        derive.upstreams(hostvars(inventory), "nobody")

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

CHECK = {"virtualhost": None, "port": None, "interval": 2, "timeout": 2, "retries": 1, "retry_delay": 1}
NO_THRESHOLDS = {"upper_threshold": None, "lower_threshold": None}
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
            "preempt_delay": None,
            "health": None,
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
            "preempt_delay": None,
            "health": None,
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


def test_the_preset_is_an_interval_unless_one_is_written(inventory: dict[str, Any]) -> None:
    expected = {"patient": 1, "standard": 0.3, "fast": 0.1, "extreme": 0.01}
    for preset, interval in expected.items():
        inventory["all"]["edge_vrrp"] = {"preset": preset}
        assert derive.vrrp_instances(hostvars(inventory), "director1")[0]["advert_int"] == interval
    inventory["all"]["edge_vrrp"] = {"preset": "extreme", "advertisement_interval": 2}
    assert derive.vrrp_instances(hostvars(inventory), "director1")[0]["advert_int"] == 2


def test_a_delayed_preemption_begins_as_backup(inventory: dict[str, Any]) -> None:
    put(inventory["all"], "edge_vips[0].preempt_delay", 30)
    instance = derive.vrrp_instances(hostvars(inventory), "director1")[0]
    assert (instance["state"], instance["preempt_delay"], instance["priority"]) == ("BACKUP", 30, 250)


def test_what_is_tracked_decides_with_usual_values(inventory: dict[str, Any]) -> None:
    usual = {
        "address": "127.0.0.1",
        "port": 80,
        "path": "/healthz",
        "host": None,
        "status": 200,
        "interval": 1,
        "timeout": 1,
        "retries": 1,
        "recovery": 3,
    }
    put(inventory["all"], "edge_vips[0].track", "nginx")
    put(inventory["all"], "edge_vips[1].track", {"path": "/up", "retries": 0})
    first, second = derive.vrrp_instances(hostvars(inventory), "director1")
    assert first["health"] == {"process": "nginx", **usual}
    assert second["health"] == {"process": None, **usual, "path": "/up", "retries": 0}


def test_vips_of_a_group_move_together(inventory: dict[str, Any]) -> None:
    for vip in inventory["all"]["edge_vips"]:
        vip["sync_group"] = "both"
    assert derive.vrrp_sync_groups(hostvars(inventory), "director2") == [{"name": "both", "instances": ["shop", "center"]}]
    assert derive.vrrp_sync_groups(hostvars(inventory), "web1") == []
    put(inventory["all"], "edge_vips[1].holders", ["director2"])
    assert derive.vrrp_sync_groups(hostvars(inventory), "director1") == []


def test_a_fast_pace_is_kept_in_real_time(inventory: dict[str, Any]) -> None:
    calm = {"vrrp_rt_priority": None, "vrrp_no_swap": False, "lvs_sync_daemon": None}
    assert derive.keepalived_global_defs(hostvars(inventory), "director1") == calm
    inventory["all"]["edge_vrrp"] = {"preset": "fast"}
    assert derive.keepalived_global_defs(hostvars(inventory), "director1") == {**calm, "vrrp_rt_priority": 50, "vrrp_no_swap": True}


def test_global_definitions_of_the_inventory_win(inventory: dict[str, Any]) -> None:
    inventory["all"]["edge_vrrp"] = {"preset": "fast"}
    inventory["all"]["keepalived_global_defs"] = {"vrrp_rt_priority": 20, "smtp_server": "192.0.2.5"}
    found = derive.keepalived_global_defs(hostvars(inventory), "director1")
    assert found == {"vrrp_rt_priority": 20, "vrrp_no_swap": True, "lvs_sync_daemon": None, "smtp_server": "192.0.2.5"}


def test_only_who_balances_exchanges_connections(inventory: dict[str, Any]) -> None:
    inventory["all"]["edge_vrrp"] = {"connection_sync": True}
    put(inventory["all"], "edge_vips[1].holders", ["director1"])
    inventory["hosts"]["director2"]["edge_interface"] = "ens3"
    seen = hostvars(inventory)
    sync = [derive.keepalived_global_defs(seen, host)["lvs_sync_daemon"] for host in ("director1", "director2", "web1")]
    assert sync == [{"interface": "eth0", "id": 51}, {"interface": "ens3", "id": 51}, None]


def test_a_sorry_server_accepts_the_vip_and_serves_the_same_port(inventory: dict[str, Any]) -> None:
    put(inventory["all"], "edge_virtual_services[1].sorry_server", "app1")
    seen = hostvars(inventory)
    assert derive.virtual_servers(seen, "director1")[1]["sorry_server"] == {"address": "192.0.2.31", "port": 443}
    assert derive.realserver_vips(seen, "app1") == ["192.0.2.150"]


def test_what_a_service_may_say_reaches_keepalived(inventory: dict[str, Any]) -> None:
    inventory["all"]["edge_virtual_services"][1].update(
        protocol="udp", scheduler="sh", scheduler_flags=["sh-port"], one_packet=True, quorum=2, hysteresis=1, inhibit_on_failure=True,
        persistence_netmask="255.255.255.0", real_servers=[{"name": "web1", "upper_threshold": 10, "lower_threshold": 5}],
    )  # fmt: skip
    server = derive.virtual_servers(hostvars(inventory), "director1")[1]
    assert (server["protocol"], server["scheduler_flags"], server["one_packet"]) == ("UDP", ["sh-port", "sh-fallback"], True)
    assert (server["quorum"], server["hysteresis"], server["inhibit_on_failure"]) == (2, 1, True)
    assert (server["persistence_granularity"], server["check"]["type"]) == ("255.255.255.0", "udp")
    assert server["real_servers"][0]["upper_threshold"] == 10
    assert server["real_servers"][0]["lower_threshold"] == 5


def test_interface_of_the_vip_wins_over_the_hosts(inventory: dict[str, Any]) -> None:
    inventory["hosts"]["director1"]["edge_interface"] = "ens3"
    interfaces = [instance["interface"] for instance in derive.vrrp_instances(hostvars(inventory), "director1")]
    assert interfaces == ["ens3", "bond0"]


def test_who_is_out_of_service_gets_nothing_new(inventory: dict[str, Any]) -> None:
    inventory["all"]["edge_drained"] = ["web1", "app2", "director1"]
    seen = hostvars(inventory)
    weights = {server["address"]: server["weight"] for server in derive.virtual_servers(seen, "director1")[0]["real_servers"]}
    assert weights == {"192.0.2.21": 0, "192.0.2.22": 3}
    down = {server["address"]: server["down"] for server in derive.upstreams(seen, "web1")[0]["servers"]}
    assert down == {"192.0.2.31": False, "192.0.2.32": True, "192.0.2.33": False}
    last, first = (derive.vrrp_instances(seen, host)[0] for host in ("director1", "director2"))
    assert (last["state"], last["priority"], last["unicast_src_ip"], last["unicast_peers"]) == ("BACKUP", 240, "192.0.2.11", ["192.0.2.12"])
    assert (first["state"], first["priority"], first["unicast_src_ip"]) == ("MASTER", 250, "192.0.2.12")


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
        "scheduler_flags": [],
        "one_packet": False,
        "forward": "DR",
        "persistence_timeout": 0,
        "persistence_granularity": None,
        "quorum": None,
        "hysteresis": None,
        "inhibit_on_failure": False,
        "sorry_server": None,
        "check": {**CHECK, "type": "http", "path": "/healthz", "status": 200},
        "real_servers": [
            {"address": "192.0.2.21", "port": 80, "weight": 1, **NO_THRESHOLDS},
            {"address": "192.0.2.22", "port": 80, "weight": 3, **NO_THRESHOLDS},
        ],
    }
    # Without `check` a connection suffices; every key is there all the same.
    assert second["check"] == {**CHECK, "type": "tcp", "path": None, "status": None}
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
    put(inventory["all"], "edge_vips[0].track", "nginx")
    seen = hostvars(inventory)
    assert derive.vrrp_instances(seen, "director1")[0]["health"]["address"] == "::1"
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

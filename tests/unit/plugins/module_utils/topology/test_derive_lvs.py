# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directors and real servers, in each topology."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import normalise
from ansible_collections.steadfast.edge.plugins.module_utils._topology import derive
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import TopologyError
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.topology.cases import good, hostvars, put

NOTHING: dict[str, Any] = {"vips": [], "tunnel_vips": [], "gateways": [], "foreign_gateways": [], "interfaces": ["eth0"]}


def seen(base: str = "", **changes: Any) -> dict[str, dict[str, Any]]:
    inventory = good(base)
    for path, value in changes.items():
        put(inventory["all"], path, value)
    return hostvars(inventory)


def test_a_director_with_keepalived_owns_nothing_itself() -> None:
    assert derive.director(seen(), "director1") == {
        "manager": "keepalived",
        "interfaces": ["eth0", "bond0"],
        "vips": [],
        "services": [],
        "forwarding": [],
        "sloppy_tcp": False,
    }


def test_a_real_server_of_direct_routing_must_not_go_back_through_a_director() -> None:
    assert derive.realserver(seen(), "web1") == {
        **NOTHING,
        "vips": ["192.0.2.150"],
        "foreign_gateways": ["192.0.2.11", "192.0.2.12", "192.0.2.150", "192.0.2.151"],
    }


def test_who_serves_nothing_is_asked_nothing() -> None:
    assert derive.realserver(seen(), "client1") == NOTHING
    assert derive.realserver(seen(), "director1") == NOTHING


def test_a_director_by_itself_has_vips_and_table() -> None:
    hosts = seen("standalone")
    found = derive.director(hosts, "director1")
    assert (found["manager"], found["interfaces"]) == ("ipvs", ["eth0"])
    assert found["vips"] == [{"address": "192.0.2.150", "interface": "eth0"}, {"address": "192.0.2.151", "interface": "eth0"}]
    usual = {"port": 80, "weight": 1, "upper_threshold": 0, "lower_threshold": 0, "forward": "route"}
    assert found["services"][0] == {
        "address": "192.0.2.150",
        "port": 80,
        "protocol": "tcp",
        "scheduler": "wrr",
        "scheduler_flags": [],
        "one_packet": False,
        "persistence_timeout": 0,
        "family": "ipv4",
        "destinations": [{"address": "192.0.2.21", **usual}, {"address": "192.0.2.22", **usual}],
    }
    assert derive.vrrp_instances(hosts, "director1") == []


def test_a_scheduler_that_hashes_looks_further_than_a_drained_server() -> None:
    hashed: dict[str, Any] = {"edge_virtual_services[0].scheduler": "mh", "edge_virtual_services[0].scheduler_flags": ["mh-port"]}
    assert derive.director(seen("standalone", **hashed), "director1")["services"][0]["scheduler_flags"] == ["mh-port", "mh-fallback"]
    hashed["edge_virtual_services[0].scheduler_flags"] = ["mh-fallback"]
    assert derive.virtual_servers(seen(**hashed), "director1")[0]["scheduler_flags"] == ["mh-fallback"]


@pytest.mark.parametrize("base", ["", "nat", "tun", "ipv6"])
def test_ipvs_table_takes_what_is_derived(base: str) -> None:
    inventory = good(base)
    inventory["all"]["edge_director"] = {"manager": "ipvs"}
    services = derive.director(hostvars(inventory), "director1")["services"]
    assert len(normalise.table(services)) == len(inventory["all"]["edge_virtual_services"])


def test_what_no_director_holds_is_left_to_keepalived() -> None:
    changes: dict[str, Any] = {"edge_vips[0].holders": ["web1"], "edge_virtual_services": []}
    hosts = seen(edge_director={"manager": "ipvs"}, **changes)
    assert [instance["name"] for instance in derive.vrrp_instances(hosts, "web1")] == ["shop"]
    assert derive.vrrp_instances(hosts, "director1") == []


def test_translated_answers_come_back_through_the_vip_inside() -> None:
    hosts = seen("nat")
    assert derive.realserver(hosts, "web1") == {**NOTHING, "gateways": ["198.51.100.1"]}
    assert derive.director(hosts, "director2")["forwarding"] == ["ipv4"]
    assert derive.director(hosts, "director2")["interfaces"] == ["eth0", "eth1"]
    server = derive.virtual_servers(hosts, "director1")[0]
    assert (server["forward"], [each["port"] for each in server["real_servers"]]) == ("NAT", [8080, 80])


def test_vrrp_speaks_on_the_segment_of_each_vip() -> None:
    shop, inside = derive.vrrp_instances(seen("nat"), "director2")
    assert (shop["unicast_src_ip"], shop["unicast_peers"], shop["interface"]) == ("192.0.2.12", ["192.0.2.11"], "eth0")
    assert (inside["unicast_src_ip"], inside["unicast_peers"], inside["interface"]) == ("198.51.100.12", ["198.51.100.11"], "eth1")


def test_a_single_director_is_the_gateway_by_any_of_its_addresses() -> None:
    holders = [{"name": "shop", "address": "192.0.2.150/24", "virtual_router_id": 51, "holders": ["director1"]}]
    assert derive.realserver(seen("nat", edge_vips=holders), "web1")["gateways"] == ["192.0.2.11", "198.51.100.11"]


@pytest.mark.parametrize(("vip", "gateways"), [("shop", ["198.51.100.1"]), ("center", [])])
def test_the_gateway_serves_all_translated_services_or_is_none(vip: str, gateways: list[str]) -> None:
    master: dict[str, Any] = {"virtual_router_id": 53, "holders": ["director2", "director1"], "sync_group": "other"}
    changes: dict[str, Any] = {
        "edge_vips[2]": {**master, "name": "center", "address": "192.0.2.151/24"},
        "edge_vips[3]": {**master, "name": "inside2", "address": "198.51.100.2/24", "interface": "eth1"},
        "edge_virtual_services[1]": {"name": "second", "vip": vip, "port": 81, "forward": "masquerade", "real_servers": ["web1"]},
    }
    assert derive.realserver(seen("nat", **changes), "web1")["gateways"] == gateways


def test_a_vip_that_comes_through_a_tunnel_is_not_on_loopback_too() -> None:
    hosts = seen("tun", **{"edge_virtual_services[1]": {"name": "tls", "vip": "shop", "port": 443, "real_servers": ["web1"]}})
    found = derive.realserver(hosts, "web1")
    assert (found["vips"], found["tunnel_vips"]) == ([], ["192.0.2.150"])
    assert found["foreign_gateways"] == ["192.0.2.11", "192.0.2.12", "192.0.2.150"]
    assert derive.realserver_vips(hosts, "web1") == ["192.0.2.150"]
    assert derive.virtual_servers(hosts, "director1")[0]["forward"] == "TUN"


@pytest.mark.parametrize(
    ("scheduler", "sync", "protocol", "sloppy"),
    [
        ("mh", True, "tcp", True),
        ("sh", True, "tcp", True),
        ("mh", False, "tcp", False),
        ("wlc", True, "tcp", False),
        ("mh", True, "udp", False),
    ],
)
def test_connections_begin_anywhere_where_every_director_would_choose_the_same(
    scheduler: str, sync: bool, protocol: str, sloppy: bool
) -> None:
    changes = {"edge_virtual_services[0].scheduler": scheduler, "edge_virtual_services[0].protocol": protocol}
    hosts = seen("tun", edge_vrrp={"connection_sync": sync}, **changes)
    assert [derive.director(hosts, host)["sloppy_tcp"] for host in ("director1", "director2", "web1")] == [sloppy, sloppy, False]


def test_ipv6_end_to_end() -> None:
    hosts = seen("ipv6", **{"edge_virtual_services[0].forward": "masquerade", "edge_vips[0].holders": ["director1"]})
    assert derive.director(hosts, "director1")["forwarding"] == ["ipv6"]
    assert derive.realserver(hosts, "web1")["gateways"] == ["2001:db8::150", "2001:db8::11"]


def test_a_number_that_vrrp_needs_is_missed_by_name() -> None:
    hosts = seen("standalone", edge_director={"manager": "keepalived"})
    with pytest.raises(TopologyError, match=r"edge_vips\[0\].virtual_router_id - VRRP needs a number"):
        derive.vrrp_instances(hosts, "director1")

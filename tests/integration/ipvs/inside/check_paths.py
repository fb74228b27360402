# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets really take the way that is declared: each forwarding method, tunnel type, kind of service and family; and the traps on it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.edge import (
    FAR,
    INNER_PORT,
    PORT,
    VIP,
    Chatter,
    Talker,
    address,
    asked,
    inside,
    sh,
)
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.modules import ok, sysctl
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.services import bystander, service, weighted

pytestmark = pytest.mark.usefixtures("edge", "clean")

GUE_PORT = 6080
SERVERS = ("rs21", "rs22")
TUNNELS: list[dict[str, Any]] = [
    {"tunnel_type": "ipip"},
    *({"tunnel_type": "gue", "tunnel_port": GUE_PORT, "tunnel_checksum": checksum} for checksum in ("none", "standard", "remote")),
    *({"tunnel_type": "gre", "tunnel_checksum": checksum} for checksum in ("none", "standard")),
]


@pytest.fixture(name="tunnels", scope="module")
def _tunnels() -> None:
    """What takes the tunnels' packets out again on the real servers. Only those of GRE mind whether there is a checksum."""
    sh("modprobe -a ipip sit ip_gre ip6_tunnel ip6_gre fou fou6")
    for name, six in ((name, address(int(name[2:]), 6)) for name in SERVERS):
        sh(
            f"ip -n {name} link set tunl0 up && ip -n {name} link set sit0 up && "
            f"ip -n {name} link add any6 type ip6tnl mode any local {six} remote :: && ip -n {name} link set any6 up && "
            f"ip -n {name} fou add port {GUE_PORT} gue && ip -n {name} -6 fou add port {GUE_PORT} gue && "
            f"ip netns exec {name} sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done'"
        )


def gre(tunnel: dict[str, Any], family: int) -> None:
    kind, any_address = ("gre", "any") if family == 4 else ("ip6gre", "::")
    checksum = "icsum" if tunnel["tunnel_checksum"] == "standard" else "noicsum"
    for name in SERVERS:
        local = address(int(name[2:]), family)
        sh(
            f"ip -n {name} link show gre1 >/dev/null 2>&1 && ip -n {name} link del gre1; "
            f"ip -n {name} link add gre1 type {kind} local {local} remote {any_address} {checksum} && ip -n {name} link set gre1 up"
        )


def both(family: int, **options: Any) -> list[dict[str, Any]]:
    return [{"address": address(int(name[2:]), family), **options} for name in SERVERS]


def served(family: int, declared: dict[str, Any], client: str = "client", port: int = PORT) -> None:
    """Both servers answer, and connections go on through an edit of everything that leaves them where they are."""
    ok("ipvs_service", **declared)
    with Chatter([Talker(family, port, client=client) for _unused in range(2)]) as chatter:
        assert {talker.server for talker in chatter.talkers} == set(SERVERS)
        edited = [{**item, "weight": 5, "upper_threshold": 100} for item in declared["destinations"]]
        assert ok("ipvs_service", **{**declared, "scheduler": "wlc", "destinations": edited})["changed"]
    assert chatter.lost == []


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("tunnel", TUNNELS, ids=lambda tunnel: "-".join(map(str, tunnel.values())))
@pytest.mark.usefixtures("tunnels")
def test_tunnel(tunnel: dict[str, Any], family: int) -> None:
    if tunnel["tunnel_type"] == "gre":
        gre(tunnel, family)
    served(family, service(*both(family, forward="tunnel", **tunnel), family=family))


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.usefixtures("tunnels")
def test_tunnel_to_the_other_family(family: int) -> None:
    served(family, service(*both(10 - family, forward="tunnel"), family=family))


@pytest.mark.parametrize("family", [4, 6])
def test_masquerading_to_another_port(family: int) -> None:
    served(family, service(*both(family, forward="masquerade", port=INNER_PORT), family=family), client=FAR)


def test_masquerading_needs_forwarding() -> None:
    """Section 3.7 of the director's side; routing does not."""
    ok("ipvs_service", **service(*both(4, forward="masquerade", port=INNER_PORT)))
    sh("sysctl -qw net.ipv4.ip_forward=0")
    try:
        assert asked(1, client=FAR) == ["silent"]
        ok("ipvs_service", **service(*both(4)))
        assert asked(1)[0] in SERVERS
    finally:
        sh("sysctl -qw net.ipv4.ip_forward=1")


@pytest.fixture(name="source_nat")
def _source_nat() -> Iterator[None]:
    rule = f"POSTROUTING -t nat -d 192.0.2.0/24 -p tcp --dport {INNER_PORT} -j MASQUERADE"
    sh(f"iptables -A {rule}")
    yield
    sh(f"iptables -D {rule}")


@pytest.mark.usefixtures("source_nat")
def test_source_nat_needs_conntrack() -> None:
    """A client next to the real servers, which answer it directly, past the director that has to translate the answer."""
    ok("ipvs_service", **service(*both(4, forward="masquerade", port=INNER_PORT)))
    assert asked(1) == ["silent"]
    ok("ipvs_settings", sysctls={"conntrack": True}, persist=False)
    assert set(asked(2)) == set(SERVERS)


def test_a_server_that_changes_its_method_may_lose_connections() -> None:
    """The kernel keeps one route for both methods: after a new masqueraded connection it looks for the VIP on the segment."""
    ok("ipvs_service", **service(21))
    talker = Talker()
    talker.socket.settimeout(0.5)
    time.sleep(0.2)  # the client's last acknowledgement is out: the next packet is that of the new connection
    result = ok("ipvs_service", **service(weighted(21, 1, forward="masquerade")))
    assert "with 1 active connections, which may be lost" in result["warnings"][0]
    assert asked(1, client=FAR) == ["rs21"]
    assert not talker.alive()
    ok("ipvs_service", **service(21))
    talker.socket.settimeout(5)
    assert talker.socket.recv(64).decode() == "rs21"


@pytest.mark.usefixtures("tunnels")
def test_a_vip_that_is_the_source_of_tunnels_is_dropped() -> None:
    ok("ipvs_service", **service(*both(6, forward="tunnel"), family=6))
    change = f"ip -6 addr change {VIP[6]}/128 dev br0 nodad preferred_lft"
    sh(f"{change} forever")
    try:
        # An edit makes the kernel choose the source anew.
        ok("ipvs_service", **service(*both(6, forward="tunnel", weight=2), family=6))
        assert asked(1, 6) == ["silent"]
    finally:
        sh(f"{change} 0")
    ok("ipvs_service", **service(*both(6, forward="tunnel"), family=6))
    assert asked(1, 6)[0] in SERVERS


@pytest.mark.parametrize("family", [4, 6])
def test_a_mark_gathers_ports(family: int) -> None:
    program = "iptables" if family == 4 else "ip6tables"
    rule = f"PREROUTING -t mangle -d {VIP[family]} -p tcp -j MARK --set-mark 4000000000"
    sh(f"{program} -A {rule}")
    try:
        mark: dict[str, Any] = {"fwmark": 4000000000, "family": f"ipv{family}", "scheduler": "rr", "destinations": both(family)}
        ok("ipvs_service", **mark)
        assert set(asked(1, family) + asked(1, family, INNER_PORT)) == set(SERVERS)
        ok("ipvs_service", **mark, persistence_timeout=60)
        assert len(set(asked(2, family) + asked(2, family, INNER_PORT))) == 1
    finally:
        sh(f"{program} -D {rule}")


@pytest.mark.parametrize("family", [4, 6])
def test_all_ports_of_an_address(family: int) -> None:
    ok("ipvs_service", **{**service(*both(family), family=family), "port": 0, "persistence_timeout": 60})
    assert len(set(asked(2, family) + asked(2, family, INNER_PORT))) == 1


@pytest.mark.parametrize(("one_packet", "servers"), [(False, 1), (True, 2)])
def test_datagrams_one_by_one(one_packet: bool, servers: int) -> None:
    ok("ipvs_service", **service(*both(4), protocol="udp", one_packet=one_packet))
    with inside("client"):
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.settimeout(3)
    with asking:
        answers = []
        for _unused in range(4):
            asking.sendto(b"?", (VIP[4], PORT))
            answers.append(asking.recv(64))
    assert len(set(answers)) == servers


# --- what takes no connection, and what comes back --------------------------------------------------------------------


@pytest.mark.parametrize("servers", [[], [weighted(21, 0), weighted(22, 0)]], ids=["no server", "weight 0"])
def test_nobody_to_send_to_refuses(servers: list[dict[str, Any]]) -> None:
    ok("ipvs_service", **service(*servers))
    assert asked(2) == ["refused"] * 2


def test_a_full_server_refuses_until_it_has_room() -> None:
    ok("ipvs_service", **service(weighted(21, 1, upper_threshold=1)))
    with Chatter([Talker()]) as chatter:
        assert asked(1) == ["refused"]
        ok("ipvs_service", **service(weighted(21, 1, upper_threshold=5)))
        assert asked(1) == ["rs21"]
    assert chatter.lost == []


def test_a_service_that_is_removed_black_holes_and_comes_back() -> None:
    """Another service of the family keeps the kernel from resetting; new connections have no listener on the director."""
    ok("ipvs_table", services=[service(21), bystander(4)])
    talker = Talker()
    talker.socket.settimeout(0.5)
    ok("ipvs_service", address=VIP[4], port=PORT, state="absent")
    assert not talker.alive()
    assert asked(1) == ["refused"]
    ok("ipvs_service", **service(21))
    talker.socket.settimeout(5)
    assert talker.socket.recv(64).decode() == "rs21"


@pytest.mark.parametrize(
    ("settings", "leaves"),
    [({"conn_reuse_mode": 0}, False), ({"conn_reuse_mode": 1}, True), ({"conn_reuse_mode": 0, "expire_nodest_conn": True}, True)],
    ids=["reuse mode 0 pins", "reuse mode 1", "expire_nodest_conn"],
)
def test_a_port_that_comes_again_to_a_drained_server(settings: dict[str, Any], leaves: bool) -> None:
    ok("ipvs_settings", sysctls=settings, persist=False)
    ok("ipvs_service", **service(21, 22))
    first = Talker(source=40123)
    first.reset()
    ok("ipvs_destination", address=address(int(first.server[2:])), state="drained", drain_timeout=0)
    again = Talker(source=40123)
    assert (again.server != first.server) is leaves
    again.reset()
    assert sysctl("conn_reuse_mode") == settings["conn_reuse_mode"]


def test_a_drain_outlives_the_declaration() -> None:
    table = [service(21, 22)]
    ok("ipvs_table", services=table)
    ok("ipvs_destination", address=address(21), state="drained")
    result = ok("ipvs_table", services=table)
    assert (result["changed"], result["kept_drained"]) == (False, [f"tcp {VIP[4]}:{PORT} -> {address(21)}:{PORT}"])
    assert asked(3) == ["rs22"] * 3
    assert ok("ipvs_table", services=table, keep_drained=False)["changed"]
    assert set(asked(2)) == set(SERVERS)
    assert Path("/run/steadfast-edge/ipvs-weights.json").read_text(encoding="ascii") == "{}\n"

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second director takes over and knows nothing of the connections: what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.edge import PORT, VIP, Talker, address, sh
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.modules import ok
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.services import service

pytestmark = pytest.mark.usefixtures("edge", "clean")

OTHER = "d12"
SERVERS = (21, 22)


@pytest.fixture(name="other")
def another_director() -> Iterator[str]:
    """On the same segment, with the same table; IPVS and its settings belong to a network namespace."""
    sh(
        f"ip netns add {OTHER} && ip link add p-{OTHER} master br0 type veth peer name eth0 netns {OTHER} && ip link set p-{OTHER} up && "
        f"ip -n {OTHER} link set lo up && ip -n {OTHER} link set eth0 up && ip -n {OTHER} addr add {address(12)}/24 dev eth0"
    )
    added = " && ".join(f"ipvsadm -a -t {VIP[4]}:{PORT} -r {address(number)} -g" for number in SERVERS)
    sh(f"ip netns exec {OTHER} sh -c 'ipvsadm -A -t {VIP[4]}:{PORT} -s mh -b mh-port && {added}'")
    yield OTHER
    sh(f"ip netns del {OTHER}; ip addr replace {VIP[4]}/32 dev br0; ip -n client neigh flush to {VIP[4]}")


def take_over(other: str) -> None:
    """The VIP moves, and the client's neighbour table with it."""
    sh(
        f"ip addr del {VIP[4]}/32 dev br0 && ip -n {other} addr add {VIP[4]}/32 dev eth0 && "
        f"mac=$(ip netns exec {other} cat /sys/class/net/eth0/address) && "
        f"ip -n client neigh replace {VIP[4]} lladdr $mac dev eth0 nud reachable"
    )


@pytest.mark.parametrize("sloppy", [False, True], ids=["reset without sloppy_tcp", "on with it"])
def test_connections_that_the_new_director_does_not_know(other: str, sloppy: bool) -> None:
    ok("ipvs_service", **service(*SERVERS, scheduler="mh", scheduler_flags=["mh-port"]))
    sh(f"ip netns exec {other} sysctl -qw net.ipv4.vs.sloppy_tcp={int(sloppy)}")
    talkers = [Talker() for _unused in range(16)]
    assert len({talker.server for talker in talkers}) == len(SERVERS)
    take_over(other)
    for talker in talkers:
        if sloppy:
            assert talker.say() == talker.server
        else:
            with pytest.raises(ConnectionResetError):
                talker.say()
        talker.close()


def test_the_second_director_is_a_table_of_its_own(other: str) -> None:
    """What is set in its namespace is not set here, so the test above changes one thing only."""
    sh(f"ip netns exec {other} sysctl -qw net.ipv4.vs.sloppy_tcp=1")
    assert Path("/proc/sys/net/ipv4/vs/sloppy_tcp").read_text(encoding="ascii").strip() == "0"

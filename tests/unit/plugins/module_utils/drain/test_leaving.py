# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves is drained first, in the file and so in the kernel, where that leaves no gap; what stays is not touched."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._drain import keepalived
from ansible_collections.steadfast.edge.plugins.module_utils._drain.balancer import Balancer
from ansible_collections.steadfast.edge.plugins.module_utils._drain.leaving import Farewell, leaving, say_farewell
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.drain import Policy
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Finished
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.drain.test_balancer import Rig, Service
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.drain.test_texts import DIRECTOR
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.rig import MemoryHost, Time, busy, declared, fill

POOL = "the virtual server 192.0.2.150 80"


def server(number: int, weight: str = "1") -> str:
    return f"    real_server 192.0.2.{number} 80 {{\n        weight {weight}\n    }}\n"


def pool(*servers: str, head: str = "192.0.2.150 80") -> str:
    return f"virtual_server {head} {{\n    protocol TCP\n{''.join(servers)}}}\n"


TWO = pool(server(21), server(22))


@pytest.mark.parametrize(
    ("live", "coming", "expected"),
    [
        pytest.param(TWO, TWO, [], id="nothing changes"),
        pytest.param(TWO, pool(server(22)), ["192.0.2.21:80"], id="one leaves"),
        pytest.param(TWO, pool(server(22), server(23)), ["192.0.2.21:80"], id="one leaves and one comes"),
        pytest.param(TWO, pool(server(23)), [], id="all are replaced: clients would be refused"),
        pytest.param(pool(server(21), server(22, "0")), pool(server(22)), [], id="the one that stays takes no clients now"),
        pytest.param(TWO + pool(server(21), head="192.0.2.151 80"), TWO, ["192.0.2.21:80"], id="a virtual server leaves"),
        pytest.param(TWO, pool(server(21), head="192.0.2.151 80"), [], id="a virtual server moves: the new one must not wait"),
        pytest.param(TWO, "", ["192.0.2.21:80", "192.0.2.22:80"], id="the last virtual server leaves"),
        pytest.param(pool(server(21, "0 # drained by site, was 1"), server(22)), pool(server(22)), ["192.0.2.21:80"], id="it is drained"),
        pytest.param("", TWO, [], id="the first configuration"),
        pytest.param(pool(server(21), server(22), head="fwmark 7"), pool(server(22), head="fwmark 7"), ["192.0.2.21:80"], id="by mark"),
    ],
)
def test_who_leaves(live: str, coming: str, expected: list[str]) -> None:
    assert [member.name for member in leaving(live, coming)] == expected


class Director(Service):
    """keepalived: upon a reload the kernel has the weights of the file."""

    def __init__(self, kernel: MemoryHost) -> None:
        super().__init__()
        self.kernel = kernel
        self.file = Path()

    def run(self, argv: Sequence[str], timeout: float) -> Finished:
        if argv[:2] == ["systemctl", "reload"]:
            for member in keepalived.members(self.file.read_text()):
                if member.by:
                    self._quiet(socket.inet_aton(member.pool.split()[-2]), socket.inet_aton(member.address))
        return super().run(argv, timeout)

    def _quiet(self, vip: bytes, address: bytes) -> None:
        for key, service in self.kernel.fake.services.items():
            for dest_key, dest in service.dests.items():
                if (key[3][:4], dest_key[1][:4]) == (vip, address):
                    dest.weight = 0


class Stage:
    """A director whose kernel has the real servers of its file, with some connections each."""

    def __init__(self, base: Path, live: str, connections: int = 3) -> None:
        self.ipvs = MemoryHost()
        pools: dict[str, list[dict[str, object]]] = {}
        for member in keepalived.members(live):
            address = member.pool.split()[-2]
            pools.setdefault(address, []).append({"address": member.address, "port": 80, "weight": int(member.serving)})
        fill(self.ipvs.fake, declared(*({"address": vip, "port": 80, "destinations": found} for vip, found in pools.items())))
        busy(self.ipvs.fake, connections)
        self.rig = Rig(base, "keepalived", {"keepalived.conf": live})
        self.time = Time(self.ipvs.fake)
        self.host = Director(self.ipvs)
        self.host.file = self.file = self.rig.live / "keepalived.conf"

    def say(self, coming: str, timeout: float = 60, check: bool = False) -> Farewell:
        balancer = Balancer(self.rig.place, self.host, self.ipvs, print)
        return say_farewell(balancer, coming, Policy(timeout=timeout), check, self.time.clock)


def test_it_is_drained_before_it_leaves(tmp_path: Path) -> None:
    stage = Stage(tmp_path, TWO)
    first = stage.say(pool(server(22)), timeout=0)
    assert first.changed
    assert first.leaving == [f"192.0.2.21:80 leaves {POOL}"]
    assert first.actions == [f"take 192.0.2.21:80 out of {POOL}"]
    assert [item.counters.active for item in first.remaining] == [3]
    assert stage.file.read_text() == pool(server(21, "0 # drained by site, was 1"), server(22))
    assert stage.time.sleeps == 0
    then = stage.say(pool(server(22)))
    assert not then.changed
    assert then.leaving == first.leaving
    assert then.remaining == []
    assert stage.time.sleeps == 3


def test_what_is_left_after_the_time_is_said(tmp_path: Path) -> None:
    stage = Stage(tmp_path, TWO, connections=1000)
    found = stage.say(pool(server(22)), timeout=10).data()
    assert stage.time.seconds == 10
    assert found["remaining"][0]["active"] > 900
    assert "connections are left: tcp 192.0.2.150:80 -> 192.0.2.21:80" in found["msg"]


def test_it_goes_on_serving_another_virtual_server(tmp_path: Path) -> None:
    other = pool(server(21), server(22), head="192.0.2.151 80")
    stage = Stage(tmp_path, TWO + other)
    stage.say(pool(server(22)) + other)
    assert stage.file.read_text().endswith(other)


def test_who_was_drained_by_somebody_else_is_waited_for(tmp_path: Path) -> None:
    live = pool(server(21, "0 # drained by hand, was 1"), server(22))
    stage = Stage(tmp_path, live)
    assert not stage.say(pool(server(22))).changed
    assert stage.time.sleeps == 3
    assert stage.file.read_text() == live


def test_check_mode_says_it_and_waits_for_nobody(tmp_path: Path) -> None:
    stage = Stage(tmp_path, TWO)
    assert stage.say(pool(server(22)), check=True).changed
    assert stage.file.read_text() == TWO
    assert stage.time.sleeps == 0


@pytest.mark.parametrize("coming", [TWO, DIRECTOR])
def test_nothing_leaves(tmp_path: Path, coming: str) -> None:
    stage = Stage(tmp_path, TWO)
    said = stage.say(coming).data()
    assert (said["changed"], said["leaving"], said["msg"]) == (False, [], "No real server leaves.")
    assert stage.file.read_text() == TWO


def test_a_director_that_is_down_has_nothing_to_wait_for(tmp_path: Path) -> None:
    stage = Stage(tmp_path, TWO)
    stage.ipvs.fake.services.clear()
    assert stage.say(pool(server(22))) == Farewell()
    del stage.ipvs.files["/proc/net/ip_vs"]
    assert stage.say(pool(server(22))) == Farewell()
    assert stage.file.read_text() == TWO


def test_files_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    stage = Stage(tmp_path, TWO)
    stage.rig.place = type(stage.rig.place)("keepalived", str(tmp_path), "keepalived", "", state_dir=str(tmp_path / "state"))
    (tmp_path / "keepalived.conf").write_text(TWO)
    assert stage.say(pool(server(22))) == Farewell()

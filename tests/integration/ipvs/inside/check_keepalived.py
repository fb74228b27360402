# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Beside a keepalived that runs and owns a service: what is refused, and what becomes of a drain."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside import oracle
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.edge import PORT, VIP, Chatter, Talker, address, asked, sh
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.modules import ok, play
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.services import bystander, service

pytestmark = pytest.mark.usefixtures("edge", "clean")

FOLDER, LOG = Path("/etc/keepalived"), Path("/run/keepalived.log")
REAL_SERVER = """
    real_server {address} {port} {{
        weight {weight}
        TCP_CHECK {{
            connect_timeout 1
            retry 0
        }}
    }}
"""
CONFIGURATION = """
virtual_server {vip} {port} {{
    delay_loop 1
    lb_algo wrr
    lb_kind DR
    protocol TCP
    {servers}
}}
"""


def configure(weight: int = 3) -> None:
    servers = "".join(REAL_SERVER.format(address=address(number), port=PORT, weight=w) for number, w in ((21, weight), (22, 1)))
    (FOLDER / "keepalived.conf").write_text(CONFIGURATION.format(vip=VIP[4], port=PORT, servers=servers), encoding="ascii")


def weights() -> dict[str, int]:
    """From one listing: between two of them keepalived may act."""
    return {server: int(weight) for server, weight in re.findall(r"-r (\S+):\d+ -g -w (\d+)", oracle.ipvsadm("-Sn"))}


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, (weights(), LOG.read_text(encoding="utf-8"))
        time.sleep(0.1)


BOTH = {address(21): 3, address(22): 1}


@pytest.fixture(name="keepalived")
def _keepalived() -> Iterator[subprocess.Popen[bytes]]:
    """Its checkers alone: nothing here is about VRRP."""
    FOLDER.mkdir(exist_ok=True)
    configure()
    argv = ["keepalived", "--check", "--dont-fork", "--log-console", "--log-detail", "--use-file", str(FOLDER / "keepalived.conf")]
    with LOG.open("wb") as log, subprocess.Popen(argv, stdout=log, stderr=log) as process:
        try:
            eventually(lambda: weights() == BOTH)
            yield process
        finally:
            process.terminate()
            assert process.wait(20) == 0


def change(**options: Any) -> dict[str, Any]:
    return service(21, **options)


@pytest.mark.usefixtures("keepalived")
def test_its_service_is_refused_and_others_are_not() -> None:
    before = oracle.table()
    for failed in (
        play("ipvs_service", **change()),
        play("ipvs_service", address=VIP[4], port=PORT, state="absent"),
        play("ipvs_table", services=[change()]),
        play("ipvs_table", services=[], purge=True),
        play("ipvs_table", services=[bystander(4)], purge=True, check=True),
    ):
        assert f"tcp {VIP[4]}:{PORT} belongs to keepalived" in failed["msg"]
        assert (failed["changed"], failed["actions"]) == (False, [])
    assert oracle.table() == before
    assert ok("ipvs_table", services=[bystander(4)])["foreign"] == [f"tcp {VIP[4]}:{PORT}"]
    assert len(oracle.table()) == 2
    assert ok("ipvs_service", **change(), beside_keepalived=True)["changed"]


def test_a_drain_outlives_a_reload(keepalived: subprocess.Popen[bytes]) -> None:
    with Chatter([Talker() for _unused in range(4)]) as chatter:
        drained = ok("ipvs_destination", address=address(21), state="drained", drain_timeout=0)
        assert drained["remaining"][0]["active"] == 3
        assert asked(3) == ["rs22"] * 3
        keepalived.send_signal(signal.SIGHUP)
        eventually(lambda: "Reload" in LOG.read_text(encoding="utf-8"))
        # A later check of the server that was left alone: the reload is over.
        time.sleep(2)
        assert weights() == {address(21): 0, address(22): 1}
        assert ok("ipvs_destination", address=address(21))["changed"]
        assert weights() == BOTH
    assert chatter.lost == []


def test_a_reload_with_another_weight_ends_a_drain(keepalived: subprocess.Popen[bytes]) -> None:
    ok("ipvs_destination", address=address(21), state="drained")
    configure(weight=5)
    keepalived.send_signal(signal.SIGHUP)
    eventually(lambda: weights() == {address(21): 5, address(22): 1})
    assert not ok("ipvs_destination", address=address(21))["changed"]


@pytest.mark.usefixtures("keepalived")
def test_a_server_that_fails_and_recovers_is_drained_no_more() -> None:
    ok("ipvs_destination", address=address(21), state="drained")
    rule = f"INPUT -d {address(21)} -p tcp --dport {PORT} -j REJECT"
    sh(f"ip netns exec rs21 iptables -I {rule}")
    try:
        eventually(lambda: weights() == {address(22): 1})
        assert not ok("ipvs_destination", address=address(21), state="drained")["changed"]
    finally:
        sh(f"ip netns exec rs21 iptables -D {rule}")
    eventually(lambda: weights() == BOTH)
    # What was remembered belongs to another time: a server that is drained now gets back what it has now.
    assert not ok("ipvs_destination", address=address(21))["changed"]


def test_once_it_has_stopped_its_services_are_free(keepalived: subprocess.Popen[bytes]) -> None:
    ok("ipvs_table", services=[bystander(4)])
    keepalived.send_signal(signal.SIGTERM)
    keepalived.wait(20)
    assert [found["port"] for found in oracle.table()] == [bystander(4)["port"]]
    assert ok("ipvs_service", **change())["changed"]

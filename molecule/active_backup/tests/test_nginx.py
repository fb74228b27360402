# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of the VIP when nginx, or its host, is lost. Whoever tries again always gets an answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from holders import Holders

pytestmark = pytest.mark.usefixtures("settled")
PREFERRED = "web1"
BROKEN = "chmod -x /usr/sbin/nginx"
MENDED = "chmod +x /usr/sbin/nginx"
KILL = "kill -KILL $(systemctl show --property=MainPID --value nginx)"


@pytest.fixture
def settled(holders: Holders) -> None:
    holders.settle()


def shell(holders: Holders, script: str) -> str:
    return holders.lab.run(PREFERRED, "bash", "-ec", script)


def faults(holders: Holders) -> int:
    """How often keepalived has given up."""
    return shell(holders, "journalctl --boot --unit keepalived --no-pager").count("Entering FAULT STATE")


def main_pid(holders: Holders, unit: str) -> str:
    return shell(holders, f"systemctl show --property=MainPID --value {unit}").strip()


def test_a_stopped_nginx_gives_the_vip_up_until_it_is_back(holders: Holders) -> None:
    keepalived, before = main_pid(holders, "keepalived"), faults(holders)
    with holders.load(["shop"], seconds=9) as loads:
        shell(holders, "systemctl stop nginx")
        holders.settle(without=[PREFERRED])
        shell(holders, "systemctl start nginx")
        holders.settle()
    loads.show("nginx stopped and started")
    loads.require_none_lost()
    assert main_pid(holders, "keepalived") == keepalived
    assert faults(holders) == before + 1


def test_a_killed_nginx_is_restarted_and_the_vip_returns(holders: Holders, eventually: Callable[..., Any]) -> None:
    nginx, before = main_pid(holders, "nginx"), faults(holders)
    with holders.load(["shop"], seconds=8) as loads:
        shell(holders, KILL)
        eventually(lambda: main_pid(holders, "nginx") not in ("0", nginx), True)
        eventually(lambda: faults(holders) > before, True)
        holders.settle()
    loads.show("nginx killed")
    loads.require_none_lost()


def test_where_nginx_stays_dead_the_vip_stays_away(holders: Holders) -> None:
    with holders.load(["shop"], seconds=8) as loads:
        shell(holders, f"{BROKEN}; {KILL}")
        try:
            holders.settle(without=[PREFERRED])
            noted, now = shell(holders, "cat /run/keepalived-ended/nginx; date +%s").split()
            assert 0 < int(noted) <= int(now)
            # Longer than a check takes to succeed: that nothing happens can only be seen by looking again later.
            time.sleep(3)
            assert holders.now() == holders.wanted(without=[PREFERRED])
        finally:
            shell(holders, MENDED)
    loads.show("nginx killed, and it cannot start")
    loads.require_none_lost()
    holders.settle()
    assert shell(holders, "cat /run/keepalived-ended/nginx").split() == ["0"]


def test_the_word_of_systemd_is_enough(holders: Holders) -> None:
    """The VIP does not wait for a check to fail: here none does."""
    failed = "journalctl --boot --unit keepalived --no-pager | grep -c 'health_shop) failed' || true"
    before, faults_before = shell(holders, failed), faults(holders)
    with holders.load(["shop"], seconds=7) as loads:
        shell(holders, "date +%s > /run/keepalived-ended/nginx")
        holders.settle(without=[PREFERRED])
        holders.settle()
    loads.require_none_lost()
    assert (shell(holders, failed), faults(holders)) == (before, faults_before + 1)


def test_a_host_without_power_is_replaced(holders: Holders) -> None:
    with holders.load(["shop"], seconds=10) as loads:
        holders.lab.verb("power-off", PREFERRED)
        holders.settle(lost=[PREFERRED])
        holders.lab.verb("power-on", PREFERRED)
        holders.settle()
    loads.show("power cut and return")
    loads.require_none_lost()

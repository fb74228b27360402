# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Either host serves both VIPs when the other one is lost; who takes a VIP back, and when, is as the inventory says."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from holders import Holders

DELAY = 5
UNIT = "--unit keepalived --no-pager --output short-iso-precise --boot"


def entered(holders: Holders, host: str, vip: str, state: str) -> list[datetime]:
    """When an instance came into a state."""
    said = holders.lab.run(host, "sh", "-c", f"journalctl {UNIT}")
    return [datetime.fromisoformat(stamp) for stamp in re.findall(rf"(?m)^(\S+) .*\({vip}\) Entering {state} STATE", said)]


def test_the_survivor_serves_both_vips(holders: Holders) -> None:
    holders.settle()
    with holders.load(list(holders.addresses), seconds=9) as loads:
        holders.lab.verb("power-off", "web1")
        holders.settle(lost=["web1"])
        holders.lab.verb("power-on", "web1")
        holders.settle()
    loads.show("power cut of web1, and its return")
    loads.require_none_lost()


@pytest.fixture
def patient_vips(holders: Holders) -> Any:
    """shop is not taken back at all, center only after a while."""
    shop, center = copy.deepcopy(holders.vips)
    holders.converge(edge_vips=[{**shop, "nopreempt": True}, {**center, "preempt_delay": DELAY}])
    yield
    holders.converge()
    holders.settle()


def test_nopreempt_and_preempt_delay_do_what_they_say(holders: Holders, patient_vips: None, eventually: Callable[..., Any]) -> None:
    assert holders.now() == {"shop": ["web1"], "center": ["web2"]}
    masters, backups = (len(entered(holders, "web1", "shop", state)) for state in ("MASTER", "BACKUP"))
    holders.lab.run("web1", "systemctl", "stop", "keepalived")
    eventually(holders.now, {"shop": ["web2"], "center": ["web2"]})
    holders.lab.run("web1", "systemctl", "start", "keepalived")
    eventually(lambda: len(entered(holders, "web1", "shop", "BACKUP")), backups + 1)
    holders.lab.run("web2", "systemctl", "stop", "keepalived")
    eventually(holders.now, {"shop": ["web1"], "center": ["web1"]})
    holders.lab.run("web2", "systemctl", "start", "keepalived")
    eventually(holders.now, {"shop": ["web1"], "center": ["web2"]})
    # web1 took shop when web2 had left, and not when it saw it with less priority than its own.
    assert len(entered(holders, "web1", "shop", "MASTER")) == masters + 1
    waited = entered(holders, "web2", "center", "MASTER")[-1] - entered(holders, "web2", "center", "BACKUP")[-1]
    assert waited.total_seconds() >= DELAY - 0.5, waited

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A director by itself, the manual set-up of LVS-DR made declarative."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from balancing import Balancing
from holders import Holders
from labclient import Lab

SESSION = 8080


def test_a_thousand_requests_are_shared_by_weight(balancing: Balancing) -> None:
    assert balancing.beside({"web1": 750, "web2": 250}) == {}


def test_answers_go_past_the_director(balancing: Balancing) -> None:
    carried = balancing.carried(["director1", "web1", "web2"])
    assert carried["director1"] < 0.2, carried
    assert carried["web1"] + carried["web2"] >= 1, carried


def test_only_the_director_answers_for_the_vip(lab: Lab, balancing: Balancing) -> None:
    answered = lab.run("client1", "arping", "-b", "-c", "5", "-w", "10", "-I", "eth0", balancing.vip)
    macs = {mac.lower() for mac in re.findall(r"\[([0-9A-Fa-f:]{17})\]", answered)}
    assert macs == {lab.run("director1", "cat", "/sys/class/net/eth0/address").strip()}


def test_a_client_keeps_its_server_until_it_was_away_long_enough(lab: Lab, balancing: Balancing, eventually: Callable[..., Any]) -> None:
    # So that what the kernel remembers of closed connections does not hold the persistence up.
    lab.run("director1", "ipvsadm", "--set", "0", "1", "0")
    kept = balancing.served(20, SESSION)
    assert list(kept.values()) == [20]
    eventually(lambda: f":{SESSION}" in lab.run("director1", "ipvsadm", "-Lnc"), False, 120)
    # Round robin: the next one's turn.
    assert set(balancing.served(1, SESSION)) == set(balancing.web) - set(kept)


def test_idle_connections_are_forgotten_when_the_inventory_says(lab: Lab) -> None:
    tcp, _tcpfin, udp = lab.run("director1", "ipvsadm", "-L", "--timeout").split()[-3:]
    assert (tcp, udp) == ("600", "60")


def test_keepalived_is_not_there(lab: Lab) -> None:
    assert lab.run("director1", "sh", "-c", "ls /etc/keepalived /run/keepalived.pid 2>/dev/null || true") == ""


def test_a_drift_is_told_and_the_next_run_repairs_it(lab: Lab, balancing: Balancing, holders: Holders) -> None:
    wanted = balancing.table("director1")
    lab.run("director1", "ipvsadm", "-D", "-t", f"{balancing.vip}:{SESSION}")
    lab.run("director1", "ip", "address", "delete", f"{balancing.vip}/32", "dev", "eth0")
    healthy, said = balancing.verify()
    assert not healthy
    assert f"The table lacks the virtual service tcp {balancing.vip}:{SESSION}. Run site.yml" in said
    assert f"Nobody holds the VIP {balancing.vip}. Run site.yml" in said
    # Meanwhile the client has heard of another director.
    lab.run("client1", "ip", "neigh", "replace", balancing.vip, "lladdr", "02:00:00:00:00:99", "dev", "eth0", "nud", "reachable")
    assert holders.converge() == 2
    mac = lab.run("director1", "cat", "/sys/class/net/eth0/address").strip()
    assert f"lladdr {mac} " in lab.run("client1", "ip", "neigh", "show", balancing.vip)
    assert balancing.table("director1") == wanted
    assert set(balancing.served(8)) == set(balancing.web)


def test_a_host_is_taken_out_by_hand_and_put_back(lab: Lab, balancing: Balancing) -> None:
    lab.playbook("playbooks/drain.yml", "--limit", "web1")
    try:
        assert balancing.served(20) == {"web2": 20}
        assert "must go on serving" in lab.playbook_fails("playbooks/drain.yml", "--limit", "web2")
        assert balancing.served(20) == {"web2": 20}
    finally:
        lab.playbook("playbooks/undrain.yml", "--limit", "web1")
    assert balancing.beside({"web1": 30, "web2": 10}) == {}


def test_a_roll_loses_nothing(lab: Lab, balancing: Balancing) -> None:
    with balancing.asking() as answered:
        lab.playbook("playbooks/rolling_reload.yml")
    assert set(answered) == set(balancing.web)

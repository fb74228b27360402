# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole edge over IPv6, from the VIP to the Tomcat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from balancing import Balancing
from labclient import Lab


def neighbour(lab: Lab, vip: str) -> str:
    """The MAC address under which the client finds the VIP, asked anew."""
    lab.run("client1", "ip", "-6", "neighbour", "flush", "to", vip)
    lab.run("client1", "ping", "-6", "-c", "1", "-W", "5", vip)
    return lab.run("client1", "ip", "-6", "neighbour", "show", vip).partition(" lladdr ")[2].split()[0]


def test_a_thousand_requests_are_shared(balancing: Balancing) -> None:
    assert balancing.beside({"web1": 500, "web2": 500}) == {}


def test_the_page_comes_from_the_tomcat(lab: Lab, balancing: Balancing) -> None:
    shown = lab.run("client1", "curl", "--silent", "--fail", "--include", balancing.url())
    assert "app1" in shown


def test_answers_go_past_the_directors(balancing: Balancing) -> None:
    carried = balancing.carried([*balancing.directors, *balancing.web])
    assert all(carried[director] < 0.2 for director in balancing.directors), carried
    assert carried["web1"] + carried["web2"] >= 1, carried


def test_only_the_holder_is_found_under_the_vip(lab: Lab, balancing: Balancing) -> None:
    for web in balancing.web:
        assert balancing.vip in lab.addresses(web, "lo")
    assert neighbour(lab, balancing.vip) == lab.run("director1", "cat", "/sys/class/net/eth0/address").strip()


def test_the_other_director_takes_over(lab: Lab, balancing: Balancing, eventually: Callable[..., Any]) -> None:
    lab.run("director1", "systemctl", "stop", "keepalived")
    try:
        eventually(lambda: lab.holders(balancing.vip, balancing.directors), ["director2"])
        eventually(lambda: balancing.served(10), {"web1": 5, "web2": 5})
        assert neighbour(lab, balancing.vip) == lab.run("director2", "cat", "/sys/class/net/eth0/address").strip()
    finally:
        lab.run("director1", "systemctl", "start", "keepalived")
    eventually(lambda: lab.holders(balancing.vip, balancing.directors), ["director1"])
    eventually(lambda: balancing.served(10), {"web1": 5, "web2": 5})

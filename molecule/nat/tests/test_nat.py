# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses are translated, both ways by the director that holds the VIP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from balancing import Balancing
from labclient import Lab

INSIDE = "198.51.100.1"


def holders(lab: Lab, balancing: Balancing) -> list[list[str]]:
    """Of the VIP that clients know, and of the one that real servers do."""
    return [lab.holders(balancing.vip, balancing.directors), lab.holders(INSIDE, balancing.directors, "eth1")]


def test_a_thousand_requests_are_shared_by_weight(balancing: Balancing) -> None:
    assert balancing.beside({"web1": 750, "web2": 250}) == {}


def test_answers_come_back_through_the_director_that_holds_the_vip(balancing: Balancing) -> None:
    carried = balancing.carried(["director1", "director2"])
    assert carried["director1"] >= 1, carried
    assert carried["director2"] < 0.2, carried


def test_a_real_server_knows_its_client_and_nothing_of_the_vip(lab: Lab, balancing: Balancing) -> None:
    assert balancing.vip not in lab.run("web1", "ip", "address")
    assert "192.0.2.90" in lab.run("web1", "tail", "--lines=1", "/var/log/nginx/access.log")


def test_directors_forward_and_send_no_redirects(lab: Lab, balancing: Balancing) -> None:
    keys = ["ip_forward", "conf.all.send_redirects", "conf.eth0.send_redirects", "conf.eth1.send_redirects"]
    for director in balancing.directors:
        shown = lab.run(director, "sysctl", "--values", *(f"net.ipv4.{key}" for key in keys))
        assert shown.split() == ["1", "0", "0", "0"]


def test_both_vips_move_together_and_clients_are_served(lab: Lab, balancing: Balancing, eventually: Callable[..., Any]) -> None:
    """Cut off on one side only, a director is of no use on the other."""
    lab.run("director1", "ip", "link", "set", "eth1", "down")
    try:
        eventually(lambda: holders(lab, balancing), [["director2"]] * 2)
        eventually(lambda: balancing.served(8), {"web1": 6, "web2": 2})
        carried = balancing.carried(["director1", "director2"])
        assert carried["director2"] >= 1, carried
    finally:
        lab.run("director1", "ip", "link", "set", "eth1", "up")
    eventually(lambda: holders(lab, balancing), [["director1"]] * 2)
    eventually(lambda: balancing.served(8), {"web1": 6, "web2": 2})

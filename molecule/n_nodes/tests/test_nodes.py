# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lost host's VIP goes to the next in its list; a VIP and a host that leave the inventory leave the edge, and disturb nobody else."""

from __future__ import annotations

from typing import Any

from holders import Holders

LEAVING_VIP, LEAVING_HOST = "api", "web3"


def test_the_next_in_line_takes_over(holders: Holders) -> None:
    holders.settle()
    for lost in (["web1"], ["web1", "web2"]):
        with holders.load(list(holders.addresses), seconds=5) as loads:
            holders.lab.verb("power-off", lost[-1])
            holders.settle(lost=lost)
        loads.show(f"power cut of {lost[-1]}")
        loads.require_none_lost()
    holders.lab.verb("power-on", "web1", "web2")
    holders.settle()


def left_over(holders: Holders) -> list[dict[str, Any]]:
    return [
        {**vip, "holders": [host for host in vip["holders"] if host != LEAVING_HOST]} for vip in holders.vips if vip["name"] != LEAVING_VIP
    ]


def test_what_leaves_the_inventory_leaves_the_edge(holders: Holders) -> None:
    staying = [vip for vip in holders.addresses if vip != LEAVING_VIP]
    holders.settle()
    with holders.load(staying, seconds=18) as loads:
        assert holders.converge(edge_vips=left_over(holders)) > 0
        assert holders.now() == {**holders.wanted(), LEAVING_VIP: []}
    loads.show("a VIP and a host leave")
    loads.require_undisturbed()
    for host in holders.hosts:
        rendered = holders.lab.run(host, "sh", "-c", "cat /etc/keepalived/keepalived.conf || true; systemctl is-active keepalived || true")
        assert (LEAVING_VIP not in rendered, rendered.endswith("\nactive\n")) == (True, host != LEAVING_HOST), rendered
    assert holders.converge() > 0
    holders.settle()

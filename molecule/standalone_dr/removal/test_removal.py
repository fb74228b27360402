# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves the inventory leaves the hosts, in the order that loses no request, and keepalived comes and goes. The last of this lab."""

from __future__ import annotations

from typing import Any

from balancing import Balancing
from holders import Holders
from labclient import Lab


def test_a_real_server_leaves_without_a_lost_request(lab: Lab, balancing: Balancing, holders: Holders) -> None:
    less: dict[str, Any] = {"edge_virtual_services": [{"name": "shop-http", "vip": "shop", "port": 80, "real_servers": ["web1"]}]}
    with balancing.asking() as answered:
        assert holders.converge(**less) > 0
    assert set(answered) == set(balancing.web)
    assert balancing.table("director1") == [f"-A -t {balancing.vip}:80 -s wlc", f"-a -t {balancing.vip}:80 -r 192.0.2.21:80 -g -w 1"]
    assert balancing.vip not in lab.addresses("web2", "lo")
    assert lab.run("web2", "sysctl", "-n", "net.ipv4.conf.all.arp_ignore") == "0\n"


def test_keepalived_takes_over_and_gives_back(lab: Lab, balancing: Balancing, holders: Holders) -> None:
    """One director cannot hand a VIP to another: that it serves again is what counts, and that there is one owner at a time."""
    table = balancing.table("director1")
    keepalived: dict[str, Any] = {
        "edge_director": {"manager": "keepalived"},
        "lvs_director_timeouts": {},
        "edge_vips": [{**vip, "virtual_router_id": 51} for vip in holders.vips],
        "edge_virtual_services": [{"name": "shop-http", "vip": "shop", "port": 80, "real_servers": ["web1"]}],
    }
    refused, said = holders.play("directors", **keepalived, keepalived_raw="nonsense")
    assert not refused
    assert "nonsense" in said
    # Who cannot take over takes nothing away.
    assert balancing.served(10) == {"web1": 10}
    assert holders.converge(**keepalived) > 0
    holders.settle()
    assert balancing.served(10) == {"web1": 10}
    kept = "/etc/steadfast-edge/ipvs.rules /etc/steadfast-edge/vip/others.batch"
    assert lab.run("director1", "sh", "-c", f"ls {kept} 2>/dev/null || true") == ""
    assert holders.converge(**keepalived) == 0
    back = {"edge_virtual_services": keepalived["edge_virtual_services"]}
    predicted, said = holders.play("directors", "--check", **back)
    assert predicted, said
    assert holders.converge(**back) > 0
    assert balancing.served(10) == {"web1": 10}
    assert balancing.table("director1") == table
    assert lab.run("director1", "sh", "-c", "systemctl is-active keepalived || true") == "inactive\n"

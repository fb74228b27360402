# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves the inventory leaves the hosts, in the order that loses no request. The last thing done to this lab."""

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

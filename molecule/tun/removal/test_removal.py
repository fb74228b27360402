# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From tunnels to direct routing and back: what is not wanted any more leaves nothing behind. The last thing done to this lab."""

from __future__ import annotations

from typing import Any

import pytest
from balancing import Balancing
from holders import Holders
from labclient import Lab

WEB = ["web1", "web2"]
KEPT = ["/etc/modules-load.d/*tunnel*", "/etc/sysctl.d/*tunnel*", "/etc/systemd/system/*tunnel*", "/usr/local/lib/steadfast-edge/tunnel"]


@pytest.fixture(scope="module", autouse=True)
def routed(holders: Holders) -> None:
    routed: dict[str, Any] = {"name": "shop-http", "vip": "shop", "port": 80, "scheduler": "rr", "real_servers": WEB}
    assert holders.converge(edge_virtual_services=[routed]) > 0


def test_the_service_goes_on(balancing: Balancing) -> None:
    assert balancing.beside({"web1": 20, "web2": 20}) == {}


@pytest.mark.parametrize("host", WEB)
def test_nothing_is_left_of_the_tunnels(lab: Lab, balancing: Balancing, host: str) -> None:
    assert balancing.vip in lab.addresses(host, "lo")
    assert lab.addresses(host, "tunl0") == []
    assert "UP" not in lab.run(host, "ip", "link", "show", "dev", "tunl0").partition(">")[0].split("<")[1].split(",")
    assert lab.run(host, "sh", "-c", f"ls {' '.join(KEPT)} 2>/dev/null || true") == ""
    assert "steadfast" not in lab.run(host, "sh", "-c", "iptables-legacy -t mangle -S; true")

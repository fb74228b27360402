# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge as its clients see it."""

from __future__ import annotations

import re

import pytest
from labclient import Lab
from topology import APP, DIRECTORS, URL, VIP, WEB

pytestmark = pytest.mark.usefixtures("settled")


def test_a_thousand_requests_are_answered_and_shared_evenly(lab: Lab) -> None:
    with lab.probing(URL, seconds=10, rate=100, timeout=5) as probing:
        pass
    figures = probing.summary
    print(f"{figures.requests} requests: {figures.servers}")
    assert (figures.requests, figures.retried, figures.lost) == (1000, 0, 0), figures.errors
    by_web, by_app = figures.servers
    assert by_web.keys() == WEB.keys()
    assert by_app.keys() == APP.keys()
    for shares in (by_web, by_app):
        fair = 1000 / len(shares)
        assert all(abs(count - fair) <= 0.1 * fair for count in shares.values()), shares


def test_the_page_names_the_tomcat_that_made_it(lab: Lab) -> None:
    pages = [lab.run("client1", "curl", "-s", URL) for _turn in range(6)]
    assert {name for name in APP for page in pages if name in page} == APP.keys()


def test_only_the_director_answers_for_the_vip(lab: Lab) -> None:
    """An ARP probe of the VIP is answered by one MAC address, that of the holder; real servers keep silent."""
    answered = lab.run("client1", "arping", "-c", "5", "-w", "5", "-I", "eth0", VIP)
    macs = {mac.lower() for mac in re.findall(r"\[([0-9A-Fa-f:]{17})\]", answered)}
    holder = lab.run(DIRECTORS[0], "cat", "/sys/class/net/eth0/address").strip()
    assert macs == {holder}


@pytest.mark.parametrize("address", WEB.values())
def test_the_health_of_a_real_server_is_its_own(lab: Lab, address: str) -> None:
    assert lab.run("client1", "curl", "-sf", f"http://{address}/healthz") == "ok\n"

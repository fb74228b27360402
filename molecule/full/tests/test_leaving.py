# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real server that leaves the inventory ends what it has begun, and gets nothing new; then it is gone from every table."""

from __future__ import annotations

import subprocess
from typing import Any

from balancing import FILE, LARGE, Balancing
from holders import Holders

STAYS, LEAVES = "web1", "web2"
ADDRESS = "192.0.2.22"
DOWNLOADS = 4
# 30 seconds for each: as the directors are changed, all are on their way.
RATE = LARGE // 30


def begin_download(balancing: Balancing) -> subprocess.Popen[str]:
    fetch = ["curl", "--silent", "--show-error", "--fail", "--limit-rate", str(RATE), "--speed-limit", "1000", "--speed-time", "20"]
    shown = ["--output", "/dev/null", "--write-out", "%header{x-edge-web} %{size_download}", balancing.url(path="large")]
    argv = balancing.lab.command("exec", "client1", "--", *fetch, *shown)
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def service(*real_servers: str) -> list[dict[str, Any]]:
    check = {"type": "http", "path": "/healthz"}
    return [{"name": "shop-http", "vip": "shop", "port": 80, "scheduler": "wrr", "real_servers": list(real_servers), "check": check}]


def test_a_real_server_that_leaves_ends_what_it_has_begun(holders: Holders, balancing: Balancing) -> None:
    for host in (STAYS, LEAVES):
        holders.lab.run(host, "truncate", "--size", str(LARGE), FILE)
    holders.settle()
    with holders.load(["shop"], seconds=45) as loads:
        downloads = [begin_download(balancing) for _each in range(DOWNLOADS)]
        assert holders.converge(edge_virtual_services=service(STAYS)) > 0
        ended = [download.communicate()[0].split() for download in downloads]
    loads.show("a real server leaves")
    assert sorted(ended) == [[host, str(LARGE)] for host in (STAYS, LEAVES) for _each in range(DOWNLOADS // 2)]
    loads.require_undisturbed()
    assert [line for director in balancing.directors for line in balancing.table(director) if ADDRESS in line] == []


def test_it_comes_back(holders: Holders, balancing: Balancing) -> None:
    assert holders.converge() > 0
    assert balancing.served(10) == {STAYS: 5, LEAVES: 5}

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real server that leaves the inventory ends what it has begun, and gets nothing new; a director that leaves hands its VIP over."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

from balancing import FILE, LARGE, Balancing
from holders import Holders
from labclient import Lab

STAYS, LEAVES = "web1", "web2"
DOWNLOADS = 4
# So many seconds for each, that all are on their way when the directors are changed, and longer than a cut one is waited for.
SECONDS = 40


def begin_download(balancing: Balancing) -> subprocess.Popen[str]:
    limits = ["--limit-rate", str(LARGE // SECONDS), "--speed-limit", "1000", "--speed-time", "20"]
    shown = ["--silent", "--show-error", "--fail", "--output", "/dev/null", "--write-out", "%header{x-edge-web} %{size_download}"]
    argv = balancing.lab.command("exec", "client1", "--", "curl", *limits, *shown, balancing.url(path="large"))
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def downloading(lab: Lab, vip: str) -> dict[str, int]:
    """From how many connections to the VIP each real server serves."""
    listed = {host: lab.run(host, "ss", "-Htn", "state", "established", "src", f"[{vip}]:80") for host in (STAYS, LEAVES)}
    return {host: len(lines.splitlines()) for host, lines in listed.items()}


def service(*real_servers: str) -> list[dict[str, Any]]:
    check = {"type": "http", "path": "/healthz"}
    return [{"name": "shop-http", "vip": "shop", "port": 80, "scheduler": "rr", "real_servers": list(real_servers), "check": check}]


def test_a_real_server_that_leaves_ends_what_it_has_begun(
    lab: Lab, holders: Holders, balancing: Balancing, eventually: Callable[..., Any]
) -> None:
    for host in (STAYS, LEAVES):
        lab.run(host, "truncate", "--size", str(LARGE), FILE)
    downloads = [begin_download(balancing) for _each in range(DOWNLOADS)]
    eventually(lambda: downloading(lab, balancing.vip), {STAYS: DOWNLOADS // 2, LEAVES: DOWNLOADS // 2})
    with balancing.asking() as answered:
        assert holders.converge(edge_virtual_services=service(STAYS)) > 0
    assert set(answered) == {STAYS, LEAVES}
    ended = sorted(tuple(download.communicate()[0].split()) for download in downloads)
    assert ended == [(host, str(LARGE)) for host in (STAYS, LEAVES) for _each in range(DOWNLOADS // 2)]
    assert [line.split()[4] for line in balancing.table("director1") if line.startswith("-a")] == ["[2001:db8::21]:80"]
    assert balancing.table("director2") == balancing.table("director1")
    assert balancing.vip not in lab.addresses(LEAVES, "lo")


def test_it_comes_back_while_a_director_leaves_and_hands_its_vip_over(
    lab: Lab, holders: Holders, balancing: Balancing, eventually: Callable[..., Any]
) -> None:
    assert holders.converge(edge_vips=[{**vip, "holders": ["director2"]} for vip in holders.vips]) > 0
    assert lab.holders(balancing.vip, balancing.directors) == ["director2"]
    assert lab.run("director1", "sh", "-c", "systemctl is-active keepalived || true") == "inactive\n"
    assert balancing.table("director1") == []
    eventually(lambda: balancing.served(10), {STAYS: 5, LEAVES: 5})


def test_the_director_comes_back(holders: Holders, balancing: Balancing, eventually: Callable[..., Any]) -> None:
    assert holders.converge() > 0
    holders.settle()
    eventually(lambda: balancing.served(10), {STAYS: 5, LEAVES: 5})

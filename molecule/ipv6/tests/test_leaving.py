# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real server that leaves the inventory ends what it has begun, and gets nothing new; directors leave, come and change places."""

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


def masters(lab: Lab, director: str) -> int:
    """How often keepalived has taken a VIP there since it started."""
    unit = "_SYSTEMD_INVOCATION_ID=$(systemctl show --property=InvocationID --value keepalived)"
    return int(lab.run(director, "sh", "-c", f"journalctl --no-pager {unit} | grep -c 'Entering MASTER STATE' || true"))


def held_by(holders: Holders, *directors: str) -> list[dict[str, Any]]:
    return [{**vip, "holders": list(directors)} for vip in holders.vips]


def test_all_holders_are_replaced_by_one_that_never_ran(lab: Lab, holders: Holders) -> None:
    """The old one serves until the new one does."""
    with holders.load(list(holders.addresses), seconds=0, retries=30) as loads:
        assert holders.converge("directors", edge_vips=held_by(holders, "director1")) > 0
    loads.show("director2 replaced by director1")
    loads.require_none_lost()
    assert holders.now() == {"shop": ["director1"]}
    assert lab.run("director2", "sh", "-c", "systemctl is-active keepalived || true") == "inactive\n"


def test_a_director_that_comes_in_is_known_before_it_starts(lab: Lab, holders: Holders) -> None:
    """Else it would hear of nobody and take the VIP too. The other one pauses, when keepalived goes from multicast to unicast."""
    with holders.load(list(holders.addresses), seconds=0) as loads:
        assert holders.converge("directors", edge_vips=held_by(holders, "director1", "director2")) > 0
    loads.show("director2 comes in")
    loads.require_none_lost()
    assert masters(lab, "director2") == 0
    assert holders.now() == {"shop": ["director1"]}


def test_alone_it_would_not_be_known(lab: Lab, holders: Holders) -> None:
    lab.run("director2", "systemctl", "stop", "keepalived")
    succeeded, said = holders.play("directors", "--limit", "director2")
    assert not succeeded
    assert "keepalived runs on director1 and not on director2." in said
    assert lab.run("director2", "sh", "-c", "systemctl is-active keepalived || true") == "inactive\n"


def test_directors_change_places(holders: Holders) -> None:
    assert holders.converge("directors", edge_vips=held_by(holders, "director2", "director1")) > 0
    assert holders.now() == {"shop": ["director2"]}


def test_the_director_comes_back(holders: Holders, balancing: Balancing, eventually: Callable[..., Any]) -> None:
    assert holders.converge() > 0
    holders.settle()
    eventually(lambda: balancing.served(10), {STAYS: 5, LEAVES: 5})

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of nginx: how many, whose, how much they may do, and how they end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from labclient import Lab

from .remote import Answer, NoAnswer, Remote

Workers = Callable[[str], list[int]]


def test_the_number_of_workers_is_the_wanted_one(lab: Lab, workers: Workers) -> None:
    cores = int(lab.run("web1", "nproc"))
    counted = {host: len(workers(host)) for host in ("web1", "origin1", "origin2", "origin3")}
    assert counted == {"web1": cores, "origin1": 1, "origin2": 3, "origin3": max(1, cores - 1)}


@pytest.mark.parametrize(("host", "user"), [("web1", "www-data"), ("origin3", "daemon")])
def test_no_worker_is_root(lab: Lab, workers: Workers, host: str, user: str) -> None:
    processes = ",".join(map(str, workers(host)))
    assert set(lab.run(host, "ps", "-o", "user=", "-p", processes).split()) == {user}


def test_workers_may_open_many_files_and_wait_with_epoll(lab: Lab, workers: Workers) -> None:
    for worker in workers("web1"):
        limits = lab.run("web1", "cat", f"/proc/{worker}/limits")
        assert next(line.split()[3] for line in limits.splitlines() if line.startswith("Max open files")) == "8192"
        assert "anon_inode:[eventpoll]" in lab.run("web1", "sh", "-c", f"readlink /proc/{worker}/fd/*")


def test_a_worker_has_no_more_connections_than_it_may(client: Remote) -> None:
    """The single worker of origin1 has 256, of which it needs a few itself."""
    held: list[Answer] = []
    failed = 0
    try:
        # Once may be the machine, which has something else to do; who gets no answer for the third time will get none.
        while len(held) < 300 and failed < 3:
            try:
                held.append(client.get("http://origin1/slow", hold=True, timeout=3))
            except NoAnswer:
                failed += 1
    finally:
        client.drop(held)
    assert 200 < len(held) < 256


def test_errors_are_logged_from_the_wanted_severity_on(lab: Lab, workers: Workers, eventually: Callable[..., Any]) -> None:
    """A reload is worth some notices: origin1 logs them, origin2 does not."""

    def notices(host: str) -> int:
        return lab.run(host, "cat", "/var/log/nginx/error.log").count("[notice]")

    before = {host: (notices(host), workers(host)) for host in ("origin1", "origin2")}
    for host, (_count, old) in before.items():
        lab.run(host, "systemctl", "reload", "nginx")
        eventually(lambda host=host, old=old: bool(set(workers(host)) & set(old)), False)
    assert {host: notices(host) > count for host, (count, _old) in before.items()} == {"origin1": True, "origin2": False}


def test_an_old_worker_ends_when_its_time_is_over(lab: Lab, client: Remote, workers: Workers, eventually: Callable[..., Any]) -> None:
    """A reload leaves the clients of old workers alone for worker_shutdown_timeout, five seconds, and no longer: what they are
    reading takes more than a minute and a half."""
    before = workers("web1")
    held = [client.get("http://api.example.com/slow", hold=True, timeout=30) for _turn in range(8)]
    began = time.monotonic()
    lab.run("web1", "systemctl", "reload", "nginx")
    eventually(lambda: set(workers("web1")) & set(before), set())
    assert client.get("http://api.example.com/").status == 200
    with pytest.raises(NoAnswer, match="IncompleteRead"):
        client.finish(held[0])
    assert 4 < time.monotonic() - began < 80
    client.drop(held[1:])
    alive = "kill -0 $@ 2>/dev/null && echo alive || echo gone"
    for worker in before:
        eventually(lambda worker=worker: lab.run("web1", "sh", "-c", alive, "sh", str(worker)), "gone\n")


@pytest.mark.parametrize("damage", ["truncate --size 0 /run/nginx.pid", "rm /run/nginx.pid"])
def test_a_lost_pid_file_stops_nothing(lab: Lab, workers: Workers, eventually: Callable[..., Any], damage: str) -> None:
    before = workers("origin2")
    lab.run("origin2", *damage.split())
    lab.run("origin2", "systemctl", "reload", "nginx")
    eventually(lambda: len(set(workers("origin2")) - set(before)), 3)
    lab.run("origin2", "systemctl", "restart", "nginx")
    assert len(workers("origin2")) == 3

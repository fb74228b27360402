# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Established connections outlive their director: its power cut, the failback, and its clean stop, one after the other."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from holders import Holders
from labclient import Lab

NUMBER = 100
STOP = "/run/stop-talking"
MASTER, BACKUP = "director1", "director2"


@contextmanager
def talking(lab: Lab, address: str) -> Iterator[dict[str, Any]]:
    """Connections that keep talking while the body runs; what became of them is there afterwards."""
    found: dict[str, Any] = {}
    lab.run("client1", "rm", "-f", STOP)
    command = lab.command("exec", "client1", "--", "python3", "-", address, str(NUMBER), STOP)
    with (Path(__file__).parent / "talkers.py").open("rb") as script:
        process = subprocess.Popen(command, stdin=script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert _line(process.stdout) == "all talk"
        yield found
        lab.run("client1", "touch", STOP)
        found.update(json.loads(_line(process.stdout)))
    finally:
        process.terminate()
        process.wait()


def _line(stream: IO[str]) -> str:
    return stream.readline().strip()


def known(lab: Lab, director: str) -> int:
    """How many established connections a director could go on with."""
    return lab.run(director, "ipvsadm", "-Lnc").count(" ESTABLISHED ")


def test_a_hundred_connections_outlive_every_change_of_director(holders: Holders, eventually: Callable[..., Any]) -> None:
    lab = holders.lab
    holders.settle()
    with talking(lab, holders.addresses["shop"]) as seen:
        eventually(lambda: known(lab, BACKUP) >= NUMBER, True)
        lab.verb("power-off", MASTER)
        holders.settle(lost=[MASTER])
        lab.verb("power-on", MASTER)
        # Not before it has heard of them all: that is what the delay is for.
        assert holders.now() == {"shop": [BACKUP]}
        eventually(lambda: known(lab, MASTER) >= NUMBER, True)
        holders.settle()
        lab.run(MASTER, "systemctl", "stop", "keepalived")
        holders.settle(without=[MASTER])
        lab.run(MASTER, "systemctl", "start", "keepalived")
        eventually(lambda: known(lab, BACKUP) >= NUMBER, True)
    print(seen)
    assert seen["ends"] == {}
    assert seen["answers"] > NUMBER * 20
    holders.settle()

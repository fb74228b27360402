# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Established connections outlive their director: its power cut, the failback, and its clean stop, one after the other."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections import Counter
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
        found["ports"] = set(json.loads(_line(process.stdout)))
        assert len(found["ports"]) == NUMBER
        yield found
        lab.run("client1", "touch", STOP)
        found.update(json.loads(_line(process.stdout)))
    finally:
        process.terminate()
        process.wait()


def _line(stream: IO[str]) -> str:
    return stream.readline().strip()


def known(lab: Lab, director: str, ports: set[int]) -> int:
    """How many of these connections a director could go on with; it may remember earlier ones too."""
    established = re.findall(r" ESTABLISHED +\S+:(\d+) ", lab.run(director, "ipvsadm", "-Lnc"))
    return len(ports & set(map(int, established)))


# keepalived's processes all hear of a stop at once. Here the one with the VIPs comes last, as it may on a busy machine; the first child has
# the table. Prints how many packets were balanced meanwhile. keepalived itself waits 5 s for its processes.
STOP_WITH_THE_VIPS_LAST = """set -e
packets() { ipvsadm -Ln --stats --exact | awk '/^TCP/ { sum += $4 } END { print sum + 0 }'; }
main=$(systemctl show --property=MainPID --value keepalived)
set -- "$main" $(pgrep --parent "$main")
kill -STOP "$3"
kill -TERM "$1" "$2"
while kill -0 "$2" 2>/dev/null; do sleep 0.01; done
before=$(packets)
enough=$((before + %d))
deadline=$(($(date +%%s) + 4))
while [ "$(packets)" -lt "$enough" ] && [ "$(date +%%s)" -lt "$deadline" ]; do sleep 0.1; done
echo $(($(packets) - before))
kill -CONT "$3"
systemctl stop keepalived
"""


class Story:
    """What happened and since when, so that a connection that ended says what it died of."""

    def __init__(self) -> None:
        self.events: list[tuple[float, str]] = [(0.0, "before the first change")]

    def now(self, event: str) -> None:
        self.events.append((time.time(), event))

    def causes(self, ends: list[tuple[float, str]]) -> Counter[str]:
        """The ends by what had happened last before them."""
        return Counter(f"{reason}, {self.before(when)}" for when, reason in ends)

    def before(self, when: float) -> str:
        since, event = max(each for each in self.events if each[0] <= when)
        return f"{when - since:.1f} s after: {event}" if since else event


def test_a_hundred_connections_outlive_every_change_of_director(holders: Holders, eventually: Callable[..., Any]) -> None:
    lab = holders.lab
    story = Story()
    holders.settle()
    with talking(lab, holders.addresses["shop"]) as seen:
        eventually(lambda: known(lab, BACKUP, seen["ports"]), NUMBER)
        story.now("power cut")
        lab.verb("power-off", MASTER)
        holders.settle(lost=[MASTER])
        story.now("taken over")
        lab.verb("power-on", MASTER)
        story.now("power back")
        # Not before it has heard of them all: that is what the delay is for.
        assert holders.now() == {"shop": [BACKUP]}
        eventually(lambda: known(lab, MASTER, seen["ports"]), NUMBER)
        story.now("all known to the director that is back")
        holders.settle()
        story.now("failed back")
        story.now("clean stop")
        # All have asked meanwhile.
        assert int(lab.run(MASTER, "sh", "-c", STOP_WITH_THE_VIPS_LAST % (2 * NUMBER))) >= 2 * NUMBER
        assert not lab.run(MASTER, "ipvsadm", "-Sn")
        holders.settle(without=[MASTER])
        story.now("taken over again")
        lab.run(MASTER, "systemctl", "start", "keepalived")
        eventually(lambda: known(lab, BACKUP, seen["ports"]), NUMBER)
    print(f"{seen['answers']} answers over {NUMBER} connections, {len(seen['ends'])} ended")
    assert story.causes(seen["ends"]) == {}
    assert seen["answers"] > NUMBER * 20
    holders.settle()

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the lab and the main job in one run and writes its section of bench/RESULTS.md: `make bench`.

Times depend on the machine; the ratio of an unchanged run to a mere ping of the same hosts, taken in turns, does so much less.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
from labclient import ROOT, Lab, LabError
from labnames import lab_name
from results import write_section

ROUNDS = 3


def seconds(work: Callable[[], None]) -> float:
    start = time.monotonic()
    work()
    return time.monotonic() - start


def ping(lab: Lab) -> None:
    command = ["ansible", "-i", str(lab.inventory), "edge_directors:edge_web:edge_app", "-m", "ansible.builtin.ping"]
    done = subprocess.run(command, cwd=ROOT, env=lab.environment, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise LabError(f"ping: exit code {done.returncode}")


def measure(lab: Lab) -> list[tuple[str, str, str]]:
    """The rows of the table: what, measured, goal."""

    def site() -> None:
        lab.playbook("playbooks/site.yml")

    lab.verb("down")
    lab.verb("up")  # images and packages are in the cache from here on
    lab.verb("down")
    up = seconds(lambda: lab.verb("up"))
    first = seconds(site)
    pings, unchanged = [], []
    for _round in range(ROUNDS):
        pings.append(seconds(lambda: ping(lab)))
        unchanged.append(seconds(site))
    ratio = statistics.median(unchanged) / statistics.median(pings)
    return [
        ("warm `lab up`, 8 hosts, until ssh answers on each", f"{up:.0f} s", "60 s"),
        ("main job from nothing (`site.yml` on fresh hosts)", f"{first:.0f} s", "240 s"),
        (f"`ansible -m ping` of the same 7 hosts, median of {ROUNDS}", f"{statistics.median(pings):.1f} s", ""),
        (f"`site.yml` that changes nothing, median of {ROUNDS}", f"{statistics.median(unchanged):.1f} s", ""),
        ("unchanged `site.yml` as a multiple of the ping", f"{ratio:.1f}x", "12x"),
    ]


def report(rows: list[tuple[str, str, str]]) -> str:
    lines = [
        f"One run of `make bench` on {os.cpu_count()} cores, Linux {platform.release().split('-')[0]}, Python {platform.python_version()}.",
        "",
        "| what | measured | goal |",
        "|---|---|---|",
        *(f"| {what} | {value} | {goal} |" for what, value, goal in rows),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    lab = Lab(lab_name("bench"))
    try:
        rows = measure(lab)
    finally:
        lab.verb("down")
    write_section("The edge", report(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())

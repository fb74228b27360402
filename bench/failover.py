# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaks one thing after the other in a lab of inventories/full, at every preset, and measures what a client sees: `make bench-failover`.

Every measurement is kept in bench/failover.json, so a run may be ended and taken up again, or be done in parts:
`python bench/failover.py --preset fast --fault director-power --times 20`. The section of bench/RESULTS.md has all that is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
from ansible_collections.steadfast.edge.plugins.module_utils._probe import figures
from ansible_collections.steadfast.edge.plugins.module_utils._topology.vocabulary import PRESETS
from failover_report import GOALS, report
from labclient import ROOT, Lab, LabError, Probing
from labnames import lab_name
from results import write_section

KEPT = ROOT / "bench/failover.json"
VIP, DIRECTORS, WEB = "192.0.2.150", ["director1", "director2"], ["192.0.2.21", "192.0.2.22"]
RATE, TIMEOUT, LEAD = 200, 0.5, 0.7
KILL = "kill -KILL $(systemctl show --property=MainPID --value {})"
# Without a goal of its own, a fault is measured so often.
TIMES = 3


@dataclass(frozen=True)
class Fault:
    """What is broken, how it is mended, and for how many seconds a client looks on while it comes back."""

    title: str
    cause: Callable[[Lab], Any]
    mend: Callable[[Lab], Any]
    comes_back: float = 4


def verb(*argv: str) -> Callable[[Lab], Any]:
    return lambda lab: lab.verb(*argv)


def shell(host: str, script: str) -> Callable[[Lab], Any]:
    return lambda lab: lab.run(host, "sh", "-ec", script)


FAULTS = {
    "director-power": Fault("director: power cut", verb("power-off", "director1"), verb("power-on", "director1"), 11),
    "director-stop": Fault(
        "director: clean stop", shell("director1", "systemctl stop keepalived"), shell("director1", "systemctl start keepalived"), 5
    ),
    "director-freeze": Fault("director: frozen, thawed", verb("freeze", "director1"), verb("thaw", "director1")),
    "director-cut": Fault("director: network cut, healed", verb("cut", "director1"), verb("heal", "director1")),
    "keepalived-kill": Fault("director: keepalived killed", shell("director1", KILL.format("keepalived")), shell("director1", "true"), 5),
    "nginx-stop": Fault("nginx stopped", shell("web1", "systemctl stop nginx"), shell("web1", "systemctl start nginx"), 8),
    "nginx-kill": Fault("nginx killed", shell("web1", KILL.format("nginx")), shell("web1", "true"), 8),
    "nginx-freeze": Fault("nginx frozen", shell("web1", "pkill -STOP nginx"), shell("web1", "pkill -CONT nginx"), 8),
    "web-power": Fault("real server: power cut", verb("power-off", "web1"), verb("power-on", "web1"), 9),
}
# What a director notices about its real servers does not depend on how directors talk to each other.
ANY_PACE = ("nginx-stop", "nginx-kill", "nginx-freeze", "web-power")


def planned() -> list[tuple[str, str, int]]:
    """Preset, fault, how often."""
    return [
        (preset, fault, GOALS[preset, fault].times if (preset, fault) in GOALS else TIMES)
        for preset in PRESETS
        for fault in FAULTS
        if fault not in ANY_PACE or preset == "standard"
    ]


def converge(lab: Lab, preset: str) -> None:
    """Give the directors this pace, unless they have it already. Without a delay of the failback, so that rounds are short."""
    vip = {"name": "shop", "address": f"{VIP}/24", "virtual_router_id": 51, "holders": DIRECTORS}
    marker = f"advert_int {PRESETS[preset]:g}\n"
    try:
        live = lab.run("director1", "cat", "/etc/keepalived/keepalived.conf")
    except LabError:
        live = ""
    if marker not in live or "preempt_delay" in live:
        variables = {"edge_vips": [vip], "edge_vrrp": {"preset": preset, "connection_sync": True}}
        lab.playbook("playbooks/directors.yml" if live else "playbooks/site.yml", "-e", json.dumps(variables))
    settle(lab)


def state(lab: Lab) -> tuple[list[str], list[int]]:
    """Who holds the VIP, and how many real servers each director has in its table."""
    held, known = [], []
    for director in DIRECTORS:
        said = lab.run(director, "sh", "-c", "ip -oneline address show dev eth0; ipvsadm -Sn")
        held += [director] if f" {VIP}/" in said else []
        known.append(said.count("\n-a "))
    return held, known


def settle(lab: Lab, seconds: float = 60) -> None:
    wanted, deadline = (DIRECTORS[:1], [len(WEB)] * len(DIRECTORS)), time.monotonic() + seconds
    found: Any = None
    while found != wanted:
        if time.monotonic() > deadline:
            raise LabError(f"after {seconds} s the directors are {found}, wanted {wanted}")
        try:
            found = state(lab)
        except LabError as error:
            found = str(error)


def measure(lab: Lab, preset: str, fault: Fault) -> dict[str, float]:
    """One round: what the client saw from the fault on, and what it saw while all came back."""
    settle(lab)
    mended = LEAD + max(2.0, 4 * PRESETS[preset] + 1)
    with lab.probing(f"http://{VIP}/", mended + fault.comes_back + 2 * PRESETS[preset], RATE, TIMEOUT) as probing:
        probing.until(LEAD)
        fault.cause(lab)
        probing.until(mended)
        fault.mend(lab)
    settle(lab)
    return {**_part("", probing, 0, mended), **_part("return_", probing, mended, probing.seconds)}


def _part(prefix: str, probing: Probing, begin: float, end: float) -> dict[str, float]:
    mine = [answer for answer in probing.answers if begin <= answer.due < end]
    seen = figures.summarise(replace(answer, number=number) for number, answer in enumerate(mine))
    return {f"{prefix}gap": seen.longest_gap, f"{prefix}failed": seen.lost, f"{prefix}requests": seen.requests}


def load() -> dict[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    return found


def keep(key: str, row: dict[str, float]) -> None:
    rows = load()
    rows.setdefault(key, []).append(row)
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--preset", action="append", choices=list(PRESETS), help="only this one; may be given again")
    parser.add_argument("--fault", action="append", choices=list(FAULTS), help="only this one; may be given again")
    parser.add_argument("--times", type=int, help="how often each is measured, those that are kept included")
    parser.add_argument("--keep-lab", action="store_true", help="leave the lab for a further run")
    parser.add_argument("--prepare", action="store_true", help="build the lab at the first of the presets and measure nothing")
    parser.add_argument("--report", action="store_true", help="only write the section of what is kept")
    parser.add_argument("--again", action="store_true", help="forget what is kept of what is measured now")
    return parser.parse_args()


def run(lab: Lab, given: argparse.Namespace) -> None:
    for preset, fault, times in planned():
        if preset not in (given.preset or PRESETS) or fault not in (given.fault or FAULTS):
            continue
        key = f"{preset} {fault}"
        if given.again and not given.prepare:
            KEPT.write_text(json.dumps({each: rows for each, rows in load().items() if each != key}), encoding="utf-8")
        missing = (given.times or times) - len(load().get(key, []))
        if missing > 0 or given.prepare:
            converge(lab, preset)
        if given.prepare:
            return
        for _round in range(missing):
            row = measure(lab, preset, FAULTS[fault])
            print(f"{key}: {row}", flush=True)
            keep(key, row)


def main() -> int:
    given, lab = options(), Lab(lab_name("failover"), ROOT / "inventories/full")
    try:
        if not given.report:
            lab.verb("up")
            run(lab, given)
    finally:
        if not (given.report or given.keep_lab):
            lab.verb("down")
    machine = f"{os.cpu_count()} cores, Linux {platform.release().split('-')[0]}"
    titles = {fault: each.title for fault, each in FAULTS.items()}
    write_section("Failover", report(load(), titles, machine, RATE))
    return 0


if __name__ == "__main__":
    sys.exit(main())

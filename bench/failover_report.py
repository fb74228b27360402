# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section about failover, from measurements."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["GOALS", "Goal", "report"]

Rows = Sequence[Mapping[str, float]]


class Goal(NamedTuple):
    """The gap in seconds, at the worst or at the median of so many."""

    seconds: float
    at: str
    times: int


GOALS = {
    ("fast", "director-power"): Goal(0.4, "worst", 20),
    ("fast", "director-stop"): Goal(0.1, "worst", 20),
    ("extreme", "director-power"): Goal(0.1, "median", 20),
}

INTRODUCTION = """
`make bench-failover` on {machine}: two directors as User Mode Linux guests, two nginx and the client as containers, {rate} requests
a second, each over a connection of its own. A gap is the time from the last request that was answered to the next one that was, as the
client sees it; `back` is what it sees when what was broken returns. Presets concern directors only; real servers are noticed by their
checks, whatever the preset.
"""


def _seconds(values: Sequence[float]) -> str:
    return f"{max(values):.3f}" if values else ""


def _row(preset: str, title: str, rows: Rows, goal: Goal | None) -> str:
    gaps, back = [row["gap"] for row in rows], [row["return_gap"] for row in rows if row["return_requests"]]
    failed = [int(row["failed"]) for row in rows]
    median = statistics.median(gaps)
    verdict = ""
    if goal:
        reached = max(gaps) if goal.at == "worst" else median
        verdict = f"{goal.seconds:g} at the {goal.at}: {'met' if reached <= goal.seconds else 'MISSED'}"
    cells = [preset, title, len(rows), f"{median:.3f}", _seconds(gaps), round(statistics.median(failed)), _seconds(back), verdict]
    return f"| {' | '.join(map(str, cells))} |"


def report(kept: Mapping[str, Rows], titles: Mapping[str, str], machine: str, rate: int) -> str:
    lines = [
        INTRODUCTION.format(machine=machine, rate=rate).strip(),
        "",
        "| preset | what | times | gap, median s | gap, worst s | failed requests, median | back, worst gap s | goal |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for preset in dict.fromkeys(key.split()[0] for key in kept):
        for fault, title in titles.items():
            rows = kept.get(f"{preset} {fault}")
            if rows:
                lines.append(_row(preset, title, rows, GOALS.get((preset, fault))))
    return "\n".join(lines) + "\n"

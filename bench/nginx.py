# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the nginx role against plainer means, and what its defaults serve; writes its section of bench/RESULTS.md.

    make bench-nginx                            everything
    make bench-nginx PARTS="1000 throughput"    these parts; the section has the others as they were measured last

What is compared is measured in turns; the figures are medians.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
import nginx_rollout
import nginx_throughput
from labclient import ROOT, Lab
from labnames import lab_name
from nginx_host import INVENTORY, Bench
from results import write_section

ROUNDS = 3
UNCHANGED = nginx_rollout.STEPS[-1]
THROUGHPUT = "throughput"
PARTS = (*map(str, nginx_rollout.COUNTS), THROUGHPUT)
ROLLOUT = """\
Virtual hosts rolled out by the role, by a template task in a loop, and by `rsync` of the finished tree, with `nginx -t` and a reload where
it changed; each run makes a connection of its own. Medians of three, the loop of a hundred once. Goals: 3x of `rsync` or less, and no more
modules sent for more virtual hosts. `ping` is a play of that task alone, what Ansible takes to begin and to reach the host: {ping:.2f} s,
which is {ratio:.1f} times `rsync`. The first goal leaves time for one or two modules beside it and is missed; that is the price of facts,
of looking and of Ansible's tasks. With the number of virtual hosts the role takes {growth:.1f} ms more for each, most of it in
Ansible's own check of the role's arguments and its handling of variables.
"""
KEPT = ROOT / "tests/output/bench-nginx.json"


def measure(bench: Bench, part: str, rounds: int) -> dict[str, Any]:
    if part == THROUGHPUT:
        return nginx_throughput.measure(bench, rounds)
    return nginx_rollout.measure(bench, int(part), rounds)


def section(kept: dict[str, Any]) -> Iterator[str]:
    counts = {count: kept[str(count)] for count in nginx_rollout.COUNTS if str(count) in kept}
    if counts:
        few, many = counts[min(counts)], counts[max(counts)]
        ping, rsync = few["ping"][UNCHANGED], few["rsync"][UNCHANGED]
        growth = (many["role"][UNCHANGED] - few["role"][UNCHANGED]) / max(1, max(counts) - min(counts)) * 1000
        yield from ROLLOUT.format(ping=ping, ratio=ping / rsync, growth=growth).splitlines()
        yield ""
        yield from nginx_rollout.rows(counts)
        yield ""
    if THROUGHPUT in kept:
        where = f"all on the same {os.cpu_count()} cores"
        yield f"`wrk -t 2 -c 64` for {nginx_throughput.SECONDS} s from another container, medians in turns; {where}."
        yield ""
        yield from nginx_throughput.rows(kept[THROUGHPUT])


def main(parts: list[str]) -> int:
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        sys.exit(f"no such part: {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    lab = Lab(lab_name("bench-nginx"), INVENTORY)
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() and parts else {}
    try:
        lab.verb("down")
        lab.verb("up")
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(lab, Path(folder))
            bench.install()
            for part in parts or PARTS:
                kept[part] = measure(bench, part, int(os.environ.get("ROUNDS", ROUNDS)))
                KEPT.parent.mkdir(parents=True, exist_ok=True)
                KEPT.write_text(json.dumps(kept, indent=2))
    finally:
        lab.verb("down")
    write_section("Nginx", "\n".join(section(kept)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

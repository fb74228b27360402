"""Runs the project's tests part by part and sums them up.

    make test                       every part; CI runs this
    make check                      the parts that need no lab
    make test PARTS="units lab"     only the parts named

A lab leaves much of a machine unused while it waits. So there are three lanes: scenarios that measure what clients see, one at a time;
other labs beside them, behind them in priority, and more of them once the measuring is over; and what only computes, last of all.

A part counts as passed only when it exits 0 *and* its output shows that it tested something.
"""
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import labnames

ROOT = Path(__file__).resolve().parent.parent
NEWEST = ROOT / ".venv-newest"
PYTEST = r"(\d+) passed"
# Lines by which the programs that run here say what failed: pytest, molecule, Ansible, ansible-test.
FAILURE = re.compile(r"(?:FAILED(?! - RETRYING)|ERROR|CRITICAL|FATAL)\b|fatal:|\[ERROR\]")
LABS_AT_A_TIME = 3
# As of nice(1). What gets only the rest of two busy cores runs into time limits: labs as they boot, units as they wait for threads.
BEHIND, LAST = 5, 10
MOST_FAILURES = 20
LAST_LINES = 25
WIDEST = 240
# A scenario that measures says so, and why, in a line of its molecule.yml.
ALONE = re.compile(r"^# Alone: \S", re.MULTILINE)
# Tests that bring machines up, long ones first.
LABS = {
    "nginx": "integration/nginx",
    "lab": "lab",
    "ipvs-lab": "integration/ipvs/lab",
    "ipvs": "integration/ipvs/test_real_kernel.py",
    "release": "integration/release",
    "virtual-servers": "integration/virtual_servers",
    "keepalived": "integration/keepalived",
    "realserver": "integration/realserver",
    "probe": "integration/probe",
}


@dataclass(frozen=True)
class Part:
    name: str
    argv: list[str]
    proof: str  # what the output must hold; a group, where there is one, is the number of tests run
    fast: bool = True  # belongs to `make check`; what it prints is shown when it fails
    lab: bool = False  # brings machines up
    alone: bool = False  # measures what clients see, so nothing may run beside it at the same priority


@dataclass(frozen=True)
class Result:
    part: Part
    problem: str  # empty: passed
    tests: int
    seconds: float


def scripts(pattern: bytes, ending: str) -> list[str]:
    """The checkout's files, committed or not, that have `ending` or whose first line matches `pattern`."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = (ROOT / name for name in listed.stdout.splitlines())
    return [str(path) for path in paths if path.is_file() and (path.suffix == ending or re.match(pattern, path.open("rb").readline()))]


def parts() -> list[Part]:
    """The parts in the order in which they start, long ones first."""
    ansible_test = str(ROOT / "tools/ansible-test")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = scripts(rb"#!.*\bpython", ".py")
    collected = [
        Part("sanity", [ansible_test, ".venv", "sanity", "--python", version], r"Running sanity test"),
        Part("collection", ["pytest", "-q", "tests/collection"], PYTEST),
        Part("units", [ansible_test, ".venv", "units", "--python", version], PYTEST),
        Part("preflight", ["pytest", "-q", "tests/integration/preflight"], PYTEST),
        Part("rolls", ["pytest", "-q", "tests/integration/rolls"], PYTEST, fast=False),
        Part("ansible-lint", ["ansible-lint", "--strict"], r"Passed: 0 failure\(s\), 0 warning\(s\) (?:in|on) (\d+) files"),
        Part("mypy", ["mypy", *python], r"no issues found in (\d+) source"),
        Part("ruff", ["ruff", "check", *python], "All checks passed"),
        Part("yamllint", ["yamllint", "--strict", "."], ""),
        Part("shellcheck", ["shellcheck", *scripts(rb"#!.*\b(ba)?sh\b", ".sh")], ""),
        Part("changelog", ["antsibull-changelog", "lint"], ""),
    ]
    if NEWEST.exists():
        ask = [str(NEWEST / "bin/python"), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        newest = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
        collected += [
            Part("sanity-newest-core", [ansible_test, ".venv-newest", "sanity", "--python", newest], r"Running sanity test", fast=False),
            Part("units-newest-core", [ansible_test, ".venv-newest", "units", "--python", newest], PYTEST, fast=False),
        ]
    else:
        print("-- left out: sanity and units with the newest ansible-core (no Python 3.12 or newer on this machine)", flush=True)
    return [
        *collected,
        *scenarios(),
        *(Part(name, ["pytest", "-q", f"tests/{folder}"], PYTEST, fast=False, lab=True) for name, folder in LABS.items()),
    ]


def scenarios() -> list[Part]:
    """Every folder of molecule/ that has a molecule.yml."""
    test = ["molecule", "test", "--no-command-borders", "--scenario-name"]
    return [
        Part(f"molecule-{path.parent.name}", [*test, path.parent.name], PYTEST, False, True, bool(ALONE.search(path.read_text())))
        for path in sorted((ROOT / "molecule").glob("*/molecule.yml"))
    ]


def run(part: Part, logs: Path, niceness: int = 0) -> Result:
    """Runs one part and keeps its output in a log. Slow parts show it line by line, fast ones only when they fail."""
    log = logs / f"{part.name}.log"
    start = time.monotonic()
    environment = {**os.environ, "NO_COLOR": "1", labnames.VARIABLE: labnames.tag()}
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    argv = ["nice", "-n", str(niceness), *part.argv]
    with log.open("w") as kept, subprocess.Popen(argv, cwd=ROOT, env=environment, text=True, errors="replace", **streams) as process:
        assert process.stdout is not None
        for line in process.stdout:
            kept.write(line)
            if not part.fast:
                print(f"{part.name}: {line}", end="", flush=True)
    result = judge(part, process.returncode, log.read_text(), time.monotonic() - start)
    print(f"\n== {log.read_text() if part.fast and result.problem else ''}{describe(result)}", flush=True)
    return result


def run_all(wanted: list[Part], logs: Path) -> list[Result]:
    """The results in the order in which the parts are named."""
    results: dict[str, Result] = {}

    def lane(parts: deque[Part], niceness: int) -> None:
        while True:
            try:
                part = parts.popleft()
            except IndexError:
                return
            results[part.name] = run(part, logs, niceness)

    def rest() -> None:
        """Whoever finds no lab any more helps with what only computes, so that no core is idle at the end."""
        lane(others, 0)
        lane(computing, LAST)

    computing = deque(part for part in wanted if not part.lab)
    measuring = deque(part for part in wanted if part.alone)
    others = deque(part for part in wanted if part.lab and not part.alone)
    with ThreadPoolExecutor(2 + LABS_AT_A_TIME) as pool:
        lanes = [pool.submit(lane, computing, LAST) for _lane in range(1 if others or measuring else 2)]
        lanes.append(pool.submit(lane, others, BEHIND if measuring else 0))
        pool.submit(lane, measuring, 0).result()
        lanes += [pool.submit(rest) for _lane in range(LABS_AT_A_TIME - 1)]
        for each in lanes:
            each.result()
    return [results[part.name] for part in wanted]


def judge(part: Part, code: int, output: str, seconds: float) -> Result:
    """Exit code 0 and a proof that something was tested; anything else is a problem."""
    shown = plain(output)
    counts = [int(match.group(1)) if match.re.groups else 1 for match in re.finditer(part.proof, shown)]
    problem = f"exit code {code}" if code else "" if counts else "ran no test"
    return Result(part, problem, sum(counts) if part.proof else 1, seconds)


def plain(output: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", output)


def explain(result: Result, output: str) -> str:
    """Why a part failed, short enough for the end of a log that somebody sees only the end of."""
    lines = [line.rstrip()[:WIDEST] for line in plain(output).splitlines() if line.strip()]
    failures = list(dict.fromkeys(line.strip() for line in lines if FAILURE.match(line.strip())))
    left_out = [f"... and {len(failures) - MOST_FAILURES} more"] if len(failures) > MOST_FAILURES else []
    tail = [f"  | {line}" for line in lines[-LAST_LINES:]]
    return "\n".join([f"\n== {result.part.name}: {result.problem}", *tail, *failures[:MOST_FAILURES], *left_out])


def describe(result: Result) -> str:
    return f"{result.part.name:22} {result.seconds:7.1f} s  {result.problem or 'passed':14} {result.tests:5} checked"


def chosen(argv: list[str]) -> list[Part]:
    everything = parts()
    if argv == ["--fast"]:
        return [part for part in everything if part.fast]
    unknown = sorted(set(argv) - {part.name for part in everything})
    if unknown:
        sys.exit(f"no such part: {', '.join(unknown)}; there are: {', '.join(part.name for part in everything)}")
    return [part for part in everything if part.name in argv] if argv else everything


def main(argv: list[str]) -> int:
    wanted = chosen(argv)
    logs = ROOT / "tests/output"
    logs.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    results = run_all(wanted, logs)
    failed = [result for result in results if result.problem]
    print("\n== summary", *(describe(result) for result in results), sep="\n")
    for result in failed:
        print(explain(result, (logs / f"{result.part.name}.log").read_text(errors="replace")))
    print(f"\ntotal {time.monotonic() - began:.0f} s; logs in tests/output/")
    names = ": " + ", ".join(result.part.name for result in failed) if failed else ""
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed{names}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

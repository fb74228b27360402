# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On the web server: kills releases in the middle, looks at what is left, and has the next one complete it.

    kills.py FOLDER prepare               learns how long a release takes and which steps it has; prints that
    kills.py FOLDER at FIRST LAST SEED    kills at random instants that are spread over a release
    kills.py FOLDER before FIRST LAST     kills right before steps of it

FOLDER holds the module with the arguments of either version, A.py and B.py, as Ansible sent it. The last two print one JSON object for
each kill FIRST <= n < LAST.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

LIVE = Path("/etc/nginx")
# A test of the live tree that leaves the live pid file alone.
TEST = ["nginx", "-t", "-q", "-g", "pid /run/kills.pid;"]


class Complaint(Exception):
    """Something is not as it must be at every instant."""


def contents() -> dict[str, str]:
    """Every file of the live tree but the release's own mark."""
    files = (path for path in sorted(LIVE.rglob("*")) if path.is_file() and path.name != ".edge-release")
    return {str(path.relative_to(LIVE)): path.read_text(errors="replace") for path in files}


def beside() -> list[str]:
    return sorted(path.name for path in LIVE.parent.glob(".nginx.edge-*"))


def served() -> str:
    with urllib.request.urlopen("http://127.0.0.1/", timeout=5) as answer:
        return str(answer.headers["X-Version"])


def release(folder: Path, version: str) -> dict[str, Any]:
    """A release that nobody kills."""
    done = subprocess.run([sys.executable, f"{folder}/{version}.py"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Complaint(f"the next release failed: {done.stdout}{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def stepped(folder: Path, step: int, version: str) -> list[str]:
    return [sys.executable, f"{folder}/kill_at.py", str(step), f"{folder}/{version}.py"]


def prepare(folder: Path) -> dict[str, Any]:
    trees, took = {}, []
    for version in "ABA":
        began = time.monotonic()
        release(folder, version)
        took.append(time.monotonic() - began)
        trees[version] = contents()
    listed = subprocess.run(stepped(folder, -1, "B"), capture_output=True, text=True, check=True)
    return {"seconds": max(took[1:]), "steps": listed.stderr.splitlines(), "trees": trees}


def kill_at(folder: Path, version: str, instant: float) -> None:
    """Where the release came to its end before the instant, nothing is killed."""
    with subprocess.Popen([sys.executable, f"{folder}/{version}.py"], stdout=subprocess.DEVNULL) as process:
        try:
            process.wait(instant)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)


def kill_before(folder: Path, version: str, step: int) -> None:
    done = subprocess.run(stepped(folder, step, version), stdout=subprocess.DEVNULL, check=False)
    if done.returncode != -signal.SIGKILL:
        raise Complaint(f"the release was to be killed before step {step}, but ended with {done.returncode}")


def inspect(folder: Path, trees: dict[str, Any], then: str) -> dict[str, Any]:
    """What the dead release left, and what the next one, of version `then`, makes of it."""
    left = beside()
    tested = subprocess.run(TEST, capture_output=True, text=True, check=False)
    if tested.returncode:
        raise Complaint(f"the live tree is refused: {tested.stderr}")
    if contents() not in trees.values():
        raise Complaint(f"the live tree is neither version: {contents()}")
    answer = release(folder, then)
    for problem, present in {
        "the files are not those of the next release": contents() != trees[then],
        f"{beside()} is left beside the tree": bool(beside()),
        f"nginx serves {served()}, not {then}": served() != then,
        f"there are warnings: {answer.get('warnings')}": bool(answer.get("warnings")),
    }.items():
        if present:
            raise Complaint(problem)
    return {"left": left, "recovered": answer["recovered"]}


def main(folder: Path, verb: str, *arguments: str) -> None:
    if verb == "prepare":
        known = prepare(folder)
        (folder / "known.json").write_text(json.dumps(known))
        print(json.dumps({"seconds": known["seconds"], "steps": known["steps"]}))
        return
    known = json.loads((folder / "known.json").read_text())
    first, last, *seed = map(int, arguments)
    choose = random.Random(f"{verb} {first} {seed}")
    for number in range(first, last):
        version, then = "B" if served() == "A" else "A", choose.choice("AB")
        # Each instant lies in a part of its own of the time that a release takes; neighbours in number are not so in time.
        instant = (number * 7 % last + choose.random()) / last * known["seconds"]
        record: dict[str, Any] = {"number": number, "when": f"{instant:.3f} s" if verb == "at" else f"before {known['steps'][number]}"}
        try:
            if verb == "at":
                kill_at(folder, version, instant)
            else:
                kill_before(folder, version, number)
            record.update(inspect(folder, known["trees"], then))
        except Complaint as complaint:
            record["complaint"] = str(complaint)
        print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make test` takes for passed, and what its last lines say where something failed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from checkout import ROOT

sys.path.append(str(ROOT / "tools"))

import run_tests
from run_tests import Part


def program(name: str, script: str, proof: str = r"(\d+) passed", **kind: bool) -> Part:
    return Part(name, ["sh", "-c", script], proof, **kind)


GOOD = program("good", "echo 3 passed")
# As pytest ends, in colour; what it says last comes after what failed.
SAID = r"FAILED - RETRYING: [app1]: Wait (89 retries left).\n\033[31mFAILED\033[0m test_x.py::test_y - no\n3 passed, 1 failed\n"
BROKEN = program("broken", f"for n in $(seq 100); do echo line $n; done; printf '{SAID}'; exit 1")


@pytest.mark.parametrize(
    ("part", "problem", "tests"),
    [
        (GOOD, "", 3),
        (BROKEN, "exit code 1", 3),
        (program("idle", "echo nothing"), "ran no test", 0),
        (program("silent", "true", proof=""), "", 1),
    ],
)
def test_a_part_passes_that_ends_well_and_shows_what_it_tested(part: Part, problem: str, tests: int, tmp_path: Path) -> None:
    result = run_tests.run(part, tmp_path)
    assert (result.problem, result.tests) == (problem, tests)


def test_the_last_lines_say_what_failed_and_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tests").mkdir()
    monkeypatch.setattr(run_tests, "ROOT", tmp_path)
    monkeypatch.setattr(run_tests, "parts", lambda: [BROKEN, GOOD, program("lonely", "echo 1 passed", lab=True, alone=True)])
    assert run_tests.main([]) == 1
    end = capsys.readouterr().out.rstrip().splitlines()[-33:]
    assert "== broken: exit code 1" in end
    assert "  | line 90" in end
    assert "FAILED test_x.py::test_y - no" in end
    assert sum("RETRYING" in line for line in end) == 1, "only where the end of its log is shown"
    assert end[-1] == "2 passed, 1 failed: broken"


def test_every_scenario_is_a_part() -> None:
    found = {part.name: part for part in run_tests.scenarios()}
    assert set(found) == {f"molecule-{path.parent.name}" for path in (ROOT / "molecule").glob("*/molecule.yml")}
    assert found["molecule-default"].alone


def test_three_lanes(tmp_path: Path) -> None:
    """One part of each kind waits for the others to begin; a second one that measures finds the first at its end."""
    wait = f"for name in lint lab first; do until [ -e {tmp_path}/$name ]; do sleep 0.05; done; done"

    def part(name: str, lab: bool = False, alone: bool = False) -> Part:
        file = tmp_path / name
        return program(name, f"touch {file}; {wait}; nice > {file}.nice; touch {file}.over; echo 1 passed", lab=lab, alone=alone)

    second = program("second", f"[ -e {tmp_path}/first.over ] && echo 1 passed", lab=True, alone=True)
    parts = [part("lint"), part("first", lab=True, alone=True), second, part("lab", lab=True), program("more", "echo 1 passed", lab=True)]
    results = run_tests.run_all(parts, tmp_path)
    assert [(result.part.name, result.problem) for result in results] == [(part.name, "") for part in parts]
    nice = {name: int((tmp_path / f"{name}.nice").read_text()) for name in ("first", "lab", "lint")}
    # This test may run at a low priority itself, and there is none below 19.
    own = os.nice(0)
    assert nice == {"first": own, "lab": min(19, own + run_tests.BEHIND), "lint": min(19, own + run_tests.LAST)}

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make test` takes for passed, and what its last lines say where something failed."""

from __future__ import annotations

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
SAID = r"\033[31mFAILED\033[0m test_x.py::test_y - no\n3 passed, 1 failed\n"
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
    assert end[-1] == "2 passed, 1 failed: broken"


def test_every_scenario_is_a_part() -> None:
    found = {part.name: part for part in run_tests.scenarios()}
    assert set(found) == {f"molecule-{path.parent.name}" for path in (ROOT / "molecule").glob("*/molecule.yml")}
    assert found["molecule-default"].alone


def test_a_lab_that_wants_to_be_alone_has_no_other_beside_it(tmp_path: Path) -> None:
    """But what only computes goes on: each of the two waits for the other to begin."""
    note = 'until [ -e "{0}/{1}" ]; do sleep 0.05; done; [ ! -e "{0}/other" ]; echo 1 passed'
    script = f"set -e; touch {tmp_path}/lonely; {note.format(tmp_path, 'lint')}; touch {tmp_path}/over"
    lonely = program("lonely", script, lab=True, alone=True)
    lint = program("lint", f"touch {tmp_path}/lint; {note.format(tmp_path, 'lonely')}")
    others = [program(name, f"set -e; touch {tmp_path}/other; [ -e {tmp_path}/over ]; echo 1 passed", lab=True) for name in "ab"]
    results = run_tests.run_all([*others, lint, lonely], tmp_path)
    assert {result.part.name: result.problem for result in results} == {"a": "", "b": "", "lint": "", "lonely": ""}

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that dies at every single step, and what the next one makes of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import ReleaseError, ReloadFailed
from ansible_collections.steadfast.edge.plugins.module_utils._release._release import release
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.release.rig import FOREIGN, Died, MortalHost, Rig

OLD = {"main.conf": "old\n", "conf.d/a.conf": "a\n", "conf.d/gone.conf": "x\n"}
NEW = {"main.conf": "new\n", "conf.d/a.conf": "a\n", "more/b.conf": "b\n", "link": "-> main.conf"}
BAD = {"main.conf": "bad\n", "conf.d/a.conf": "a\n"}
OTHER = {"main.conf": "other\n"}
MANY = 400


def die(rig: Rig, step: int, files: dict[str, str], **options: Any) -> bool:
    """Runs until `step`; False where the run came to its end before."""
    host = MortalHost(rig.live, rig.loaded, step)
    try:
        release(host, rig.request(files, **options), rig.warnings.append)
    except Died:
        return True
    except ReloadFailed:
        return host.left == 0
    finally:
        host.bury()
    return False


def rigs(memory: Path, *before: dict[str, str]) -> Iterator[tuple[int, Rig]]:
    """A fresh tree for every step."""
    for step in range(MANY):
        base = memory / str(step)
        rig = Rig(base, FOREIGN)
        for files in before:
            rig.run(files)
        yield step, rig
        shutil.rmtree(base)
    raise AssertionError("the run never came to its end")


def settled(rig: Rig, files: dict[str, str]) -> None:
    """The tree is as wanted, the service runs with it, nothing lies about, and nothing is left to do."""
    assert rig.tree() == {**FOREIGN, **files}
    assert rig.loaded == rig.tree()
    assert rig.beside() == [] and rig.warnings == []
    again = rig.run(files)
    assert not again.changed and again.recovered == "none"
    assert rig.beside() == []


@pytest.mark.parametrize("after", [NEW, OLD, OTHER], ids=["same", "old", "other"])
def test_every_step_of_a_switch(memory: Path, after: dict[str, str]) -> None:
    trees, recoveries = [], []
    for step, rig in rigs(memory, OLD):
        died = die(rig, step, NEW)
        assert rig.tree() in ({**FOREIGN, **OLD}, {**FOREIGN, **NEW})
        trees.append(rig.tree() == {**FOREIGN, **NEW})
        foreseen = rig.run(after, check_mode=True)
        outcome = rig.run(after)
        assert foreseen == outcome
        recoveries.append(outcome.recovered)
        settled(rig, after)
        if not died:
            break
    # The exchange is one step, and the journal covers what comes after it.
    assert trees == sorted(trees) and set(trees) == {False, True}
    assert {"none", "undone"} <= set(recoveries)
    assert ("finished" in recoveries) == (after is NEW)


def test_a_reload_that_was_missed_is_made_up_for_though_the_files_are_equal(memory: Path) -> None:
    made_up = 0
    for step, rig in rigs(memory, OLD):
        died = die(rig, step, NEW)
        if rig.tree() == {**FOREIGN, **NEW} != rig.loaded:
            outcome = rig.run(NEW)
            assert outcome.changed and outcome.reloaded and outcome.recovered == "finished" and not outcome.files_changed
            made_up += 1
        if not died:
            break
    assert made_up


def test_every_step_of_a_switch_that_the_service_refuses(memory: Path) -> None:
    for step, rig in rigs(memory, OLD):
        died = die(rig, step, BAD)
        assert rig.tree() in ({**FOREIGN, **OLD}, {**FOREIGN, **BAD})
        with pytest.raises(ReloadFailed, match="The previous tree is back and was reloaded"):
            rig.run(BAD)
        settled(rig, OLD)
        if not died:
            break


def test_every_step_of_the_first_release(memory: Path) -> None:
    for step, rig in rigs(memory):
        shutil.rmtree(rig.live)
        rig.loaded.clear()
        died = die(rig, step, NEW)
        assert rig.tree() in ({}, NEW)
        rig.run(NEW)
        assert rig.tree() == rig.loaded == NEW
        assert rig.beside() == []
        if not died:
            break


def test_every_step_of_a_rollback(memory: Path) -> None:
    for step, rig in rigs(memory, OLD, {**NEW, "foreign.conf": "taken over\n"}):
        died = die(rig, step, {}, rolled_back=True)
        rig.run(rolled_back=True)
        assert rig.tree() == rig.loaded == {**FOREIGN, **OLD}
        assert rig.beside() == []
        if not died:
            break


def first_step_after(memory: Path, done: Callable[[Rig], bool]) -> int:
    for step, rig in rigs(memory / "find", OLD):
        die(rig, step, NEW)
        if done(rig):
            return step
    raise AssertionError("never done")


def exchanged(rig: Rig) -> bool:
    return rig.tree() == {**FOREIGN, **NEW}


def reloaded(rig: Rig) -> bool:
    return rig.loaded == {**FOREIGN, **NEW}


@pytest.mark.parametrize("done", [exchanged, reloaded])
@pytest.mark.parametrize("after", [NEW, OLD, OTHER], ids=["same", "old", "other"])
def test_every_step_of_the_recovery(memory: Path, done: Callable[[Rig], bool], after: dict[str, str]) -> None:
    """Dies right after the exchange or the reload, then at every step of the run that cleans up after it."""
    first = first_step_after(memory, done)
    for step, rig in rigs(memory, OLD):
        die(rig, first, NEW)
        assert done(rig) and exchanged(rig)
        died = die(rig, step, after)
        assert rig.tree() in [{**FOREIGN, **files} for files in (OLD, NEW, after)]
        rig.run(after)
        settled(rig, after)
        if not died:
            break


def test_a_foreign_file_written_after_a_crash_survives_an_undo(memory: Path) -> None:
    for step, rig in rigs(memory, OLD):
        died = die(rig, step, NEW)
        switched = rig.tree() == {**FOREIGN, **NEW}
        rig.put({"precious": "mine\n"})
        rig.run(OTHER)
        kept = [rig.live.parent / name / "precious" for name in rig.beside()]
        assert rig.tree().get("precious") == "mine\n" or (switched and any(path.exists() for path in kept))
        if not died:
            break


def test_a_refused_run_pays_the_reload_that_a_dead_one_owes(memory: Path) -> None:
    for step, rig in rigs(memory, OLD):
        died = die(rig, step, NEW)
        with pytest.raises(ReleaseError):
            rig.run({"main.conf": "broken\n"})
        assert rig.loaded == rig.tree()
        assert rig.beside() == []
        if not died:
            break


def test_when_the_old_tree_is_gone_there_is_only_forward(memory: Path) -> None:
    for step, rig in rigs(memory, OLD):
        die(rig, step, NEW)
        if rig.tree() == {**FOREIGN, **NEW}:
            break
    for name in rig.beside():
        shutil.rmtree(rig.live.parent / name)
    assert rig.run(NEW).recovered == "finished"
    settled(rig, NEW)

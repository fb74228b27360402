# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs that begin and end at the same time share folders and control groups, which come and go with them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from labnames import lab_name
from machine_room import cache, cgroup, requirements, state
from machine_room.model import Lab as Described
from machine_room.paths import LabPaths

SECONDS = 2.0


def at_once(*works: Callable[[], object]) -> None:
    """Does all of them again and again, each in a thread of its own; what one of them raises is raised."""
    until = time.monotonic() + SECONDS

    def again(work: Callable[[], object]) -> None:
        work()
        while time.monotonic() < until:
            work()

    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(again, work) for work in works]:
            done.result()


def test_each_tries_its_overlay(tmp_path: Path) -> None:
    folder = tmp_path / "state"

    def tries() -> None:
        assert requirements.overlay_works(folder)

    at_once(*[tries] * 4)
    assert list(folder.iterdir()) == []


def test_what_a_killed_try_has_left_goes_away(tmp_path: Path) -> None:
    (tmp_path / ".probe" / "work" / "work").mkdir(parents=True)
    assert requirements.overlay_works(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_lab_that_is_ending_is_no_broken_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A lab that builds images looks at what all the others use."""
    monkeypatch.setattr(cache, "CACHE_ROOT", tmp_path)
    for module in ("paths", "cache"):
        monkeypatch.setattr(f"machine_room.{module}.STATE_ROOT", tmp_path)

    def lives(name: str) -> Callable[[], None]:
        paths = LabPaths(name)
        lab = Described(name, "/inventory", (), (), {"bookworm": f"{name}.1"})

        def begin_and_end() -> None:
            state.save(paths, state.State(state.UP, lab))
            shutil.rmtree(paths.folder)

        return begin_and_end

    at_once(cache.collect, cache.collect, *(lives(name) for name in ("one", "two", "three")))


def test_a_control_group_is_made_beside_the_end_of_another_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "TOP", lab_name("steadfast-test"))

    def lives(name: str) -> Callable[[], None]:
        def begin_and_end() -> None:
            group = cgroup.Group(name, "host")
            group.create()
            assert not group.populated
            cgroup.Group(name).remove()

        return begin_and_end

    at_once(*(lives(name) for name in ("one", "two", "three")))
    assert not cgroup.Group("one").path.parent.exists()


def test_locks_come_and_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for module in ("paths", "state"):
        monkeypatch.setattr(f"machine_room.{module}.LOCK_ROOT", tmp_path / "run")

    def takes(name: str) -> Callable[[], None]:
        def take() -> None:
            with state.locked(LabPaths(name), "up"):
                assert LabPaths(name).lock.exists()

        return take

    at_once(*(takes(name) for name in ("one", "two", "three")))
    assert not (tmp_path / "run").exists()

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 in earnest: a process that releases without end is killed at random instants, while another one reads."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.steadfast.edge.plugins.module_utils._release._model import MARKER
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.release.rig import HastyHost, Rig, contents

KILLS = 50
FOREIGN = {"foreign.conf": "not ours\n"}


def files(version: str) -> dict[str, str]:
    """Two versions share some names; each has names of its own."""
    shared = {f"conf.d/{number}.conf": f"{version}\n" for number in range(20)}
    return {"main.conf": f"{version}\n", **shared, f"only/{version}.conf": f"{version}\n"}


VERSIONS = {version: {**FOREIGN, **files(version)} for version in "AB"}


@contextmanager
def process(work: Callable[[], None]) -> Iterator[int]:
    """A child that is killed at the end, if not before."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(1)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def release_without_end(rig: Rig, started: Path) -> None:
    host = HastyHost()
    started.touch()
    while True:
        for version in "AB":
            rig.run(files(version), host, validate=("true",), reload=reload(rig))


def reload(rig: Rig) -> tuple[str, ...]:
    """The service loads one file. A reload outlives the run that was killed, and services take one at a time."""
    return ("flock", f"{rig.base}/lock", "cp", "{tree}/main.conf", f"{rig.base}/loaded")


def read_without_end(rig: Rig, complaints: Path) -> None:
    """Reads the live tree, again and again. Where it carries the same mark before and after, all of it must be of one version.

    It is held open meanwhile: a switch that is undone brings the same mark back, and a slow reader by names would have seen both trees.
    """
    rounds = (rig.base / "rounds").open("ab", buffering=0)
    while True:
        try:
            before = (rig.live / MARKER).read_text()
            (rig.live / "main.conf").read_text()
            held = os.open(rig.live, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            complaints.write_text(f"a name was missing: {error}")
            continue
        try:
            tree = Path(f"/proc/self/fd/{held}")
            if (tree / MARKER).read_text() == before:
                seen = contents(tree)
                if (rig.live / MARKER).read_text() == before and seen not in VERSIONS.values():
                    complaints.write_text(f"neither version: {seen}")
                rounds.write(b".")
        except OSError:  # exchanged, and on its way out
            continue
        finally:
            os.close(held)


def test_a_reader_sees_one_version_or_the_other_and_the_next_run_completes(memory: Path) -> None:
    rig = Rig(memory, FOREIGN)
    rig.run(files("A"), HastyHost(), validate=("true",), reload=reload(rig))
    complaints, started = memory / "complaints", memory / "started"
    instants = random.Random(20)
    recovered = set()
    with process(lambda: read_without_end(rig, complaints)):
        for _kill in range(KILLS):
            started.unlink(missing_ok=True)
            with process(lambda: release_without_end(rig, started)):
                while not started.exists():
                    time.sleep(0.001)
                time.sleep(instants.uniform(0, 0.15))
            assert rig.tree() in VERSIONS.values()
            version = instants.choice("AB")
            outcome = rig.run(files(version), HastyHost(), validate=("true",), reload=reload(rig))
            recovered.add(outcome.recovered)
            assert rig.tree() == VERSIONS[version]
            assert (memory / "loaded").read_text() == f"{version}\n"
            assert rig.beside() == [] and rig.warnings == []
    assert not complaints.exists(), complaints.read_text()
    assert (memory / "rounds").stat().st_size > KILLS
    assert recovered == {"none", "finished", "undone"}

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A probe's own process: its life, its ends, and what is known of it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._probe.background import Probe, ProbeError, Record
from ansible_collections.steadfast.edge.plugins.module_utils._probe.client import Plan
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.probe.site import Site

# Seconds that a busy machine never takes to answer itself.
PATIENCE = 60


@pytest.fixture(name="site")
def fixture_site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture(name="probe")
def fixture_probe(tmp_path: Path) -> Iterator[Probe]:
    probe = Probe("mine", tmp_path / "state/probes")
    yield probe
    probe.end()


def until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def known(probe: Probe) -> Record:
    record = probe.read()
    assert record is not None
    return record


def test_it_goes_on_until_it_is_told_to_end(site: Site, probe: Probe) -> None:
    assert (probe.read(), probe.alive()) == (None, False)
    probe.start(Plan(f"{site.url}/ok", rate=50, seconds=600, timeout=PATIENCE, connections="both"))
    assert (known(probe).state, probe.alive()) == ("running", True)
    until(lambda: known(probe).summary["requests"] > 20)
    probe.end()
    record = known(probe)
    assert (record.state, probe.alive()) == ("stopped", False)
    assert record.summary["requests"] > 20
    assert record.summary["lost"] == 0
    assert record.ended is not None
    probe.end()
    assert known(probe) == record


def test_it_belongs_to_nobody(site: Site, probe: Probe) -> None:
    """No stream, no session and no parent of the one who started it."""
    probe.start(Plan(f"{site.url}/ok", rate=1, seconds=600))
    process = Path(f"/proc/{known(probe).pid}")
    streams = {str((process / "fd" / number).readlink()) for number in "012"}
    assert streams == {os.devnull}
    session = int((process / "stat").read_text().rsplit(")", 1)[1].split()[3])
    assert session not in (os.getsid(0), known(probe).pid)
    # The site's listening socket is one of those that a careless child would have kept.
    listening = Path(f"/proc/self/fd/{site.fileno}").readlink()
    assert str(listening).startswith("socket:")
    assert listening not in {path.readlink() for path in (process / "fd").iterdir()}


def test_it_ends_by_itself(site: Site, probe: Probe) -> None:
    probe.start(Plan(f"{site.url}/ok", rate=50, seconds=0.4, timeout=PATIENCE))
    probe.end(wait=True)
    record = known(probe)
    assert (record.state, record.summary["requests"]) == ("finished", 20)


def test_a_killed_one_has_died(site: Site, probe: Probe) -> None:
    probe.start(Plan(f"{site.url}/ok", rate=50, seconds=600, timeout=PATIENCE))
    until(lambda: known(probe).summary["requests"] > 20)
    os.kill(known(probe).pid, signal.SIGKILL)
    until(lambda: not probe.alive())
    record = known(probe)
    assert (record.state, record.reason) == ("died", "its process was killed")
    assert record.summary["requests"] > 20


def test_one_that_cannot_begin_says_why(site: Site, probe: Probe) -> None:
    with pytest.raises(ProbeError, match=r"could not be started: FileNotFoundError.*"):
        probe.start(Plan(f"https://127.0.0.1:{site.port}/ok", ca_file="/does/not/exist"))
    record = known(probe)
    assert (record.state, probe.alive()) == ("died", False)
    assert record.reason.startswith("FileNotFoundError")


def test_there_is_one_of_a_name(site: Site, probe: Probe) -> None:
    plan = Plan(f"{site.url}/ok", rate=1, seconds=600)
    probe.start(plan)
    pid = known(probe).pid
    with pytest.raises(ProbeError, match="is running already"):
        probe.start(plan)
    assert (known(probe).pid, known(probe).state) == (pid, "running")


def test_only_root_can_look(site: Site, probe: Probe, tmp_path: Path) -> None:
    probe.start(Plan(f"{site.url}/ok", rate=1, seconds=600))
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "state/probes").rglob("*")}
    assert modes == {"mine": 0o700, "lock": 0o600, "record.json": 0o600}
    assert (tmp_path / "state/probes").stat().st_mode & 0o777 == 0o700


def test_nothing_is_left_when_it_is_removed(site: Site, probe: Probe) -> None:
    probe.start(Plan(f"{site.url}/ok", rate=1, seconds=600))
    probe.end()
    assert probe.exists
    probe.remove()
    assert (probe.exists, probe.read()) == (False, None)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "a b", "x" * 65])
def test_names_that_are_no_names(name: str) -> None:
    with pytest.raises(ProbeError, match="is no name for a probe"):
        Probe(name)

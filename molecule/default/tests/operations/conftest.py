# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks as an operator runs them, on the edge of the scenario."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from labclient import ROOT, Lab

# Whether the playbook came to its end, and what it printed, on one line.
Play = Callable[..., "tuple[bool, str]"]


def argv_of(lab: Lab, name: str, limit: str, variables: dict[str, Any]) -> list[str]:
    argv = ["ansible-playbook", "-i", str(lab.inventory), f"playbooks/{name}.yml", "-e", json.dumps(variables)]
    return [*argv, "--limit", limit] if limit else argv


@pytest.fixture(scope="session")
def play(lab: Lab) -> Play:
    def run(name: str, limit: str = "", **variables: Any) -> tuple[bool, str]:
        argv = argv_of(lab, name, limit, variables)
        done = subprocess.run(argv, cwd=ROOT, env=lab.environment, capture_output=True, text=True, check=False)
        print(done.stdout, done.stderr)
        # Where failures are shown is a setting of Ansible's that molecule changes.
        return done.returncode == 0, re.sub(r"\s+", " ", done.stdout + done.stderr)

    return run


@pytest.fixture(scope="session")
def play_and_kill(lab: Lab) -> Callable[..., None]:
    """Runs a playbook until it prints something, and kills the controller then, with all its children."""

    def run(name: str, limit: str, when: str, **variables: Any) -> None:
        argv = argv_of(lab, name, limit, variables)
        process = subprocess.Popen(argv, cwd=ROOT, env=lab.environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert process.stdout is not None
        seen = any(when in line for line in process.stdout)
        subprocess.run(["kill", "-KILL", "--", f"-{process.pid}"], check=True)
        process.wait()
        assert seen, f"the playbook never said {when!r}"

    return run


@pytest.fixture
def eventually_healthy(play: Play) -> None:
    """What the test before has broken and repaired is noticed within some checks."""
    deadline = time.monotonic() + 120
    while not play("verify")[0]:
        assert time.monotonic() < deadline


@pytest.fixture(scope="module")
def as_before(lab: Lab) -> Iterator[None]:
    """Afterwards the hosts are again as the inventory says."""
    yield
    lab.playbook("playbooks/app.yml")
    lab.playbook("playbooks/web.yml")

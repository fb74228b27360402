# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it, on a host without keepalived."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._command import Runner
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.daemon import USR1, Host
from ansible_collections.steadfast.edge.plugins.modules import keepalived_info


@pytest.mark.parametrize("check_mode", [False, True])
def test_it_answers_without_keepalived(check_mode: bool) -> None:
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {"timeout": 1, "_ansible_check_mode": check_mode}})
    collections = str(Path(keepalived_info.__file__).parents[5])
    environment = {**os.environ, "PATH": "/nonexistent", "PYTHONPATH": os.pathsep.join([collections, *sys.path])}
    code = f"from {keepalived_info.__name__} import main; main()"
    done = subprocess.run([sys.executable, "-c", code], input=arguments, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    assert (found["changed"], found["unknown"]) == (False, [])
    assert found["process_events"] in (True, False, None)


def test_the_program_that_runs_is_known_where_it_is_gone(tmp_path: Path) -> None:
    class Running(Host):
        def main_pid(self) -> int | None:
            return pid

    host = Running(Runner(lambda argv, stdin, environment: (127, "", "not needed here")))
    pid: int | None = None
    assert host.program() is None
    program = tmp_path / "sleep"
    shutil.copy("/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as sleeper:
        try:
            pid = sleeper.pid
            assert host.program() == str(program)
            program.unlink()
            assert host.program() == str(program)
        finally:
            sleeper.kill()


def test_a_process_that_does_not_expect_a_signal_is_known() -> None:
    """Sent to this one, it would kill."""
    host = Host(Runner(lambda argv, stdin, environment: (127, "", "not needed here")))
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        try:
            assert not host.expects(sleeper.pid, USR1)
            with subprocess.Popen(["env", "--ignore-signal=USR1", "sleep", "60"]) as deaf:
                try:
                    deadline = 500
                    while not host.expects(deaf.pid, USR1) and deadline:
                        deadline -= 1
                    assert deadline
                finally:
                    deaf.kill()
        finally:
            sleeper.kill()

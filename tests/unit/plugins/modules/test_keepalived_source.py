# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it: what it says of an archive that is not there, and where there is nothing to take away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.modules import keepalived_source


def run(check_mode: bool, **given: str) -> dict[str, Any]:
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {**given, "_ansible_check_mode": check_mode}})
    collections = str(Path(keepalived_source.__file__).parents[5])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([collections, *sys.path])}
    code = f"from {keepalived_source.__name__} import main; main()"
    done = subprocess.run([sys.executable, "-c", code], input=arguments, env=environment, capture_output=True, text=True, check=False)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("check_mode", [False, True])
def test_an_archive_that_is_not_there(check_mode: bool, tmp_path: Path) -> None:
    given = {"src": str(tmp_path / "none"), "checksum": "0" * 64, "prefix": str(tmp_path / "prefix"), "unit": "[Unit]"}
    found = run(check_mode, **given)
    if check_mode:
        assert (found["changed"], found["built"], found["removed"], found["stale"]) == (True, True, [], False)
    else:
        assert "bring it to the host" in found["msg"]
    assert not (tmp_path / "prefix").exists()


def test_nothing_to_take_away() -> None:
    found = run(check_mode=True, state="absent")
    assert (found["changed"], found["built"], found["removed"], found["stale"]) == (False, False, [], False)
    assert "state is present" in run(check_mode=True, state="present")["msg"]

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_control from its options to its answer; what each action does is in module_utils/nginxd."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Finished
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.nginxd.rig import World
from ansible_collections.steadfast.edge.tests.unit.plugins.modules.nginx_driver import Driver, check_documentation


def test_the_documentation_is_the_argument_spec() -> None:
    check_documentation("nginx_control")


@pytest.mark.parametrize(("action", "changed"), [
    ("test", False), ("reload", True), ("reopen", True), ("upgrade", True), ("quit", True), ("stop", True), ("start", False)])
def test_check_mode_foresees_and_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], action: str, changed: bool
) -> None:
    world = World(tmp_path)
    world.answers[f"{world.binary} -t"] = lambda: Finished(0, "")
    world.unit["PIDFile"] = str(world.pid_file)
    world.open(10, 5, tmp_path / "access.log")
    world.replace_binary()
    answer = Driver("nginx_control", world, monkeypatch, capsys)(check_mode=True, action=action, binary=str(world.binary))
    assert answer["changed"] == changed
    assert answer["before"] == answer["after"] == {"active": True, "main_pid": 10, "workers": [11, 12], "workers_leaving": []}
    assert not world.signals
    assert {argv[1] for argv in world.commands} <= {"show", "-t", "-V"}


def test_a_failure_says_what_nginx_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    world = World(tmp_path)
    world.answers[f"{world.binary} -t"] = lambda: Finished(1, "[emerg] no such thing")
    answer = Driver("nginx_control", world, monkeypatch, capsys)(action="test", binary=str(world.binary))
    assert answer["failed"] and answer["output"] == "[emerg] no such thing"

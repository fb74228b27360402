# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action: one call where the host has everything, a second one with what it lacks."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.steadfast.edge.plugins.action.artifact_store import ActionModule


class Run:
    """One run of the action in front of a module that gives these answers."""

    def __init__(self, *answers: dict[str, Any], check_mode: bool = False, artifacts: list[dict[str, Any]]) -> None:
        task = MagicMock(args={"path": "/srv/store", "artifacts": artifacts}, async_val=0, check_mode=check_mode, diff=False)
        connection = MagicMock()
        connection._shell.tmpdir = "/tmp/remote"
        connection._shell.join_path = lambda *parts: "/".join(parts)
        self.action = ActionModule(
            task=task, connection=connection, play_context=MagicMock(), loader=None, templar=None, shared_loader_obj=None
        )
        self.action._find_needle = lambda kind, name: name
        self.action._fixup_perms2 = MagicMock()
        self.action._transfer_file = self.transferred = MagicMock()
        self.action._execute_module = self.executed = MagicMock(side_effect=answers)

    def result(self) -> dict[str, Any]:
        return dict(self.action.run(task_vars={}))

    def sent(self, call: int) -> list[dict[str, Any]]:
        return list(self.executed.call_args_list[call].kwargs["module_args"]["artifacts"])


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    return [{"name": name, "src": str(tmp_path / name)} for name in ("a", "b")]


def test_a_host_that_has_everything_is_asked_once(artifacts: list[dict[str, Any]]) -> None:
    run = Run({"changed": False, "missing": []}, artifacts=artifacts)
    assert run.result()["changed"] is False
    assert [one["checksum"] for one in run.sent(0)] == ["sha256:" + hashlib.sha256(name.encode()).hexdigest() for name in ("a", "b")]
    run.transferred.assert_not_called()


def test_only_what_is_missing_is_sent(artifacts: list[dict[str, Any]]) -> None:
    run = Run({"changed": False, "missing": ["b"]}, {"changed": True, "added": ["b"]}, artifacts=artifacts)
    assert run.result()["added"] == ["b"]
    run.transferred.assert_called_once_with(artifacts[1]["src"], "/tmp/remote/artifact-0")
    assert [one["uploaded"] for one in run.sent(1)] == [None, "/tmp/remote/artifact-0"]


def test_check_mode_sends_nothing(artifacts: list[dict[str, Any]]) -> None:
    run = Run({"changed": True, "missing": ["a", "b"]}, check_mode=True, artifacts=artifacts)
    assert run.result()["changed"] is True
    run.transferred.assert_not_called()


def test_two_of_one_name_and_urls_without_a_digest_are_refused(artifacts: list[dict[str, Any]]) -> None:
    with pytest.raises(AnsibleActionFail, match="two of this name"):
        Run(artifacts=[artifacts[0], artifacts[0]]).result()
    with pytest.raises(AnsibleActionFail, match=r"artifacts\[c\]\.checksum"):
        Run(artifacts=[{"name": "c", "src": "https://artifacts.example.com/c.jar"}]).result()

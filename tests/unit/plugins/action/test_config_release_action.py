# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin: what goes to the host, what stays, and what it adds to a failure."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible_collections.steadfast.edge.plugins.action.config_release import ActionModule

FILES: list[dict[str, Any]] = [
    {"path": "a.conf", "content": "one\ntwo\n", "mode": "0600", "secret": True, "origins": {1: "app[one]", 2: "app[two]"}},
    {"path": "b.conf", "content": "x\n"},
]
REFUSED = {"failed": True, "msg": "No.", "output": "bad in a.conf:2", "file": "a.conf", "line": 2, "exception": "the shorter message"}


class Run:
    """One run of the action in front of a module that answers `answer`."""

    def __init__(self, answer: dict[str, Any], async_val: int = 0, **args: Any) -> None:
        self.args = args
        task = MagicMock(args=args, async_val=async_val, action="steadfast.edge.config_release", check_mode=False, diff=False)
        connection = MagicMock(has_native_async=False)
        action = ActionModule(
            task=task, connection=connection, play_context=MagicMock(), loader=None, templar=None, shared_loader_obj=None
        )
        action._execute_module = self._execute_module = MagicMock(return_value=answer)
        self.result = action.run(task_vars={})

    @property
    def sent(self) -> dict[str, Any]:
        return dict(self._execute_module.call_args.kwargs["module_args"])

    @property
    def wrapped(self) -> bool:
        return bool(self._execute_module.call_args.kwargs["wrap_async"])


def test_origins_stay_on_the_controller_and_all_else_is_sent() -> None:
    run = Run({"changed": True, "msg": "1 added"}, path="/etc/app", files=FILES, keep=2)
    bare = [{key: value for key, value in item.items() if key != "origins"} for item in FILES]
    assert run.sent == {"path": "/etc/app", "files": bare, "keep": 2}
    assert {name: run.result[name] for name in ("changed", "msg")} == {"changed": True, "msg": "1 added"}
    assert "origins" not in run.result
    assert run.args["files"] == FILES, "the task's own arguments are not to be changed: it may be tried again"


def test_a_refused_line_is_traced_to_its_value() -> None:
    result = Run(REFUSED, path="/etc/app", files=FILES).result
    assert result["msg"] == "No. It comes from app[two]."
    assert result["origins"] == ["app[two]"]
    assert "exception" not in result
    assert (result["file"], result["line"], result["output"]) == ("a.conf", 2, "bad in a.conf:2")


@pytest.mark.parametrize("answer", [{**REFUSED, "file": "b.conf"}, {"failed": True, "msg": "No."}, {"failed": True}])
def test_what_cannot_be_traced_is_passed_on_as_it_is(answer: dict[str, Any]) -> None:
    result = Run(answer, path="/etc/app", files=FILES).result
    assert {name: result[name] for name in answer} == answer
    assert result["origins"] == []


def test_without_origins_nothing_is_added() -> None:
    result = Run(REFUSED, path="/etc/app", files=[FILES[1]]).result
    assert result["msg"] == "No." and "origins" not in result


@pytest.mark.parametrize("files", ["text", [1, "x"], {"path": "x"}, None])
def test_malformed_files_are_left_to_the_module(files: Any) -> None:
    assert Run({}, path="/etc/app", files=files).sent == {"path": "/etc/app", "files": files}


def test_a_rollback_has_no_files() -> None:
    assert Run({}, path="/etc/app", state="rolled_back").sent == {"path": "/etc/app", "state": "rolled_back"}


def test_async_is_wrapped() -> None:
    assert Run({"started": 1}, async_val=60, path="/etc/app", files=FILES).wrapped
    assert not Run({}, path="/etc/app", files=FILES).wrapped

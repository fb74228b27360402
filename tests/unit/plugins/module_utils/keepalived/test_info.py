# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived is asked by signals only where it expects them, and what it does not say is said to be unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.daemon import JSON, USR1, Host
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.info import gather
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.keepalived import test_dumps

FILES = {
    "keepalived.data": test_dumps.TEXT,
    "keepalived.json": test_dumps.JSON,
    "keepalived_check.data": test_dumps.CHECKERS,
    "keepalived_parent.data": "x",
}


class Fake(Host):
    """A host whose keepalived has this state."""

    def __init__(self, **state: Any) -> None:
        self.state: Any = {"pid": 10, "roles": {"vrrp": 11, "checkers": 12}, "signals": {USR1, JSON}, "files": FILES, **state}
        self.sent: set[int] = set()

    def version_text(self) -> str | None:
        text: str | None = self.state.get("version", "Keepalived v2.2.7 (01/16,2022)\nConfig options:  JSON\n")
        return text

    def main_pid(self) -> int | None:
        pid: int | None = self.state["pid"]
        return pid

    def children(self, pid: int) -> list[int]:
        return list(self.state["roles"].values())

    def roles(self, pid: int) -> dict[str, int]:
        return dict(self.state["roles"])

    def expects(self, pid: int, number: int) -> bool:
        return number in self.state["signals"] and pid not in self.state.get("deaf", ())

    def process_events(self) -> bool | None:
        return False

    def dump(self, pid: int, wanted: Mapping[str, int], timeout: float) -> dict[str, str]:
        self.sent |= set(wanted.values())
        return {name: self.state["files"][name] for name in wanted if name in self.state["files"]}


def test_everything_is_learnt() -> None:
    host = Fake()
    found = gather(host)
    assert (found["installed"], found["version"], found["build_options"], found["running"]) == (True, "2.2.7", ["JSON"], True)
    assert found["instances"] == [test_dumps.SHOP]
    assert [server["fwmark"] for server in found["virtual_servers"]] == [None, 7]
    assert (found["scripts"], found["unknown"], host.sent) == ([], [], {USR1, JSON})


def test_no_daemon_is_asked_nothing() -> None:
    host = Fake(pid=None, version=None)
    found = gather(host)
    assert (found["installed"], found["version"], found["running"], found["instances"], host.sent) == (False, None, False, None, set())


def test_without_dump_nothing_is_sent() -> None:
    host = Fake()
    found = gather(host, dump=False)
    assert (found["running"], found["instances"], host.sent, found["unknown"]) == (True, None, set(), [])


@pytest.mark.parametrize("state", [{"deaf": (11,)}, {"deaf": (10,)}, {"roles": {}}])
def test_a_signal_that_would_kill_is_not_sent(state: dict[str, Any]) -> None:
    host = Fake(**state)
    found = gather(host)
    assert (host.sent, found["instances"], found["virtual_servers"]) == (set(), None, None)
    assert "Ask again" in found["unknown"][0]


def test_a_build_without_json_is_read_as_text() -> None:
    host = Fake(signals={USR1})
    assert gather(host)["instances"] == [test_dumps.SHOP]
    assert host.sent == {USR1}


def test_json_of_another_kind_is_read_as_text() -> None:
    assert gather(Fake(files={**FILES, "keepalived.json": '{"other": 1}'}))["unknown"] == []
    assert gather(Fake(files={**FILES, "keepalived.json": '[{"data": {}}]'}))["instances"] == [test_dumps.SHOP]


def test_what_does_not_answer_is_unknown() -> None:
    found = gather(Fake(files={"keepalived.json": test_dumps.JSON}), timeout=2)
    assert found["instances"] == [test_dumps.SHOP]
    assert (found["scripts"], found["virtual_servers"]) == (None, None)
    assert found["unknown"] == [
        "keepalived did not write keepalived.data within 2 s.",
        "keepalived did not write keepalived_check.data within 2 s.",
    ]


def test_vrrp_alone_has_no_virtual_servers() -> None:
    assert gather(Fake(roles={"vrrp": 11}))["virtual_servers"] == []
    only_lvs = gather(Fake(roles={"checkers": 12}))
    assert (only_lvs["instances"], only_lvs["scripts"]) == ([], [])

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ipvs_table from its options to its answer."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.rig import MemoryHost
from ansible_collections.steadfast.edge.tests.unit.plugins.modules.ipvs_driver import run

WEB: dict[str, Any] = {"address": "192.0.2.150", "port": 80, "destinations": [{"address": "192.0.2.21"}]}


def test_from_nothing_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost(loaded=False)
    predicted = run(monkeypatch, "ipvs_table", host, check=True, services=[WEB])
    real = run(monkeypatch, "ipvs_table", host, services=[WEB])
    assert predicted == real
    assert real["changed"]
    assert real["diff"] == {side: {"services": real[side], "files": {}} for side in ("before", "after")}
    assert real["diff"]["before"] != real["diff"]["after"]
    again = run(monkeypatch, "ipvs_table", host, services=[WEB])
    assert (again["changed"], again["actions"], again["before"], again["after"]) == (False, [], [], [])
    assert again.keys() == real.keys()


def test_kept_over_a_reboot(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost()
    kept = run(monkeypatch, "ipvs_table", host, services=[WEB], persist=True)
    assert kept["files"]["after"]["/etc/steadfast-edge/ipvs.rules"].startswith("-A -t 192.0.2.150:80")
    assert not run(monkeypatch, "ipvs_table", host, services=[WEB], persist=True)["changed"]


def test_purge(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost()
    run(monkeypatch, "ipvs_table", host, services=[WEB, {"fwmark": 4294967295, "family": "ipv6"}])
    assert run(monkeypatch, "ipvs_table", host, services=[WEB])["foreign"] == ["fwmark 4294967295 (ipv6)"]
    purged = run(monkeypatch, "ipvs_table", host, services=[WEB], purge=True)
    assert (purged["actions"], purged["foreign"]) == (["delete service fwmark 4294967295 (ipv6)"], [])


def test_all_mistakes_and_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost()
    bad = [WEB, {"fwmark": 0}, {"address": "192.0.2.1", "port": 80, "destinations": [{"address": "192.0.2.2", "port": 81}]}]
    failed = run(monkeypatch, "ipvs_table", host, services=bad)
    assert (failed["failed"], failed["changed"], failed["actions"]) == (True, False, [])
    assert [error["subject"] for error in failed["errors"]] == ["fwmark 0", "tcp 192.0.2.1:80 -> 192.0.2.2:81"]
    assert host.fake.services == {}


def test_a_partial_failure_tells_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost()
    failed = run(monkeypatch, "ipvs_table", host, services=[WEB, {"fwmark": 1, "scheduler": "twos"}])
    assert (failed["failed"], failed["changed"]) == (True, True)
    assert failed["actions"] == ["add service tcp 192.0.2.150:80", "add destination tcp 192.0.2.150:80 -> 192.0.2.21:80"]


@pytest.mark.parametrize("option", [{"scheduler": "fastest"}, {"protocol": "icmp"}, {"destinations": [{"weight": 1}]}, {"unknown": 1}])
def test_options_that_do_not_exist(monkeypatch: pytest.MonkeyPatch, option: dict[str, Any]) -> None:
    assert run(monkeypatch, "ipvs_table", MemoryHost(), services=[{**WEB, **option}])["failed"]

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ipvs_settings from its options to its answer."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.rig import MemoryHost
from ansible_collections.steadfast.edge.tests.unit.plugins.modules.ipvs_driver import run

EVERYTHING: dict[str, Any] = {
    "sysctls": {"conntrack": True, "sync_threshold": [5, 60]},
    "timeouts": {"udp": 30},
    "sync_daemons": [{"state": "master", "interface": "eth0"}],
}


def test_prediction_result_and_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost(loaded=False)
    predicted = run(monkeypatch, "ipvs_settings", host, check=True, **EVERYTHING)
    real = run(monkeypatch, "ipvs_settings", host, **EVERYTHING)
    assert predicted == real
    assert (real["changed"], real["before"].keys()) == (True, real["after"].keys())
    again = run(monkeypatch, "ipvs_settings", host, **EVERYTHING)
    assert (again["changed"], again["actions"], again.keys()) == (False, [], real.keys())


def test_a_partial_failure_tells_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost()
    host.fake.interfaces.clear()
    failed = run(monkeypatch, "ipvs_settings", host, persist=False, **EVERYTHING)
    assert (failed["failed"], failed["changed"]) == (True, True)
    assert failed["actions"][-1] == "set timeouts udp 30"
    assert "Cannot start the master sync daemon: there is no such network interface" in failed["msg"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sysctls": {"sync_ports": 3}}, "power of two"),
        ({"sysctls": {"no_such": 1}}, "no_such"),
        ({"timeouts": {"tcp": -1}}, "timeouts.tcp is -1"),
    ],
)
def test_bad_input(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], message: str) -> None:
    host = MemoryHost()
    failed = run(monkeypatch, "ipvs_settings", host, **options)
    assert failed["failed"]
    assert message in failed["msg"]
    assert host.fake.requests == []


@pytest.mark.parametrize(
    ("kept", "returned"),
    [
        ("steadfast-edge-ipvs-table.service", {"table_persisted": True, "vips_persisted": False}),
        ("steadfast-vip-late.service", {"table_persisted": False, "vips_persisted": True}),
    ],
)
def test_it_tells_what_a_director_without_keepalived_has_left(
    monkeypatch: pytest.MonkeyPatch, kept: str, returned: dict[str, bool]
) -> None:
    host = MemoryHost()
    host.files[f"/etc/systemd/system/{kept}"] = "[Unit]\n"
    answer = run(monkeypatch, "ipvs_settings", host)
    assert {key: answer[key] for key in returned} == returned

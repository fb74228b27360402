# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ipvs_destination from its options to its answer."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.rig import MemoryHost
from ansible_collections.steadfast.edge.tests.unit.plugins.modules.ipvs_driver import run

WEB: dict[str, Any] = {"address": "192.0.2.150", "port": 80}


@pytest.fixture(name="host")
def _host(monkeypatch: pytest.MonkeyPatch) -> MemoryHost:
    host = MemoryHost()
    run(monkeypatch, "ipvs_service", host, **WEB, destinations=[{"address": "192.0.2.21", "weight": 4}, {"address": "192.0.2.22"}])
    return host


def test_drained_and_back(monkeypatch: pytest.MonkeyPatch, host: MemoryHost) -> None:
    predicted = run(monkeypatch, "ipvs_destination", host, check=True, address="192.0.2.21", state="drained")
    real = run(monkeypatch, "ipvs_destination", host, address="192.0.2.21", state="drained")
    assert predicted == real
    assert (real["changed"], real["drained"], real["after"][0]["weight"]) == (True, True, 0)
    back = run(monkeypatch, "ipvs_destination", host, address="192.0.2.21")
    assert (back["changed"], back["after"]) == (True, real["before"])
    assert back.keys() == real.keys()


def test_added_and_removed(monkeypatch: pytest.MonkeyPatch, host: MemoryHost) -> None:
    added = run(monkeypatch, "ipvs_destination", host, service=WEB, address="192.0.2.23", forward="masquerade", port=8080)
    assert added["actions"] == ["add destination tcp 192.0.2.150:80 -> 192.0.2.23:8080"]
    gone = run(monkeypatch, "ipvs_destination", host, address="192.0.2.23", state="absent")
    assert [action.split()[0] for action in gone["actions"]] == ["drain", "delete"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"state": "drained", "weight": 1}, "can only be given with 'state: present'"),
        ({"service": {"address": "192.0.2.150", "port": 81}}, "There is no virtual service"),
        ({"forward": "route", "service": WEB, "port": 81}, "the port must be the service's 80"),
        ({"drain_counters": ["idle"]}, "drain_counters"),
        ({"state": "drained", "min_serving": 2}, "2 must go on serving"),
    ],
)
def test_bad_input(monkeypatch: pytest.MonkeyPatch, host: MemoryHost, options: dict[str, Any], message: str) -> None:
    failed = run(monkeypatch, "ipvs_destination", host, **{"address": "192.0.2.21", **options})
    assert failed["failed"]
    assert message in failed["msg"]

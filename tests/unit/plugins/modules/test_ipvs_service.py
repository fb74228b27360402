# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ipvs_service from its options to its answer."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.rig import MemoryHost
from ansible_collections.steadfast.edge.tests.unit.plugins.modules.ipvs_driver import run

WEB: dict[str, Any] = {"address": "192.0.2.150", "port": 80, "scheduler": "wrr", "destinations": [{"address": "192.0.2.21", "weight": 2}]}


def test_present_and_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost(loaded=False)
    predicted = run(monkeypatch, "ipvs_service", host, check=True, **WEB)
    real = run(monkeypatch, "ipvs_service", host, **WEB)
    assert predicted == real
    assert real["after"][0]["destinations"][0]["weight"] == 2
    again = run(monkeypatch, "ipvs_service", host, **WEB)
    assert (again["changed"], again.keys()) == (False, real.keys())
    gone = run(monkeypatch, "ipvs_service", host, address="192.0.2.150", port=80, state="absent")
    assert (gone["changed"], gone["before"], gone["after"]) == (True, real["after"], [])
    assert not run(monkeypatch, "ipvs_service", host, address="192.0.2.150", port=80, state="absent")["changed"]


def test_only_its_own_service_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost()
    run(monkeypatch, "ipvs_service", host, **WEB)
    run(monkeypatch, "ipvs_service", host, fwmark=1)
    host.fake.reads = 0
    run(monkeypatch, "ipvs_service", host, **WEB)
    assert host.fake.reads == 2


def test_servers_are_left_alone_when_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost()
    run(monkeypatch, "ipvs_service", host, **WEB)
    result = run(monkeypatch, "ipvs_service", host, address="192.0.2.150", port=80, scheduler="rr")
    assert result["actions"] == ["edit service tcp 192.0.2.150:80 (scheduler wrr -> rr)"]
    assert len(result["after"][0]["destinations"]) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"address": "192.0.2.150"}, "needs either 'address' and 'port', or 'fwmark'"),
        ({**WEB, "destinations": [{"address": "192.0.2.21", "weight": -1}]}, "weight is -1"),
        ({**WEB, "destinations": [{"address": "192.0.2.21", "lower_threshold": 1}]}, "lower_threshold 1 is above"),
        ({**WEB, "family": "ipv6"}, "not of the family ipv6"),
    ],
)
def test_bad_input(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], message: str) -> None:
    host = MemoryHost()
    failed = run(monkeypatch, "ipvs_service", host, **options)
    assert (failed["failed"], failed["changed"], host.fake.requests) == (True, False, [])
    assert message in failed["msg"]


def test_no_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost()
    host.fake.privileged = False
    failed = run(monkeypatch, "ipvs_service", host, **WEB)
    assert failed["failed"]
    assert "become: true" in failed["msg"]

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ipvs_info from its options to its answer."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.rig import MemoryHost
from ansible_collections.steadfast.edge.tests.unit.plugins.modules.ipvs_driver import run


def test_the_kernel_module_is_not_loaded_by_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost(loaded=False)
    found = run(monkeypatch, "ipvs_info", host)
    assert (found["loaded"], found["services"], found["timeouts"]) == (False, [], None)
    assert (host.commands, host.fake.reads, host.loaded()) == ([], 0, False)


def test_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost()
    service: dict[str, Any] = {"address": "192.0.2.150", "port": 80, "destinations": [{"address": "192.0.2.21"}]}
    run(monkeypatch, "ipvs_service", host, **service)
    found = run(monkeypatch, "ipvs_info", host)
    assert (found["changed"], found["loaded"], found["version"], found["table_size"]) == (False, True, "1.2.1", 4096)
    assert found["timeouts"] == {"tcp": 900, "tcpfin": 120, "udp": 300}
    assert found["sysctls"] == {"conntrack": "0", "expire_quiescent_template": "1", "sync_threshold": "3 50"}
    assert found["services"][0]["counters"]["conns"] == 101
    server = found["services"][0]["destinations"][0]
    assert (server["counters"]["outbps"], server["connections"]) == (210, {"active": 0, "inactive": 0, "persistent": 0})
    assert found.keys() - {"failed", "warnings"} == run(monkeypatch, "ipvs_info", MemoryHost(loaded=False)).keys() - {"failed", "warnings"}


def test_what_is_found_can_be_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost()
    services = [
        {"fwmark": 4294967295, "family": "ipv6", "persistence_timeout": 9, "destinations": []},
        {
            "address": "192.0.2.150",
            "port": 80,
            "destinations": [
                {"address": "192.0.2.21"},
                {"address": "192.0.2.22", "forward": "tunnel", "tunnel_type": "gue", "tunnel_port": 6080},
            ],
        },
    ]
    run(monkeypatch, "ipvs_table", host, services=services)
    found = run(monkeypatch, "ipvs_info", host, counters=False)["services"]
    assert not run(monkeypatch, "ipvs_table", host, services=found, purge=True)["changed"]
    run(monkeypatch, "ipvs_table", MemoryHost(), services=found)
    other = MemoryHost()
    run(monkeypatch, "ipvs_table", other, services=found)
    assert other.fake.services == host.fake.services


def test_no_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost()
    host.fake.privileged = False
    assert "become: true" in run(monkeypatch, "ipvs_info", host)["msg"]

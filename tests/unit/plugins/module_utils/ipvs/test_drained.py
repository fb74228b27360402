# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declaration does not undo what ipvs_destination drained, and a drain does not outlive what it was about."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import member, memory, reconcile, table, units
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.drain import Policy
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.fake_kernel import FakeKernel
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.rig import MemoryHost, Time, declared

A, B = "192.0.2.21", "192.0.2.22"
NAME = f"tcp 192.0.2.150:80 -> {A}:80"


def service(*servers: tuple[str, int], **options: Any) -> dict[str, Any]:
    return {"address": "192.0.2.150", "port": 80, "destinations": [{"address": a, "weight": w, **options} for a, w in servers]}


def make(host: MemoryHost, *services: dict[str, Any], check: bool = False, **options: Any) -> reconcile.Result:
    return reconcile.reconcile(host, reconcile.Declaration(declared(*services), **options), Policy(), check, whole=True)


def member_state(host: MemoryHost, state: str) -> None:
    member.reconcile(host, member.wanted({"address": A, "state": state}), Policy(timeout=9), False, Time(host.fake).clock)


def weights(host: MemoryHost) -> dict[str, int]:
    return {key.address: item.weight for entry in table.read(host.fake).values() for key, item in (entry.destinations or {}).items()}


@pytest.fixture(name="host")
def _host() -> MemoryHost:
    """A was at weight 3 and is drained."""
    host = MemoryHost(FakeKernel())
    make(host, service((A, 3), (B, 1)))
    member_state(host, "drained")
    return host


def test_it_stays_drained_and_the_run_says_so(host: MemoryHost) -> None:
    result = make(host, service((A, 3), (B, 1)))
    assert (result.changed, result.kept_drained, weights(host)) == (False, [NAME], {A: 0, B: 1})
    assert f"left at weight 0: {NAME}" in result.warnings[0]


def test_it_is_given_back_what_is_declared_by_then(host: MemoryHost) -> None:
    assert make(host, service((A, 7), (B, 1)), check=True).kept_drained == [NAME]
    assert '": 3' in host.files[memory.PATH]
    make(host, service((A, 7), (B, 1)))
    member_state(host, "present")
    assert weights(host) == {A: 7, B: 1}
    assert make(host, service((A, 7), (B, 1))).kept_drained == []


def test_other_changes_are_made(host: MemoryHost) -> None:
    result = make(host, service((A, 3), (B, 2), upper_threshold=9))
    assert result.actions == [
        f"edit destination {NAME} (upper_threshold 0 -> 9)",
        f"edit destination tcp 192.0.2.150:80 -> {B}:80 (weight 1 -> 2, upper_threshold 0 -> 9)",
    ]


def test_on_request_it_ends(host: MemoryHost) -> None:
    result = make(host, service((A, 3), (B, 1)), keep_drained=False)
    assert (result.changed, result.kept_drained, weights(host)) == (True, [], {A: 3, B: 1})
    assert host.files[memory.PATH] == "{}\n"


def test_declared_at_weight_0_it_stays_there(host: MemoryHost) -> None:
    assert make(host, service((A, 0), (B, 1))).warnings == []
    member_state(host, "present")
    assert weights(host)[A] == 0


@pytest.mark.parametrize("gone", [[service((B, 1))], []])
def test_removed_it_is_forgotten(host: MemoryHost, gone: list[dict[str, Any]]) -> None:
    make(host, *gone, purge=True)
    make(host, service((A, 3), (B, 1)))
    assert weights(host) == {A: 3, B: 1}
    assert host.files[memory.PATH] == "{}\n"


def test_given_a_weight_by_hand_it_is_drained_no_more(host: MemoryHost) -> None:
    for dest in next(iter(host.fake.services.values())).dests.values():
        dest.weight = 4
    assert make(host, service((A, 4), (B, 1))).kept_drained == []
    assert host.files[memory.PATH] == "{}\n"
    make(host, service((A, 0), (B, 1)))
    assert make(host, service((A, 3), (B, 1))).changed


def test_a_table_that_was_flushed_begins_anew(host: MemoryHost) -> None:
    host.fake.services.clear()
    make(host, service((A, 0), (B, 1)))
    assert make(host, service((A, 3), (B, 1))).kept_drained == []
    assert weights(host) == {A: 3, B: 1}


def test_weight_0_that_nobody_drained_is_corrected() -> None:
    host = MemoryHost(FakeKernel())
    make(host, service((A, 0), (B, 1)))
    assert make(host, service((A, 3), (B, 1))).changed
    assert weights(host) == {A: 3, B: 1}


def test_left_alone_it_stays_and_is_remembered(host: MemoryHost) -> None:
    make(host, {"address": "192.0.2.150", "port": 80, "scheduler": "rr"})
    member_state(host, "present")
    assert weights(host) == {A: 3, B: 1}


@pytest.mark.parametrize("servers", [service((A, 3), (B, 1)), {"address": "192.0.2.150", "port": 80}])
def test_a_boot_ends_it(host: MemoryHost, servers: dict[str, Any]) -> None:
    """The weights are remembered in /run only: a file with weight 0 would keep the server out for ever."""
    make(host, servers, persist=True)
    assert f"-r {A}:80 -g -w 3" in host.files[units.RULES]
    assert weights(host)[A] == 0

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One real server: drained and given back, added, removed; in one service and in all."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import member, memory, normalise, render, table
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.drain import Policy
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import InvalidValue, PartialFailure, TooFewLeft
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.fake_kernel import FakeKernel
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.rig import MemoryHost, Time, busy, declared, fill

WEB = {"address": "192.0.2.150", "port": 80}
TLS = {"address": "192.0.2.150", "port": 443}
A, B = "192.0.2.21", "192.0.2.22"


@pytest.fixture(name="host")
def _host() -> MemoryHost:
    host = MemoryHost(FakeKernel())
    fill(
        host.fake,
        declared(
            {**WEB, "destinations": [{"address": A, "weight": 3, "upper_threshold": 9}, {"address": B}]},
            {**TLS, "destinations": [{"address": A, "port": 8443, "weight": 5, "forward": "masquerade"}, {"address": B}]},
        ),
    )
    return host


def go(host: MemoryHost, state: str = "present", policy: Policy | None = None, check: bool = False, **options: Any) -> member.Result:
    wanted = member.wanted({"address": A, "state": state, **options})
    return member.reconcile(host, wanted, policy or Policy(timeout=60), check, Time(host.fake).clock)


def shown(host: MemoryHost, address: str = A) -> list[dict[str, Any]]:
    found = table.read(host.fake)
    items = [item for key in sorted(found) for item in (found[key].destinations or {}).values()]
    return [render.destination(item) for item in items if item.key.address == address]


def test_drained_everywhere_and_given_back(host: MemoryHost) -> None:
    before = shown(host)
    result = go(host, "drained")
    assert result.actions == [
        "edit destination tcp 192.0.2.150:80 -> 192.0.2.21:80 (weight 3 -> 0)",
        "edit destination tcp 192.0.2.150:443 -> 192.0.2.21:8443 (weight 5 -> 0)",
    ]
    assert [item["weight"] for item in shown(host)] == [0, 0]
    assert not go(host, "drained").data()["changed"]
    assert go(host).data()["changed"]
    assert shown(host) == before
    assert not go(host).data()["changed"]


def test_drained_in_one_service(host: MemoryHost) -> None:
    go(host, "drained", service=WEB)
    assert [item["weight"] for item in shown(host)] == [0, 5]


def test_drained_at_one_port(host: MemoryHost) -> None:
    go(host, "drained", port=8443)
    assert [item["weight"] for item in shown(host)] == [3, 0]


def test_no_fewer_are_left_than_must_serve(host: MemoryHost) -> None:
    with pytest.raises(TooFewLeft, match=r"tcp 192.0.2.150:80 would be left with 1 of its 2 real servers, and 2 must go on serving"):
        go(host, "drained", min_serving=2, check=True)
    go(host, "drained", min_serving=1)
    with pytest.raises(TooFewLeft, match="left with 0 of its 2 real servers"):
        go(host, "drained", address=B, min_serving=1)
    assert [item["weight"] for item in shown(host, B)] == [1, 1]
    # Nobody is taken away by what was done already.
    assert not go(host, "drained", min_serving=2).data()["changed"]
    assert go(host, "drained", address=B).data()["changed"]


def test_a_real_server_at_several_ports_is_one(host: MemoryHost) -> None:
    go(host, service=TLS, port=8444, forward="masquerade")
    with pytest.raises(TooFewLeft, match="443 would be left with 1 of its 2 real servers"):
        go(host, "drained", service=TLS, min_serving=2)
    assert go(host, "drained", service=TLS, port=8444, min_serving=2).data()["changed"]


def test_the_wait_is_for_the_counters_that_are_asked_for(host: MemoryHost) -> None:
    busy(host.fake, active=2, inactive=7, persistent=1)
    assert go(host, "drained").data()["drained"]
    assert not go(host, "drained", Policy(timeout=2, counters=("active", "inactive"))).data()["drained"]
    assert go(host, "drained", Policy(timeout=2, counters=("active", "inactive"), limit=7)).data()["drained"]
    assert not go(host, "drained", Policy(timeout=2, counters=("persistent",))).data()["drained"]


def test_a_second_run_goes_on_waiting(host: MemoryHost) -> None:
    busy(host.fake, active=6)
    first = go(host, "drained", Policy(timeout=1))
    assert (first.data()["changed"], first.data()["drained"], first.remaining[0].counters.active) == (True, False, 4)
    assert "Connections are left after 1 s: tcp 192.0.2.150:80 -> 192.0.2.21:80: 4 active" in first.warnings[-1]
    second = go(host, "drained", Policy(timeout=10))
    assert (second.data()["changed"], second.data()["drained"]) == (False, True)


def test_not_drained_in_time_is_a_failure_on_request(host: MemoryHost) -> None:
    busy(host.fake, active=60)
    with pytest.raises(PartialFailure, match="Not drained within 1 s") as caught:
        go(host, "drained", Policy(timeout=1, fail=True))
    assert len(caught.value.failures) == len(caught.value.done) == 2
    go(host)
    assert [item["weight"] for item in shown(host)] == [3, 5]


def test_the_weight_is_remembered_before_it_is_gone(host: MemoryHost) -> None:
    def crash(_kernel: FakeKernel, _command: int) -> None:
        assert '"tcp 192.0.2.150:80 -> 192.0.2.21:80": 3' in host.files[memory.PATH]

    host.fake.before_request = crash
    go(host, "drained")


def test_check_mode_predicts_and_does_nothing(host: MemoryHost) -> None:
    predicted = go(host, "drained", check=True)
    assert (host.fake.requests, memory.PATH in host.files) == ([], False)
    real = go(host, "drained")
    assert predicted.data() == real.data()


def test_a_weight_that_is_given_wins(host: MemoryHost) -> None:
    go(host, "drained")
    go(host, weight=8)
    assert [item["weight"] for item in shown(host)] == [8, 8]
    go(host)
    assert [item["weight"] for item in shown(host)] == [8, 8]


def test_weight_0_without_a_memory(host: MemoryHost) -> None:
    go(host, weight=0)
    result = go(host)
    assert not result.data()["changed"]
    assert len(result.warnings) == 2
    assert "no earlier weight is remembered" in result.warnings[0]


def test_a_weight_that_was_given_back_is_forgotten(host: MemoryHost) -> None:
    go(host, "drained")
    go(host)
    go(host, weight=0)
    assert "no earlier weight is remembered" in go(host).warnings[0]


def test_a_broken_memory_is_no_memory(host: MemoryHost) -> None:
    host.files[memory.PATH] = "{"
    go(host, "drained")
    go(host)
    assert [item["weight"] for item in shown(host)] == [3, 5]


def test_only_what_is_given_changes(host: MemoryHost) -> None:
    go(host, service=WEB, lower_threshold=4)
    assert shown(host)[0] == {
        "address": A, "port": 80, "weight": 3, "forward": "route", "upper_threshold": 9, "lower_threshold": 4
    }  # fmt: skip
    go(host, service=WEB, forward="tunnel", tunnel_type="gre")
    assert shown(host)[0]["tunnel_type"] == "gre"
    go(host, service=WEB, forward="masquerade")
    assert (shown(host)[0]["forward"], shown(host)[0]["lower_threshold"]) == ("masquerade", 4)
    assert "tunnel_type" not in shown(host)[0]


def test_what_is_given_must_fit_what_is_there(host: MemoryHost) -> None:
    with pytest.raises(InvalidValue, match="lower_threshold 10 is above upper_threshold 9"):
        go(host, service=WEB, lower_threshold=10)
    with pytest.raises(InvalidValue, match="the port must be the service's 443"):
        go(host, forward="route")
    assert host.fake.requests == []


def test_added_to_a_service(host: MemoryHost) -> None:
    result = go(host, address="192.0.2.23", service=WEB)
    assert (result.before, result.after[0]["weight"]) == ([], 1)
    assert shown(host, "192.0.2.23")[0]["port"] == 80


def test_not_added_without_a_service(host: MemoryHost) -> None:
    assert not go(host, address="192.0.2.23").data()["changed"]


def test_not_added_to_a_service_that_is_not_there(host: MemoryHost) -> None:
    with pytest.raises(InvalidValue, match=r"There is no virtual service tcp 192.0.2.150:81; create it with ipvs_service first."):
        go(host, service={**WEB, "port": 81})


def test_removed(host: MemoryHost) -> None:
    busy(host.fake, active=1)
    result = go(host, "absent")
    assert (shown(host), result.data()["drained"], result.after) == ([], True, [])
    assert [action.split()[0] for action in result.actions] == ["drain", "drain", "delete", "delete"]
    assert "No virtual service has this real server" in go(host, "absent").warnings[0]


def test_removed_at_once(host: MemoryHost) -> None:
    busy(host.fake, active=2)
    result = go(host, "absent", Policy(timeout=0))
    assert [action.split()[0] for action in result.actions] == ["delete", "delete"]
    assert [item.counters.active for item in result.remaining] == [2, 2]


def test_removal_forgets_the_weight(host: MemoryHost) -> None:
    go(host, "drained")
    go(host, "absent")
    assert host.files[memory.PATH] == "{}\n"


def test_the_last_server_is_told(host: MemoryHost) -> None:
    go(host, "drained", address=B)
    assert any("tcp 192.0.2.150:80 has no real server left" in text for text in go(host, "drained").warnings)


def test_fictions_are_told(host: MemoryHost) -> None:
    fill(host.fake, declared({"fwmark": 5, "scheduler": "sh", "persistence_timeout": 9, "destinations": [{"address": A}, {"address": B}]}))
    host.sysctls["expire_quiescent_template"] = "0"
    warnings = go(host, "drained").warnings
    assert len([text for text in warnings if text.startswith("fwmark 5 (ipv4)")]) == 2


def test_what_another_tool_made_can_be_drained(host: MemoryHost) -> None:
    """Over netlink, direct routing to another port is possible; draining judges nothing."""
    for service in host.fake.services.values():
        for (family, address, _port), dest in list(service.dests.items()):
            service.dests[(family, address, 8081)] = dest
    go(host, "drained", port=8081)
    assert [item["weight"] for item in shown(host) if item["port"] == 8081] == [0, 0]


def test_without_ipvs_there_is_nothing_to_drain() -> None:
    host = MemoryHost(loaded=False)
    result = go(host, "drained")
    assert (result.data()["changed"], host.commands, host.fake.reads) == (False, [], 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"address": "x"}, "no IPv4 or IPv6 address"),
        ({"port": 65536}, "port is 65536"),
        ({"state": "drained", "weight": 3}, "weight can only be given with 'state: present'"),
        ({"service": {"address": "192.0.2.150"}}, "needs either"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        member.wanted({"address": A, "state": "present", **options})


def test_addresses_compare_by_value(host: MemoryHost) -> None:
    fill(host.fake, declared({"address": "2001:db8::1", "port": 80, "destinations": [{"address": "2001:db8::21"}]}))
    assert normalise.address("2001:DB8:0:0::21", "") == normalise.address("2001:db8::21", "")
    assert go(host, "drained", address="2001:DB8:0::21").data()["changed"]

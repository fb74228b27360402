# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Order, failures and reports of one reconciliation."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import table
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.drain import Policy
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import (
    KernelRefused,
    NoAnswer,
    NotAvailable,
    NotPermitted,
    PartialFailure,
    report,
)
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.normalise import service_key
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.reconcile import Declaration, Result, reconcile
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.fake_kernel import FakeKernel
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.rig import MemoryHost, Time, busy, declared, fill

WEB = {"address": "192.0.2.150", "port": 80}


def server(number: int, **options: Any) -> dict[str, Any]:
    return {"address": f"192.0.2.{number}", **options}


def web(*servers: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {**WEB, "destinations": list(servers), **options}


def make(before: list[dict[str, Any]]) -> MemoryHost:
    host = MemoryHost(FakeKernel())
    fill(host.fake, declared(*before))
    return host


def go(host: MemoryHost, *services: dict[str, Any], policy: Policy | None = None, **options: Any) -> Result:
    declaration = Declaration(declared(*services), **options)
    return reconcile(host, declaration, policy or Policy(), check=False, whole=True, clock=Time(host.fake).clock)


def test_the_order_of_a_change_of_everything() -> None:
    host = make([web(server(1, weight=1), server(2, weight=5), server(3), scheduler="rr"), {"fwmark": 9, "destinations": [server(4)]}])
    after = web(server(1, weight=4), server(2, weight=2), server(5), scheduler="wrr")
    result = go(host, {"fwmark": 8, "destinations": [server(6)]}, after, policy=Policy(timeout=1), purge=True)
    assert result.actions == [
        "add destination tcp 192.0.2.150:80 -> 192.0.2.5:80",
        "add service fwmark 8 (ipv4)",
        "add destination fwmark 8 (ipv4) -> 192.0.2.6:0",
        "edit service tcp 192.0.2.150:80 (scheduler rr -> wrr)",
        "edit destination tcp 192.0.2.150:80 -> 192.0.2.1:80 (weight 1 -> 4)",
        "edit destination tcp 192.0.2.150:80 -> 192.0.2.2:80 (weight 5 -> 2)",
        "drain destination tcp 192.0.2.150:80 -> 192.0.2.3:80 (weight 1 -> 0)",
        "drain destination fwmark 9 (ipv4) -> 192.0.2.4:0 (weight 1 -> 0)",
        "delete destination tcp 192.0.2.150:80 -> 192.0.2.3:80",
        "delete service fwmark 9 (ipv4)",
    ]
    assert host.fake.requests == [5, 1, 5, 2, 6, 6, 6, 6, 7, 3]


def test_without_a_drain_nothing_is_asked_for_twice() -> None:
    host = make([web(server(1), server(2))])
    assert go(host, web(server(2))).actions == ["delete destination tcp 192.0.2.150:80 -> 192.0.2.1:80"]


def test_a_server_at_weight_0_needs_no_edit_to_drain() -> None:
    host = make([web(server(1, weight=0), server(2))])
    assert go(host, web(server(2)), policy=Policy(timeout=1)).actions == ["delete destination tcp 192.0.2.150:80 -> 192.0.2.1:80"]


def test_the_differences_are_told_in_the_options_words() -> None:
    host = make([web(server(1), scheduler="sh", persistence_timeout=60)])
    after = web(
        server(1, forward="tunnel", tunnel_type="gre", tunnel_checksum="standard", upper_threshold=9),
        scheduler="sh",
        scheduler_flags=["sh-port"],
        persistence_timeout=60,
        persistence_netmask="24",
    )
    assert go(host, after).actions == [
        "edit service tcp 192.0.2.150:80 (scheduler_flags none -> sh-port, persistence_netmask 255.255.255.255 -> 255.255.255.0)",
        "edit destination tcp 192.0.2.150:80 -> 192.0.2.1:80 (forward route -> tunnel, upper_threshold 0 -> 9, tunnel_type none -> gre, "
        "tunnel_checksum none -> standard)",
    ]


def test_foreign_services_are_left_alone_and_told() -> None:
    host = make([web(server(1)), {"fwmark": 9, "destinations": []}])
    result = go(host, web(server(1)))
    assert (result.changed, result.foreign) == (False, ["fwmark 9 (ipv4)"])


def test_only_what_changes_is_shown() -> None:
    host = make([web(server(1)), {"fwmark": 9, "destinations": []}])
    result = go(host, {"fwmark": 9, "scheduler": "rr"})
    assert [item["scheduler"] for item in result.before] == ["wlc"]
    assert [item["scheduler"] for item in result.after] == ["rr"]


def test_servers_that_are_not_listed_stay_on_request() -> None:
    host = make([web(server(1))])
    assert go(host, web(server(2)), purge_destinations=False).actions == ["add destination tcp 192.0.2.150:80 -> 192.0.2.2:80"]


def test_an_edit_keeps_nothing_that_is_not_declared() -> None:
    host = make([web(server(1), scheduler="sh", scheduler_flags=["sh-port"], persistence_timeout=60, persistence_engine="sip")])
    go(host, web(server(1)))
    service = next(iter(host.fake.services.values()))
    assert (service.scheduler, service.flags, service.timeout, service.engine) == ("wlc", 0, 0, "")


def test_absent() -> None:
    host = make([web(server(1))])
    declaration = Declaration(absent=(service_key(WEB),))
    first = reconcile(host, declaration, Policy(), check=False, whole=False)
    assert (first.changed, first.after, host.fake.services) == (True, [], {})
    assert not reconcile(host, declaration, Policy(), check=False, whole=False).changed


# --- failures ---------------------------------------------------------------------------------------------------------


def test_a_refusal_ends_the_run_before_anything_is_removed() -> None:
    host = make([web(server(1))])
    with pytest.raises(PartialFailure) as caught:
        go(host, web(server(2)), {"fwmark": 7, "scheduler": "twos", "destinations": [server(3), server(4)]})
    failure = caught.value
    assert failure.done == ["add destination tcp 192.0.2.150:80 -> 192.0.2.2:80"]
    # The servers of the service that could not be added are no failures of their own.
    assert [item.subject for item in failure.failures] == ["fwmark 7 (ipv4)"]
    assert "no such scheduler" in failure.message
    assert "1 change(s) were made before" in failure.message
    assert len(next(iter(host.fake.services.values())).dests) == 2
    assert report(failure)["changed"] is True


def test_each_failing_object_is_named() -> None:
    host = make([])
    host.fake.daemons = {1: {}}
    far = [{"address": f"2001:db8::{number}", "forward": "tunnel"} for number in (1, 2)]
    with pytest.raises(PartialFailure) as caught:
        go(host, web(server(1), *far))
    assert [item["subject"] for item in report(caught.value)["errors"]] == [
        "tcp 192.0.2.150:80 -> [2001:db8::1]:80",
        "tcp 192.0.2.150:80 -> [2001:db8::2]:80",
    ]
    assert "no sync daemon running" in caught.value.message
    assert caught.value.done == ["add service tcp 192.0.2.150:80", "add destination tcp 192.0.2.150:80 -> 192.0.2.1:80"]


def test_somebody_else_changes_the_table_at_the_same_time() -> None:
    host = make([web(server(1))])

    def delete_all(kernel: FakeKernel, _command: int) -> None:
        kernel.services.clear()

    host.fake.before_request = delete_all
    with pytest.raises(PartialFailure, match="something else changed the table") as caught:
        go(host, web(server(1), scheduler="rr"))
    assert isinstance(caught.value.failures[0], KernelRefused)
    assert caught.value.errno == errno.ESRCH
    assert report(caught.value)["changed"] is False


def test_a_connection_that_breaks_tells_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    host = make([web(server(1))])
    carried_out = host.fake.batch

    def batch(requests: Any) -> list[int]:
        if host.fake.requests:
            raise NoAnswer("The connection to the kernel broke.", "netlink")
        return carried_out(requests)

    monkeypatch.setattr(host.fake, "batch", batch)
    with pytest.raises(PartialFailure) as caught:
        go(host, web(server(2)))
    assert caught.value.done == ["add destination tcp 192.0.2.150:80 -> 192.0.2.2:80"]
    assert isinstance(caught.value.failures[0], NoAnswer)


def test_without_permission() -> None:
    host = make([])
    host.fake.privileged = False
    with pytest.raises(NotPermitted, match="become: true"):
        go(host, web())


def test_a_permission_that_ends_between_reading_and_writing() -> None:
    host = make([])

    def revoke(kernel: FakeKernel, _command: int) -> None:
        kernel.privileged = False

    host.fake.before_request = revoke
    with pytest.raises(PartialFailure, match="become: true") as caught:
        go(host, web(server(1)))
    assert isinstance(caught.value.failures[0], NotPermitted)


# --- without IPVS in the kernel ---------------------------------------------------------------------------------------


def test_prediction_without_the_kernel_module() -> None:
    host = MemoryHost(loaded=False)
    declaration = Declaration(declared(web(server(1))))
    predicted = reconcile(host, declaration, Policy(), check=True, whole=True)
    assert (host.commands, host.fake.reads, host.loaded()) == ([], 0, False)
    real = reconcile(host, declaration, Policy(), check=False, whole=True)
    assert predicted.data() == real.data()
    assert real.actions[0] == "load ip_vs"
    assert host.commands == [["modprobe", "ip_vs"]]
    assert table.read(host.fake)


def test_loading_the_module_was_a_change_too() -> None:
    host = MemoryHost(loaded=False)
    with pytest.raises(PartialFailure) as caught:
        go(host, web(scheduler="twos"))
    assert caught.value.done == ["load ip_vs"]


def test_nothing_is_loaded_to_remove_nothing() -> None:
    host = MemoryHost(loaded=False)
    assert not reconcile(host, Declaration(absent=(service_key(WEB),)), Policy(), check=False, whole=False).changed
    assert host.commands == []


def test_a_kernel_without_ipvs() -> None:
    host = MemoryHost(loaded=False)
    host.has_module = False
    host.answers["modprobe"] = (1, "", "modprobe: FATAL: Module ip_vs not found in directory /lib/modules/6.1\n")
    with pytest.raises(NotAvailable, match=r"Module ip_vs not found.*Install a kernel with IPVS"):
        go(host, web())


# --- draining ---------------------------------------------------------------------------------------------------------


def test_leaving_servers_are_waited_for() -> None:
    host = make([web(server(1), server(2))])
    busy(host.fake, active=3)
    time = Time(host.fake)
    result = reconcile(host, Declaration(declared(web(server(2)))), Policy(timeout=60), check=False, whole=True, clock=time.clock)
    assert (time.sleeps, result.remaining, result.warnings) == (3, [], [])


def test_time_is_up_and_they_go_all_the_same() -> None:
    host = make([web(server(1), server(2))])
    busy(host.fake, active=30)
    result = go(host, web(server(2)), policy=Policy(timeout=2))
    assert [item.data() for item in result.remaining] == [
        {"service": "tcp 192.0.2.150:80", "destination": "192.0.2.1:80", "active": 26, "inactive": 0, "persistent": 0}
    ]
    assert result.warnings == ["1 real servers were removed with connections left (they did not end within 2 s); see 'remaining'."]
    assert len(next(iter(host.fake.services.values())).dests) == 1


def test_time_is_up_and_that_is_a_failure() -> None:
    host = make([web(server(1), server(2))])
    busy(host.fake, active=30)
    with pytest.raises(PartialFailure, match=r"Not drained within 2 s, and left at weight 0: .* 26 active") as caught:
        go(host, web(server(2)), policy=Policy(timeout=2, fail=True))
    assert caught.value.done == ["drain destination tcp 192.0.2.150:80 -> 192.0.2.1:80 (weight 1 -> 0)"]
    assert len(next(iter(host.fake.services.values())).dests) == 2


def test_without_a_drain_the_connections_that_hang_are_told() -> None:
    host = make([web(server(1), server(2))])
    busy(host.fake, active=4)
    result = go(host, web(server(2)))
    assert result.remaining[0].counters.active == 4
    assert "set drain_timeout" in result.warnings[0]


@pytest.mark.parametrize(
    ("options", "expires", "warning"),
    [
        ({"persistence_timeout": 60}, "0", "expire_quiescent_template is 0"),
        ({"persistence_timeout": 60}, "1", None),
        ({"scheduler": "sh"}, "1", "without sh-fallback"),
        ({"scheduler": "mh", "scheduler_flags": ["mh-port"]}, "1", "without mh-fallback"),
        ({"scheduler": "mh", "scheduler_flags": ["mh-fallback"]}, "1", None),
        ({"scheduler": "wlc", "scheduler_flags": ["flag-1"]}, "0", None),
    ],
)
def test_a_drain_that_the_settings_make_a_fiction(options: dict[str, Any], expires: str, warning: str | None) -> None:
    host = make([web(server(1), server(2), **options)])
    host.sysctls["expire_quiescent_template"] = expires
    warnings = go(host, web(server(2), **options), policy=Policy(timeout=1)).warnings
    assert len(warnings) == bool(warning)
    assert (warning or "") in "".join(warnings)


def test_a_method_that_changes_under_connections_is_told() -> None:
    host = make([web(server(1), server(2))])
    masquerading = web(server(1, forward="masquerade"), server(2))
    busy(host.fake, active=3)
    assert go(host, masquerading).warnings == [
        "tcp 192.0.2.150:80 -> 192.0.2.1:80 goes from 'forward: route' to 'masquerade' with 3 active connections, which may be lost. "
        "Drain it first."
    ]
    busy(host.fake, active=0)
    assert go(host, web(server(1), server(2))).warnings == []

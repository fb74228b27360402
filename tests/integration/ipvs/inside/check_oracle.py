# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules and ipvsadm must agree on every table, whoever made it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import model, netlink, normalise, render, table
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside import oracle
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.modules import loaded, ok, play
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.test_reconcile_properties import tables
from hypothesis import HealthCheck, given, settings

WEB: dict[str, Any] = {"address": "192.0.2.150", "port": 80}
SIX: dict[str, Any] = {"address": "2001:db8::150", "port": 80}


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    # ipvsadm would load it.
    if loaded():
        oracle.ipvsadm("-C")


def test_a_kernel_without_ipvs() -> None:
    """As on a host whose kernel was built without it. Before anything loads the module."""
    assert not loaded()
    modules = Path(shutil.which("modprobe") or "").parents[1] / "lib/modules"
    services = [{**WEB, "destinations": []}]
    empty = Path("/run/empty")
    empty.mkdir()
    subprocess.run(["mount", "--bind", str(empty), str(modules)], check=True)
    try:
        assert ok("ipvs_info")["loaded"] is False
        assert not ok("ipvs_service", **WEB, state="absent")["changed"]
        for failed in (
            play("ipvs_service", **WEB),
            play("ipvs_table", services=services, persist=True),
            play("ipvs_settings", sysctls={"conntrack": True}, persist=False),
        ):
            assert "Cannot load the kernel module ip_vs" in failed["msg"]
            assert "Install a kernel with IPVS; in a container, load the module on its host." in failed["msg"]
            assert (failed["changed"], failed["actions"]) == (False, [])
        assert not Path("/etc/steadfast-edge").exists()
    finally:
        subprocess.run(["umount", str(modules)], check=True)


def test_looking_does_not_load_the_module() -> None:
    """Nothing has touched IPVS yet in this guest."""
    assert not loaded()
    assert ok("ipvs_info")["loaded"] is False
    services = [{**WEB, "destinations": [{"address": "192.0.2.21"}]}]
    predicted = ok("ipvs_table", check=True, services=services)
    assert ok("ipvs_service", check=True, **services[0])["changed"]
    assert not ok("ipvs_service", **WEB, state="absent")["changed"]
    assert not ok("ipvs_destination", address="192.0.2.21", state="drained")["changed"]
    assert not loaded()
    real = ok("ipvs_table", services=services)
    assert loaded()
    assert predicted == real


SERVICES: list[dict[str, Any]] = [
    *({**WEB, "scheduler": name} for name in ("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh")),
    *({**SIX, "scheduler": name} for name in ("wlc", "mh", "lblcr")),
    {**WEB, "protocol": "udp"},
    {**WEB, "protocol": "sctp"},
    {**SIX, "protocol": "udp", "one_packet": True},
    {**SIX, "protocol": "sctp"},
    {"fwmark": 1},
    {"fwmark": 1, "family": "ipv6", "one_packet": True},
    {"fwmark": 4294967295},
    {**WEB, "scheduler": "sh", "scheduler_flags": ["sh-fallback"]},
    {**WEB, "scheduler": "sh", "scheduler_flags": ["sh-fallback", "sh-port"]},
    {**WEB, "scheduler": "mh", "scheduler_flags": ["mh-port"]},
    {**WEB, "scheduler": "rr", "scheduler_flags": ["flag-1", "flag-2", "flag-3"]},
    {**WEB, "persistence_timeout": 360},
    {**WEB, "persistence_timeout": 1, "persistence_netmask": "24"},
    {**WEB, "port": 0, "persistence_timeout": 2678400},
    {**SIX, "persistence_timeout": 50, "persistence_netmask": "64"},
    {**SIX, "port": 0, "persistence_timeout": 50},
    {**WEB, "protocol": "udp", "persistence_timeout": 60, "persistence_engine": "sip", "one_packet": True},
    {"fwmark": 7, "persistence_timeout": 60, "persistence_netmask": "255.255.0.0"},
]
FOUR = "192.0.2.21"
SERVERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (WEB, {"address": FOUR}),
    (WEB, {"address": FOUR, "weight": 0}),
    (WEB, {"address": FOUR, "weight": 65536}),
    (WEB, {"address": FOUR, "weight": 2147483647}),
    (WEB, {"address": FOUR, "forward": "masquerade", "port": 8080}),
    (WEB, {"address": FOUR, "upper_threshold": 10}),
    (WEB, {"address": FOUR, "upper_threshold": 10, "lower_threshold": 10}),
    (WEB, {"address": FOUR, "forward": "tunnel"}),
    (WEB, {"address": FOUR, "forward": "tunnel", "tunnel_type": "gue", "tunnel_port": 6080}),
    (WEB, {"address": FOUR, "forward": "tunnel", "tunnel_type": "gue", "tunnel_port": 6080, "tunnel_checksum": "standard"}),
    (WEB, {"address": FOUR, "forward": "tunnel", "tunnel_type": "gue", "tunnel_port": 6080, "tunnel_checksum": "remote"}),
    (WEB, {"address": FOUR, "forward": "tunnel", "tunnel_type": "gre"}),
    (WEB, {"address": FOUR, "forward": "tunnel", "tunnel_type": "gre", "tunnel_checksum": "standard"}),
    (WEB, {"address": "2001:db8::21", "forward": "tunnel"}),
    (SIX, {"address": "2001:db8::21", "weight": 7}),
    (SIX, {"address": "2001:db8::21", "forward": "masquerade", "port": 8080}),
    (SIX, {"address": FOUR, "forward": "tunnel", "tunnel_type": "gre"}),
    ({"fwmark": 7}, {"address": FOUR}),
    ({"fwmark": 7}, {"address": FOUR, "port": 8080}),
    ({"fwmark": 7, "family": "ipv6"}, {"address": "2001:db8::21", "forward": "masquerade", "port": 8080}),
    ({**WEB, "port": 0, "persistence_timeout": 5}, {"address": FOUR}),
]
CASES = [
    *({**service, "destinations": []} for service in SERVICES),
    *({**service, "destinations": [server]} for service, server in SERVERS),
]


def agree() -> list[dict[str, Any]]:
    """What ipvs_info says, after comparing it with what ipvsadm prints."""
    found: list[dict[str, Any]] = ok("ipvs_info", counters=False)["services"]
    assert oracle.comparable(found) == oracle.comparable(oracle.table())
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case)[1:-1])
def test_each_option(case: dict[str, Any]) -> None:
    """Made by the module, read by ipvsadm; then made by ipvsadm, and nothing is left to do for the module."""
    predicted = ok("ipvs_service", check=True, **case)
    real = ok("ipvs_service", **case)
    assert predicted == real
    found = agree()
    assert found == real["after"]
    assert not ok("ipvs_service", **case)["changed"]
    oracle.make(found)
    assert not ok("ipvs_service", **case)["changed"]
    assert not ok("ipvs_table", services=[case], purge=True)["changed"]
    assert not ok("ipvs_table", services=found, purge=True)["changed"]
    assert ok(
        "ipvs_service", **{name: case[name] for name in case if name in ("address", "port", "protocol", "fwmark", "family")}, state="absent"
    )["changed"]
    assert oracle.ipvsadm("-Sn") == ""


def test_all_of_them_in_one_table_over_a_boot_and_away() -> None:
    """The rules are read by ipvsadm alone, as the unit has it at boot, and nothing is left to do for the module."""
    unique = {json.dumps({name: case.get(name) for name in ("protocol", "address", "port", "fwmark", "family")}): case for case in CASES}
    services = list(unique.values())
    assert ok("ipvs_table", services=services, persist=True)["changed"]
    agree()
    oracle.ipvsadm("-C")
    with Path("/etc/steadfast-edge/ipvs.rules").open(encoding="ascii") as rules:
        restored = subprocess.run(["ipvsadm", "-R"], stdin=rules, capture_output=True, text=True, check=True)
    # Its exit code is that of the last line alone.
    assert restored.stderr == ""
    assert not ok("ipvs_table", services=services, persist=True, purge=True)["changed"]
    assert len(ok("ipvs_table", services=[], persist=True, purge=True)["before"]) == len(unique)
    assert oracle.table() == []
    assert not Path("/etc/steadfast-edge/ipvs.rules").exists()


def data(table: model.Table) -> list[dict[str, Any]]:
    return [render.entry(table[key]) for key in sorted(table)]


@settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(before=tables(), after=tables())
def test_any_table_to_any_table(before: model.Table, after: model.Table) -> None:
    """ipvsadm makes one, the module makes the other of it, ipvsadm reads it."""
    oracle.make(data(before))
    assert oracle.comparable(agree()) == oracle.comparable(data(before))
    predicted = ok("ipvs_table", check=True, services=data(after), purge=True)
    real = ok("ipvs_table", services=data(after), purge=True)
    assert predicted == real
    assert oracle.comparable(agree()) == oracle.comparable(data(after))
    assert not ok("ipvs_table", services=data(after), purge=True)["changed"]


# --- what the kernel refuses, and what only it can know --------------------------------------------------------------


def test_a_scheduler_without_a_module() -> None:
    failed = play("ipvs_service", **WEB, scheduler="twos")
    assert failed["failed"]
    assert "the kernel has no such scheduler" in failed["msg"]
    assert (failed["changed"], oracle.table()) == (False, [])


def test_an_engine_without_a_module() -> None:
    failed = play("ipvs_service", **WEB, persistence_timeout=5, persistence_engine="nosuch")
    assert "no such scheduler or persistence engine" in failed["msg"]


def test_a_partial_failure_on_a_real_kernel() -> None:
    ok("ipvs_service", **WEB, destinations=[{"address": "192.0.2.21"}])
    services = [
        {**WEB, "destinations": [{"address": "192.0.2.22"}]},
        {**SIX, "scheduler": "twos", "destinations": [{"address": "2001:db8::1"}]},
    ]
    failed = play("ipvs_table", services=services)
    assert failed["actions"] == ["add destination tcp 192.0.2.150:80 -> 192.0.2.22:80"]
    assert [error["subject"] for error in failed["errors"]] == ["tcp [2001:db8::150]:80"]
    assert {server["address"] for server in oracle.table()[0]["destinations"]} == {"192.0.2.21", "192.0.2.22"}


def test_mixed_families_and_a_sync_daemon_exclude_each_other() -> None:
    daemon = {"state": "backup", "interface": "lo"}
    mixed = {**WEB, "destinations": [{"address": "2001:db8::21", "forward": "tunnel"}]}
    ok("ipvs_settings", sync_daemons=[daemon], persist=False)
    failed = play("ipvs_service", **mixed)
    assert "no sync daemon running" in failed["msg"]
    assert failed["actions"] == ["add service tcp 192.0.2.150:80"]
    ok("ipvs_settings", sync_daemons=[], persist=False)
    ok("ipvs_service", **mixed)
    failed = play("ipvs_settings", sync_daemons=[daemon], persist=False)
    assert "the table holds real servers of another address family" in failed["msg"]


def test_what_an_edit_by_hand_lost_comes_back() -> None:
    whole = {**WEB, "scheduler": "wrr", "persistence_timeout": 60, "destinations": [{"address": FOUR, "weight": 5, "upper_threshold": 9}]}
    ok("ipvs_service", **whole)
    oracle.ipvsadm("-E", "-t", "192.0.2.150:80")
    oracle.ipvsadm("-e", "-t", "192.0.2.150:80", "-r", FOUR)
    service = oracle.table()[0]
    assert (service["scheduler"], service["persistence_timeout"], service["destinations"][0]["weight"]) == ("wlc", 0, 1)
    assert ok("ipvs_service", **whole)["actions"] == [
        "edit service tcp 192.0.2.150:80 (scheduler wlc -> wrr, persistence_timeout 0 -> 60, persistence_netmask none -> 255.255.255.255)",
        "edit destination tcp 192.0.2.150:80 -> 192.0.2.21:80 (weight 1 -> 5, upper_threshold 0 -> 9)",
    ]
    agree()


def test_a_port_that_ipvsadm_rewrites_is_refused_here() -> None:
    oracle.ipvsadm("-A", "-t", "192.0.2.150:80")
    oracle.ipvsadm("-a", "-t", "192.0.2.150:80", "-r", f"{FOUR}:8080", "-g")
    assert oracle.table()[0]["destinations"][0]["port"] == 80
    failed = play("ipvs_service", **WEB, destinations=[{"address": FOUR, "port": 8080}])
    assert "the port must be the service's 80" in failed["msg"]
    assert not ok("ipvs_service", **WEB, destinations=[{"address": FOUR}])["changed"]


def test_the_bare_persistence_of_ipvsadm_is_360_seconds() -> None:
    oracle.ipvsadm("-A", "-t", "192.0.2.150:80", "-p")
    assert not ok("ipvs_service", **WEB, persistence_timeout=360)["changed"]


def test_both_families_of_one_mark() -> None:
    ok("ipvs_table", services=[{"fwmark": 1}, {"fwmark": 1, "family": "ipv6"}])
    assert len(oracle.table()) == 2
    ok("ipvs_service", fwmark=1, family="ipv6", state="absent")
    assert [service["family"] for service in oracle.table()] == ["ipv4"]


@pytest.mark.parametrize("address", ["192.0.2.255", "2001:db8::ffff:1"])
def test_an_address_that_no_server_can_have(address: str) -> None:
    """Only the kernel knows which addresses are broadcast. What none has, it takes."""
    subprocess.run("ip link add cast type dummy && ip link set cast up && ip addr add 192.0.2.1/24 dev cast", shell=True, check=True)
    try:
        result = play("ipvs_service", **(SIX if ":" in address else WEB), destinations=[{"address": address}])
        assert result["failed"] is (":" not in address)
        assert ":" in address or "the address must be a unicast or local one" in result["msg"]
    finally:
        subprocess.run(["ip", "link", "del", "cast"], check=True)


def restored(text: str) -> tuple[int, int]:
    """Exit code of ipvsadm -R, and the number of services afterwards."""
    oracle.ipvsadm("-C")
    code = subprocess.run(["ipvsadm", "-R"], input=text, capture_output=True, text=True, check=False).returncode
    return code, len(oracle.table())


def test_what_ipvsadm_restores_is_not_all_or_nothing() -> None:
    """Why the modules speak to the kernel themselves, and why the rules for the boot have neither comment nor mistake."""
    one, two = "-A -t 192.0.2.150:80 -s rr\n", "-A -t 192.0.2.150:81 -s rr\n"
    assert restored(one + one + two) == (0, 2)
    assert restored(one + "# a comment\n" + two)[1] == 1
    assert restored(one + "-A -t 192.0.2.150:82 -s rr -o\n" + two) == (2, 1)


def test_ipvsadm_cannot_restore_what_it_saves() -> None:
    ok("ipvs_service", fwmark=4294967295)
    assert restored(oracle.ipvsadm("-Sn")) == (2, 0)
    ok("ipvs_service", **WEB, destinations=[{"address": FOUR, "upper_threshold": 10}])
    assert restored(oracle.ipvsadm("-Sn")) == (0, 1)
    assert oracle.table()[0]["destinations"][0]["upper_threshold"] == 0


def test_a_service_that_is_gone_has_no_servers() -> None:
    """A service may go away between its own listing and that of its servers; the kernel then says nothing, not an error."""
    key = normalise.service_key(WEB)
    assert table.read_destinations(netlink.connect(), key) == []
    assert table.read(netlink.connect(), [key]) == {}

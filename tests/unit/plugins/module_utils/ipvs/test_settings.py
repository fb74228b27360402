# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sysctls, timeouts and sync daemons, live and over a reboot."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import codec, settings, settings_spec, sysctls, units
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import (
    InvalidValue,
    IpvsError,
    NotAvailable,
    NotPermitted,
    PartialFailure,
)
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.model import Daemon
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.netlink import Request
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.rig import MemoryHost

MASTER = {"state": "master", "interface": "eth0", "syncid": 7, "group": "224.0.0.81", "port": 8848, "ttl": 1}
BACKUP = {**MASTER, "state": "backup"}


def go(host: MemoryHost, check: bool = False, **params: Any) -> settings.Plan:
    decided = settings.plan(host, settings_spec.wanted(params))
    if not check:
        settings.apply(host, decided)
    return decided


def daemons(host: MemoryHost) -> list[Daemon]:
    return sorted(codec.decode_daemon(payload) for payload in host.fake.dump(Request(codec.GET_DAEMON)))


EVERYTHING: dict[str, Any] = {
    "sysctls": {"conntrack": True, "sync_threshold": [5, 60]},
    "timeouts": {"tcp": 600},
    "sync_daemons": [MASTER],
    "conn_tab_bits": 12,
}


@pytest.mark.parametrize("loaded", [True, False])
def test_prediction_result_and_rest(loaded: bool) -> None:
    host = MemoryHost(loaded=loaded)
    predicted = go(host, check=True, **EVERYTHING)
    assert (host.fake.requests, host.commands, host.loaded()) == ([], [], loaded)
    real = go(host, **EVERYTHING)
    assert (predicted.before, predicted.after, predicted.actions) == (real.before, real.after, real.actions)
    assert predicted.changed
    assert real.after["loaded"] is True
    assert (host.sysctls["conntrack"], host.sysctls["sync_threshold"]) == ("1", "5\t60")
    assert host.fake.timeouts == [600, 120, 300]
    assert [(daemon.state, daemon.syncid) for daemon in daemons(host)] == [("master", 7)]
    again = go(host, **EVERYTHING)
    assert (again.changed, again.actions) == (False, [])
    assert again.before.keys() == real.before.keys()


def test_the_module_is_loaded_before_what_needs_it_and_after_its_options() -> None:
    host = MemoryHost(loaded=False)
    assert go(host, **EVERYTHING).actions == [
        "write /etc/modules-load.d/steadfast-edge-ipvs.conf",
        "write /etc/modprobe.d/steadfast-edge-ipvs.conf",
        "write /etc/sysctl.d/90-steadfast-edge-ipvs.conf",
        "write /etc/systemd/system/steadfast-edge-ipvs-timeouts.service",
        "write /etc/systemd/system/steadfast-edge-ipvs-sync.service",
        "reload systemd",
        "load ip_vs",
        "set net.ipv4.vs.conntrack = 1",
        "set net.ipv4.vs.sync_threshold = 5 60",
        "set timeouts tcp 600",
        "start master sync daemon on eth0",
    ]
    assert host.commands == [["systemctl", "daemon-reload"], ["modprobe", "ip_vs", "conn_tab_bits=12"]]


def test_the_files() -> None:
    host = MemoryHost()
    go(
        host,
        sysctls={"conntrack": True, "sync_threshold": [3, 50]},
        timeouts={"tcp": 600, "udp": 30},
        sync_daemons=[MASTER, {**BACKUP, "maxlen": 1400}],
    )
    assert host.files[units.MODULES].splitlines()[1:] == ["ip_vs"]
    assert host.files[units.SYSCTL].splitlines()[1:] == ["net.ipv4.vs.conntrack = 1", "net.ipv4.vs.sync_threshold = 3 50"]
    timeouts = host.files[units.unit(units.TIMEOUTS)]
    assert "ExecStart=/usr/sbin/ipvsadm --set 600 0 30\n" in timeouts
    assert "After=systemd-modules-load.service\n" in timeouts
    sync = host.files[units.unit(units.SYNC)]
    assert [line for line in sync.splitlines() if line.startswith("Exec")] == [
        "ExecStart=/usr/sbin/ipvsadm --start-daemon backup --mcast-interface eth0 --syncid 7 --sync-maxlen 1400"
        " --mcast-group 224.0.0.81 --mcast-port 8848 --mcast-ttl 1",
        "ExecStart=/usr/sbin/ipvsadm --start-daemon master --mcast-interface eth0 --syncid 7"
        " --mcast-group 224.0.0.81 --mcast-port 8848 --mcast-ttl 1",
        "ExecStop=-/usr/sbin/ipvsadm --stop-daemon backup",
        "ExecStop=-/usr/sbin/ipvsadm --stop-daemon master",
    ]
    assert "After=systemd-modules-load.service network-online.target\n" in sync
    assert host.links == {units.unit_link(name): units.unit(name) for name in (units.TIMEOUTS, units.SYNC)}


def test_a_unit_that_is_not_enabled_is_not_there() -> None:
    host = MemoryHost()
    go(host, timeouts={"tcp": 600})
    host.links.clear()
    assert go(host, timeouts={"tcp": 600}).changed
    assert units.unit_link(units.TIMEOUTS) in host.links


def test_parts_that_are_not_given_are_left_alone() -> None:
    host = MemoryHost()
    go(host, **EVERYTHING)
    files = dict(host.files)
    result = go(host)
    assert (result.changed, list(result.before), host.files) == (False, ["files", "loaded"], files)
    assert host.fake.timeouts[0] == 600
    assert daemons(host)


def test_parts_that_are_empty_are_removed() -> None:
    host = MemoryHost()
    go(host, **EVERYTHING)
    assert go(host, sysctls={}, timeouts={}, sync_daemons=[]).actions == [
        "remove /etc/sysctl.d/90-steadfast-edge-ipvs.conf",
        "remove /etc/systemd/system/steadfast-edge-ipvs-timeouts.service",
        "remove /etc/systemd/system/steadfast-edge-ipvs-sync.service",
        "reload systemd",
        "stop master sync daemon on eth0",
    ]
    assert (host.links, daemons(host)) == ({}, [])
    assert not go(host, sysctls={}, timeouts={}, sync_daemons=[]).changed


def test_without_persistence_no_file_is_touched() -> None:
    host = MemoryHost()
    before = dict(host.files)
    result = go(host, persist=False, **EVERYTHING)
    assert (host.files, host.links, result.after["files"]) == (before, {}, {})
    assert host.fake.timeouts[0] == 600


def test_a_daemon_that_differs_is_stopped_first() -> None:
    host = MemoryHost()
    go(host, sync_daemons=[MASTER, BACKUP])
    result = go(host, sync_daemons=[{**MASTER, "syncid": 8}, BACKUP])
    assert result.actions[-2:] == ["stop master sync daemon on eth0", "start master sync daemon on eth0"]
    assert [(daemon.state, daemon.syncid) for daemon in daemons(host)] == [("backup", 7), ("master", 8)]


def test_a_daemon_that_is_stopped_before_it_ran_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost()
    go(host, sync_daemons=[MASTER])
    carried_out = host.fake.batch
    monkeypatch.setattr(host.fake, "batch", lambda requests: [code or errno.EINTR for code in carried_out(requests)])
    assert go(host, sync_daemons=[]).changed
    assert daemons(host) == []
    with pytest.raises(PartialFailure):
        go(host, sync_daemons=[MASTER])


def test_the_kernels_packet_length_is_no_difference_but_a_declared_one_is() -> None:
    host = MemoryHost()
    go(host, sync_daemons=[MASTER])
    assert not go(host, sync_daemons=[MASTER]).changed
    assert go(host, sync_daemons=[{**MASTER, "maxlen": 1400}]).changed


@pytest.mark.parametrize(
    ("name", "live", "wanted", "equal"),
    [
        ("conntrack", "1", "1", True),
        ("conntrack", "0", "1", False),
        ("conntrack", None, "0", False),
        ("sync_threshold", "3\t50", "3 50", True),
        ("drop_entry", "2", "1", True),
        ("drop_entry", "1", "2", True),
        ("secure_tcp", "3", "1", False),
        ("conn_reuse_mode", "2", "1", False),
    ],
)
def test_how_sysctls_compare(name: str, live: str | None, wanted: str, equal: bool) -> None:
    assert sysctls.same(name, live, wanted) is equal


def test_a_sysctl_that_this_kernel_does_not_have() -> None:
    host = MemoryHost()
    with pytest.raises(InvalidValue, match=r"no net.ipv4.vs.run_estimation: remove it"):
        go(host, sysctls={"run_estimation": False, "conntrack": True})
    assert (host.sysctls["conntrack"], units.SYSCTL in host.files) == ("0", False)


def test_a_value_that_the_kernel_bends_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost()
    monkeypatch.setattr(host, "set_sysctl", lambda name, _value: host.sysctls.update({name: "7"}))
    with pytest.raises(PartialFailure, match="was set to '1', but the kernel made it '7'") as caught:
        go(host, sysctls={"conntrack": True})
    assert caught.value.done == ["write /etc/modules-load.d/steadfast-edge-ipvs.conf", "write /etc/sysctl.d/90-steadfast-edge-ipvs.conf"]


def test_what_was_done_before_a_failure() -> None:
    host = MemoryHost()
    host.fake.services = {(2, 1, 0, b"", 0): _mixed()}
    with pytest.raises(PartialFailure, match=r"Cannot start the master sync daemon: .* another address family") as caught:
        go(host, timeouts={"tcp": 5}, sync_daemons=[MASTER], persist=False)
    assert caught.value.done == ["set timeouts tcp 5"]


def _mixed() -> Any:
    from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.fake_kernel import FakeDest, FakeService

    return FakeService("rr", 0, 0, b"\xff" * 4, dests={(10, b"\0" * 16, 0): FakeDest(2, 1, 0, 0)})


def test_without_ipvsadm_a_warning() -> None:
    host = MemoryHost()
    del host.files["/usr/sbin/ipvsadm"]
    result = go(host, timeouts={"tcp": 5}, sync_daemons=[MASTER])
    assert [text.split(",")[0] for text in result.warnings] == ["ipvsadm is not installed"]
    assert go(host, sysctls={"conntrack": True}).warnings == []


def test_the_table_size_takes_effect_later() -> None:
    host = MemoryHost()
    result = go(host, conn_tab_bits=20)
    assert "has 4096 entries; conn_tab_bits 20 (1048576 entries)" in result.warnings[0]
    assert host.files[units.MODPROBE].splitlines()[1:] == ["options ip_vs conn_tab_bits=20"]
    assert go(host, conn_tab_bits=12).warnings == []


def test_an_interface_that_is_not_there() -> None:
    host = MemoryHost()
    go(host, sync_daemons=[MASTER])
    with pytest.raises(InvalidValue, match="the interface eth9, which does not exist"):
        go(host, sync_daemons=[{**MASTER, "interface": "eth9"}])
    assert daemons(host)


def test_no_permission_and_no_ipvs() -> None:
    host = MemoryHost()
    host.fake.privileged = False
    with pytest.raises(NotPermitted, match="become: true"):
        go(host, timeouts={"tcp": 5})
    host = MemoryHost(loaded=False)
    host.has_module = False
    host.answers["modprobe"] = (1, "", "not found")
    with pytest.raises(PartialFailure) as caught:
        go(host, sysctls={"conntrack": True}, persist=False)
    assert isinstance(caught.value.failures[0], NotAvailable)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"sysctls": {"sync_threshold": [3]}}, "must be two numbers"),
        ({"sysctls": {"sync_threshold": [50, 3]}}, "must be two numbers"),
        ({"sysctls": {"sync_threshold": [-1, 3]}}, "must be two numbers"),
        ({"sysctls": {"sync_ports": 3}}, "must be a power of two"),
        ({"sysctls": {"drop_entry": 4}}, "net.ipv4.vs.drop_entry is 4, but must be between 0 and 3"),
        ({"timeouts": {"tcp": 0}}, "timeouts.tcp is 0, but must be between 1"),
        ({"timeouts": {"udp": 2147484}}, "timeouts.udp is 2147484"),
        ({"conn_tab_bits": 7}, "conn_tab_bits is 7, but must be between 8 and 27"),
        ({"sync_daemons": [MASTER, MASTER]}, "two daemons with state master"),
        ({"sync_daemons": [{**MASTER, "syncid": 256}]}, "syncid is 256"),
        ({"sync_daemons": [{**MASTER, "port": 0}]}, "port is 0"),
        ({"sync_daemons": [{**MASTER, "ttl": 0}]}, "ttl is 0"),
        ({"sync_daemons": [{**MASTER, "group": "192.0.2.1"}]}, "group is '192.0.2.1', but must be a multicast address"),
        ({"sync_daemons": [{**MASTER, "group": "x"}]}, "group is 'x'"),
        ({"sync_daemons": [{**MASTER, "interface": "x" * 16}]}, "no name of a network interface"),
        ({"sync_daemons": [{**BACKUP, "maxlen": 1000}]}, "maxlen is 1000, but must be between 1024"),
    ],
)
def test_bad_values(params: dict[str, Any], message: str) -> None:
    with pytest.raises(IpvsError) as caught:
        settings_spec.wanted(params)
    assert message in caught.value.message


def test_every_sysctl_is_an_option() -> None:
    assert set(sysctls.argument_spec()) == {*sysctls.BOOLEANS, *sysctls.INTEGERS, "sync_threshold"}
    given = dict.fromkeys(sysctls.BOOLEANS, False) | {name: low for name, (low, _high) in sysctls.INTEGERS.items()}
    assert set(sysctls.texts({**given, "sync_threshold": None})) == set(given)

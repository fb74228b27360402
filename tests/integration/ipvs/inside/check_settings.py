# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings on a real kernel: what is written lands, what would be run at boot does the same, and ipvsadm agrees."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import codec, model, netlink
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside import oracle
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.edge import inside, sh
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.modules import loaded, ok, play, sysctl

VS = Path("/proc/sys/net/ipv4/vs")
EVERYTHING: dict[str, Any] = {
    "sysctls": {"conntrack": True, "expire_nodest_conn": True, "sync_threshold": [5, 60], "drop_entry": 1},
    "timeouts": {"tcp": 600, "udp": 30},
    "sync_daemons": [{"state": "master", "interface": "lo", "syncid": 7, "maxlen": 1300, "group": "224.0.0.99", "port": 1234, "ttl": 3}],
    "conn_tab_bits": 10,
}
DAEMON = "master sync daemon (mcast=lo, syncid=7, maxlen=1300, group=224.0.0.99, port=1234, ttl=3)"


def boot_commands() -> list[list[str]]:
    """What systemd would run, in the units' own words."""
    units = sorted(Path("/etc/systemd/system").glob("steadfast-edge-ipvs-*.service"))
    assert all((Path("/etc/systemd/system/multi-user.target.wants") / unit.name).resolve() == unit for unit in units)
    lines = [line for unit in units for line in unit.read_text(encoding="utf-8").splitlines()]
    return [line.removeprefix("ExecStart=").split()[1:] for line in lines if line.startswith("ExecStart=")]


def test_from_a_kernel_without_the_module() -> None:
    assert not loaded()
    assert not VS.exists()
    predicted = ok("ipvs_settings", check=True, **EVERYTHING)
    assert not loaded()
    assert list(Path("/etc/sysctl.d").iterdir()) == []
    real = ok("ipvs_settings", **EVERYTHING)
    assert predicted == real
    assert (sysctl("conntrack"), sysctl("expire_nodest_conn")) == (1, 1)
    assert (VS / "sync_threshold").read_text(encoding="ascii") == "5\t60\n"
    assert "Timeout (tcp tcpfin udp): 600 120 30" in oracle.ipvsadm("-L", "--timeout")
    assert DAEMON in oracle.ipvsadm("-L", "--daemon")
    assert "(size=1024)" in oracle.ipvsadm("-Ln")
    again = ok("ipvs_settings", **EVERYTHING)
    assert (again["changed"], again["actions"]) == (False, [])


def test_the_info_module_agrees() -> None:
    found = ok("ipvs_info")
    assert found["timeouts"] == {"tcp": 600, "tcpfin": 120, "udp": 30}
    assert found["sync_daemons"] == EVERYTHING["sync_daemons"]
    assert (found["version"], found["table_size"]) == ("1.2.1", 1024)
    assert {
        name: value for name, value in found["sysctls"].items() if (VS / name).read_text(encoding="ascii").split() != value.split()
    } == {}


def test_what_would_run_at_boot_does_the_same() -> None:
    """As after a reboot: everything back at its defaults, then the files' contents as systemd would use them."""
    oracle.ipvsadm("--stop-daemon", "master")
    oracle.ipvsadm("--set", "900", "120", "300")
    for name in ("conntrack", "expire_nodest_conn"):
        sysctl(name, 0)
    (VS / "sync_threshold").write_text("3 50", encoding="ascii")
    assert Path("/etc/modules-load.d/steadfast-edge-ipvs.conf").read_text(encoding="utf-8").splitlines()[-1] == "ip_vs"
    for line in Path("/etc/sysctl.d/90-steadfast-edge-ipvs.conf").read_text(encoding="utf-8").splitlines()[1:]:
        name, value = line.split(" = ")
        Path("/proc/sys", name.replace(".", "/")).write_text(value, encoding="ascii")
    for command in boot_commands():
        oracle.ipvsadm(*command)
    assert not ok("ipvs_settings", **EVERYTHING)["changed"]


def test_every_sysctl_of_this_kernel_can_be_declared_as_it_is() -> None:
    found = ok("ipvs_info")["sysctls"]
    known = {path.name for path in VS.iterdir()} - {"debug_level"}
    assert set(found) == known
    values: dict[str, Any] = {name: [int(part) for part in value.split()] if " " in value else int(value) for name, value in found.items()}
    assert not ok("ipvs_settings", sysctls=values, persist=False)["changed"]


@pytest.mark.parametrize("name", ["backup_only", "expire_quiescent_template", "sloppy_tcp", "schedule_icmp", "cache_bypass"])
def test_switches_switch(name: str) -> None:
    value = not sysctl(name)
    assert ok("ipvs_settings", sysctls={name: value}, persist=False)["changed"]
    assert sysctl(name) == value
    ok("ipvs_settings", sysctls={name: not value}, persist=False)


def test_an_ipv6_group_and_both_daemons() -> None:
    both: list[dict[str, Any]] = [
        {"state": "master", "interface": "sync0", "group": "ff02::81"},
        {"state": "backup", "interface": "sync0", "syncid": 255, "group": "ff02::81"},
    ]
    failed = play("ipvs_settings", sync_daemons=[{**both[0], "interface": "lo"}], persist=False)
    assert "no route to the multicast group" in failed["msg"]
    sh("ip link add sync0 type veth peer name sync1 && ip link set sync1 up && ip link set sync0 up")
    sh("ip addr add 2001:db8::1/64 dev sync0 nodad")
    ok("ipvs_settings", sync_daemons=both, persist=False)
    listed = oracle.ipvsadm("-L", "--daemon")
    assert re.search(r"master sync daemon \(mcast=sync0, syncid=0, maxlen=\d+, group=ff02::81, port=8848, ttl=1\)", listed)
    assert re.search(r"backup sync daemon \(mcast=sync0, syncid=255, maxlen=\d+, group=ff02::81", listed)
    assert not ok("ipvs_settings", sync_daemons=both, persist=False)["changed"]
    assert ok("ipvs_settings", sync_daemons=both[1:], persist=False)["actions"] == ["stop master sync daemon on sync0"]
    ok("ipvs_settings", sync_daemons=[], persist=False)
    assert "sync daemon" not in oracle.ipvsadm("-L", "--daemon")


def test_a_daemon_may_be_stopped_before_it_ran() -> None:
    """The kernel does not acknowledge that at all; twenty times, because it is a race."""
    for _unused in range(20):
        ok("ipvs_settings", sync_daemons=[{"state": "backup", "interface": "lo"}], persist=False)
        assert ok("ipvs_settings", sync_daemons=[], persist=False)["changed"]
    kernel = netlink.connect()
    daemon = codec.encode_daemon(model.Daemon("backup", "lo"))
    requests = [netlink.Request(codec.ADD_DAEMON, daemon), netlink.Request(codec.DELETE_DAEMON, codec.daemon_identity("backup"))]
    assert kernel.batch(requests * 3) == [0, errno.EINTR] * 3
    assert "sync daemon" not in oracle.ipvsadm("-L", "--daemon")


def test_what_the_kernel_does_not_take() -> None:
    failed = play("ipvs_settings", sysctls={"no_such": 1}, persist=False)
    assert failed["failed"]
    failed = play("ipvs_settings", sync_daemons=[{"state": "master", "interface": "eth9"}], persist=False)
    assert "eth9, which does not exist" in failed["msg"]


def test_the_table_size_is_told_to_wait() -> None:
    assert "takes effect when ip_vs is loaded next" in ok("ipvs_settings", conn_tab_bits=11)["warnings"][0]


def test_a_network_namespace_has_its_own() -> None:
    """Tables, timeouts and sysctls belong to a namespace, and a new one begins with the kernel's defaults."""
    ok("ipvs_service", address="192.0.2.150", port=80)
    sh("ip netns add other")
    with inside("other"):
        # /proc/net shows the thread's own namespace only through its own entry.
        assert oracle.ipvsadm("-Sn") == ""
    ok("ipvs_service", address="192.0.2.150", port=80, state="absent")


def test_parts_given_empty_are_taken_back() -> None:
    result = ok("ipvs_settings", sysctls={}, timeouts={}, sync_daemons=[])
    assert result["changed"]
    assert boot_commands() == []
    assert not Path("/etc/sysctl.d/90-steadfast-edge-ipvs.conf").exists()
    assert not ok("ipvs_settings", sysctls={}, timeouts={}, sync_daemons=[])["changed"]


def _unprivileged(check: Callable[[], None]) -> int:
    """Runs it as nobody, in a process of its own."""
    child = os.fork()
    if not child:
        os.setuid(65534)
        try:
            check()
        except BaseException as error:
            print(error, flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_without_permission_the_remedy_is_named() -> None:
    def check() -> None:
        for name, options in (
            ("ipvs_info", {}),
            ("ipvs_table", {"services": []}),
            ("ipvs_service", {"address": "192.0.2.150", "port": 80}),
            ("ipvs_destination", {"address": "192.0.2.21", "state": "drained"}),
            ("ipvs_settings", {"timeouts": {"tcp": 5}, "persist": False}),
            ("ipvs_settings", {"sysctls": {"conntrack": False}, "persist": False}),
        ):
            failed = play(name, **options)
            assert failed["failed"], name
            assert "become: true" in failed["msg"], failed
            assert not failed["changed"]

    assert _unprivileged(check) == 0

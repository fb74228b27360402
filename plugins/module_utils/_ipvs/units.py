# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that carry settings over a reboot.

The sysctls do not exist before ip_vs is loaded, so the module is loaded by systemd-modules-load, which systemd-sysctl waits for.
The table, timeouts and sync daemons have neither sysctl nor module parameter: each gets a oneshot unit of its own, because
only the daemons have to wait for the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.model import Daemon

__all__ = [
    "MODPROBE",
    "MODULES",
    "RULES",
    "SYNC",
    "SYSCTL",
    "TABLE",
    "TIMEOUTS",
    "modprobe",
    "modules",
    "sync_unit",
    "sysctl",
    "table_unit",
    "timeouts_unit",
    "unit",
    "unit_link",
]

MODULES = "/etc/modules-load.d/steadfast-edge-ipvs.conf"
MODPROBE = "/etc/modprobe.d/steadfast-edge-ipvs.conf"
SYSCTL = "/etc/sysctl.d/90-steadfast-edge-ipvs.conf"
TIMEOUTS = "steadfast-edge-ipvs-timeouts.service"
TABLE = "steadfast-edge-ipvs-table.service"
RULES = "/etc/steadfast-edge/ipvs.rules"
SYNC = "steadfast-edge-ipvs-sync.service"

_HEADER = "# Written by steadfast.edge; changes made here are overwritten.\n"


def modules() -> str:
    return _HEADER + "ip_vs\n"


def modprobe(table_bits: int) -> str:
    return _HEADER + f"options ip_vs conn_tab_bits={table_bits}\n"


def sysctl(values: Mapping[str, str]) -> str:
    return _HEADER + "".join("net.ipv4.vs.{} = {}\n".format(name, value.replace("\t", " ")) for name, value in sorted(values.items()))


def table_unit(ipvsadm: str) -> str:
    commands = [f"StandardInput=file:{RULES}", f"ExecStart={ipvsadm} -R"]
    return _unit("IPVS table", "systemd-modules-load.service", "", commands)


def unit(name: str) -> str:
    return f"/etc/systemd/system/{name}"


def unit_link(name: str) -> str:
    return f"/etc/systemd/system/multi-user.target.wants/{name}"


def timeouts_unit(ipvsadm: str, timeouts: Mapping[str, int]) -> str:
    # ipvsadm reads 0 as "keep", which is what an undeclared timeout means too.
    values = " ".join(str(timeouts.get(name) or 0) for name in ("tcp", "tcpfin", "udp"))
    return _unit("IPVS connection timeouts", "systemd-modules-load.service", "", [f"ExecStart={ipvsadm} --set {values}"])


def sync_unit(ipvsadm: str, daemons: Sequence[Daemon]) -> str:
    lines = []
    for daemon in sorted(daemons):
        lines.append("ExecStart={} {}".format(ipvsadm, " ".join(_start(daemon))))
    lines += [f"ExecStop=-{ipvsadm} --stop-daemon {daemon.state}" for daemon in sorted(daemons)]
    return _unit("IPVS connection synchronisation", "systemd-modules-load.service network-online.target", "network-online.target", lines)


def _start(daemon: Daemon) -> list[str]:
    argv = ["--start-daemon", daemon.state, "--mcast-interface", daemon.interface, "--syncid", str(daemon.syncid)]
    if daemon.maxlen:
        argv += ["--sync-maxlen", str(daemon.maxlen)]
    return [*argv, "--mcast-group", daemon.group, "--mcast-port", str(daemon.port), "--mcast-ttl", str(daemon.ttl)]


def _unit(description: str, after: str, wants: str, commands: Sequence[str]) -> str:
    lines = ["[Unit]", f"Description={description} (steadfast.edge)"]
    if wants:
        lines.append(f"Wants={wants}")
    lines += [f"After={after}", "Before=keepalived.service", "", "[Service]", "Type=oneshot", "RemainAfterExit=yes", *commands]
    return _HEADER + "\n".join([*lines, "", "[Install]", "WantedBy=multi-user.target", ""])

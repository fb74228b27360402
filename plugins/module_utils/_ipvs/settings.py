# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPVS settings of a host: read what is, compare with what is declared, and make it so, live and over a reboot.

Each of the parts sysctls, timeouts and daemons is left alone, on disk too, when it is None.
"""

from __future__ import annotations

import errno as errnos
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import codec, persist, sysctls, units
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import InvalidValue, IpvsError, from_errno
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.model import Daemon, Timeouts
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.netlink import Request

__all__ = ["Plan", "Wanted", "apply", "plan", "read_daemons", "read_timeouts"]


@dataclass(frozen=True)
class Wanted:
    sysctls: dict[str, str] | None = None
    timeouts: dict[str, int] | None = None
    daemons: list[Daemon] | None = None
    table_bits: int | None = None
    persist: bool = True


@dataclass
class Plan:
    """before and after have the same keys; steps are what leads from one to the other, in order."""

    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    steps: list[tuple[str, Callable[[Host], None]]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return self.before != self.after

    @property
    def actions(self) -> list[str]:
        return [label for label, _unused in self.steps]

    def note(self, part: str, before: Any, after: Any) -> None:
        self.before[part], self.after[part] = before, after


def plan(host: Host, wanted: Wanted) -> Plan:
    """Everything is read and decided here; nothing is written, and the module is not loaded."""
    result = Plan()
    loaded = host.loaded()
    # Files first: a module loaded below already sees its options.
    _plan_files(host, wanted, result)
    result.note("loaded", loaded, True)
    if not loaded:
        options = [f"conn_tab_bits={wanted.table_bits}"] if wanted.table_bits else []
        result.steps.append(("load ip_vs", lambda host: host.load(options)))
    if wanted.sysctls is not None:
        _plan_sysctls(host, wanted.sysctls, loaded, result)
    if wanted.timeouts is not None:
        _plan_timeouts(host, wanted.timeouts, loaded, result)
    if wanted.daemons is not None:
        _plan_daemons(host, wanted.daemons, loaded, result)
    if wanted.table_bits is not None and loaded:
        _check_table(host, wanted.table_bits, result)
    return result


def apply(host: Host, decided: Plan) -> None:
    """Carry out the steps; the first failure stops, and tells what was done before it."""
    persist.carry_out(host, decided.steps, [])


# --- sysctls ----------------------------------------------------------------------------------------------------------


def _plan_sysctls(host: Host, wanted: dict[str, str], loaded: bool, result: Plan) -> None:
    before, after = {}, {}
    for name, value in wanted.items():
        live = host.sysctl(name) if loaded else None
        if loaded and live is None:
            raise InvalidValue(f"This kernel has no net.ipv4.vs.{name}: remove it from the declaration, or use a newer kernel.", name)
        matches = sysctls.same(name, live, value)
        before[name] = None if live is None else live.replace("\t", " ")
        after[name] = before[name] if matches else value.replace("\t", " ")
        if not matches:
            result.steps.append((f"set net.ipv4.vs.{name} = {after[name]}", _sysctl_step(name, value)))
    result.note("sysctls", before, after)


def _sysctl_step(name: str, value: str) -> Callable[[Host], None]:
    def step(host: Host) -> None:
        host.set_sysctl(name, value)
        live = host.sysctl(name)
        # Some values are clamped without an error.
        if not sysctls.same(name, live, value):
            raise IpvsError(f"net.ipv4.vs.{name} was set to '{value}', but the kernel made it '{live}'.", name)

    return step


# --- timeouts ---------------------------------------------------------------------------------------------------------


def _plan_timeouts(host: Host, wanted: dict[str, int], loaded: bool, result: Plan) -> None:
    live: dict[str, int | None] = dict.fromkeys(("tcp", "tcpfin", "udp"))
    if loaded:
        live.update(asdict(read_timeouts(host)))
    after = {**live, **wanted}
    result.note("timeouts", live, after)
    if after != live:
        values = Timeouts(**{name: wanted.get(name, 0) for name in live})
        label = "set timeouts {}".format(", ".join("{} {}".format(*pair) for pair in sorted(wanted.items())))
        result.steps.append((label, lambda host: _request(host, "set", "timeouts", codec.SET_TIMEOUTS, codec.encode_timeouts(values))))


def read_timeouts(host: Host) -> Timeouts:
    try:
        return codec.decode_timeouts(host.kernel().get(Request(codec.GET_TIMEOUTS)))
    except OSError as error:
        raise from_errno("read", "timeouts", "the timeouts", error.errno or 0) from error


# --- sync daemons -----------------------------------------------------------------------------------------------------


def _plan_daemons(host: Host, wanted: list[Daemon], loaded: bool, result: Plan) -> None:
    live = {daemon.state: daemon for daemon in read_daemons(host)} if loaded else {}
    after = {daemon.state: _settled(daemon, live.get(daemon.state)) for daemon in wanted}
    result.note("sync_daemons", _listed(live), _listed(after))
    for state, daemon in sorted(live.items()):
        if after.get(state) != daemon:
            label = f"stop {state} sync daemon on {daemon.interface}"
            result.steps.append((label, _daemon_step("stop", state, codec.DELETE_DAEMON, codec.daemon_identity(state))))
    for state, daemon in sorted(after.items()):
        if live.get(state) != daemon:
            if not host.exists(f"/sys/class/net/{daemon.interface}"):
                raise InvalidValue(
                    f"The {state} sync daemon wants the interface {daemon.interface}, which does not exist on this host.", daemon.interface
                )
            label = f"start {state} sync daemon on {daemon.interface}"
            result.steps.append((label, _daemon_step("start", state, codec.ADD_DAEMON, codec.encode_daemon(daemon))))


def _settled(wanted: Daemon, live: Daemon | None) -> Daemon:
    """An undeclared packet length is whatever the running daemon already chose."""
    if live and not wanted.maxlen and Daemon(**{**asdict(wanted), "maxlen": live.maxlen}) == live:
        return live
    return wanted


def _listed(daemons: dict[str, Daemon]) -> list[dict[str, Any]]:
    return [asdict(daemon) for _unused, daemon in sorted(daemons.items())]


def read_daemons(host: Host) -> list[Daemon]:
    try:
        return [codec.decode_daemon(payload) for payload in host.kernel().dump(Request(codec.GET_DAEMON))]
    except OSError as error:
        raise from_errno("read", "daemon", "the sync daemons", error.errno or 0) from error


def _daemon_step(verb: str, state: str, command: int, attributes: bytes) -> Callable[[Host], None]:
    return lambda host: _request(host, verb, "daemon", command, attributes, f"the {state} sync daemon")


def _request(host: Host, verb: str, kind: str, command: int, attributes: bytes, subject: str = "") -> None:
    code = host.kernel().batch([Request(command, attributes)])[0]
    # A daemon that is stopped before its thread ran is stopped; the kernel reports the thread's state.
    if code and (command, code) != (codec.DELETE_DAEMON, errnos.EINTR):
        raise from_errno(verb, kind, subject or f"the {kind}", code)


# --- the connection table's size --------------------------------------------------------------------------------------


def _check_table(host: Host, bits: int, result: Plan) -> None:
    size = codec.decode_info(host.kernel().get(Request(codec.GET_INFO))).table_size
    if size != 1 << bits:
        result.warnings.append(
            f"The connection table has {size} entries; conn_tab_bits {bits} ({1 << bits} entries) takes effect "
            "when ip_vs is loaded next, at the latest after a reboot."
        )


# --- over a reboot ----------------------------------------------------------------------------------------------------


def _plan_files(host: Host, wanted: Wanted, result: Plan) -> None:
    files = persist.plan(host, _files(host, wanted, result) if wanted.persist else {})
    result.note("files", files.before, files.after)
    result.steps += files.steps


def _files(host: Host, wanted: Wanted, result: Plan) -> dict[str, str | None]:
    """Path to wanted content, None for a file that must not be there."""
    files: dict[str, str | None] = {units.MODULES: units.modules()}
    if wanted.table_bits is not None:
        files[units.MODPROBE] = units.modprobe(wanted.table_bits)
    if wanted.sysctls is not None:
        files[units.SYSCTL] = units.sysctl(wanted.sysctls) if wanted.sysctls else None
    if wanted.timeouts is not None:
        content = units.timeouts_unit(host.ipvsadm(result.warnings), wanted.timeouts) if wanted.timeouts else None
        files[units.unit(units.TIMEOUTS)] = content
    if wanted.daemons is not None:
        content = units.sync_unit(host.ipvsadm(result.warnings), wanted.daemons) if wanted.daemons else None
        files[units.unit(units.SYNC)] = content
    return files

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels of a real server: read what is, compare with what is wanted, and make it so, live and over a reboot."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._command import CommandError, Runner
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import persist
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import InvalidValue, IpvsError
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._tunnel.files import (
    CHAIN,
    MODULES,
    SCRIPT,
    Family,
    Wanted,
    owned,
    rule,
    wanted_files,
)

__all__ = ["Plan", "apply", "plan", "wanted"]

_IFF_UP = 1
# Room for a header and one byte; beyond the upper end there is no packet.
_MSS = (88, 65495)


@dataclass
class Plan:
    """before and after have the same keys."""

    before: dict[str, Any]
    after: dict[str, Any]
    steps: list[persist.Step] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return self.before != self.after

    @property
    def actions(self) -> list[str]:
        return [label for label, _step in self.steps]


def wanted(vips: Sequence[str], mss: Mapping[str, int | None]) -> Wanted:
    by_family: dict[str, list[str]] = {"ipv4": [], "ipv6": []}
    for text in vips:
        try:
            address = ipaddress.ip_address(text.partition("/")[0])
        except ValueError:
            raise InvalidValue(f"'{text}' is no IP address; write 192.0.2.150 or 2001:db8::150.", text) from None
        by_family[f"ipv{address.version}"].append(str(address))
    sizes = {name: int(size or 0) for name, size in mss.items()}
    for name, size in sizes.items():
        if size and not _MSS[0] <= size <= _MSS[1]:
            raise InvalidValue(f"mss.{name} is {size}, but must be 0 or between {_MSS[0]} and {_MSS[1]}.", f"mss.{name}")
    return Wanted(by_family, sizes)


def plan(host: Host, run: Runner, wish: Wanted) -> Plan:
    """Everything is read and decided here; nothing is written, and no module is loaded."""
    texts = wanted_files(wish)
    files = persist.plan(host, texts)
    families = wish.families()
    leaving = [family for family in owned(host.read(MODULES)) if family not in families]
    before: dict[str, Any] = {"files": files.before}
    after: dict[str, Any] = {"files": files.after}
    for family in [*families, *leaving]:
        before[family.interface] = _live(host, run, family)
        after[family.interface] = _settled(family, wish) if family in families else _down(before[family.interface])
    result = Plan(before, after)
    if result.changed:
        downs = [_down_step(run, family) for family in leaving if host.exists(SCRIPT)]
        ups: list[persist.Step] = [("set the tunnels up", lambda host: _script(run, "up"))] if families else []
        result.steps = [*downs, *files.steps, *ups]
    return result


def apply(host: Host, run: Runner, wish: Wanted, decided: Plan) -> None:
    """Carry out the steps, and see that they had their effect."""
    persist.carry_out(host, decided.steps, [])
    for family in wish.families():
        found, expected = _live(host, run, family), decided.after[family.interface]
        if found != expected:
            message = f"{family.interface} is {found} instead of {expected}; something else manages it, or its packet filter."
            raise IpvsError(message, family.interface)


def _live(host: Host, run: Runner, family: Family) -> dict[str, Any]:
    flags = host.read(f"/sys/class/net/{family.interface}/flags")
    found: dict[str, Any] = {"up": flags is not None and bool(int(flags, 16) & _IFF_UP), "clamp": _rules(host, run, family)}
    if family.name == "ipv4":
        text = host.read("/proc/sys/net/ipv4/conf/tunl0/rp_filter")
        found["rp_filter"] = None if text is None else int(text)
    return found


def _settled(family: Family, wish: Wanted) -> dict[str, Any]:
    rules = [rule(family, vip, wish.mss[family.name]) for vip in wish.clamped(family)]
    found: dict[str, Any] = {"up": True, "clamp": [f"-A OUTPUT -j {CHAIN}", f"-N {CHAIN}", *sorted(rules)] if rules else []}
    if family.name == "ipv4":
        found["rp_filter"] = 2
    return found


def _down(live: Mapping[str, Any]) -> dict[str, Any]:
    return {**live, "up": False, "clamp": []}


def _rules(host: Host, run: Runner, family: Family) -> list[str]:
    """Ours, of both programs: each sees only what its own kind has set."""
    found: list[str] = []
    for program in (family.program, f"{family.program}-legacy"):
        if host.program(program):
            shown = run([program, "-w", "-t", "mangle", "-S"], accept=range(256))
            found += [line.strip() for line in shown.out.splitlines() if CHAIN in line]
    # Where the first program is the older one itself, both show the same.
    return sorted(set(found), key=lambda line: (line.startswith(f"-A {CHAIN} "), line))


def _down_step(run: Runner, family: Family) -> persist.Step:
    return (f"take {family.interface} down", lambda host: _script(run, "down", family.module, family.interface, family.program))


def _script(run: Runner, *argv: str) -> None:
    try:
        run(["/bin/sh", SCRIPT, *argv])
    except CommandError as error:
        raise IpvsError(f"{SCRIPT} {argv[0]} failed: {(error.err or error.out).strip() or error.rc}.", SCRIPT) from error

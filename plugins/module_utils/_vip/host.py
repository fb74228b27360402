# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of vip_address that touches the host: reads it, and carries a plan out step by step."""
from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable

from .._arp.files import FileError, Files
from .._arp.host import CONF, observe
from .._arp.posture import Key, effective, silent
from .._command import CommandError, Runner
from .boot import BATCHES, UNITS, Record, boot_files, boot_links, load
from .live import Live, read_live, require_link
from .model import Address, Link, Vip, VipError, check_interface, parse_vips, sort_vips
from .plan import Change, drop, hold, warnings

__all__ = ["Announce", "ApplyError", "Plan", "apply", "make_plan"]

# Tells the neighbours on an interface of these addresses, and whether their host is a router of IPv6.
Announce = Callable[[str, Sequence[Address], bool], None]

# The kernel takes up to a second by default before it asks for an IPv6 address, and a second for each time that it does.
SETTLED_WITHIN = 5.0
_FAILED = re.compile(r"Command failed -:(\d+)")


class ApplyError(Exception):
    """A step failed; `done` says what had been changed by then."""

    def __init__(self, message: str, done: Sequence[str]) -> None:
        self.done = list(done)
        super().__init__(message)


@dataclass(frozen=True)
class Disk:
    """The files and links of this module, with None for what is not there."""

    files: Mapping[str, str | None]
    links: Mapping[str, str | None]


def wanted_disk(record: Record) -> Disk:
    files = boot_files(record)
    return Disk(files, boot_links(files))


def read_disk(files: Files) -> tuple[Disk, Record]:
    empty = wanted_disk(Record())
    disk = Disk({path: files.read(path) for path in empty.files}, {path: files.target(path) for path in empty.links})
    return disk, load(*(disk.files[path] for path in BATCHES))


def posture_faults(files: Files, interfaces: Sequence[str]) -> list[str]:
    """Why a VIP would be answered for; empty when it would not."""
    if not interfaces:
        return []
    live = observe(files).state.live
    faults = []
    for name in interfaces:
        if Key(name, "arp_ignore") not in live:
            raise VipError(f"arp_interfaces names {name}, which this host does not have; name the interfaces on which ARP requests arrive")
        ignore, announce = effective(live, name, "arp_ignore"), effective(live, name, "arp_announce")
        if not silent(ignore, announce):
            faults.append(f"arp_ignore of {name} is effectively {ignore} and arp_announce {announce}")
    return faults


def manager_warning(files: Files, live: Live, interface: str) -> list[str]:
    """networkd writes down which file made an interface its own."""
    text = files.read(f"/run/systemd/netif/links/{live.links[interface].index}") if interface in live.links else None
    values = dict(line.partition("=")[::2] for line in (text or "").splitlines())
    if values.get("ADMIN_STATE") not in ("configured", "configuring"):
        return []
    return [
        f"systemd-networkd manages {interface} by {values.get('NETWORK_FILE', 'a .network file')} and drops addresses it does not know on"
        " `networkctl reconfigure`; take the interface out of its [Match], or list the address there as well"
    ]


@dataclass(frozen=True)
class Plan:
    """A decision with all that it follows from."""

    change: Change
    before: Disk
    after: Disk
    faults: Sequence[str]
    warnings: Sequence[str]
    owned_before: Mapping[Any, Vip]
    announced: Sequence[Vip]

    @property
    def changed(self) -> bool:
        return (self.change.live_before, self.before) != (self.change.live_after, self.after)

    def diff(self) -> dict[str, str]:
        return {
            "before": _describe(self.change.live_before, self.before, self.after),
            "after": _describe(self.change.live_after, self.after, self.before),
        }


def _describe(live: Iterable[Vip], disk: Disk, other: Disk) -> str:
    """The VIPs in question, and those files that differ."""
    lines = [f"live: {vip}" for vip in sort_vips(live)]
    for path, text in disk.files.items():
        if text is not None and text != other.files[path]:
            lines.append(f"{path}:")
            lines.extend("  " + line for line in text.splitlines())
    lines.extend(f"{path} -> {target}" for path, target in disk.links.items() if target is not None and target != other.links[path])
    return "".join(line + "\n" for line in lines)


def make_plan(run: Runner, files: Files, params: Mapping[str, Any]) -> Plan:
    """Everything that is read is read here, before anything is decided."""
    interface = params["interface"]
    for name in [interface, *(params["arp_interfaces"] or [])]:
        check_interface(name)
    before, record = read_disk(files)
    live = read_live(run, params["host_route"] or any(vip.host_route for vip in record.vips.values()))
    if params["state"] == "absent":
        # An interface that is gone may still be on record, and what is on it may have any prefix length.
        listed = parse_vips(params["addresses"], Link(interface, silent=False), None, False)
        change = drop((vip.address for vip in listed), interface, record.vips, live)
        arp, faults, notes, announced = record.arp(interface), [], [], []
    else:
        link = require_link(live, interface) if params["addresses"] else live.links.get(interface, Link(interface, silent=False))
        wanted = parse_vips(params["addresses"], link, params["scope"], params["host_route"])
        change = hold(wanted, interface, params["purge"], record.vips, live)
        arp = record.arp(interface) if params["arp_interfaces"] is None else tuple(params["arp_interfaces"])
        exposed = link.silent and any(vip.address.version == 4 for vip in wanted)
        faults = posture_faults(files, arp) if exposed else []
        notes = warnings(wanted, record.vips, live) + (manager_warning(files, live, interface) if wanted else [])
        speaks = not link.silent and interface not in (params["arp_interfaces"] or [])
        announced = [vip for vip in change.arrived if answers(files, vip)] if speaks else []
    return Plan(change, before, wanted_disk(record.changed(change.owned, interface, arp)), faults, notes, record.vips, announced)


def answers(files: Files, vip: Vip) -> bool:
    """Whether this host answers for a VIP on an interface that speaks ARP. IPv6 has no such setting."""
    ignore = max(int(files.read(f"{CONF}/{device}/arp_ignore") or 0) for device in ("all", vip.interface))
    return vip.address.version == 6 or not (ignore == 8 or (ignore == 3 and vip.scope == "host"))


def apply(run: Runner, files: Files, plan: Plan, announce: Announce) -> list[str]:
    """VIPs leave first, the record follows, a VIP comes only when the record already knows it, and neighbours hear of it then."""
    done: list[str] = []
    change = plan.change
    _batch(run, change.deletes, done)
    try:
        changed_units = _write(files, plan.before, plan.after, done)
        if changed_units and "system" in files.names("/run/systemd"):
            run(["systemctl", "daemon-reload"])
            done.append("systemctl daemon-reload")
    except (FileError, CommandError) as error:
        raise ApplyError(str(error), done) from error
    _batch(run, change.adds, done)
    if change.deletes or change.adds:
        live = _settled(run, change)
        _tell(files, plan, live, announce)
        _verify(live, change, done)
    return done


def _batch(run: Runner, lines: Sequence[str], done: list[str]) -> None:
    """One process for any number of lines; it stops at the first failing one and names it."""
    if not lines:
        return
    try:
        run(["ip", "-batch", "-"], stdin="".join(line + "\n" for line in lines))
    except CommandError as error:
        failed = _FAILED.search(error.err)
        number = int(failed.group(1)) if failed else 1
        done.extend("ip " + line for line in lines[: number - 1])
        message = _FAILED.sub("", error.err).strip() or str(error)
        raise ApplyError(f"'ip {lines[number - 1]}' failed: {message}", done) from error
    done.extend("ip " + line for line in lines)


def _write(files: Files, before: Disk, after: Disk, done: list[str]) -> bool:
    """Links go before the units they point to, and come after them."""
    gone = [path for path, target in after.links.items() if target is None and before.links[path] is not None]
    gone += [path for path, text in after.files.items() if text is None and before.files[path] is not None]
    for path in gone:
        files.remove(path)
        done.append(f"removed {path}")
    units = [path for path in gone if path.startswith(UNITS)]
    for path, text in after.files.items():
        if text is not None and text != before.files[path]:
            files.write(path, text)
            done.append(f"wrote {path}")
            units.extend([path] * path.startswith(UNITS))
    for path, target in after.links.items():
        if target is not None and target != before.links[path]:
            files.link(path, target)
            done.append(f"linked {path}")
            units.append(path)
    return bool(units)


def _settled(run: Runner, change: Change) -> Live:
    """What came to be, once the kernel knows that nobody else has an IPv6 address. Without a carrier it never asks."""
    deadline = time.monotonic() + SETTLED_WITHIN
    while True:
        live = read_live(run, with_routes=False)
        pending = any(item.tentative for vip in change.live_after for item in live.of(vip.address, vip.interface))
        if not pending or time.monotonic() > deadline:
            return live
        time.sleep(0.1)


def _tell(files: Files, plan: Plan, live: Live, announce: Announce) -> None:
    """Of those that the kernel uses."""
    used = {(item.address, item.interface) for item in live.addresses if not (item.tentative or item.refused)}
    addresses = [vip.address for vip in plan.announced if (vip.address, vip.interface) in used]
    if addresses:
        interface = plan.announced[0].interface
        forwarding = files.read(f"/proc/sys/net/ipv6/conf/{interface}/forwarding") or "0"
        announce(interface, addresses, int(forwarding) > 0)


def _verify(live: Live, change: Change, done: Sequence[str]) -> None:
    """What `ip` accepted is not always what came to be."""
    taken = sorted(str(vip) for vip in change.live_after if any(item.refused for item in live.of(vip.address, vip.interface)))
    if taken:
        raise ApplyError(f"another host has {', '.join(taken)}, so the kernel does not use it here; take it away there first", done)
    present = {(item.address, item.prefix, item.interface, item.scope) for item in live.addresses}

    def there(vip: Vip) -> bool:
        return (vip.address, vip.prefix, vip.interface, vip.scope) in present

    wrong = [f"{vip} is missing" for vip in change.live_after if not there(vip)]
    wrong += [f"{vip} is still there" for vip in change.live_before - change.live_after if there(vip) and not _wanted_again(vip, change)]
    if wrong:
        raise ApplyError(f"the kernel does not hold what was set: {'; '.join(sorted(wrong))}; something else manages this interface", done)


def _wanted_again(vip: Vip, change: Change) -> bool:
    """The same address may differ in its host route alone."""
    return any((vip.cidr, vip.interface, vip.scope) == (other.cidr, other.interface, other.scope) for other in change.live_after)

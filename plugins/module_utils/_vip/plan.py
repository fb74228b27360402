# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the VIPs that are to those that shall be: pure decisions, in the order in which they are carried out."""
from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .live import Live, LiveAddress
from .model import Address, Vip, VipError, sort_vips

__all__ = ["Change", "drop", "hold", "warnings"]


@dataclass(frozen=True)
class Change:
    """What goes first, what comes then, and what is owned and live before and after."""

    deletes: tuple[str, ...]
    adds: tuple[str, ...]
    owned: Mapping[Address, Vip]
    live_before: frozenset[Vip]
    live_after: frozenset[Vip]
    added: tuple[Vip, ...] = ()
    removed: tuple[Vip, ...] = ()

    @property
    def arrived(self) -> list[Vip]:
        """What was not on its interface before."""
        there = {(vip.address, vip.interface) for vip in self.live_before}
        return sort_vips(vip for vip in self.live_after if (vip.address, vip.interface) not in there)

    def held(self, interface: str) -> list[Vip]:
        return sort_vips(vip for vip in self.owned.values() if vip.interface == interface)


def hold(wanted: Sequence[Vip], interface: str, purge: bool, owned: Mapping[Address, Vip], live: Live) -> Change:
    """Every wanted VIP is live and owned; with purge, owned ones of this interface that are not wanted are neither."""
    kept = {vip.address: vip for vip in wanted}
    leaving = [vip for vip in owned.values() if purge and vip.interface == interface and vip.address not in kept]
    moved = [owned[vip.address] for vip in wanted if vip.address in owned and owned[vip.address].interface != vip.interface]
    gone = [item for vip in [*leaving, *moved] for item in live.of(vip.address, vip.interface)]
    there = [item for vip in wanted for item in live.of(vip.address, vip.interface)]
    missing = [vip for vip in wanted if _differs(vip, live)]
    stale = [item for item in there if _in_the_way(item, kept[item.address])]
    unrouted = [vip for vip in wanted if not vip.host_route and vip.address in owned and owned[vip.address] not in moved]
    after = {address: vip for address, vip in owned.items() if vip not in leaving}
    after.update(kept)
    return Change(
        deletes=(*_route_lines([*leaving, *moved], owned, live), *_route_lines(unrouted, owned, live), *_delete_lines(gone + stale, live)),
        adds=tuple(line for vip in missing for line in vip.add_lines()),
        owned=after,
        live_before=frozenset(_as_vip(item, owned, kept, live) for item in [*gone, *(item for item in there if not item.refused)]),
        live_after=frozenset(wanted),
        added=tuple(vip for vip in wanted if vip in missing or owned.get(vip.address) != vip),
        removed=tuple(sort_vips(leaving)),
    )


def drop(addresses: Iterable[Address], interface: str, owned: Mapping[Address, Vip], live: Live) -> Change:
    """None of the addresses is on the interface, whoever put it there, nor owned for it."""
    listed = list(dict.fromkeys(addresses))
    gone = [item for address in listed for item in live.of(address, interface)]
    leaving = [owned[address] for address in listed if address in owned and owned[address].interface == interface]
    removed = {vip.address: vip for vip in leaving}
    for item in gone:
        removed.setdefault(item.address, _as_vip(item, owned, {}, live))
    return Change(
        deletes=(*_route_lines(leaving, owned, live), *_delete_lines(gone, live)),
        adds=(),
        owned={address: vip for address, vip in owned.items() if vip not in leaving},
        live_before=frozenset(_as_vip(item, owned, {}, live) for item in gone),
        live_after=frozenset(),
        removed=tuple(sort_vips(removed.values())),
    )


def _as_vip(item: LiveAddress, owned: Mapping[Address, Vip], wanted: Mapping[Address, Vip], live: Live) -> Vip:
    """A host route that neither was nor will be ours is no part of the picture."""
    concerned = any(table[item.address].host_route for table in (owned, wanted) if item.address in table)
    routed = concerned and (item.address, item.interface) in live.routes
    return Vip(item.address, item.prefix, item.interface, item.scope, routed)


def _differs(vip: Vip, live: Live) -> bool:
    items = [item for item in live.of(vip.address, vip.interface) if not item.refused]
    exact = any((item.prefix, item.scope) == (vip.prefix, vip.scope) for item in items)
    return not exact or (vip.host_route and (vip.address, vip.interface) not in live.routes)


def _in_the_way(item: LiveAddress, vip: Vip) -> bool:
    """IPv6 changes in place, but is not asked about anew; and the kernel ignores a new scope for an IPv4 address that is there."""
    return item.refused or item.prefix != vip.prefix or (vip.address.version == 4 and item.scope != vip.scope)


def _route_lines(vips: Sequence[Vip], owned: Mapping[Address, Vip], live: Live) -> list[str]:
    """The host routes of ours that leave; they would outlive their address."""
    ours = [owned[vip.address] for vip in vips if owned[vip.address].host_route]
    return [f"route delete {vip.route}" for vip in ours if (vip.address, vip.interface) in live.routes]


def _delete_lines(items: Sequence[LiveAddress], live: Live) -> list[str]:
    for item in items:
        _spare_the_primary(item, live)
    return [f"address delete {item.address}/{item.prefix} dev {item.interface}" for item in items]


def _spare_the_primary(item: LiveAddress, live: Live) -> None:
    """With an IPv4 primary address the kernel deletes the other ones of its subnet, the host's own among them."""
    if item.address.version != 4 or item.prefix == 32 or item.secondary:
        return
    subnet = ipaddress.ip_interface(f"{item.address}/{item.prefix}").network
    beside = [
        other.address
        for other in live.addresses
        if other.interface == item.interface and other.address != item.address and other.secondary and other.address in subnet
    ]
    if beside:
        victims = ", ".join(str(address) for address in beside)
        raise VipError(
            f"{item.address}/{item.prefix} is the primary address of its subnet on {item.interface}, and would take {victims} along;"
            " remove and add those first, or give the VIP the prefix length 32"
        )


def warnings(wanted: Sequence[Vip], owned: Mapping[Address, Vip], live: Live) -> list[str]:
    """The same address on another interface, which is not ours to touch, may undo what the VIP is for."""
    found = []
    for vip in wanted:
        mine = owned[vip.address].interface if vip.address in owned else None
        others = [item.interface for item in live.addresses if item.address == vip.address and item.interface not in (vip.interface, mine)]
        if others:
            found.append(f"{vip.address} is also on {', '.join(others)}, where this module did not put it; there the host answers for it")
    return found

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a real server may send its answers: through the director where that translates addresses, past it everywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from .inventory import IPAddress
from .schema import Item

__all__ = ["AddressesOf", "of_all", "of_directors", "through_director"]

AddressesOf = Callable[[str], Iterable[IPAddress]]


def _holders(vip: Mapping[str, Any]) -> list[str]:
    return [holder.value for holder in vip.get("holders", [])]


def through_director(vip: Mapping[str, Any], vips: Iterable[Item], own: IPAddress, addresses_of: AddressesOf) -> list[IPAddress]:
    """Gateways that lead from `own` to whoever holds the VIP at the time, best first.

    With one holder, its addresses do. With several, only an address that moves with the VIP: one of the same sync group, or itself.
    """
    holders, group = _holders(vip), vip.get("sync_group")
    found = []
    for item in vips:
        other = item.value
        grouped = group is not None and other.get("sync_group") == group
        moves_along = other is vip or grouped or (len(holders) == 1 and _holders(other) == holders)
        address = other.get("address")
        if moves_along and address is not None and own in address.network:
            found.append(address.ip)
    if len(holders) == 1:
        found += [address for address in addresses_of(holders[0]) if address.version == own.version]
    return list(dict.fromkeys(found))


def of_all(ways: Iterable[list[IPAddress]]) -> list[IPAddress]:
    """The gateways that all of these have. A host has one for everything, which has to serve each of its services."""
    first, *others = list(ways) or [[]]
    return [address for address in first if all(address in other for other in others)]


def of_directors(vip: Mapping[str, Any], vips: Iterable[Item], addresses_of: AddressesOf) -> list[IPAddress]:
    """Every address of the VIP's holders. An answer that carries the VIP as its source is dropped there, by the owner of the VIP."""
    holders = _holders(vip)
    found = [address for holder in holders for address in addresses_of(holder)]
    held = [item.value for item in vips if set(_holders(item.value)) & set(holders)]
    return list(dict.fromkeys(found + [each["address"].ip for each in held if each.get("address") is not None]))

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a VIP is to be seen in the kernel: the JSON of `ip`, read into values."""
from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._command import Runner
from .model import Address, Link, VipError

__all__ = ["Live", "LiveAddress", "read_live", "require_link"]

_SILENT = {"LOOPBACK", "NOARP"}


@dataclass(frozen=True)
class LiveAddress:
    """One address of one interface, as far as this module can express it."""

    address: Address
    prefix: int
    interface: str
    scope: str
    secondary: bool
    # Of IPv6: the kernel does not use it yet, since it is still asking whether another host has it; and never will, since one has.
    tentative: bool = False
    refused: bool = False


@dataclass(frozen=True)
class Live:
    """All interfaces and addresses, and the host routes among (address, interface)."""

    links: Mapping[str, Link]
    addresses: tuple[LiveAddress, ...]
    routes: frozenset[tuple[Address, str]]

    def of(self, address: Address, interface: str) -> list[LiveAddress]:
        return [item for item in self.addresses if item.address == address and item.interface == interface]


def read_live(run: Runner, with_routes: bool) -> Live:
    """One command, and two more only where host routes are in play."""
    links = json.loads(run(["ip", "-json", "address", "show"]).out or "[]")
    routes: list[Mapping[str, Any]] = []
    if with_routes:
        for family in ("-4", "-6"):
            routes.extend(json.loads(run(["ip", "-json", family, "route", "show", "table", "main"]).out or "[]"))
    return Live(parse_links(links), parse_addresses(links), parse_routes(routes))


def parse_links(links: Iterable[Mapping[str, Any]]) -> dict[str, Link]:
    """Loopback, dummy and tunnel interfaces do not speak ARP; a prefix on them would claim a subnet."""
    named = [link for link in links if "ifname" in link]
    return {link["ifname"]: Link(link["ifname"], bool(_SILENT & set(link.get("flags", []))), link.get("ifindex", 0)) for link in named}


def parse_addresses(links: Iterable[Mapping[str, Any]]) -> tuple[LiveAddress, ...]:
    found = []
    for link in links:
        for info in link.get("addr_info", []):
            if "local" not in info:
                continue
            address = ipaddress.ip_address(info["local"])
            scope = info.get("scope", "global") if address.version == 4 else "host" if info.get("deprecated") else "global"
            refused = bool(info.get("dadfailed"))
            tentative = bool(info.get("tentative")) and not refused
            secondary = bool(info.get("secondary"))
            found.append(LiveAddress(address, info["prefixlen"], link["ifname"], scope, secondary, tentative, refused))
    return tuple(found)


def parse_routes(routes: Iterable[Mapping[str, Any]]) -> frozenset[tuple[Address, str]]:
    """Routes to one address that carry our mark: the kernel adds another one beside each IPv6 address."""
    found = set()
    for route in routes:
        destination, device = route.get("dst", ""), route.get("dev")
        if device is None or destination == "default" or route.get("protocol") != "static":
            continue
        try:
            network = ipaddress.ip_network(destination)
        except ValueError:
            continue
        if network.prefixlen == network.max_prefixlen:
            found.add((network.network_address, device))
    return frozenset(found)


def require_link(live: Live, name: str) -> Link:
    link = live.links.get(name)
    if link is None:
        known = ", ".join(sorted(live.links))
        raise VipError(f"this host has no interface {name}, only {known}; create it first (the kernel module ipip brings tunl0)")
    return link

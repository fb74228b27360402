# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VIP as a value: what may be one, how it is written down, and how `ip -batch` is told about it."""
from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Union

__all__ = ["SCOPES", "Link", "Vip", "VipError", "check_interface", "parse_batch", "parse_vip", "parse_vips", "render_batch", "sort_vips"]

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

SCOPES = ("host", "link", "global")
_NAME_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")


class VipError(Exception):
    """What was asked for cannot be a VIP here; nothing has been changed."""


@dataclass(frozen=True)
class Link:
    """An interface; one that does not speak ARP may hold single addresses only."""

    name: str
    silent: bool
    index: int = 0


@dataclass(frozen=True)
class Vip:
    """One address on one interface. IPv6 has no scope to choose: host there is a preferred lifetime of 0."""

    address: Address
    prefix: int
    interface: str
    scope: str
    host_route: bool = False

    @property
    def cidr(self) -> str:
        return f"{self.address}/{self.prefix}"

    @property
    def single(self) -> bool:
        return self.prefix == self.address.max_prefixlen

    @property
    def route(self) -> str:
        """Marked static, to tell it from the route that the kernel adds beside an IPv6 address."""
        return f"{self.address}/{self.address.max_prefixlen} dev {self.interface} proto static"

    def __str__(self) -> str:
        return f"{self.cidr} dev {self.interface} scope {self.scope}" + (" with a host route" if self.host_route else "")

    def add_lines(self) -> list[str]:
        if self.address.version == 4:
            lines = [f"address replace {self.cidr} dev {self.interface} scope {self.scope}"]
        else:
            lines = [f"address replace {self.cidr} dev {self.interface}" + (" preferred_lft 0" if self.scope == "host" else "")]
        if self.host_route:
            lines.append(f"route replace {self.route}")
        return lines


def check_interface(name: str) -> None:
    """The name goes into units and batches: only what needs no quoting anywhere."""
    if not 0 < len(name) <= 15 or name in (".", "..", "all", "default") or not _NAME_CHARACTERS.issuperset(name):
        raise VipError(f"'{name}' cannot be the name of an interface; write it as `ip link` shows it")


def parse_vip(text: str, link: Link, scope: str | None, host_route: bool) -> Vip:
    """192.0.2.150, 192.0.2.150/32, 2001:db8::150/128 -> Vip"""
    try:
        interface = ipaddress.ip_interface(text.strip())
    except ValueError as error:
        raise VipError(f"'{text}' is no IP address; write 192.0.2.150 or 2001:db8::150, with or without a prefix length") from error
    address, prefix = interface.ip, interface.network.prefixlen
    _refuse_unusable(text, address)
    if prefix != address.max_prefixlen:
        _refuse_subnet(text, interface, link)
    return Vip(address, prefix, link.name, _scope(address, link, scope), host_route)


def _refuse_unusable(text: str, address: Address) -> None:
    reasons = {
        "the unspecified address": address.is_unspecified,
        "a multicast address": address.is_multicast,
        "a loopback address": address.is_loopback,
        "a link-local address": address.is_link_local,
        "reserved": address.version == 4 and address.is_reserved,
        "an address with a zone": "%" in text,
        "an IPv4 address written as IPv6": getattr(address, "ipv4_mapped", None) is not None,
    }
    for reason, applies in reasons.items():
        if applies:
            raise VipError(f"'{text}' is {reason}; a VIP is a unicast address that clients can reach")


def _refuse_subnet(text: str, interface: ipaddress.IPv4Interface | ipaddress.IPv6Interface, link: Link) -> None:
    network, address = interface.network, interface.ip
    whole = address.max_prefixlen
    if link.silent:
        raise VipError(f"'{text}' on {link.name} would make all of {network} local to this host; write {address}/{whole}")
    if network.prefixlen == 0:
        raise VipError(f"'{text}' has the prefix length 0; write {address}/{whole} or the prefix length of the segment")
    if network.prefixlen < whole - 1:
        if address == network.network_address:
            raise VipError(f"'{text}' is the address of the network {network} itself; write an address inside it")
        if address.version == 4 and address == network.broadcast_address:
            raise VipError(f"'{text}' is the broadcast address of {network}; write an address inside it")


def _scope(address: Address, link: Link, scope: str | None) -> str:
    """By default an address that only receives is kept out of source selection."""
    chosen = scope or ("host" if link.silent else "global")
    if address.version == 6 and chosen == "link":
        raise VipError(f"{address} cannot have scope link, which IPv6 derives from the address; choose host or global")
    return chosen


def parse_vips(texts: Sequence[str], link: Link, scope: str | None, host_route: bool) -> list[Vip]:
    """All of a list, each address once."""
    found: dict[Address, Vip] = {}
    for text in texts:
        vip = parse_vip(text, link, scope, host_route)
        earlier = found.setdefault(vip.address, vip)
        if earlier != vip:
            raise VipError(f"{vip.address} is listed with two prefix lengths, {earlier.prefix} and {vip.prefix}; keep one")
    return list(found.values())


def sort_vips(vips: Iterable[Vip]) -> list[Vip]:
    return sorted(vips, key=lambda vip: (vip.interface, vip.address.version, vip.address))


def render_batch(vips: Iterable[Vip], head: str) -> str:
    """The record of what this module owns is the very input of `ip -batch` at boot: they cannot disagree."""
    lines = [line for vip in sort_vips(vips) for line in vip.add_lines()]
    return head + "".join(line + "\n" for line in lines)


def parse_batch(path: str, text: str) -> dict[Address, Vip]:
    """The inverse of render_batch; anything else in the file is an error, since it would be lost."""
    found: dict[Address, Vip] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        vip = _parse_line(words, found)
        if vip is None:
            raise VipError(f"{path}:{number} is no line of this module: '{line}'; take it out, or remove the file to start anew")
        found[vip.address] = vip
    return found


def _parse_line(words: list[str], found: dict[Address, Vip]) -> Vip | None:
    try:
        interface = ipaddress.ip_interface(words[2])
    except (IndexError, ValueError):
        return None
    if words[:2] == ["route", "replace"] and interface.ip in found:
        known = found[interface.ip]
        routed = Vip(known.address, known.prefix, known.interface, known.scope, True)
        return routed if words == routed.add_lines()[-1].split() else None
    if len(words) < 5:
        return None
    scope = words[6] if len(words) > 6 and words[5] == "scope" else "host" if words[5:] == ["preferred_lft", "0"] else "global"
    vip = Vip(interface.ip, interface.network.prefixlen, words[4], scope)
    return vip if words == vip.add_lines()[0].split() else None

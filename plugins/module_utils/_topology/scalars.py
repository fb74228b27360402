# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of single values: each returns the value in its one spelling, or says what to write instead."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from .problems import closest, listed

__all__ = [
    "Reject",
    "address",
    "as_number",
    "boolean",
    "choice",
    "duration",
    "integer",
    "interface",
    "interval",
    "matching",
    "name",
    "network_address",
    "number",
    "text",
]

NAME = re.compile(r"[a-z][a-z0-9_-]*")
# The kernel's IFNAMSIZ, less its terminator.
INTERFACE = re.compile(r"[^\s/:\"'#!{}]{1,15}")
NGINX_SECONDS = re.compile(r"(?=\d)(\d+y)?(\d+M)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s?)?")


class Reject(Exception):
    """A value cannot be used."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise Reject("This must be a text.", "Write a word, in quotes if it looks like a number.")
    return value


def matching(pattern: str, message: str, remedy: str) -> Callable[[Any], str]:
    compiled = re.compile(pattern)

    def read(value: Any) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise Reject(message, remedy)
        return value

    return read


def name(value: Any) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise Reject(
            "This is not usable as a name.",
            "Write lower-case letters, digits, '-' and '_', beginning with a letter, for example shop-http.",
        )
    return value


def interface(value: Any) -> str:
    if not isinstance(value, str) or not INTERFACE.fullmatch(value):
        raise Reject("This cannot be the name of a network interface.", "Write a name such as eth0, at most 15 characters.")
    return value


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Reject("This must be true or false.", "Write true or false, without quotes.")
    return value


def as_number(value: Any) -> int | float | None:
    """The number that a value is to a person, or None."""
    # A template such as "{{ x }}8080" yields digits as text; that is a number to a person.
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if float(value).is_integer() else value


def integer(low: int, high: int, example: int | None = None) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        found = as_number(value)
        if not isinstance(found, int) or not low <= found <= high:
            hint = "" if example is None else f", for example {example}"
            raise Reject(f"This must be a whole number from {low} to {high}.", f"Write a number from {low} to {high}{hint}.")
        return found

    return read


def number(low: float, high: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        found = as_number(value)
        if found is None or not low <= found <= high:
            raise Reject(f"This must be a number from {low:g} to {high:g}.", f"Write seconds from {low:g} to {high:g}, for example 1.")
        return found

    return read


def interval(value: Any) -> float:
    """Any advertisement interval that one of the VRRP versions can carry; which one is a rule about both keys."""
    return number(0.01, 255)(value)


def choice(
    known: Sequence[str], later: Sequence[str] = (), aliases: Mapping[str, str] | None = None, advice: Mapping[str, str] | None = None
) -> Callable[[Any], str]:
    """One of `known`. What is in `later` is right in principle, but not supported yet."""

    def read(value: Any) -> str:
        if isinstance(value, str) and value in known:
            return value
        remedy = f"Write one of: {listed(known)}."
        if isinstance(value, (list, tuple)):
            raise Reject("Exactly one can be chosen here, not a list.", remedy)
        folded = str(value).lower()
        if value in later:
            raise Reject(f"{value} is not available in this version of steadfast.edge.", remedy)
        if advice and folded in advice:
            raise Reject(advice[folded], remedy)
        meant = (aliases or {}).get(folded) or closest(value, known)
        suggestion = f" Did you mean {meant}?" if meant else ""
        raise Reject(f"This is not known here.{suggestion}", remedy)

    return read


def address(value: Any) -> str:
    """A plain IP address that a host can have."""
    if isinstance(value, str) and "/" in value:
        raise Reject("This must be an address without a prefix.", f"Write {value.split('/')[0]}.")
    try:
        found = ipaddress.ip_address(value if isinstance(value, str) else "")
    except ValueError:
        raise Reject("This is not an IP address.", "Write an address such as 192.0.2.11 or 2001:db8::11.") from None
    if found.is_loopback or found.is_unspecified or found.is_multicast or found.is_link_local:
        raise Reject("Other hosts cannot reach this address.", "Write the address that the host has on the edge's segment.")
    return str(found)


def network_address(value: Any) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    """A VIP: an address with the prefix of its segment, which is not one that the segment keeps for itself."""
    try:
        found = ipaddress.ip_interface(value if isinstance(value, str) else "")
    except ValueError:
        raise Reject("This is not an address with a prefix.", "Write it like 192.0.2.150/24 or 2001:db8::150/64.") from None
    usual = 24 if found.version == 4 else 64
    example = f"{found.ip}/{usual}"
    if "/" not in value:
        raise Reject("The prefix of the segment is missing.", f"Write the address with it, for example {example}.")
    length, bits = found.network.prefixlen, found.ip.max_prefixlen
    if length == bits:
        raise Reject(f"A segment of /{bits} has no room for the holders.", f"Write the prefix of the segment, for example {example}.")
    if found.ip.is_link_local:
        raise Reject("This address is good on one segment only: clients beyond cannot use it.", "Write a free address of the segment.")
    mapped = getattr(found.ip, "ipv4_mapped", None)
    if mapped is not None:
        raise Reject("This is an IPv4 address in an IPv6 spelling.", f"Write {mapped}/24, with the prefix of its segment.")
    if found.ip.is_loopback or found.ip.is_unspecified or found.ip.is_multicast:
        raise Reject("No host can hold this address for others.", "Write a free address of the segment.")
    if length < bits - 1 and found.ip == found.network.network_address:
        raise Reject(f"This is the address of the network {found.network} itself.", "Write a free host address of the segment.")
    if found.version == 4 and length < bits - 1 and found.ip == found.network.broadcast_address:
        raise Reject(f"This is the broadcast address of {found.network}.", "Write a free host address of the segment.")
    return found


def duration(value: Any) -> str:
    """A time in nginx's own spelling; a bare number is seconds."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return f"{value}s"
    if not isinstance(value, str) or not NGINX_SECONDS.fullmatch(value):
        raise Reject("This is not a time that nginx understands here.", "Write seconds or a time such as 10s or 1m30s.")
    return f"{value}s" if value.isdigit() else value

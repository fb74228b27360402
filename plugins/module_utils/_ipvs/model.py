# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of an IPVS table, as values that compare by what the kernel would do with them."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = [
    "ALL_V4",
    "ALL_V6",
    "FLAG_NAMES",
    "PROTOCOLS",
    "Counters",
    "Daemon",
    "DestKey",
    "Destination",
    "Entry",
    "Info",
    "Service",
    "ServiceKey",
    "Table",
    "Timeouts",
    "Tunnel",
    "endpoint",
]

PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP, "sctp": socket.IPPROTO_SCTP}
_PROTOCOL_NAMES = {number: name for name, number in PROTOCOLS.items()}

# The netmask that makes every client its own persistence group.
ALL_V4 = 0xFFFFFFFF
ALL_V6 = 128

# Scheduler flags as ipvsadm names them: the same three bits mean something else to each scheduler.
FLAG_NAMES = {
    "sh": {8: "sh-fallback", 16: "sh-port"},
    "mh": {8: "mh-fallback", 16: "mh-port"},
    "": {8: "flag-1", 16: "flag-2", 32: "flag-3"},
}


def endpoint(family: int, address: str, port: int) -> str:
    return f"[{address}]:{port}" if family == socket.AF_INET6 else f"{address}:{port}"


# Keys and real servers are there by the ten thousand: as tuples they are made, hashed and compared without Python code.


class ServiceKey(NamedTuple):
    """What makes a virtual service the same one: fwmark and family, or protocol, address and port."""

    fwmark: int
    family: int
    protocol: int = 0
    address: str = ""
    port: int = 0

    def __str__(self) -> str:
        if self.fwmark:
            return f"fwmark {self.fwmark} ({self.family_name})"
        return f"{self.protocol_name} {endpoint(self.family, self.address, self.port)}"

    @property
    def family_name(self) -> str:
        return "ipv6" if self.family == socket.AF_INET6 else "ipv4"

    @property
    def protocol_name(self) -> str:
        return _PROTOCOL_NAMES.get(self.protocol, str(self.protocol))


class DestKey(NamedTuple):
    """What makes a real server of a service the same one; its method and weight are not part of it."""

    family: int
    address: str
    port: int

    def __str__(self) -> str:
        return endpoint(self.family, self.address, self.port)


@dataclass(frozen=True)
class Service:
    """persistence 0 is off; then netmask and engine have no meaning and hold their defaults."""

    key: ServiceKey
    scheduler: str = "wlc"
    flags: int = 0
    persistence: int = 0
    netmask: int = ALL_V4
    engine: str = ""
    one_packet: bool = False

    @property
    def flag_names(self) -> list[str]:
        names = FLAG_NAMES.get(self.scheduler, {})
        return [names.get(bit, FLAG_NAMES[""][bit]) for bit in (8, 16, 32) if self.flags & bit]


class Tunnel(NamedTuple):
    type: str = "ipip"
    port: int = 0
    checksum: str = "none"


class Destination(NamedTuple):
    """tunnel is set exactly when forward is 'tunnel'."""

    key: DestKey
    forward: str = "route"
    weight: int = 1
    upper_threshold: int = 0
    lower_threshold: int = 0
    tunnel: Tunnel | None = None


class Counters(NamedTuple):
    """What the kernel counts for a real server (connections) and, where asked for, for both kinds of object (stats)."""

    active: int = 0
    inactive: int = 0
    persistent: int = 0
    stats: dict[str, int] | None = None


@dataclass
class Entry:
    """A service with its real servers. destinations None in a declaration means: leave them as they are."""

    service: Service
    destinations: dict[DestKey, Destination] | None
    counters: dict[DestKey, Counters] = field(default_factory=dict)
    stats: dict[str, int] = field(default_factory=dict)


Table = dict[ServiceKey, Entry]


@dataclass(frozen=True)
class Timeouts:
    tcp: int
    tcpfin: int
    udp: int


@dataclass(frozen=True, order=True)
class Daemon:
    """A connection-sync daemon. maxlen 0 stands for the kernel's choice (the interface's MTU less the headers)."""

    state: str
    interface: str
    syncid: int = 0
    maxlen: int = 0
    group: str = "224.0.0.81"
    port: int = 8848
    ttl: int = 1


@dataclass(frozen=True)
class Info:
    version: str
    table_size: int

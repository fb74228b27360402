# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TCP connections of a host, as its kernel lists them, and waiting until they have ended."""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Connection", "Meant", "connections", "wait"]

ESTABLISHED = 1
# The other side is done sending and still gets its answer; what this side has closed lingers in other states.
HALF_CLOSED = 8
INTERVAL = 0.25


@dataclass(frozen=True)
class Connection:
    local: str
    port: int
    peer: str


@dataclass(frozen=True)
class Meant:
    """Connections to these ports; of local addresses and peers, an empty list means any."""

    ports: Collection[int]
    local: Collection[str] = ()
    peers: Collection[str] = ()

    def __call__(self, found: Connection) -> bool:
        return found.port in self.ports and (not self.local or found.local in self.local) and (not self.peers or found.peer in self.peers)


def connections(proc: Path = Path("/proc")) -> Iterator[Connection]:
    """Those over which something may still come."""
    for name in ("tcp", "tcp6"):
        table = proc / "net" / name
        for line in table.read_text(encoding="ascii").splitlines()[1:] if table.exists() else []:
            fields = line.split()
            if int(fields[3], 16) in (ESTABLISHED, HALF_CLOSED):
                (local, port), (peer, _port) = _endpoint(fields[1]), _endpoint(fields[2])
                yield Connection(local, port, peer)


def _endpoint(text: str) -> tuple[str, int]:
    """The kernel prints an address as words of 32 bits in its own byte order."""
    address, _colon, port = text.partition(":")
    order = "<" if sys.byteorder == "little" else ">"
    words = [int(address[index : index + 8], 16) for index in range(0, len(address), 8)]
    packed = struct.pack(f"{order}{len(words)}I", *words)
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    found = ipaddress.ip_address(socket.inet_ntop(family, packed))
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found), int(port, 16)


def wait(
    list_them: Callable[[], Iterator[Connection]],
    meant: Meant,
    limit: int,
    timeout: float,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[list[Connection], list[Connection], float]:
    """Those that were there at first, those that are left, and the seconds between."""
    began = now()
    first = left = [found for found in list_them() if meant(found)]
    while len(left) > limit and now() - began < timeout:
        sleep(min(INTERVAL, max(0.0, timeout - (now() - began))))
        left = [found for found in list_them() if meant(found)]
    return first, left, now() - began

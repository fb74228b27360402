# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Netlink attributes: the length-type-value framing that all generic netlink messages share."""

from __future__ import annotations

import struct
from collections.abc import Iterable

__all__ = ["attribute", "nested", "parse", "text", "u16", "u32", "u64", "zstring"]

_HEADER = struct.Struct("=HH")
_NESTED = 0x8000
# The two top bits are the nested and byte-order markers, not part of the type.
_TYPE_MASK = 0x3FFF

u16 = struct.Struct("=H")
u32 = struct.Struct("=I")
u64 = struct.Struct("=Q")


def attribute(kind: int, payload: bytes) -> bytes:
    """One attribute, padded to the four bytes that netlink aligns on."""
    return _HEADER.pack(4 + len(payload), kind) + payload + b"\0" * (-len(payload) % 4)


def nested(kind: int, attributes: Iterable[bytes]) -> bytes:
    """An attribute made of attributes; the kernel's strict parsers insist on the nested marker."""
    return attribute(kind | _NESTED, b"".join(attributes))


def zstring(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode("ascii") + b"\0")


def text(payload: bytes) -> str:
    return payload.split(b"\0", 1)[0].decode("ascii", "replace")


def parse(buffer: bytes) -> dict[int, bytes]:
    """Attributes by type. Stops at a malformed length: what follows cannot be framed."""
    found: dict[int, bytes] = {}
    offset, end = 0, len(buffer)
    while offset + 4 <= end:
        length, kind = _HEADER.unpack_from(buffer, offset)
        if length < 4 or offset + length > end:
            break
        found[kind & _TYPE_MASK] = buffer[offset + 4 : offset + length]
        offset += (length + 3) & ~3
    return found

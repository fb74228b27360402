# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the neighbours that a VIP is here now: who knew another host for it would send there until its cache thinks better of it."""
from __future__ import annotations

import errno
import socket
import struct
import time
from collections.abc import Sequence

from .model import Address

__all__ = ["announce", "frame"]

# As often, and as far apart, as RFC 4861 (10) has it. There is nothing to wait for: neighbours do not answer, and one of them may be lost.
ROUNDS, INTERVAL = 3, 1.0

_ETHERNET = 1
_IPV4, _ARP, _IPV6 = 0x0800, 0x0806, 0x86DD
_ARP_REQUEST = 1
_ICMPV6, _ADVERTISEMENT = 58, 136
_ROUTER, _OVERRIDE = 1 << 31, 1 << 29
_TARGET_MAC = 2
_EVERYBODY = b"\xff" * 6
_ALL_NODES, _ALL_NODES_MAC = socket.inet_pton(socket.AF_INET6, "ff02::1"), bytes.fromhex("333300000001")


def announce(interface: str, addresses: Sequence[Address], router: bool) -> None:
    """Says so on the wire, from the interface's own MAC address. Raises OSError where that cannot be."""
    # Of protocol 0, so that nothing is received.
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as wire:
        wire.bind((interface, 0))
        _name, _protocol, _type, kind, mac = wire.getsockname()
        if kind != _ETHERNET:
            raise OSError(errno.EPROTOTYPE, "it is no Ethernet")
        frames = [frame(mac, address, router) for address in addresses]
        for number in range(ROUNDS):
            time.sleep(INTERVAL if number else 0)
            for each in frames:
                wire.send(each)


def frame(mac: bytes, address: Address, router: bool) -> bytes:
    """The announcement of one address. A router of IPv6 has to say that it is one: who hears otherwise gives it up as a gateway."""
    return _arp(mac, address.packed) if address.version == 4 else _advertisement(mac, address.packed, router)


def _arp(mac: bytes, address: bytes) -> bytes:
    """RFC 5227, 3: the host asks for its own address."""
    message = struct.pack("!HHBBH6s4s6s4s", _ETHERNET, _IPV4, len(mac), len(address), _ARP_REQUEST, mac, address, bytes(6), address)
    return _EVERYBODY + mac + struct.pack("!H", _ARP) + message


def _advertisement(mac: bytes, address: bytes, router: bool) -> bytes:
    """RFC 4861, 7.2.6: to all, unsolicited. Without the override flag nobody would replace the MAC address that he knows."""
    flags = _OVERRIDE | (_ROUTER if router else 0)
    body = struct.pack("!I16sBB6s", flags, address, _TARGET_MAC, 1, mac)
    size = 4 + len(body)
    pseudo_header = address + _ALL_NODES + struct.pack("!II", size, _ICMPV6)
    checksum = _checksum(pseudo_header + struct.pack("!BBH", _ADVERTISEMENT, 0, 0) + body)
    header = struct.pack("!IHBB16s16s", 6 << 28, size, _ICMPV6, 255, address, _ALL_NODES)
    return _ALL_NODES_MAC + mac + struct.pack("!H", _IPV6) + header + struct.pack("!BBH", _ADVERTISEMENT, 0, checksum) + body


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects to netlink attributes and back, each pair side by side (include/uapi/linux/ip_vs.h gives the numbers)."""

from __future__ import annotations

import socket
import struct
import sys
from functools import lru_cache

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import attributes as nla
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import model

__all__ = [
    "ADD_DAEMON",
    "ADD_DESTINATION",
    "ADD_SERVICE",
    "DELETE_DAEMON",
    "DELETE_DESTINATION",
    "DELETE_SERVICE",
    "EDIT_DESTINATION",
    "EDIT_SERVICE",
    "GET_DAEMON",
    "GET_DESTINATION",
    "GET_INFO",
    "GET_SERVICE",
    "GET_TIMEOUTS",
    "SET_TIMEOUTS",
    "daemon_identity",
    "decode_counters",
    "decode_daemon",
    "decode_destination",
    "decode_info",
    "decode_service",
    "decode_stats",
    "decode_timeouts",
    "destination_identity",
    "encode_daemon",
    "encode_destination",
    "encode_service",
    "encode_timeouts",
    "service_identity",
]

ADD_SERVICE, EDIT_SERVICE, DELETE_SERVICE, GET_SERVICE = 1, 2, 3, 4
ADD_DESTINATION, EDIT_DESTINATION, DELETE_DESTINATION, GET_DESTINATION = 5, 6, 7, 8
ADD_DAEMON, DELETE_DAEMON, GET_DAEMON = 9, 10, 11
SET_TIMEOUTS, GET_TIMEOUTS, GET_INFO = 12, 13, 15

_SERVICE, _DESTINATION, _DAEMON = 1, 2, 3
_TIMEOUT_TCP, _TIMEOUT_TCPFIN, _TIMEOUT_UDP = 4, 5, 6

_PERSISTENT, _ONE_PACKET, _SCHEDULER_FLAGS = 0x1, 0x4, 0x38

_FORWARD = {"masquerade": 0, "local": 1, "tunnel": 2, "route": 3}
_FORWARD_NAMES = {number: name for name, number in _FORWARD.items()}
_TUNNEL = {"ipip": 0, "gue": 1, "gre": 2}
_TUNNEL_NAMES = {number: name for name, number in _TUNNEL.items()}
_CHECKSUM = {"none": 0, "standard": 1, "remote": 2}
_CHECKSUM_NAMES = {number: name for name, number in _CHECKSUM.items()}

_STATES = {"master": 1, "backup": 2}
_STATE_NAMES = {number: name for name, number in _STATES.items()}

_STATS = ("conns", "inpkts", "outpkts", "inbytes", "outbytes", "cps", "inpps", "outpps", "inbps", "outbps")

_PORT = struct.Struct("!H")
_NETMASK_V4 = struct.Struct("!I")
_FLAGS = struct.Struct("=II")


@lru_cache(maxsize=4096)
def _address(family: int, address: str) -> bytes:
    """Sixteen bytes whatever the family: the kernel's union, IPv4 at its left."""
    return socket.inet_pton(family, address).ljust(16, b"\0")


@lru_cache(maxsize=4096)
def _address_text(family: int, payload: bytes) -> str:
    return socket.inet_ntop(family, payload[:4] if family == socket.AF_INET else payload[:16])


# --- services ---------------------------------------------------------------------------------------------------------


def service_identity(key: model.ServiceKey) -> bytes:
    return nla.nested(_SERVICE, _service_identity(key))


def _service_identity(key: model.ServiceKey) -> list[bytes]:
    family = nla.attribute(1, nla.u16.pack(key.family))
    if key.fwmark:
        return [family, nla.attribute(5, nla.u32.pack(key.fwmark))]
    return [
        family,
        nla.attribute(2, nla.u16.pack(key.protocol)),
        nla.attribute(3, _address(key.family, key.address)),
        nla.attribute(4, _PORT.pack(key.port)),
    ]


def encode_service(service: model.Service) -> bytes:
    """Always the full set: what an edit leaves out, the kernel resets."""
    flags = service.flags | (_PERSISTENT if service.persistence else 0) | (_ONE_PACKET if service.one_packet else 0)
    # A mask shorter than all bits would keep flags of the object that is being replaced.
    parts = _service_identity(service.key)
    parts.append(nla.zstring(6, service.scheduler))
    if service.engine:
        parts.append(nla.zstring(11, service.engine))
    parts.append(nla.attribute(7, _FLAGS.pack(flags, 0xFFFFFFFF)))
    parts.append(nla.attribute(8, nla.u32.pack(service.persistence)))
    parts.append(nla.attribute(9, _netmask(service)))
    return nla.nested(_SERVICE, parts)


def _netmask(service: model.Service) -> bytes:
    # One attribute, two encodings: a mask in network order for IPv4, a prefix length in host order for IPv6.
    return (nla.u32 if service.key.family == socket.AF_INET6 else _NETMASK_V4).pack(service.netmask)


def decode_service(payload: bytes) -> tuple[model.Service, dict[int, bytes]]:
    """A service, and its raw fields for decode_stats. The 'hashed' flag, always set by the kernel, is no attribute."""
    fields = nla.parse(nla.parse(payload)[_SERVICE])
    key = _decode_key(fields)
    flags = _FLAGS.unpack(fields[7])[0]
    engine = nla.text(fields.get(11, b""))
    timeout = nla.u32.unpack(fields[8])[0]
    masks, every = (nla.u32, model.ALL_V6) if key.family == socket.AF_INET6 else (_NETMASK_V4, model.ALL_V4)
    persistent = bool(flags & _PERSISTENT)
    service = model.Service(
        key=key,
        scheduler=nla.text(fields[6]),
        flags=flags & _SCHEDULER_FLAGS,
        persistence=timeout if persistent else 0,
        netmask=masks.unpack(fields[9])[0] if persistent else every,
        engine=engine if persistent else "",
        one_packet=bool(flags & _ONE_PACKET),
    )
    return service, fields


def _decode_key(fields: dict[int, bytes]) -> model.ServiceKey:
    family = nla.u16.unpack(fields[1])[0]
    if 5 in fields:
        return model.ServiceKey(fwmark=nla.u32.unpack(fields[5])[0], family=family)
    return model.ServiceKey(
        fwmark=0,
        family=family,
        protocol=nla.u16.unpack(fields[2])[0],
        address=_address_text(family, fields[3]),
        port=_PORT.unpack(fields[4])[0],
    )


# --- destinations -----------------------------------------------------------------------------------------------------


def destination_identity(service: model.ServiceKey, key: model.DestKey) -> bytes:
    return service_identity(service) + nla.nested(_DESTINATION, _destination_identity(key))


def _destination_identity(key: model.DestKey) -> list[bytes]:
    return [
        nla.attribute(1, _address(key.family, key.address)),
        nla.attribute(2, _PORT.pack(key.port)),
        nla.attribute(11, nla.u16.pack(key.family)),
    ]


def encode_destination(service: model.ServiceKey, destination: model.Destination) -> bytes:
    parts = _destination_identity(destination.key)
    parts.append(nla.attribute(3, nla.u32.pack(_FORWARD[destination.forward])))
    parts.append(nla.attribute(4, nla.u32.pack(destination.weight)))
    parts.append(nla.attribute(5, nla.u32.pack(destination.upper_threshold)))
    parts.append(nla.attribute(6, nla.u32.pack(destination.lower_threshold)))
    if destination.tunnel:
        parts.append(nla.attribute(13, bytes([_TUNNEL[destination.tunnel.type]])))
        parts.append(nla.attribute(14, _PORT.pack(destination.tunnel.port)))
        parts.append(nla.attribute(15, nla.u16.pack(_CHECKSUM[destination.tunnel.checksum])))
    return service_identity(service) + nla.nested(_DESTINATION, parts)


def decode_destination(payload: bytes, family: int) -> tuple[model.Destination, dict[int, bytes]]:
    """A real server, and its raw fields for decode_counters; family is the service's, for kernels that do not tell."""
    fields = nla.parse(nla.parse(payload)[_DESTINATION])
    if 11 in fields:
        family = nla.u16.unpack(fields[11])[0]
    number = nla.u32.unpack(fields[3])[0] & 0x7
    forward = _FORWARD_NAMES.get(number, str(number))
    destination = model.Destination(
        key=model.DestKey(family=family, address=_address_text(family, fields[1]), port=_PORT.unpack(fields[2])[0]),
        forward=forward,
        weight=nla.u32.unpack(fields[4])[0],
        upper_threshold=nla.u32.unpack(fields[5])[0],
        lower_threshold=nla.u32.unpack(fields[6])[0],
        tunnel=_decode_tunnel(fields) if forward == "tunnel" else None,
    )
    return destination, fields


def _decode_tunnel(fields: dict[int, bytes]) -> model.Tunnel:
    kind = fields.get(13, b"\0")[0]
    flags = nla.u16.unpack(fields[15])[0] if 15 in fields else 0
    return model.Tunnel(
        type=_TUNNEL_NAMES.get(kind, str(kind)),
        port=_PORT.unpack(fields[14])[0] if 14 in fields else 0,
        checksum=_CHECKSUM_NAMES.get(flags, str(flags)),
    )


def decode_counters(fields: dict[int, bytes], stats: bool = False) -> model.Counters:
    active, inactive, persistent = nla.u32.unpack(fields[7])[0], nla.u32.unpack(fields[8])[0], nla.u32.unpack(fields[9])[0]
    return model.Counters(active, inactive, persistent, decode_stats(fields) if stats else None)


def decode_stats(fields: dict[int, bytes]) -> dict[str, int]:
    """The 64-bit counters where the kernel has them, otherwise the older set; the numbers are those of both objects."""
    stats = nla.parse(fields.get(12) or fields.get(10, b""))
    return {name: int.from_bytes(stats[index], sys.byteorder) for index, name in enumerate(_STATS, 1) if index in stats}


# --- timeouts, sync daemons, info -------------------------------------------------------------------------------------


def encode_timeouts(timeouts: model.Timeouts) -> bytes:
    pairs = ((_TIMEOUT_TCP, timeouts.tcp), (_TIMEOUT_TCPFIN, timeouts.tcpfin), (_TIMEOUT_UDP, timeouts.udp))
    return b"".join(nla.attribute(kind, nla.u32.pack(value)) for kind, value in pairs)


def decode_timeouts(payload: bytes) -> model.Timeouts:
    fields = nla.parse(payload)
    kinds = (_TIMEOUT_TCP, _TIMEOUT_TCPFIN, _TIMEOUT_UDP)
    return model.Timeouts(*(nla.u32.unpack(fields[kind])[0] if kind in fields else 0 for kind in kinds))


def daemon_identity(state: str) -> bytes:
    return nla.nested(_DAEMON, [nla.attribute(1, nla.u32.pack(_STATES[state]))])


def encode_daemon(daemon: model.Daemon) -> bytes:
    parts = [
        nla.attribute(1, nla.u32.pack(_STATES[daemon.state])),
        nla.zstring(2, daemon.interface),
        nla.attribute(3, nla.u32.pack(daemon.syncid)),
    ]
    if daemon.maxlen:
        parts.append(nla.attribute(4, nla.u16.pack(daemon.maxlen)))
    if ":" in daemon.group:
        parts.append(nla.attribute(6, socket.inet_pton(socket.AF_INET6, daemon.group)))
    else:
        parts.append(nla.attribute(5, socket.inet_pton(socket.AF_INET, daemon.group)))
    # Unlike every other port in this family, this one travels in host order.
    parts.append(nla.attribute(7, nla.u16.pack(daemon.port)))
    parts.append(nla.attribute(8, bytes([daemon.ttl])))
    return nla.nested(_DAEMON, parts)


def decode_daemon(payload: bytes) -> model.Daemon:
    fields = nla.parse(nla.parse(payload)[_DAEMON])
    if 6 in fields:
        group = socket.inet_ntop(socket.AF_INET6, fields[6])
    else:
        group = socket.inet_ntop(socket.AF_INET, fields[5]) if 5 in fields else model.Daemon("", "").group
    return model.Daemon(
        state=_STATE_NAMES.get(nla.u32.unpack(fields[1])[0], "unknown"),
        interface=nla.text(fields[2]),
        syncid=nla.u32.unpack(fields[3])[0],
        maxlen=nla.u16.unpack(fields[4])[0] if 4 in fields else 0,
        group=group,
        port=nla.u16.unpack(fields[7])[0] if 7 in fields else 8848,
        ttl=fields[8][0] if 8 in fields else 1,
    )


def decode_info(payload: bytes) -> model.Info:
    fields = nla.parse(payload)
    version = nla.u32.unpack(fields[1])[0]
    return model.Info(f"{version >> 16 & 0xFF}.{version >> 8 & 0xFF}.{version & 0xFF}", nla.u32.unpack(fields[2])[0])

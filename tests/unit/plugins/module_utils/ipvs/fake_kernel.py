# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An IPVS kernel in memory, with the real one's rules (net/netfilter/ipvs/ip_vs_ctl.c), speaking its messages.

It takes and gives bytes, and frames them with code of its own, so that the codec has something to disagree with.
"""

from __future__ import annotations

import copy
import errno
import ipaddress
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.netlink import Request

SCHEDULERS = {"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "none"}
ENGINES = {"sip"}
INET, INET6 = 2, 10
TUNNEL = 2

# family, fwmark, protocol, address, port
Key = tuple[int, int, int, bytes, int]
DestKey = tuple[int, bytes, int]


class Refused(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(errno.errorcode[code])
        self.code = code


@dataclass
class FakeDest:
    forward: int
    weight: int
    upper: int
    lower: int
    tunnel: tuple[int, int, int] = (0, 0, 0)
    active: int = 0
    inactive: int = 0
    persistent: int = 0


@dataclass
class FakeService:
    scheduler: str
    flags: int
    timeout: int
    netmask: bytes
    engine: str = ""
    dests: dict[DestKey, FakeDest] = field(default_factory=dict)


def pack(kind: int, payload: bytes) -> bytes:
    return struct.pack("=HH", len(payload) + 4, kind) + payload + b"\0" * (-len(payload) % 4)


def unpack(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack("=HH", data[:4])
        assert 4 <= length <= len(data), "a broken attribute reached the kernel"
        found[kind & 0x3FFF] = data[4:length]
        data = data[(length + 3) // 4 * 4 :]
    return found


def number(payload: bytes) -> int:
    return int.from_bytes(payload, "little" if struct.pack("=H", 1)[0] else "big")


class FakeKernel:
    """services is the table. on_change sees the table after every single change; before_request may tamper with it."""

    def __init__(self) -> None:
        self.services: dict[Key, FakeService] = {}
        self.timeouts = [900, 120, 300]
        self.daemons: dict[int, dict[int, bytes]] = {}
        self.interfaces = {"eth0", "lo"}
        self.privileged = True
        self.requests: list[int] = []
        self.reads = 0
        self.on_change: Callable[[FakeKernel], None] = lambda kernel: None
        self.before_request: Callable[[FakeKernel, int], None] = lambda kernel, command: None

    # --- the seam ---------------------------------------------------------------------------------------------------

    def batch(self, requests: Sequence[Request]) -> list[int]:
        return [self._one(request) for request in requests]

    def get(self, request: Request) -> bytes:
        answers = self._read(request, dump=False)
        return answers[0]

    def dump(self, request: Request) -> list[bytes]:
        return self._read(request, dump=True)

    def snapshot(self) -> dict[Key, FakeService]:
        return copy.deepcopy(self.services)

    # --- changes ----------------------------------------------------------------------------------------------------

    def _one(self, request: Request) -> int:
        self.before_request(self, request.command)
        self.requests.append(request.command)
        try:
            if not self.privileged:
                raise Refused(errno.EPERM)
            self._change(request.command, unpack(request.attributes))
        except Refused as refused:
            return refused.code
        self.on_change(self)
        return 0

    def _change(self, command: int, attributes: dict[int, bytes]) -> None:
        if command == 12:
            for index, kind in enumerate((4, 5, 6)):
                # 0 keeps the timeout.
                self.timeouts[index] = number(attributes.get(kind, b"\0")) or self.timeouts[index]
        elif command in (9, 10):
            self._daemon(command, unpack(attributes[3]))
        elif command in (1, 2, 3):
            self._service(command, unpack(attributes[1]))
        elif command in (5, 6, 7):
            self._dest(command, unpack(attributes[1]), unpack(attributes[2]))
        else:
            raise Refused(errno.EOPNOTSUPP)

    def _key(self, fields: dict[int, bytes]) -> Key:
        family = number(fields[1])
        if family not in (INET, INET6):
            raise Refused(errno.EAFNOSUPPORT)
        if 5 in fields:
            return family, number(fields[5]), 0, b"", 0
        if not {2, 3, 4} <= set(fields):
            raise Refused(errno.EINVAL)
        assert len(fields[3]) == 16, "the address union has sixteen bytes"
        return family, 0, number(fields[2]), fields[3], int.from_bytes(fields[4], "big")

    def _service(self, command: int, fields: dict[int, bytes]) -> None:
        key = self._key(fields)
        found = self.services.get(key)
        if command == 3:
            if not found:
                raise Refused(errno.ESRCH)
            del self.services[key]
            return
        if not {6, 7, 8, 9} <= set(fields):
            raise Refused(errno.EINVAL)
        if command == 1 and found:
            raise Refused(errno.EEXIST)
        if command == 2 and not found:
            raise Refused(errno.ESRCH)
        scheduler, engine = (fields.get(kind, b"").rstrip(b"\0").decode() for kind in (6, 11))
        if scheduler not in SCHEDULERS or (engine and engine not in ENGINES):
            raise Refused(errno.ENOENT)
        if key[0] == INET6 and not 1 <= number(fields[9]) <= 128:
            raise Refused(errno.EINVAL)
        flags, mask = struct.unpack("=II", fields[7])
        old = found.flags if found else 0
        service = FakeService(scheduler, (old & ~mask) | (flags & mask), number(fields[8]), fields[9], engine)
        service.dests = found.dests if found else {}
        self.services[key] = service

    def _dest(self, command: int, service: dict[int, bytes], fields: dict[int, bytes]) -> None:
        key = self._key(service)
        found = self.services.get(key)
        if not found:
            raise Refused(errno.ESRCH)
        family = number(fields[11]) if 11 in fields else key[0]
        identity = (family, fields[1], int.from_bytes(fields[2], "big"))
        if command == 7:
            if identity not in found.dests:
                raise Refused(errno.ENOENT)
            del found.dests[identity]
            return
        dest = self._full_dest(key, family, fields)
        if command == 5 and identity in found.dests:
            raise Refused(errno.EEXIST)
        if command == 6 and identity not in found.dests:
            raise Refused(errno.ENOENT)
        if command == 6:
            old = found.dests[identity]
            dest.active, dest.inactive, dest.persistent = old.active, old.inactive, old.persistent
        found.dests[identity] = dest

    def _full_dest(self, service: Key, family: int, fields: dict[int, bytes]) -> FakeDest:
        if not {3, 4, 5, 6} <= set(fields):
            raise Refused(errno.EINVAL)
        tunnel = (number(fields.get(13, b"\0")), int.from_bytes(fields.get(14, b"\0"), "big"), number(fields.get(15, b"\0")))
        dest = FakeDest(number(fields[3]), number(fields[4]), number(fields[5]), number(fields[6]), tunnel)
        if family != service[0] and (self.daemons or dest.forward != TUNNEL):
            raise Refused(errno.EINVAL)
        if dest.weight >= 1 << 31 or dest.lower > dest.upper:
            raise Refused(errno.ERANGE)
        if tunnel[0] == 1 and not tunnel[1]:
            raise Refused(errno.EINVAL)
        if ipaddress.ip_address(fields[1][:4] if family == INET else fields[1]).is_multicast:
            raise Refused(errno.EINVAL)
        return dest

    def _daemon(self, command: int, fields: dict[int, bytes]) -> None:
        state = number(fields[1])
        if command == 10:
            if state not in self.daemons:
                raise Refused(errno.ESRCH)
            del self.daemons[state]
            return
        if state in self.daemons:
            raise Refused(errno.EEXIST)
        if not {2, 3} <= set(fields) or any(family != key[0] for key, service in self.services.items() for family, _a, _p in service.dests):
            raise Refused(errno.EINVAL)
        if fields[2].rstrip(b"\0").decode() not in self.interfaces:
            raise Refused(errno.ENODEV)
        defaults = {4: struct.pack("=H", 1472), 7: struct.pack("=H", 8848), 8: b"\x01"}
        if 6 not in fields:
            defaults[5] = bytes([224, 0, 0, 81])
        self.daemons[state] = {**defaults, **fields}

    # --- reads ------------------------------------------------------------------------------------------------------

    def _read(self, request: Request, dump: bool) -> list[bytes]:
        self.reads += 1
        if not self.privileged:
            raise OSError(errno.EPERM, "")
        attributes = unpack(request.attributes)
        if request.command == 4:
            return self._read_services(None if dump else self._key(unpack(attributes[1])))
        if request.command == 8:
            # A dump of a missing service is empty, not an error.
            service = self.services.get(self._key(unpack(attributes[1])))
            return [pack(2, b"".join(_dest_attributes(key, dest))) for key, dest in service.dests.items()] if service else []
        if request.command == 11:
            return [pack(3, b"".join(pack(kind, value) for kind, value in sorted(daemon.items()))) for daemon in self.daemons.values()]
        if request.command == 13:
            return [b"".join(pack(kind, struct.pack("=I", value)) for kind, value in zip((4, 5, 6), self.timeouts))]
        assert request.command == 15
        return [pack(1, struct.pack("=I", 0x010201)) + pack(2, struct.pack("=I", 4096))]

    def _read_services(self, wanted: Key | None) -> list[bytes]:
        if wanted is None:
            return [pack(1, b"".join(_service_attributes(key, service))) for key, service in self.services.items()]
        if wanted not in self.services:
            raise OSError(errno.ESRCH, "")
        return [pack(1, b"".join(_service_attributes(wanted, self.services[wanted])))]


def _service_attributes(key: Key, service: FakeService) -> Iterator[bytes]:
    family, fwmark, protocol, address, port = key
    yield pack(1, struct.pack("=H", family))
    if fwmark:
        yield pack(5, struct.pack("=I", fwmark))
    else:
        yield pack(2, struct.pack("=H", protocol))
        yield pack(3, address)
        yield pack(4, struct.pack("!H", port))
    yield pack(6, service.scheduler.encode() + b"\0")
    if service.engine:
        yield pack(11, service.engine.encode() + b"\0")
    # Always reported as hashed.
    yield pack(7, struct.pack("=II", service.flags | 2, 0xFFFFFFFF))
    yield pack(8, struct.pack("=I", service.timeout))
    yield pack(9, service.netmask)
    yield pack(12, b"".join(pack(kind, struct.pack("=Q", 100 + kind)) for kind in range(1, 11)))


def _dest_attributes(key: DestKey, dest: FakeDest) -> Iterator[bytes]:
    family, address, port = key
    yield pack(1, address)
    yield pack(2, struct.pack("!H", port))
    numbers: dict[int, Any] = {
        3: dest.forward,
        4: dest.weight,
        5: dest.upper,
        6: dest.lower,
        7: dest.active,
        8: dest.inactive,
        9: dest.persistent,
    }
    for kind, value in numbers.items():
        yield pack(kind, struct.pack("=I", value))
    yield pack(12, b"".join(pack(kind, struct.pack("=Q", 200 + kind)) for kind in range(1, 11)))
    yield pack(11, struct.pack("=H", family))
    yield pack(13, bytes([dest.tunnel[0]]))
    yield pack(14, struct.pack("!H", dest.tunnel[1]))
    yield pack(15, struct.pack("=H", dest.tunnel[2]))

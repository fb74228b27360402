# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one seam to the kernel: generic netlink requests out, acknowledgements and dumps back.

Everything above it takes a Kernel; tests hand in one that lives in memory.
"""

from __future__ import annotations

import contextlib
import errno as errnos
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.attributes import parse, u16, zstring
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import NoAnswer, NotAvailable, from_errno

__all__ = ["Connection", "Kernel", "Request", "connect"]

_GENERIC = 16
_SOL_NETLINK = 270
_CAP_ACK = 10
_RCVBUFFORCE = 33

_F_REQUEST, _F_ACK, _F_DUMP = 0x1, 0x4, 0x300
_NOOP, _ERROR, _DONE = 1, 2, 3
_CONTROLLER, _GETFAMILY = 16, 3
_FAMILY_ID, _FAMILY_NAME = 1, 2

_MESSAGE = struct.Struct("=IHHII")
_GENL = struct.Struct("=BBH")
_ERRNO = struct.Struct("=i")

# Large enough to amortise the system call, small enough that the acknowledgements fit any receive buffer.
_BATCH = 100
# The kernel never puts more than 32 KiB of a dump into one message; a larger buffer would be mapped anew for each call.
_RECEIVE = 1 << 16
_BUFFER = 4 << 20
# Adding the first service of a scheduler makes the kernel load a module within the request.
_PATIENCE = 60


@dataclass(frozen=True)
class Request:
    """One generic netlink command with its encoded attributes."""

    command: int
    attributes: bytes = b""


class Kernel(Protocol):
    def batch(self, requests: Sequence[Request]) -> list[int]:
        """Carry out all requests in order; per request 0 or the errno with which it was refused."""

    def dump(self, request: Request) -> list[bytes]:
        """The attributes of every object in the answer to a dump request."""

    def get(self, request: Request) -> bytes:
        """The attributes of the single object a request answers with."""


class Connection:
    """A socket bound to one generic netlink family."""

    def __init__(self, sock: socket.socket, family: int = _CONTROLLER, version: int = 1) -> None:
        self._socket = sock
        self._family = family
        self._version = version
        self._sequence = 0

    def resolve(self, name: str) -> Connection:
        """The same socket, speaking to the family of that name. LookupError when the kernel does not have it."""
        try:
            answer = self.get(Request(_GETFAMILY, zstring(_FAMILY_NAME, name)))
        except OSError as error:
            if error.errno == errnos.ENOENT:
                raise LookupError(name) from error
            raise
        self._family = u16.unpack(parse(answer)[_FAMILY_ID])[0]
        return self

    def batch(self, requests: Sequence[Request]) -> list[int]:
        results: list[int] = []
        for start in range(0, len(requests), _BATCH):
            results.extend(self._batch(requests[start : start + _BATCH]))
        return results

    def dump(self, request: Request) -> list[bytes]:
        return list(self._answers(self._send([request], _F_REQUEST | _F_DUMP)))

    def get(self, request: Request) -> bytes:
        answers = list(self._answers(self._send([request], _F_REQUEST | _F_ACK)))
        if not answers:
            raise OSError(errnos.ENODATA, os.strerror(errnos.ENODATA))
        return answers[0]

    def _batch(self, requests: Sequence[Request]) -> list[int]:
        """The last message is an empty one that the kernel only acknowledges: by then it has answered the others.

        One answer may be missing. The kernel never acknowledges a request that ended in EINTR, which stopping a sync
        daemon does when its thread has not run yet.
        """
        first = self._send(requests, _F_REQUEST | _F_ACK, barrier=True)
        results = [errnos.EINTR] * len(requests)
        while True:
            for kind, sequence, payload in self._receive():
                index = sequence - first
                if kind == _ERROR and 0 <= index < len(results):
                    results[index] = -_ERRNO.unpack_from(payload)[0]
                elif index == len(results):
                    return results

    def _send(self, requests: Sequence[Request], flags: int, barrier: bool = False) -> int:
        first = self._sequence + 1
        parts = []
        for request in requests:
            self._sequence += 1
            body = _GENL.pack(request.command, self._version, 0) + request.attributes
            parts.append(_MESSAGE.pack(_MESSAGE.size + len(body), self._family, flags, self._sequence, 0) + body)
        if barrier:
            self._sequence += 1
            parts.append(_MESSAGE.pack(_MESSAGE.size, _NOOP, _F_REQUEST | _F_ACK, self._sequence, 0))
        with _broken_line():
            self._socket.send(b"".join(parts))
        return first

    def _receive(self) -> Iterator[tuple[int, int, bytes]]:
        with _broken_line():
            data = self._socket.recv(_RECEIVE)
        offset = 0
        while offset + _MESSAGE.size <= len(data):
            length, kind, _flags, sequence, _port = _MESSAGE.unpack_from(data, offset)
            if length < _MESSAGE.size:
                return
            yield kind, sequence, data[offset + _MESSAGE.size : offset + length]
            offset += (length + 3) & ~3

    def _answers(self, request: int) -> Iterator[bytes]:
        """The attributes of every data message that answers one request, until the kernel ends it."""
        while True:
            for kind, sequence, payload in self._receive():
                # Leftovers of an earlier request that ended in an error.
                if sequence != request:
                    continue
                if kind not in (_ERROR, _DONE):
                    yield payload[_GENL.size :]
                    continue
                code = -_ERRNO.unpack_from(payload)[0] if len(payload) >= _ERRNO.size else 0
                if code:
                    raise OSError(code, os.strerror(code))
                return


@contextlib.contextmanager
def _broken_line() -> Iterator[None]:
    """The socket's own errors; those that the kernel answers with are raised elsewhere."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or f"no answer within {_PATIENCE} s"
        raise NoAnswer(
            f"The connection to the kernel broke ({reason}). What was sent last may have been carried out; run the task again.",
            "netlink",
            error.errno,
        ) from error


def connect(subject: str = "the IPVS table") -> Connection:
    """The running kernel's IPVS family. Asking for it makes a modular kernel load ip_vs."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _GENERIC)
    sock.settimeout(_PATIENCE)
    sock.bind((0, 0))
    for level, option, value in ((socket.SOL_SOCKET, _RCVBUFFORCE, _BUFFER), (_SOL_NETLINK, _CAP_ACK, 1)):
        # Both only save memory: without them answers are longer or the buffer has its default size.
        with contextlib.suppress(OSError):
            sock.setsockopt(level, option, value)
    try:
        return Connection(sock).resolve("IPVS")
    except LookupError as error:
        raise NotAvailable(
            f"Cannot reach {subject}: the running kernel has no IPVS. "
            "Install a kernel with the ip_vs module; in a container, load the module on its host.",
            subject,
            errnos.ENOENT,
        ) from error
    except OSError as error:
        raise from_errno("reach", "family", subject, error.errno or errnos.EIO) from error

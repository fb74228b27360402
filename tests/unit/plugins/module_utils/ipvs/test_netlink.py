# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Framing: requests in one send, answers in any number of pieces; and the running kernel's own controller."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import netlink
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.attributes import attribute, parse, u16, zstring
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import NoAnswer, NotAvailable, NotPermitted
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.netlink import Connection, Request

ERROR, DONE, DATA = 2, 3, 40


def message(kind: int, sequence: int, payload: bytes) -> bytes:
    padding = b"\0" * (-len(payload) % 4)
    return struct.pack("=IHHII", 16 + len(payload), kind, 0, sequence, 0) + payload + padding


def answer(sequence: int, code: int = 0) -> bytes:
    return message(ERROR, sequence, struct.pack("=i", -code) + b"\0" * 16)


def data(sequence: int, payload: bytes) -> bytes:
    return message(DATA, sequence, b"\x01\x01\0\0" + payload)


class Script:
    """A socket that plays what it was given, and remembers what it was sent."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.sent: list[list[tuple[int, int, int, bytes]]] = []

    def send(self, buffer: bytes) -> int:
        messages = []
        while buffer:
            length, kind, flags, sequence, _port = struct.unpack("=IHHII", buffer[:16])
            messages.append((kind, flags, sequence, buffer[16:length]))
            buffer = buffer[length:]
        self.sent.append(messages)
        return 0

    def recv(self, _size: int) -> bytes:
        return self.pieces.pop(0)


def connection(*pieces: bytes) -> tuple[Connection, Script]:
    script = Script(*pieces)
    return Connection(script, DATA), script  # type: ignore[arg-type]


def test_a_batch_is_one_send_and_keeps_its_order() -> None:
    link, script = connection(answer(2, errno.EEXIST), answer(1) + answer(3), answer(4))
    assert link.batch([Request(1, b"a" * 4), Request(2), Request(3)]) == [0, errno.EEXIST, 0]
    # The last is empty, and only there to be acknowledged.
    sent = [(kind, flags, sequence) for kind, flags, sequence, _body in script.sent[0]]
    assert sent == [(DATA, 5, 1), (DATA, 5, 2), (DATA, 5, 3), (1, 5, 4)]
    assert len(script.sent) == 1
    assert script.sent[0][0][3] == b"\x01\x01\0\0aaaa"


def test_a_long_batch_waits_for_each_hundred() -> None:
    link, script = connection(b"".join(answer(n) for n in range(1, 102)), b"".join(answer(n) for n in range(102, 153)))
    assert link.batch([Request(1)] * 150) == [0] * 150
    assert [len(sent) for sent in script.sent] == [101, 51]


def test_a_request_that_is_never_acknowledged_was_interrupted() -> None:
    link, _script = connection(answer(1) + answer(3), answer(4))
    assert link.batch([Request(1), Request(2), Request(3)]) == [0, errno.EINTR, 0]


@pytest.mark.parametrize("error", [TimeoutError("timed out"), OSError(errno.ENOBUFS, "No buffer space available")])
def test_a_broken_connection_is_an_error_of_its_own(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    link, script = connection()

    def broken(_size: int) -> bytes:
        raise error

    monkeypatch.setattr(script, "recv", broken)
    with pytest.raises(NoAnswer, match=r"(no answer within 60 s|No buffer space).*run the task again"):
        link.batch([Request(1)])


def test_an_empty_batch_sends_nothing() -> None:
    link, script = connection()
    assert link.batch([]) == []
    assert script.sent == []


def test_a_dump_in_pieces() -> None:
    # Messages are padded to four bytes, which their length does not count.
    link, script = connection(data(1, b"one") + data(1, b"two!"), data(1, b"three"), message(DONE, 1, b"\0\0\0\0"))
    assert link.dump(Request(4)) == [b"one", b"two!", b"three"]
    assert script.sent[0][0][1] == 0x301


def test_a_dump_that_the_kernel_ends_with_an_error() -> None:
    link, _script = connection(data(1, b"one!"), message(DONE, 1, struct.pack("=i", -errno.EINVAL)))
    with pytest.raises(OSError) as caught:
        link.dump(Request(4))
    assert caught.value.errno == errno.EINVAL


def test_leftovers_of_an_earlier_request_are_not_taken_for_an_answer() -> None:
    link, _script = connection(answer(1, errno.ESRCH), data(1, b"old!") + data(2, b"new!") + answer(2))
    with pytest.raises(OSError):
        link.get(Request(4))
    assert link.get(Request(4)) == b"new!"


def test_an_acknowledgement_without_data_is_no_answer() -> None:
    link, _script = connection(answer(1))
    with pytest.raises(OSError) as caught:
        link.get(Request(4))
    assert caught.value.errno == errno.ENODATA


def test_a_family_is_resolved_by_name() -> None:
    link, script = connection(message(16, 1, b"\x01\x02\0\0" + attribute(1, u16.pack(77))) + answer(1), answer(2) + answer(3))
    link.resolve("IPVS").batch([Request(1)])
    assert parse(script.sent[0][0][3][4:]) == {2: b"IPVS\0"}
    assert script.sent[1][0][0] == 77


@pytest.mark.parametrize(("code", "expected"), [(errno.ENOENT, NotAvailable), (errno.EPERM, NotPermitted)])
def test_no_family_and_no_permission(code: int, expected: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def plugged(*_args: Any) -> Any:
        script: Any = Script(answer(1, code))
        script.settimeout = script.bind = script.setsockopt = lambda *_unused: None
        return script

    monkeypatch.setattr(socket, "socket", plugged)
    with pytest.raises(expected, match="IPVS"):
        netlink.connect()


@pytest.fixture(name="controller")
def _controller() -> Callable[[], Connection]:
    try:
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        sock.bind((0, 0))
    except OSError as error:
        pytest.skip(f"no generic netlink here: {error}")
    sock.settimeout(5)
    return lambda: Connection(sock)


def test_the_running_kernel_understands_the_framing(controller: Callable[[], Connection]) -> None:
    """Its controller is a family like any other: ask it for itself, for a list, for nonsense, and for several things at once."""
    link = controller()
    itself = parse(link.get(Request(3, zstring(2, "nlctrl"))))
    assert (u16.unpack(itself[1])[0], itself[2]) == (16, b"nlctrl\0")
    assert b"nlctrl\0" in [parse(payload)[2] for payload in link.dump(Request(3))]
    with pytest.raises(LookupError):
        link.resolve("no-such-family")
    assert link.batch([Request(3, zstring(2, "nlctrl")), Request(3, zstring(2, "none-such")), Request(3)]) == [
        0,
        errno.ENOENT,
        errno.EINVAL,
    ]

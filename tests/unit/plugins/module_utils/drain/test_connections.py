# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's list of connections is read right, and waited for within bounds."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.steadfast.edge.plugins.module_utils._drain.connections import Connection, Meant, connections, wait


def test_a_real_connection_is_found_with_both_its_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, _peer = server.accept()
        with accepted:
            port = server.getsockname()[1]
            assert Connection("127.0.0.1", port, "127.0.0.1") in list(connections())
            assert Connection("127.0.0.1", client.getsockname()[1], "127.0.0.1") in list(connections())


def test_ipv4_in_ipv6_is_ipv4(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    mapped = "0000000000000000FFFF0000150200C0:1F90 0000000000000000FFFF00005A0200C0:D431"
    lines = ["  sl  local remote st", f"   0: {mapped} 01 0:0", f"   1: {mapped} 06 0:0", "   2: 150200C0:0050 00000000:0000 0A 0:0"]
    (tmp_path / "net/tcp6").write_text("\n".join(lines) + "\n")
    assert list(connections(tmp_path)) == [Connection("192.0.2.21", 8080, "192.0.2.90")]


def test_only_what_is_meant_counts() -> None:
    found = Connection("192.0.2.150", 80, "192.0.2.90")
    assert Meant([80])(found)
    assert Meant([80], ["192.0.2.150"], ["192.0.2.90"])(found)
    assert not any(meant(found) for meant in (Meant([81]), Meant([80], ["192.0.2.21"]), Meant([80], [], ["192.0.2.11"])))


def test_waiting_ends_with_the_connections_or_with_the_time() -> None:
    clock = [0.0]
    left = [3]

    def listed() -> Iterator[Connection]:
        yield from [Connection("192.0.2.150", 80, "192.0.2.90")] * left[0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds
        left[0] = max(1, left[0] - 1)

    first, rest, seconds = wait(listed, Meant([80]), 1, 60, lambda: clock[0], sleep)
    assert (len(first), len(rest), seconds) == (3, 1, 0.5)
    first, rest, seconds = wait(listed, Meant([80]), 0, 5, lambda: clock[0], sleep)
    assert (len(first), len(rest), seconds) == (1, 1, 5)

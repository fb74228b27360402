# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds many TCP connections to a web server and goes on asking over each of them, until a file appears.

Runs on a client: `python3 - ADDRESS NUMBER FILE < talkers.py`. Prints the connections' own ports as a JSON list once each has had some
answers, and in the end a JSON object: how many answers there were, and when and why connections ended. None may end by itself: a lost
packet is sent again by TCP.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from pathlib import Path

PAUSE = 0.25
# TCP itself tries again, at growing distances; so long may one answer take.
PATIENCE = 60
LONGEST = 400
FIRST = 5


class Talk:
    """What all connections have seen together."""

    def __init__(self, address: str, stop: str) -> None:
        self.address = address
        self.stop = stop
        self.until = time.monotonic() + LONGEST
        self.answers: list[int] = []
        self.ports: list[int] = []
        self.ends: list[tuple[float, str]] = []

    def over(self) -> bool:
        return Path(self.stop).exists() or time.monotonic() > self.until

    def hold(self, number: int) -> None:
        try:
            with socket.create_connection((self.address, 80), timeout=PATIENCE) as connection:
                self.ports.append(connection.getsockname()[1])
                while not self.over():
                    self.ask(connection)
                    self.answers[number] += 1
                    time.sleep(PAUSE)
        except OSError as error:
            self.ends.append((time.time(), f"{type(error).__name__}: {error}"))

    def ask(self, connection: socket.socket) -> None:
        connection.sendall(f"GET /healthz HTTP/1.1\r\nHost: {self.address}\r\n\r\n".encode())
        seen = b""
        while not seen.endswith(b"ok\n"):
            part = connection.recv(4096)
            if not part:
                raise ConnectionError("closed by the server")
            seen += part


def main(address: str, number: int, stop: str) -> None:
    talk = Talk(address, stop)
    talk.answers = [0] * number
    threads = [threading.Thread(target=talk.hold, args=(each,)) for each in range(number)]
    for thread in threads:
        thread.start()
        time.sleep(0.01)
    while min(talk.answers) < FIRST and not talk.ends and not talk.over():
        time.sleep(0.1)
    print(json.dumps(talk.ports), flush=True)
    for thread in threads:
        thread.join()
    print(json.dumps({"answers": sum(talk.answers), "ends": talk.ends}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])

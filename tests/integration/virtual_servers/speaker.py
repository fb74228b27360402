# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells whoever asks the name of its host, by UDP and, in the shortest HTTP, by TCP. Runs on its own: speaker.py ADDRESS... PORT..."""

from __future__ import annotations

import socket
import socketserver
import sys
import threading

NAME = socket.gethostname().encode()


class Page(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        # A check says nothing.
        if self.rfile.readline():
            self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + NAME + b"\n")


class Datagram(socketserver.DatagramRequestHandler):
    def handle(self) -> None:
        self.wfile.write(NAME)


class Pages(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


def main(words: list[str]) -> None:
    ports = [int(word) for word in words if word.isdigit()]
    # An answer to a datagram comes from the address that was asked, so each has a socket.
    places = [(word, port) for word in words if not word.isdigit() for port in ports]
    servers = [*(Pages(("", port), Page) for port in ports), *(socketserver.UDPServer(place, Datagram) for place in places)]
    for server in servers:
        threading.Thread(target=server.serve_forever).start()


if __name__ == "__main__":
    main(sys.argv[1:])

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A layer 4 origin: answers over TCP and UDP with its own name, a line end, and every byte that it is sent."""

from __future__ import annotations

import socket
import socketserver
import sys
import threading

NAME = socket.gethostname().encode() + b"\n"


class Stream(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(NAME)
        while part := self.request.recv(65536):
            self.request.sendall(part)


class Datagram(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        body, sock = self.request
        sock.sendto(NAME + body, self.client_address)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    port = int(sys.argv[1])
    threading.Thread(target=socketserver.UDPServer(("", port), Datagram).serve_forever, daemon=True).start()
    Server(("", port), Stream).serve_forever()

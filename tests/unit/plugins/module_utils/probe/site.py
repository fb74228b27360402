# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on loopback that answers in all the ways in which servers fail."""

from __future__ import annotations

import datetime
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Site:
    """Listens for as long as its `with` lasts."""

    def __init__(self, pem: Path | None = None) -> None:
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.connections = 0
        self.turn = 0
        self.lock = threading.Lock()
        # What is answered together waits for its companions; nobody waits for ever.
        self.together = threading.Barrier(2, timeout=60)
        self._closing = threading.Event()
        self._handlers: list[Handler] = []
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.site = self
        if pem:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem)
            # The handshake belongs to the connection's own thread.
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_port
        self.fileno = self._server.fileno()
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(self, *_error: Any) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self.close_connections()
        self._server.server_close()

    def opened(self, handler: Handler) -> None:
        self.connections += 1
        self._handlers.append(handler)

    def wait(self, seconds: float) -> bool:
        """Whether the site closes meanwhile."""
        return self._closing.wait(seconds)

    def close_connections(self) -> None:
        """As a server does with those that have been idle for too long."""
        for handler in self._handlers:
            try:
                handler.connection.shutdown(2)
            except OSError:
                continue  # it is gone already


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100
    site: Site

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    """The path says how to answer."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.requests = 0
        self.server.site.opened(self)

    def do_GET(self) -> None:
        site = self.server.site
        self.requests += 1
        with site.lock:
            site.seen.append((self.path, dict(self.headers.items())))
            site.turn += 1
            self.turn = site.turn
        kind = self.path.split("?")[0].split("/")[1]
        getattr(self, f"answer_{kind.replace('-', '_')}")()

    def answer_ok(self, status: int = 200, length: int = 5) -> None:
        self.send_response(status)
        self.send_header("X-Server", "one")
        self.send_header("Content-Length", str(length))
        if self.headers["Connection"] == "close":
            self.send_header("Connection", "close")  # as nginx says it, so that the client closes too
        self.end_headers()
        self.wfile.write(b"hello")

    def answer_status(self) -> None:
        self.answer_ok(int(self.path.rsplit("/", 1)[1]))

    def answer_never(self) -> None:
        self.server.site.wait(60)

    def answer_together(self) -> None:
        """Nobody is answered until so many have asked."""
        self.server.site.together.wait()
        self.answer_ok()

    def answer_drip(self) -> None:
        """Never silent for long, and never done."""
        self.answer_ok(length=1000)
        while not self.server.site.wait(0.1):
            self.wfile.write(b".")

    def answer_cut(self) -> None:
        self.answer_ok(length=100)
        self.close_connection = True

    def answer_cut_chunks(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nhello\r\n")
        self.close_connection = True

    def answer_silent(self) -> None:
        self.close_connection = True

    def answer_flaky(self) -> None:
        self.answer_ok(503 if self.turn <= 3 else 200)

    def answer_once(self) -> None:
        """A connection that takes a second request and closes without a word."""
        if self.requests == 1:
            self.answer_ok()
        else:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""


def certificate(folder: Path, name: str) -> Path:
    """A key and a certificate for the name that vouches for itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    pem = folder / "site.pem"
    pem.write_bytes(secret + built.public_bytes(serialization.Encoding.PEM))
    return pem

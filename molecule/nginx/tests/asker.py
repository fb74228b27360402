# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host of the lab and sends what it is told to: one JSON object a line comes in, one goes out for each as it ends.

Standard library alone and a single file; remote.py starts it and documents what an order may say.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import socket
import ssl
import sys
import threading
from typing import Any

HELD: dict[int, Any] = {}  # connections that stay open until they are dropped
LOCK = threading.Lock()


def connected(order: dict[str, Any]) -> socket.socket:
    """A connection, over TLS where the order has it, on which the order's first bytes have been sent."""
    sock = socket.create_connection((order["address"], order["port"]), order["timeout"])
    if order["first"]:
        sock.sendall(order["first"].encode("latin-1"))
    if order["tls"]:
        context = ssl.create_default_context(cafile=order["ca"] or None)
        if not order["ca"]:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(sock, server_hostname=order["name"])
    return sock


def fingerprint(sock: socket.socket) -> str:
    return hashlib.sha256(sock.getpeercert(binary_form=True) or b"").hexdigest() if isinstance(sock, ssl.SSLSocket) else ""


def ask(order: dict[str, Any]) -> dict[str, Any]:
    """An HTTP request. One that is held has its body unread, so that the server goes on serving it."""
    connection = http.client.HTTPConnection(order["address"], order["port"])
    connection.sock = connected(order)
    certificate = fingerprint(connection.sock)
    connection.putrequest(order["method"], order["path"], skip_host=True, skip_accept_encoding=True)
    for name, value in order["headers"]:
        connection.putheader(name, value)
    connection.endheaders(order["body"].encode("latin-1"))
    response = connection.getresponse()
    answer = {"status": response.status, "headers": response.getheaders(), "certificate": certificate}
    if order["hold"]:
        HELD[order["id"]] = (connection, response)
        return {**answer, "body": ""}
    body = response.read().decode("latin-1")
    connection.close()
    return {**answer, "body": body}


def exchange(order: dict[str, Any]) -> dict[str, Any]:
    """Bytes over TCP: sends the body, reads until that many bytes have come or the other side has closed."""
    sock = connected(order)
    sender = threading.Thread(target=send, args=(sock, order["body"].encode("latin-1")))
    sender.start()
    received = b""
    # A reset is a way to close: what was sent is not read any more.
    with contextlib.suppress(ConnectionResetError):
        while len(received) < order["expect"] and (part := sock.recv(65536)):
            received += part
    sender.join()
    sock.close()
    return {"body": received.decode("latin-1")}


def send(sock: socket.socket, body: bytes) -> None:
    with contextlib.suppress(OSError):  # the reader notices it too
        sock.sendall(body)


def datagram(order: dict[str, Any]) -> dict[str, Any]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(order["timeout"])
        sock.sendto(order["body"].encode("latin-1"), (order["address"], order["port"]))
        return {"body": sock.recv(65536).decode("latin-1")}


def finish(order: dict[str, Any]) -> dict[str, Any]:
    """The rest of the body of a request that is held; an error where the server ends it early."""
    connection, response = HELD.pop(order["held"])
    body = response.read().decode("latin-1")
    connection.close()
    return {"body": body}


def drop(order: dict[str, Any]) -> dict[str, Any]:
    for part in reversed(HELD.pop(order["held"])):
        part.close()
    return {}


DO = {"ask": ask, "exchange": exchange, "datagram": datagram, "finish": finish, "drop": drop}


def serve(order: dict[str, Any]) -> None:
    try:
        answer = DO[order["do"]](order)
    # Whatever happens: somebody waits for the answer.
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    with LOCK:
        print(json.dumps({"id": order["id"], **answer}), flush=True)


for line in sys.stdin:
    threading.Thread(target=serve, args=(json.loads(line),), daemon=True).start()

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates are judged by openssl, whoever has signed them."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._command import Runner
from ansible_collections.steadfast.edge.plugins.module_utils._topology.inventory import Inventory
from ansible_collections.steadfast.edge.plugins.module_utils._verify.certificates import DAY, certificate, judge
from ansible_collections.steadfast.edge.plugins.module_utils._verify.places import endpoints


def _execute(argv: Sequence[str], stdin: str | None, environment: Mapping[str, str]) -> tuple[int, str, str]:
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


RUN = Runner(_execute)


@pytest.fixture(name="pair", scope="module")
def fixture_pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key", "-out", folder / "pem", "-days", "30",
         "-subj", "/CN=shop", "-addext", "subjectAltName=DNS:shop.example.com,DNS:*.example.net"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


@contextmanager
def serving(pair: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair / "pem", pair / "key")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            wire, _peer = server.accept()
            with context.wrap_socket(wire, server_side=True) as secured:
                secured.recv(1)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def test_what_an_endpoint_shows(pair: Path) -> None:
    with serving(pair) as port:
        found = certificate(RUN, {"address": "127.0.0.1", "port": port, "name": "shop.example.com"})
    assert found["error"] == ""
    assert found["named"]
    assert 29 < found["days"] <= 30


@pytest.mark.parametrize(("name", "named"), [("shop.example.com", True), ("any.example.net", True), ("other.example.com", False)])
def test_its_names(pair: Path, name: str, named: bool) -> None:
    assert judge(RUN, (pair / "pem").read_text(), name)["named"] is named


def test_its_time(pair: Path) -> None:
    assert judge(RUN, (pair / "pem").read_text(), "shop.example.com", time.time() + 40 * DAY)["days"] < -9


def test_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "refused" in certificate(RUN, {"address": "127.0.0.1", "port": port, "name": "shop.example.com"})["error"]


def test_which_endpoints_speak_tls() -> None:
    servers = [
        {"name": "shop", "tls": {"certificate": "shop"}, "server_names": ["shop.example.com", "~^x", "*.example.net"]},
        {"name": "own", "tls": {"certificate": "own"}, "server_names": ["own.example.com"], "listen": [{"port": 80}, {"port": 8443}]},
        {"name": "plain", "server_names": ["plain.example.com"]},
    ]
    inventory = Inventory({"web1": {"nginx_servers": servers}})
    assert endpoints(inventory, "web1", "192.0.2.21") == [
        {"address": "192.0.2.21", "port": 443, "name": "shop.example.com"},
        {"address": "192.0.2.21", "port": 443, "name": "any.example.net"},
        {"address": "192.0.2.21", "port": 8443, "name": "own.example.com"},
    ]


@pytest.mark.parametrize(
    ("listen", "asked"),
    [
        ({}, ["192.0.2.21"]),
        ({"address": "0.0.0.0"}, ["192.0.2.21"]),
        ({"address": "::"}, ["192.0.2.21"]),
        ({"address": "[::]"}, ["192.0.2.21"]),
        ({"address": "192.0.2.150"}, ["192.0.2.150"]),
        ({"address": "2001:db8::150"}, ["2001:db8::150"]),
        ({"address": "[2001:db8::150]"}, ["2001:db8::150"]),
        # It answers nobody who does not say first for whom he asks.
        ({"proxy_protocol": True}, []),
    ],
)
def test_where_they_are_asked(listen: dict[str, object], asked: list[str]) -> None:
    server = {"name": "shop", "tls": {"certificate": "shop"}, "server_names": ["shop.example.com"], "listen": [{"port": 443, **listen}]}
    found = endpoints(Inventory({"web1": {"nginx_servers": [server]}}), "web1", "192.0.2.21")
    assert [endpoint["address"] for endpoint in found] == asked

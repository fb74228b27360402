# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layer 4: every byte arrives, origins share the connections, and the PROXY protocol carries the client's address."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from .remote import NoAnswer, Remote
from .topology import ADDRESSES, ORIGINS, WEB


def test_tcp_by_bytes(client: Remote) -> None:
    sent = random.Random(1).randbytes(1_000_000).decode("latin-1")
    received = client.exchange(7001, sent, len("origin1\n") + len(sent))
    name, _end, body = received.partition("\n")
    assert name in ORIGINS
    assert body == sent


def test_tcp_connections_are_shared(client: Remote) -> None:
    answered = Counter(client.exchange(7001, "", len("origin1\n")).strip() for _turn in range(30))
    assert answered == dict.fromkeys(ORIGINS, 10)


def test_tcp_connections_of_one_address_stay_together(client: Remote) -> None:
    assert len({client.exchange(7002, "", len("origin1\n")) for _turn in range(10)}) == 1


def test_udp_by_bytes(client: Remote) -> None:
    sent = [f"{number} " * 200 for number in range(30)]
    answers = [answer.partition("\n") for answer in client.datagrams(7001, sent)]
    assert [body for _name, _end, body in answers] == sent
    assert Counter(name for name, _end, _body in answers) == dict.fromkeys(ORIGINS, 10)


ASK = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def test_the_proxy_protocol_tells_origins_who_the_client_is(client: Remote) -> None:
    assert f'"proxy_protocol": "{ADDRESSES["client1"]}"' in client.exchange(7003, ASK, 100_000)


def test_the_proxy_protocol_is_passed_through(client: Remote) -> None:
    first = f"PROXY TCP4 203.0.113.9 {WEB} 40000 7004\r\n"
    assert '"proxy_protocol": "203.0.113.9"' in client.exchange(7004, ASK, 100_000, first=first)


def test_who_does_not_speak_the_proxy_protocol_is_refused(client: Remote) -> None:
    assert client.exchange(7004, ASK, 100_000) == ""


def test_http_servers_take_the_proxy_protocol(client: Remote) -> None:
    first = f"PROXY TCP4 203.0.113.9 {WEB} 40000 8082\r\n"
    answer = client.get("http://proxied.example.com:8082/", first=first)
    assert answer.json["forwarded_for"] == "203.0.113.9"
    with pytest.raises(NoAnswer):
        client.get("http://proxied.example.com:8082/")


def test_tls_ends_at_a_stream_server(client: Remote) -> None:
    received = client.exchange(7443, "hello", len("origin1\nhello"), ca="/srv/edge/ca.crt", name="secure.example.com")
    name, body = received.splitlines()
    assert name in ORIGINS
    assert body == "hello"


def test_a_stream_server_is_for_those_who_are_allowed(client: Remote, from_host: Callable[[str], Remote]) -> None:
    assert client.exchange(7005, "", 8) == ""
    assert from_host("origin1").exchange(7005, "", 8).strip() in ORIGINS

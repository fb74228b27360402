# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How requests are shared among origins, seen by the origins that answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from .remote import Remote
from .topology import ORIGINS

KEYS = range(120)


def site(upstream: str) -> str:
    return f"http://{upstream}.balancing.example.com"


def by_key(client: Remote, upstream: str) -> dict[int, str]:
    """Which origin each key leads to."""
    return {key: client.get(f"{site(upstream)}/?key={key}").origin for key in KEYS}


def test_round_robin_shares_evenly(client: Remote) -> None:
    assert client.origins([site("origins")] * 60) == dict.fromkeys(ORIGINS, 20)


def test_weights_are_respected(client: Remote) -> None:
    assert client.origins([site("weighted")] * 60) == {"origin1": 10, "origin2": 20, "origin3": 30}


def test_least_conn_asks_who_has_the_fewest_connections(client: Remote) -> None:
    held = [client.get(f"{site('least')}/slow", hold=True) for _turn in range(6)]
    try:
        assert Counter(answer.origin for answer in held) == dict.fromkeys(ORIGINS, 2)
        idle = [answer for answer in held if answer.origin == "origin2"]
        client.drop(idle)
        held = [answer for answer in held if answer not in idle]
        more = [client.get(f"{site('least')}/slow", hold=True) for _turn in range(2)]
        held += more
        # A round robin would have gone on to the next ones.
        assert [answer.origin for answer in more] == ["origin2", "origin2"]
    finally:
        client.drop(held)


def test_ip_hash_keeps_a_network_with_its_origin(client: Remote) -> None:
    networks = {f"198.51.{number}": set[str]() for number in range(60)}
    for network, origins in networks.items():
        for host in (1, 77, 200):
            origins.add(client.get(site("iphash"), headers={"X-From": f"{network}.{host}"}).origin)
    assert all(len(origins) == 1 for origins in networks.values()), networks
    shares = Counter(origin for origins in networks.values() for origin in origins)
    assert shares.keys() == set(ORIGINS), shares


def test_random_is_fair_and_no_rotation(client: Remote) -> None:
    answers = [client.get(site("random")).origin for _turn in range(150)]
    assert all(25 <= answers.count(origin) <= 75 for origin in ORIGINS), Counter(answers)
    repeated = sum(1 for one, other in zip(answers, answers[1:]) if one == other)
    assert 25 <= repeated <= 75, repeated


@pytest.mark.parametrize("upstream", ["modulo", "ketama"])
def test_a_hash_keeps_a_key_with_its_origin(client: Remote, upstream: str) -> None:
    first = by_key(client, upstream)
    assert by_key(client, upstream) == first
    shares = Counter(first.values())
    assert all(shares[origin] >= 15 for origin in ORIGINS), shares


def test_a_consistent_hash_moves_only_the_keys_of_the_member_that_leaves(client: Remote) -> None:
    before, after = by_key(client, "ketama"), by_key(client, "ketama_less")
    assert set(after.values()) == {"origin1", "origin2"}
    assert [key for key in KEYS if before[key] != after[key]] == [key for key in KEYS if before[key] == "origin3"]


def test_another_hash_moves_many(client: Remote) -> None:
    before, after = by_key(client, "modulo"), by_key(client, "modulo_less")
    assert set(after.values()) == {"origin1", "origin2"}
    assert sum(before[key] != after[key] for key in KEYS if before[key] != "origin3") >= 20


def test_connections_to_origins_are_kept_and_used_again(client: Remote, workers: Callable[[str], list[int]]) -> None:
    """Counted by the origin: each worker of web1 needs one connection, whatever the number of requests."""
    asked = [client.get(site("kept")).json for _turn in range(40)]
    assert len({answer["connection"] for answer in asked}) <= len(workers("web1"))
    assert max(answer["request_of_connection"] for answer in asked) >= 40 / len(workers("web1"))
    assert {(answer["protocol"], answer["connection_header"]) for answer in asked} == {("HTTP/1.1", "")}


def test_without_keepalive_every_request_has_a_connection_of_its_own(client: Remote) -> None:
    asked = [client.get(site("unkept")).json for _turn in range(20)]
    assert len({answer["connection"] for answer in asked}) == 20
    assert {answer["request_of_connection"] for answer in asked} == {1}


def test_headers_for_origins_are_added_one_by_one(client: Remote) -> None:
    """A location that sets one keeps the others, and can leave one out."""
    asked = client.get(site("kept")).json
    assert (asked["extra"], asked["host"], asked["forwarded_proto"]) == ("kept", "kept.balancing.example.com", "http")
    asked = client.get(f"{site('kept')}/without-extra").json
    assert (asked["extra"], asked["host"], asked["forwarded_proto"]) == ("", "kept.balancing.example.com", "")

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of origins that nginx keeps. Every answer of an origin has an X-Request of its own, so a kept one can be told."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import pytest
from labclient import Lab

from .remote import Answer, Remote, Request
from .topology import ORIGINS

Without = Callable[..., AbstractContextManager[None]]
SITE = "http://cache.example.com"


@pytest.fixture
def page() -> str:
    """A page that nobody has asked for yet, whatever ran before."""
    return uuid4().hex


def seen(answer: Answer) -> str:
    return answer.headers["x-cache-status"]


def request(answer: Answer) -> str:
    return answer.headers["x-request"]


def test_the_second_request_is_a_hit(client: Remote, page: str) -> None:
    answers = [client.get(f"{SITE}/{page}") for _turn in range(3)]
    assert [seen(answer) for answer in answers] == ["MISS", "HIT", "HIT"]
    assert len({request(answer) for answer in answers}) == 1
    assert seen(client.get(f"{SITE}/{page}?other")) == "MISS"


def test_the_status_is_in_the_log_too(client: Remote, lab: Lab, page: str) -> None:
    for _turn in range(2):
        client.get(f"{SITE}/logged-{page}")
    lines = lab.run("web1", "grep", f"logged-{page}", "/var/log/nginx/cache.log").splitlines()
    assert [json.loads(line)["upstream_cache_status"] for line in lines] == ["MISS", "HIT"]


def test_what_may_not_be_kept_is_not(client: Remote, page: str) -> None:
    posted = [client.get(f"{SITE}/{page}", method="POST", body="x") for _turn in range(2)]
    assert len({request(answer) for answer in posted}) == 2
    for headers, query in (({"Authorization": "Basic eDp5"}, ""), ({}, "?fresh=1")):
        answers = [client.get(f"{SITE}/{page}{query}", headers=headers) for _turn in range(2)]
        assert [seen(answer) for answer in answers] == ["BYPASS", "BYPASS"]
        assert len({request(answer) for answer in answers}) == 2
    assert seen(client.get(f"{SITE}/{page}")) == "MISS"


def test_statuses_are_kept_as_told(client: Remote, page: str) -> None:
    assert [seen(client.get(f"{SITE}/missing/{page}")) for _turn in range(2)] == ["MISS", "HIT"]
    assert [seen(client.get(f"{SITE}/broken/{page}")) for _turn in range(2)] == ["MISS", "MISS"]


def test_kept_from_the_second_use_on(client: Remote, page: str) -> None:
    seen_here = [client.get(f"{SITE}/popular/{page}").headers["x-popular"] for _turn in range(3)]
    assert seen_here == ["MISS", "MISS", "HIT"]


def test_a_key_of_ones_own(client: Remote, page: str) -> None:
    answers = [client.get(f"{SITE}/by-path/{page}?turn={turn}") for turn in range(2)]
    assert len({request(answer) for answer in answers}) == 1
    assert "x-cache-status" not in answers[0].headers


def test_an_old_answer_is_better_than_none(client: Remote, without: Without, eventually: Callable[..., Any], page: str) -> None:
    first = client.get(f"{SITE}/brief/{page}")
    # What was fresh for a second is asked for again ...
    eventually(lambda: request(client.get(f"{SITE}/brief/{page}")) != request(first), True)
    kept = client.get(f"{SITE}/brief/{page}")
    with without(*ORIGINS):
        # ... and served all the same while nobody answers.
        eventually(lambda: seen(client.get(f"{SITE}/brief/{page}")), "STALE")
        old = client.get(f"{SITE}/brief/{page}")
        assert (old.status, request(old)) == (200, request(kept))
        assert client.get(f"{SITE}/brief/{page}-unknown").status == 502


def test_of_many_requests_for_the_same_one_reaches_the_origin(client: Remote, page: str) -> None:
    answers = client.together([Request(f"{SITE}/second?{page}") for _turn in range(10)])
    assert {answer.status for answer in answers} == {200}
    assert len({request(answer) for answer in answers}) == 1


def test_caches_lie_where_they_are_told_to_for_nobody_else_to_read(client: Remote, lab: Lab, page: str) -> None:
    client.get(f"{SITE}/{page}")
    for folder in ("/var/cache/nginx-pages", "/var/cache/nginx-of-others"):
        assert lab.run("web1", "stat", "--format", "%U %a", folder).split() == ["www-data", "700"]
    found = lab.run("web1", "grep", "--recursive", "--files-with-matches", "--text", page, "/var/cache/nginx-pages").splitlines()
    assert [len(path.split("/")) for path in found] == [7], found  # levels 1:2

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Upstreams whose members fail, are full or out of use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from .remote import Remote, Request

Without = Callable[..., AbstractContextManager[None]]


def site(upstream: str) -> str:
    return f"http://{upstream}.balancing.example.com"


def test_a_backup_is_asked_only_when_the_others_fail(client: Remote, without: Without, eventually: Callable[..., Any]) -> None:
    assert client.origins([site("spare")] * 10) == {"origin1": 10}
    with without("origin1"):
        assert client.origins([site("spare")] * 10) == {"origin2": 10}
    eventually(lambda: client.get(site("spare")).origin, "origin1")


def test_a_member_that_is_down_is_never_asked(client: Remote, without: Without) -> None:
    assert client.origins([site("disused")] * 10) == {"origin1": 10}
    with without("origin1"):
        assert [client.get(site("disused")).status for _turn in range(5)] == [502] * 5


def test_a_member_that_fails_costs_no_request_and_comes_back(client: Remote, without: Without, eventually: Callable[..., Any]) -> None:
    with without("origin1"):
        answers = [client.get(site("failing")) for _turn in range(20)]
    assert [answer.status for answer in answers] == [200] * 20
    assert {answer.origin for answer in answers} == {"origin2"}
    eventually(lambda: client.get(site("failing")).origin, "origin1")


def test_when_all_have_failed_they_are_asked_all_the_same(client: Remote, without: Without) -> None:
    """Without the last resort nginx answers 502 for as long as fail_timeout says, though the members are back."""
    with without("origin2", "origin3"):
        for upstream in ("insisting", "resigning"):
            assert {client.get(site(upstream)).status for _turn in range(6)} == {502}
    assert {client.get(site("insisting")).status for _turn in range(6)} == {200}
    assert {client.get(site("resigning")).status for _turn in range(6)} == {502}


def test_a_member_gets_no_more_connections_than_its_cap(client: Remote) -> None:
    answers = client.together([Request(f"{site('capped')}/slow", hold=True) for _turn in range(12)])
    try:
        assert Counter(answer.status for answer in answers) == {200: 5, 502: 7}
        assert Counter(answer.origin for answer in answers if answer.status == 200) == {"origin1": 2, "origin2": 3}
    finally:
        client.drop(answers)


def test_a_member_below_its_cap_is_asked_again(client: Remote, eventually: Callable[..., Any]) -> None:
    held = [client.get(f"{site('capped')}/slow", hold=True) for _turn in range(5)]
    assert client.get(site("capped")).status == 502
    freed = next(answer for answer in held if answer.origin == "origin1")
    client.drop([freed])
    eventually(lambda: client.get(site("capped")).origin, "origin1")
    client.drop(answer for answer in held if answer is not freed)

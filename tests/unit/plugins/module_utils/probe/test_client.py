# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe against a real server on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._probe import client
from ansible_collections.steadfast.edge.plugins.module_utils._probe.client import Answer, Client, Plan, Reply, run
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.probe.site import Site, certificate


@pytest.fixture(name="site")
def fixture_site() -> Iterator[Site]:
    with Site() as site:
        yield site


# Seconds that a busy machine never takes to answer itself; what is to end by a time-out gets less.
PATIENCE = 60


def ask(url: str, keep: bool = False, **plan: Any) -> Reply:
    return Client(Plan(url, **{"timeout": PATIENCE, **plan})).ask(keep)


def probe(url: str, **plan: Any) -> list[Answer]:
    answers: list[Answer] = []
    run(Plan(url, **{"timeout": PATIENCE, **plan}), answers.append)
    return sorted(answers, key=lambda answer: answer.number)


def test_an_answer_names_its_server(site: Site) -> None:
    assert ask(f"{site.url}/ok", served_by=("X-Server", "X-Other")) == Reply(200, "", ("one", ""))


@pytest.mark.parametrize(
    ("path", "plan", "status", "error"),
    [
        ("/status/503", {}, 503, "status 503"),
        ("/status/503", {"statuses": (503,)}, 503, ""),
        ("/ok", {"statuses": (204,)}, 200, "status 200"),
        ("/ok", {"contains": "hello"}, 200, ""),
        ("/ok", {"contains": "bye"}, 200, "body without what it must contain"),
        ("/never", {"timeout": 2}, None, "TimeoutError (answer)"),
        ("/drip", {"timeout": 2}, None, "TimeoutError (body)"),
        # A download that is cut off is no success, whatever its status was, and however its length was told.
        ("/cut", {}, None, "IncompleteRead (body)"),
        ("/cut-chunks", {}, None, "IncompleteRead (body)"),
        ("/silent", {}, None, "RemoteDisconnected (answer)"),
    ],
)
def test_what_counts_as_an_answer(site: Site, path: str, plan: dict[str, Any], status: int | None, error: str) -> None:
    for keep in (False, True):
        reply = ask(site.url + path, keep, **plan)
        assert (reply.status, reply.error) == (status, error)


def test_a_refused_connection_is_a_failure() -> None:
    assert ask("http://127.0.0.1:1/", served_by=("X-Server",)) == Reply(None, "ConnectionRefusedError (connect)", ("",))


def test_headers_and_query_arrive(site: Site) -> None:
    ask(f"{site.url}/ok?a=b", headers=(("X-Mine", "yes"), ("Host", "shop.example.com")))
    path, headers = site.seen[-1]
    assert (path, headers["X-Mine"], headers["Host"]) == ("/ok?a=b", "yes", "shop.example.com")


def test_another_address_than_the_host_of_the_url(site: Site) -> None:
    assert ask(f"http://shop.example.com:{site.port}/ok", connect_to="127.0.0.1").status == 200
    assert site.seen[-1][1]["Host"] == f"shop.example.com:{site.port}"


@pytest.mark.parametrize(("keep", "connections"), [(False, 5), (True, 1)])
def test_a_fresh_connection_for_each_request_or_a_kept_one(site: Site, keep: bool, connections: int) -> None:
    asking = Client(Plan(f"{site.url}/ok", timeout=PATIENCE))
    assert [asking.ask(keep) for _turn in range(5)] == [Reply(200, "", ())] * 5
    assert site.connections == connections


@pytest.mark.parametrize(("connections", "kept"), [("fresh", [False] * 4), ("kept", [True] * 4), ("both", [False, True] * 2)])
def test_which_requests_go_over_kept_connections(site: Site, connections: str, kept: list[bool]) -> None:
    answers = probe(f"{site.url}/ok", rate=50, seconds=0.08, connections=connections)
    assert [(answer.ok, answer.kept) for answer in answers] == [(True, each) for each in kept]


def test_a_kept_connection_that_the_server_closed_in_peace_is_not_used(site: Site) -> None:
    asking = Client(Plan(f"{site.url}/ok", timeout=PATIENCE))
    assert asking.ask(keep=True).status == 200
    site.close_connections()
    reply = asking.ask(keep=True)
    assert (reply.status, reply.resent) == (200, False)


def test_a_kept_connection_that_closes_under_a_request_is_replaced_once_and_said_so(site: Site) -> None:
    asking = Client(Plan(f"{site.url}/once", timeout=PATIENCE))
    assert asking.ask(keep=True).status == 200
    reply = asking.ask(keep=True)
    assert (reply.status, reply.error, reply.resent) == (200, "", True)
    assert site.connections == 2


def test_requests_go_out_however_slow_the_answers_are(site: Site) -> None:
    """Had one waited for the answer of another, none would ever have been answered: the site waits for all of them."""
    site.together = threading.Barrier(20, timeout=PATIENCE)
    answers = probe(f"{site.url}/together", rate=50, seconds=0.4, connections="kept")
    assert [answer.ok for answer in answers] == [True] * 20
    assert min(answer.done for answer in answers) >= answers[-1].due


def test_a_retry_saves_a_request_and_is_not_hidden(site: Site) -> None:
    answers = probe(f"{site.url}/flaky", rate=20, seconds=0.5, timeout=3, retries=5)
    assert all(answer.ok for answer in answers)
    retried = [answer for answer in answers if answer.attempts > 1]
    assert 1 <= len(retried) <= 3
    assert {answer.error for answer in retried} == {"status 503"}
    assert all(answer.done - answer.sent >= 3 for answer in retried)


def test_every_request_is_reported_even_one_that_never_ends(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "GRACE", 0.1)
    asks, ends = Client.ask, threading.Event()

    def stuck(self: Client, keep: bool = False) -> Reply:
        if keep:
            ends.wait()
        return asks(self, keep)

    monkeypatch.setattr(Client, "ask", stuck)
    answers = probe(f"{site.url}/ok", rate=20, seconds=0.2, connections="both", timeout=3)
    ends.set()
    assert [answer.ok for answer in answers] == [True, False, True, False]
    assert answers[1].error == "no answer when the probe ended"


def test_a_fault_of_the_probe_itself_is_a_lost_request(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "ask", lambda self, keep=False: 1 / 0)
    (answer,) = probe(f"{site.url}/ok", rate=10, seconds=0.1)
    assert not answer.ok
    assert "ZeroDivisionError" in answer.error


def test_it_ends_when_it_is_told_to(site: Site) -> None:
    answers: list[Answer] = []
    assert run(Plan(f"{site.url}/ok", rate=100, seconds=60, timeout=PATIENCE), answers.append, lambda seconds: len(answers) >= 3) is False
    # Of 6,000; on a busy machine many are on their way when the first three have been answered.
    assert 3 <= len(answers) < 3000


def test_https(site: Site, tmp_path: Path) -> None:
    pem = certificate(tmp_path, "shop.example.com")
    with Site(pem) as secure:
        url = f"https://shop.example.com:{secure.port}/ok"
        for keep in (False, True):
            assert ask(url, keep, connect_to="127.0.0.1", ca_file=str(pem)) == Reply(200, "", ())
            assert ask(url, keep, connect_to="127.0.0.1", verify=False).status == 200
            assert ask(url, keep, connect_to="127.0.0.1").error == "certificate: self-signed certificate"
            other = ask(f"https://other.example.com:{secure.port}/ok", keep, connect_to="127.0.0.1", ca_file=str(pem))
            assert other.error.startswith("certificate: Hostname mismatch")
    assert ask(f"https://127.0.0.1:{site.port}/ok").error == "SSLError (connect)"


def test_as_a_script_on_standard_input(site: Site) -> None:
    source = Path(client.__file__).read_bytes()
    plan = json.dumps({"url": f"{site.url}/ok", "rate": 50, "seconds": 0.1, "timeout": PATIENCE, "served_by": ["X-Server"]})
    done = subprocess.run([sys.executable, "-", plan], input=source, capture_output=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(answer["ok"], answer["servers"]) for answer in answers] == [(True, ["one"])] * 5

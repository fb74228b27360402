# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe against a real server on loopback, and its figures on made-up answers."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._probe.client import Answer, ask, run, summarise


class Handler(BaseHTTPRequestHandler):
    """Answers by the path: /ok, /status/503, /flaky fails the first three times."""

    turn = itertools.count()

    def do_GET(self) -> None:
        status = 503 if self.path == "/status/503" or (self.path == "/flaky" and next(self.turn) < 3) else 200
        self.send_response(status)
        self.send_header("X-Server", "one")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture(name="base")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


def answer(sent: float, error: str = "", attempts: int = 1, status: int | None = 200, server_name: str = "a") -> Answer:
    return Answer(sent, sent + 0.01, attempts, status, error, (server_name,))


def test_an_answer_names_its_server(base: str) -> None:
    assert ask(f"{base}/ok", 1, ["X-Server", "X-Other"]) == (200, "", ("one", ""))


def test_a_bad_status_is_a_failure(base: str) -> None:
    assert ask(f"{base}/status/503", 1, []) == (503, "status 503", ())


def test_a_refused_connection_is_a_failure() -> None:
    assert ask("http://127.0.0.1:1/", 1, ["X-Server"]) == (None, "ConnectionRefusedError", ("",))


def test_every_request_is_reported_and_counted(base: str) -> None:
    reported: list[Answer] = []
    answers = run(f"{base}/ok", 200, 0.1, 1, 0, ("X-Server",), reported.append)
    assert len(answers) == len(reported) == 20
    assert summarise(answers).servers == ({"one": 20},)
    assert [item.sent for item in answers] == sorted(item.sent for item in answers)


def test_a_retry_saves_a_request_and_is_not_hidden(base: str) -> None:
    figures = summarise(run(f"{base}/flaky", 20, 0.5, 0.05, 5, (), lambda item: None))
    assert figures.lost == 0
    assert 1 <= figures.retried <= 3
    assert figures.errors == {"status 503": figures.retried}


@pytest.mark.parametrize(
    ("answers", "gap"),
    [
        ([], 0),
        ([answer(0), answer(1)], 0),
        ([answer(0), answer(1, "x"), answer(2, "x"), answer(3)], 3),
        ([answer(0, "x"), answer(1)], 1),
        ([answer(0), answer(1, "x")], 1.01),
        ([answer(0), answer(1, "x"), answer(2), answer(3, "x"), answer(5)], 3),
    ],
)
def test_longest_gap(answers: list[Answer], gap: float) -> None:
    assert summarise(answers).longest_gap == pytest.approx(gap)


def test_lost_and_retried() -> None:
    figures = summarise([answer(0), answer(1, "TimeoutError", 2), answer(2, "TimeoutError", 2, None)])
    assert (figures.requests, figures.retried, figures.lost, figures.errors) == (3, 2, 1, {"TimeoutError": 2})
    assert figures.servers == ({"a": 2},)

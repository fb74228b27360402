# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client that tests and the demo leave asking, here against a server of this machine instead of a lab."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from checkout import ROOT

sys.path.append(str(ROOT / "tools"))

from labclient import Lab, LabError

PATIENT: dict[str, Any] = {"rate": 50, "timeout": 30}


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


class Here(Lab):
    """A lab whose hosts are this machine."""

    def command(self, *argv: str) -> list[str]:
        assert argv[0] == "exec" and argv[2] == "--"
        return list(argv[3:])

    def reach(self, host: str, *argv: str) -> list[str]:
        return list(argv)


@pytest.fixture(name="url")
def fixture_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        serving.join()


def test_it_asks_for_so_many_seconds(url: str) -> None:
    with Here().probing(url, seconds=0.4, **PATIENT) as probing:
        pass
    assert (probing.summary.requests, probing.summary.lost) == (20, 0)


def test_it_asks_as_long_as_the_body_runs_and_reports_every_request(url: str) -> None:
    with Here().probing(url, **PATIENT) as probing:
        probing.until(0.5)
        probing.go_on(0.5)
    assert probing.summary.requests >= 40
    assert probing.summary.lost == 0
    assert 0.9 < probing.seconds < 600
    assert set(probing.timeline()) <= set("# ")


def test_one_that_ends_too_early_is_an_error(url: str) -> None:
    with pytest.raises(LabError, match="ended before 5 s"), Here().probing(url, seconds=0.2, **PATIENT) as probing:
        probing.until(5)


class Nowhere(Here):
    def command(self, *argv: str) -> list[str]:
        return ["sh", "-c", "echo no way in >&2; exit 255"]


def test_one_that_cannot_begin_is_an_error(url: str) -> None:
    with pytest.raises(LabError, match="reported 0 requests instead of 10: no way in"), Nowhere().probing(url, seconds=0.2, **PATIENT):
        pass

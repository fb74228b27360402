# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that are sent from a host of the lab, many over one ssh connection: a request costs a millisecond or two."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import urllib.parse
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labclient import Lab

from .topology import ADDRESSES, WEB

# Seconds for one answer: longer than any order takes on its own account.
PATIENCE = 60
SCRIPT = Path(__file__).with_name("asker.py")


class NoAnswer(Exception):
    """The connection was refused, closed too early or timed out."""


@dataclass(frozen=True)
class Request:
    """One HTTP request. A name in the URL that is no host's is web1's: it knows its virtual servers by the Host header."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "GET"
    body: str = ""
    first: str = ""  # sent on the connection before anything else, before TLS too
    ca: str = ""  # file on the host with the authority to trust; empty trusts everybody
    hold: bool = False  # read the headers only and keep the connection
    timeout: float = 10

    def order(self) -> dict[str, Any]:
        parts = urllib.parse.urlsplit(self.url)
        name = parts.hostname or ""
        headers = {"Host": parts.netloc, "Connection": "close", **self.headers}
        return {
            "do": "ask",
            "address": ADDRESSES.get(name, name if name[-1].isdigit() else WEB),
            "port": parts.port or (443 if parts.scheme == "https" else 80),
            "path": (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            "tls": parts.scheme == "https",
            "name": name,
            "headers": [*headers.items(), *([("Content-Length", str(len(self.body)))] if self.body else [])],
            "method": self.method,
            "body": self.body,
            "first": self.first,
            "ca": self.ca,
            "hold": self.hold,
            "timeout": self.timeout,
        }


@dataclass(frozen=True)
class Answer:
    """What came back. Names of headers are in lower case; a header that came several times is joined with commas."""

    status: int
    headers: dict[str, str]
    body: str
    certificate: str  # SHA-256 of the server's certificate
    held: int  # for `Remote.finish` and `Remote.drop`

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def origin(self) -> str:
        """Which origin answered."""
        return self.headers.get("x-origin", "")


class Remote:
    """A host from which requests are sent."""

    def __init__(self, lab: Lab, host: str) -> None:
        self.host = host
        # A stderr of its own: ssh makes the one that it is given non-blocking.
        command = lab.command("exec", host, "--", "python3", "-u", "-c", SCRIPT.read_text())
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        self._last = 0
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def get(self, url: str, **options: Any) -> Answer:
        return self.together([Request(url, **options)])[0]

    def origins(self, urls: Iterable[str], **options: Any) -> Counter[str]:
        """How many requests each origin answered, one request after the other."""
        return Counter(self.get(url, **options).origin for url in urls)

    def together(self, requests: Iterable[Request]) -> list[Answer]:
        """Sends all requests at the same time and returns their answers in their order."""
        answers = self._do([request.order() for request in requests])
        return [_answer(answer) for answer in answers]

    def exchange(self, port: int, send: str, expect: int, *, first: str = "", ca: str = "", name: str = "") -> str:
        """Sends bytes to web1 over TCP, over TLS where `ca` and `name` are given; returns what came back, up to `expect` bytes."""
        order = {"do": "exchange", "address": WEB, "port": port, "timeout": 10, "body": send, "expect": expect, "first": first}
        return str(self._do([{**order, "tls": bool(ca), "ca": ca, "name": name}])[0]["body"])

    def datagrams(self, port: int, bodies: Iterable[str]) -> list[str]:
        """Sends each body to web1 in a datagram from a port of its own and returns the answers."""
        order = {"do": "datagram", "address": WEB, "port": port, "timeout": 20}
        return [str(answer["body"]) for answer in self._do([{**order, "body": body} for body in bodies])]

    def finish(self, answer: Answer) -> str:
        """The rest of an answer that was held."""
        return str(self._do([{"do": "finish", "held": answer.held}])[0]["body"])

    def drop(self, answers: Iterable[Answer]) -> None:
        self._do([{"do": "drop", "held": answer.held} for answer in answers])

    def _read(self) -> None:
        """So that nobody waits for an answer for ever. An empty line is the end."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _do(self, orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
        assert self._process.stdin is not None
        numbers = range(self._last + 1, self._last + 1 + len(orders))
        self._last += len(orders)
        for number, order in zip(numbers, orders):
            self._process.stdin.write(json.dumps({"id": number, **order}) + "\n")
        self._process.stdin.flush()
        answers = {}
        for _turn in orders:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except queue.Empty:
                raise NoAnswer(f"{self.host}: no answer for {PATIENCE} s") from None
            if not line:
                raise NoAnswer(f"{self.host}: the asker has ended")
            answer = json.loads(line)
            answers[answer["id"]] = answer
        failures = [answer["error"] for answer in answers.values() if "error" in answer]
        if failures:
            raise NoAnswer(f"{self.host}: {failures}")
        return [answers[number] for number in numbers]


def _answer(record: dict[str, Any]) -> Answer:
    headers: dict[str, str] = {}
    for name, value in record["headers"]:
        known = headers.get(name.lower())
        headers[name.lower()] = value if known is None else f"{known}, {value}"
    return Answer(record["status"], headers, record["body"], record["certificate"], record["id"])

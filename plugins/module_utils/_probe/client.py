# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks an URL at a fixed rate and reports what became of each request.

Standard library alone and a single file, so that it also runs as a script on a host that has nothing but Python:
`python3 - '{"url": "http://192.0.2.150/", "rate": 50, "seconds": 20}' < client.py` prints one JSON object per request as it ends.
On SIGTERM no more are sent, and it ends with the last answer.
"""

from __future__ import annotations

import http.client
import json
import resource
import select
import signal
import socket
import ssl
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

__all__ = ["MOST_WAITING", "Answer", "Client", "Plan", "Reply", "run"]

# As many requests may wait for their answers at the same time: each has a thread of its own.
MOST_WAITING = 1000
# So much longer than its time-outs may a request take before the probe ends without its answer.
GRACE = 5.0
# The start of a body in which `contains` is looked for.
LONGEST_SEARCH = 1 << 20


@dataclass(frozen=True)
class Plan:
    """What is asked, how often and for how long, and what counts as an answer."""

    url: str
    rate: float = 50  # requests per second
    seconds: float = 10
    timeout: float = 0.5  # seconds for one attempt as a whole
    retries: int = 0  # further attempts after a failure, a time-out apart
    connections: str = "fresh"  # a connection for each request; "kept": used again and again; "both": every second request
    connect_to: str = ""  # the address to connect to instead of looking up the URL's host
    headers: tuple[tuple[str, str], ...] = ()
    statuses: tuple[int, ...] = ()  # those that are a success; none: 200 to 399
    contains: str = ""  # what a success has in its body
    verify: bool = True  # HTTPS: the certificate must be valid for the URL's host
    ca_file: str = ""  # HTTPS: who vouches for it, instead of the system's authorities
    served_by: tuple[str, ...] = ()  # response headers whose values are reported

    @classmethod
    def stored(cls, given: Mapping[str, Any]) -> Plan:
        """A plan that comes back from JSON, where tuples are lists."""
        values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
        return cls(**{**values, "headers": tuple((name, value) for name, value in given.get("headers", ()))})

    @property
    def requests(self) -> int:
        return max(1, round(self.rate * self.seconds))

    @property
    def waiting(self) -> int:
        """Requests that may be waiting at the same time when nothing answers."""
        return int(self.rate * self.patience) + 1

    @property
    def patience(self) -> float:
        """Seconds until a request without an answer is given up."""
        return self.timeout * (self.retries + 1)

    def keeps(self, number: int) -> bool:
        """Whether this request goes over a kept connection."""
        return self.connections == "kept" or (self.connections == "both" and number % 2 == 1)


@dataclass(frozen=True)
class Reply:
    """What became of one attempt."""

    status: int | None  # None where there was no answer
    error: str  # empty: a success
    servers: tuple[str, ...]
    resent: bool = False  # the server had closed the kept connection; see Client.ask


@dataclass(frozen=True)
class Answer:
    """What became of one request. All times are seconds since the probe began."""

    number: int
    due: float  # when it was to be sent
    sent: float  # when its first attempt began; later than due only where the probing host itself is too slow
    done: float  # when its last attempt ended
    ok: bool  # the client got its page in the end
    attempts: int  # 1: no retry was needed
    status: int | None  # of the last attempt
    error: str  # why the first failed attempt failed; empty where none did
    servers: tuple[str, ...] = ()  # values of Plan.served_by, "" where absent
    kept: bool = False  # over a kept connection
    resent: bool = False


class _Connection(http.client.HTTPConnection):
    """A connection to the address of the plan, with TLS where the URL wants it."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext | None) -> None:
        super().__init__(host, port)
        self._address = address or host
        self._context = context

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sock = self._context.wrap_socket(plain, server_hostname=self.host) if self._context else plain
        except BaseException:
            plain.close()
            raise


class Client:
    """Sends requests over connections of its own, several at a time if asked to."""

    def __init__(self, plan: Plan) -> None:
        parts = urllib.parse.urlsplit(plan.url)
        self._plan = plan
        self._host = parts.hostname or ""
        self._context = _tls(plan) if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._context else 80)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": "steadfast-edge-probe", **dict(plan.headers)}
        self._idle: list[_Connection] = []

    def ask(self, keep: bool = False) -> Reply:
        """One attempt.

        A server may close a kept connection at the very moment at which the next request is on its way. HTTP clients then send the
        request again on a new connection (RFC 9112, 9.3.1), and so does this one; it says so.
        """
        deadline = time.monotonic() + self._plan.timeout
        used = self._take() if keep else None
        if used is not None:
            reply, closed = self._exchange(used, keep, deadline)
            if not closed:
                return reply
        reply, _closed = self._exchange(self._new(), keep, deadline)
        return replace(reply, resent=used is not None)

    def _new(self) -> _Connection:
        return _Connection(self._host, self._port, self._plan.connect_to, self._context)

    def _take(self) -> _Connection | None:
        """An idle connection that the server has not closed."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                return None
            poll = select.poll()
            poll.register(connection.sock, select.POLLIN)
            # Readable without having been asked anything: the end of the connection.
            if not poll.poll(0):
                return connection
            connection.close()
        return None

    def _exchange(self, connection: _Connection, keep: bool, deadline: float) -> tuple[Reply, bool]:
        """The reply, and whether the connection was closed before any of it came."""
        step, response = "connect", None
        try:
            connection.timeout = _left(deadline)
            if connection.sock is None:
                connection.connect()
            wire = connection.sock
            step = "request"
            wire.settimeout(_left(deadline))
            connection.request("GET", self._path, headers={**self._headers, "Connection": "keep-alive" if keep else "close"})
            step = "answer"
            wire.settimeout(_left(deadline))
            response = connection.getresponse()
            step = "body"
            error = self._judge(response.status, _body(response, wire, deadline))
            if keep and not response.will_close:
                self._idle.append(connection)
            else:
                connection.close()
            return Reply(response.status, error, self._servers(response)), False
        except (OSError, http.client.HTTPException) as failure:
            connection.close()
            closed = isinstance(failure, ConnectionError) and step in ("request", "answer")
            # An answer that was cut off is none.
            return Reply(None, _reason(failure, step), self._servers(response)), closed

    def _judge(self, status: int, body: bytes) -> str:
        expected = status in self._plan.statuses if self._plan.statuses else 200 <= status < 400
        if not expected:
            return f"status {status}"
        return "" if self._plan.contains.encode() in body else "body without what it must contain"

    def _servers(self, response: http.client.HTTPResponse | None) -> tuple[str, ...]:
        return tuple((response.getheader(name, "") or "") if response else "" for name in self._plan.served_by)


def _tls(plan: Plan) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=plan.ca_file or None)
    if not plan.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout
    return left


def _body(response: http.client.HTTPResponse, wire: socket.socket, deadline: float) -> bytes:
    """The body, read to its end; only its beginning is kept."""
    kept = b""
    # Once all is read http.client closes the response, and with it a connection that is not kept.
    while not response.isclosed():
        wire.settimeout(_left(deadline))
        # As it comes in: `read` waits for a whole block, and a body that drips in slowly would outlive the deadline.
        part = response.read1(1 << 16) if response.length != 0 else response.read()
        if len(kept) < LONGEST_SEARCH:
            kept += part
    # http.client does not mind a body that ends too early when it is read in parts.
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return kept


def _reason(failure: Exception, step: str) -> str:
    """The same words on every Python, and where it happened."""
    if isinstance(failure, ssl.SSLCertVerificationError):
        return f"certificate: {failure.verify_message}"
    name = "TimeoutError" if isinstance(failure, socket.timeout) else type(failure).__name__
    return f"{name} ({step})"


class _Ledger:
    """Which requests are on their way. Reports each as it ends, one at a time."""

    def __init__(self, report: Callable[[Answer], None]) -> None:
        self._report = report
        self._open: dict[int, Answer] = {}
        self._changed = threading.Condition()

    def begin(self, number: int, due: float) -> None:
        with self._changed:
            self._open[number] = Answer(number, due, due, due, False, 1, None, "no answer when the probe ended")

    def end(self, answer: Answer) -> None:
        with self._changed:
            if self._open.pop(answer.number, None):
                self._report(answer)
                self._changed.notify()

    def close(self, patience: float, clock: Callable[[], float]) -> None:
        """Wait for what is on its way; what does not come is reported as lost."""
        with self._changed:
            self._changed.wait_for(lambda: not self._open, patience)
            for answer in self._open.values():
                self._report(replace(answer, done=clock()))
            self._open.clear()


def _request(client: Client, plan: Plan, number: int, clock: Callable[[], float]) -> Answer:
    due, sent, keep = number / plan.rate, clock(), plan.keeps(number)
    first_error, resent = "", False
    for attempt in range(1, plan.retries + 2):
        try:
            reply = client.ask(keep)
        except Exception as failure:  # a request that is not accounted for would be taken for one that was never sent
            reply = Reply(None, f"probe: {failure!r}", ())
        first_error, resent = first_error or reply.error, resent or reply.resent
        if not reply.error or attempt == plan.retries + 1:
            break
        # Attempts keep their distance also where failure is instant (a refused connection), as clients with a back-off do.
        time.sleep(max(0.0, sent + attempt * plan.timeout - clock()))
    return Answer(number, due, sent, clock(), not reply.error, attempt, reply.status, first_error, reply.servers, keep, resent)


def _pause(seconds: float) -> bool:
    time.sleep(max(0.0, seconds))
    return False


def run(plan: Plan, report: Callable[[Answer], None], pause: Callable[[float], bool] = _pause) -> bool:
    """Send each request when it is due, whatever became of the earlier ones; `report` each as it ends.

    `pause` waits for a time, which may be 0 or less, and says whether to send no more. Returns whether all were sent.
    """
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    client, ledger, began = Client(plan), _Ledger(report), time.monotonic()

    def clock() -> float:
        return time.monotonic() - began

    pool = ThreadPoolExecutor(min(MOST_WAITING, plan.waiting + 8))
    complete = True
    for number in range(plan.requests):
        if pause(number / plan.rate - clock()):
            complete = False
            break
        ledger.begin(number, number / plan.rate)
        pool.submit(lambda each: ledger.end(_request(client, plan, each, clock)), number)
    pool.shutdown(wait=False)
    ledger.close(plan.patience + GRACE, clock)
    return complete


def main(argv: list[str]) -> int:
    plan = Plan.stored(json.loads(argv[0]))

    def report(answer: Answer) -> None:
        sys.stdout.write(json.dumps(asdict(answer)) + "\n")
        sys.stdout.flush()

    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_unused: told.set())
    run(plan, report, lambda seconds: told.wait(max(0.0, seconds)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

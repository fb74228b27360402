# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks an URL at a fixed rate and says what a client saw: every failure, who answered, the longest gap.

Standard library alone and a single file, so that it also runs as a script on a host that has nothing but Python:
`python3 - --url http://192.0.2.150/ --rate 50 --seconds 20 < client.py` prints one JSON object per request as it ends.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Callable

__all__ = ["Answer", "Summary", "ask", "run", "summarise"]


@dataclass(frozen=True)
class Answer:
    """What became of one request."""

    sent: float  # seconds since the probe began, the moment of the first attempt
    done: float  # the same clock, the end of the last attempt
    attempts: int  # 1: no retry was needed
    status: int | None  # HTTP status of the last attempt; None where there was no answer
    error: str  # why the first failed attempt failed; empty where none did
    servers: tuple[str, ...]  # values of the headers asked for, "" where absent

    @property
    def ok(self) -> bool:
        """Whether the client got its page in the end."""
        return self.status is not None and 200 <= self.status < 400


@dataclass(frozen=True)
class Summary:
    """The answers of one run in figures."""

    requests: int
    lost: int  # requests without a good answer, retries included
    retried: int  # requests that needed more than one attempt, lost ones included
    longest_gap: float  # seconds: the longest stretch in which no request that was sent succeeded at the first attempt
    latency_median: float  # seconds, of requests that succeeded at the first attempt
    latency_p99: float
    errors: dict[str, int]
    servers: tuple[dict[str, int], ...]  # per header asked for: value -> answers


def ask(url: str, timeout: float, headers: Iterable[str]) -> tuple[int | None, str, tuple[str, ...]]:
    """Ask once over a connection of its own; return status, error and the values of `headers`."""
    parts = urllib.parse.urlsplit(url)
    maker = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = maker(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), headers={"Connection": "close"})
        response = connection.getresponse()
        response.read()
        error = "" if 200 <= response.status < 400 else f"status {response.status}"
        return response.status, error, tuple(response.getheader(name, "") for name in headers)
    except (OSError, http.client.HTTPException) as failure:
        return None, type(failure).__name__, tuple("" for _name in headers)
    finally:
        connection.close()


def _request(url: str, timeout: float, retries: int, headers: tuple[str, ...], began: float) -> Answer:
    sent = time.monotonic() - began
    first_error = ""
    for attempt in range(1, retries + 2):
        status, error, servers = ask(url, timeout, headers)
        first_error = first_error or error
        if not error or attempt == retries + 1:
            break
        # Attempts keep their distance also where failure is instant (a refused connection), as clients with a back-off do.
        time.sleep(max(0.0, began + sent + attempt * timeout - time.monotonic()))
    return Answer(sent, time.monotonic() - began, attempt, status, first_error, servers)


def run(
    url: str, rate: float, seconds: float, timeout: float, retries: int, headers: tuple[str, ...], report: Callable[[Answer], None]
) -> list[Answer]:
    """Send `rate` requests per second for `seconds`, each on time whatever became of the earlier ones; `report` each as it ends."""
    answers: list[Answer] = []
    lock = threading.Lock()
    began = time.monotonic()

    def one() -> None:
        answer = _request(url, timeout, retries, headers, began)
        with lock:
            answers.append(answer)
            report(answer)

    # Enough workers for every request that may be waiting for its time-outs at the same time.
    workers = min(1000, int(rate * timeout * (retries + 1)) + 8)
    with ThreadPoolExecutor(workers) as pool:
        futures = []
        for number in range(int(rate * seconds)):
            pause = began + number / rate - time.monotonic()
            if pause > 0:
                time.sleep(pause)  # the rate is the purpose: this is no wait for a condition
            futures.append(pool.submit(one))
        for future in futures:
            future.result()
    return sorted(answers, key=lambda answer: answer.sent)


def _gap(answers: list[Answer]) -> float:
    """From the last good request before a failure to the first good one after it, at its longest."""
    longest, last_good = 0.0, answers[0].sent if answers else 0.0
    failing = False
    for answer in answers:
        if answer.error:
            failing = True
        else:
            if failing:
                longest = max(longest, answer.sent - last_good)
            last_good, failing = answer.sent, False
    return max(longest, answers[-1].done - last_good) if failing else longest


def _count(values: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return dict(sorted(counts.items()))


def summarise(answers: list[Answer]) -> Summary:
    """Figures of a run; `answers` in the order in which they were sent."""
    latencies = sorted(answer.done - answer.sent for answer in answers if not answer.error) or [0.0]
    good = [answer for answer in answers if answer.ok]
    width = max((len(answer.servers) for answer in answers), default=0)
    return Summary(
        requests=len(answers),
        lost=len(answers) - len(good),
        retried=sum(1 for answer in answers if answer.error),
        longest_gap=_gap(answers),
        latency_median=latencies[len(latencies) // 2],
        latency_p99=latencies[min(len(latencies) - 1, len(latencies) * 99 // 100)],
        errors=_count(answer.error for answer in answers if answer.error),
        servers=tuple(_count(answer.servers[index] for answer in good) for index in range(width)),
    )


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Ask an URL at a fixed rate; one JSON object per request, the summary last.")
    parser.add_argument("--url", required=True)
    parser.add_argument("--rate", type=float, default=50, help="requests per second (default 50)")
    parser.add_argument("--seconds", type=float, default=10, help="how long (default 10)")
    parser.add_argument("--timeout", type=float, default=0.5, help="seconds to wait for each step of an attempt (default 0.5)")
    parser.add_argument("--retries", type=int, default=0, help="further attempts after a failure, a time-out apart (default 0)")
    parser.add_argument("--header", action="append", default=[], help="response header to count the values of; may be repeated")
    options = parser.parse_args(argv)

    def write(record: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(record) + "\n")
        sys.stdout.flush()

    def report(answer: Answer) -> None:
        write(asdict(answer))

    answers = run(options.url, options.rate, options.seconds, options.timeout, options.retries, tuple(options.header), report)
    write({"summary": asdict(summarise(answers))})
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

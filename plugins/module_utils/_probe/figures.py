# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers summed up as they come, in a space that does not grow with their number."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .client import Answer

__all__ = ["MOST_FAILURES", "Distribution", "Figures", "Moment", "Percentiles", "Summary", "chart", "summarise"]

# Of more failures than these only the number is known.
MOST_FAILURES = 1000

# Times are counted in classes that are 1 % wide: as exact as anybody reads them.
_SMALLEST = 1e-5
_WIDTH = math.log(1.01)


@dataclass(frozen=True)
class Percentiles:
    """Seconds."""

    p50: float = 0.0
    p90: float = 0.0
    p99: float = 0.0
    max: float = 0.0


class Distribution:
    """Durations, and the percentiles among them."""

    def __init__(self) -> None:
        self._classes: Counter[int] = Counter()
        self._longest = 0.0

    def add(self, seconds: float) -> None:
        self._classes[max(0, math.ceil(math.log(max(seconds, _SMALLEST) / _SMALLEST) / _WIDTH))] += 1
        self._longest = max(self._longest, seconds)

    def percentiles(self) -> Percentiles:
        return Percentiles(self._at(0.5), self._at(0.9), self._at(0.99), round(self._longest, 6))

    def _at(self, share: float) -> float:
        """The time within which that share of all was over."""
        left = math.ceil(sum(self._classes.values()) * share)
        for number in sorted(self._classes):
            left -= self._classes[number]
            if left <= 0:
                return round(min(_SMALLEST * math.exp(number * _WIDTH), self._longest), 6)
        return 0.0


@dataclass
class Moment:
    """What became of the requests of one stretch of time."""

    at: float  # seconds since the probe began
    requests: int = 0
    retried: int = 0
    lost: int = 0
    slowest: float = 0.0  # seconds


@dataclass(frozen=True)
class Summary:
    """The answers of a probe in figures. All durations are seconds."""

    requests: int
    lost: int  # requests without a good answer, retries included
    retried: int  # requests that needed more than one attempt, lost ones included
    resent: int  # requests that found their kept connection closed, and were sent again over a new one
    longest_gap: float  # the longest stretch in which no request that was sent succeeded at the first attempt
    latency: Percentiles  # from the moment at which a request was due to its good answer
    delay: Percentiles  # from the moment at which a request was due to its sending: the probing host's own slowness
    statuses: dict[str, int]
    errors: dict[str, int]
    servers: tuple[dict[str, int], ...]  # per header asked for: value -> good answers
    failures: tuple[dict[str, Any], ...]  # lost and retried requests, the first ones
    interval: float  # of the timeline
    timeline: tuple[Moment, ...]


@dataclass
class Figures:
    """Takes answers in any order and counts them in the order in which they were due."""

    interval: float = 1.0
    requests: int = 0
    lost: int = 0
    retried: int = 0
    resent: int = 0
    latency: Distribution = field(default_factory=Distribution)
    delay: Distribution = field(default_factory=Distribution)
    statuses: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    servers: dict[int, Counter[str]] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)
    timeline: list[Moment] = field(default_factory=list)
    _early: dict[int, Answer] = field(default_factory=dict)
    _gap: float = 0.0
    _last_good: float = 0.0
    _last_done: float = 0.0
    _failing: bool = False

    def add(self, answer: Answer) -> None:
        self._early[answer.number] = answer
        while self.requests in self._early:
            self._count(self._early.pop(self.requests))

    def _count(self, answer: Answer) -> None:
        if not self.requests:
            self._last_good = answer.sent
        self.requests += 1
        self.delay.add(answer.sent - answer.due)
        self.resent += answer.resent
        self.statuses.update([] if answer.status is None else [str(answer.status)])
        if answer.ok:
            self.latency.add(answer.done - answer.due)
            for index, server in enumerate(answer.servers):
                self.servers.setdefault(index, Counter()).update([server])
        if answer.error:
            self._fail(answer)
        else:
            if self._failing:
                self._gap = max(self._gap, answer.sent - self._last_good)
            self._last_good, self._failing = answer.sent, False
        self._last_done = answer.done
        self._place(answer)

    def _fail(self, answer: Answer) -> None:
        self._failing = True
        self.retried += 1
        self.lost += not answer.ok
        self.errors.update([answer.error])
        if len(self.failures) < MOST_FAILURES:
            self.failures.append(
                {
                    "number": answer.number,
                    "at": round(answer.sent, 3),
                    "seconds": round(answer.done - answer.sent, 3),
                    "lost": not answer.ok,
                    "attempts": answer.attempts,
                    "status": answer.status,
                    "error": answer.error,
                    "connection": "kept" if answer.kept else "fresh",
                }
            )

    def _place(self, answer: Answer) -> None:
        index = int(answer.due / self.interval)
        while len(self.timeline) <= index:
            self.timeline.append(Moment(round(len(self.timeline) * self.interval, 3)))
        moment = self.timeline[index]
        moment.requests += 1
        moment.retried += bool(answer.error)
        moment.lost += not answer.ok
        moment.slowest = max(moment.slowest, round(answer.done - answer.due, 6))

    def summary(self) -> Summary:
        gap = max(self._gap, self._last_done - self._last_good) if self._failing else self._gap
        return Summary(
            requests=self.requests,
            lost=self.lost,
            retried=self.retried,
            resent=self.resent,
            longest_gap=round(gap, 6),
            latency=self.latency.percentiles(),
            delay=self.delay.percentiles(),
            statuses=_sorted(self.statuses),
            errors=_sorted(self.errors),
            servers=tuple(_sorted(self.servers[index]) for index in sorted(self.servers)),
            failures=tuple(self.failures),
            interval=self.interval,
            timeline=tuple(self.timeline),
        )


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def summarise(answers: Iterable[Answer], interval: float = 1.0) -> Summary:
    """Figures of answers that are all there."""
    figures = Figures(interval)
    for answer in answers:
        figures.add(answer)
    return figures.summary()


def chart(timeline: Sequence[Moment], columns: int = 60) -> str:
    """What the client saw, left to right: all answered (#), some only after a retry (+), some lost (!)."""
    width = min(columns, len(timeline))
    groups: list[list[Moment]] = [[] for _column in range(width)]
    for index, moment in enumerate(timeline):
        groups[index * width // len(timeline)].append(moment)
    return "".join(_mark(group) for group in groups)


def _mark(moments: Iterable[Moment]) -> str:
    here = list(moments)
    if any(moment.lost for moment in here):
        return "!"
    if any(moment.retried for moment in here):
        return "+"
    return "#" if any(moment.requests for moment in here) else " "

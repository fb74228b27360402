# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of made-up answers."""

from __future__ import annotations

import random
import statistics

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._probe import figures
from ansible_collections.steadfast.edge.plugins.module_utils._probe.client import Answer
from ansible_collections.steadfast.edge.plugins.module_utils._probe.figures import Distribution, Moment, chart, summarise
from hypothesis import given
from hypothesis import strategies as st


def answer(number: int, error: str = "", attempts: int = 1, status: int | None = 200, server: str = "a", took: float = 0.01) -> Answer:
    """One request a second."""
    ok = status is not None and (not error or attempts > 1)
    return Answer(number, float(number), float(number), number + took, ok, attempts, status, error, (server,))


def run(*errors: str) -> list[Answer]:
    return [answer(number, error, status=None if error else 200) for number, error in enumerate(errors)]


@pytest.mark.parametrize(
    ("answers", "gap"),
    [
        (run(), 0),
        (run("", ""), 0),
        (run("", "x", "x", ""), 3),
        (run("x", ""), 1),
        (run("", "x"), 1.01),
        (run("", "x", "", "x", "x", ""), 3),
    ],
)
def test_longest_gap(answers: list[Answer], gap: float) -> None:
    assert summarise(answers).longest_gap == pytest.approx(gap)


def test_lost_and_retried() -> None:
    sums = summarise([answer(0), answer(1, "TimeoutError", 2), answer(2, "TimeoutError", 2, None), answer(3, "status 502", 1, 502)])
    assert (sums.requests, sums.retried, sums.lost) == (4, 3, 2)
    assert sums.errors == {"TimeoutError": 2, "status 502": 1}
    assert sums.statuses == {"200": 2, "502": 1}
    assert sums.servers == ({"a": 2},)
    assert [(failure["number"], failure["lost"]) for failure in sums.failures] == [(1, False), (2, True), (3, True)]


@given(st.permutations(range(8)))
def test_the_order_of_arrival_does_not_matter(order: list[int]) -> None:
    answers = run("", "x", "", "", "y", "y", "", "x")
    assert summarise(answers[number] for number in order) == summarise(answers)


def test_latency_counts_from_when_a_request_was_due_and_spares_the_lost_ones() -> None:
    late = Answer(0, due=0.0, sent=2.0, done=2.5, ok=True, attempts=1, status=200, error="")
    lost = Answer(1, due=1.0, sent=1.0, done=61.0, ok=False, attempts=1, status=None, error="x")
    sums = summarise([late, lost])
    assert sums.latency.max == 2.5
    assert sums.delay.max == 2.0


@given(st.lists(st.floats(min_value=1e-5, max_value=100), min_size=1, max_size=300))
def test_percentiles_are_right_to_a_hundredth(durations: list[float]) -> None:
    distribution = Distribution()
    for duration in durations:
        distribution.add(duration)
    found, ordered = distribution.percentiles(), sorted(durations)
    for share, value in ((0.5, found.p50), (0.9, found.p90), (0.99, found.p99)):
        exact = ordered[min(len(ordered) - 1, -int(-len(ordered) * share // 1) - 1)]
        assert value == pytest.approx(exact, rel=0.0101, abs=2e-6)
    assert found.max == pytest.approx(ordered[-1], abs=1e-6)


def test_space_does_not_grow_with_the_number_of_answers() -> None:
    random.seed(7)
    distribution = Distribution()
    durations = [random.lognormvariate(-6, 1) for _number in range(50_000)]
    for duration in durations:
        distribution.add(duration)
    assert len(distribution._classes) < 1000
    assert distribution.percentiles().p50 == pytest.approx(statistics.median(durations), rel=0.02)


def test_of_too_many_failures_the_number_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "MOST_FAILURES", 3)
    sums = summarise(run(*"xxxxx"))
    assert (len(sums.failures), sums.lost) == (3, 5)


def test_timeline_and_chart() -> None:
    answers = [answer(0), answer(1, "x", 2), answer(2, "x", 1, None, took=0.5), answer(3), answer(5)]
    answers.insert(4, answer(4))
    sums = summarise(answers, interval=2)
    assert sums.timeline == (Moment(0, 2, 1, 0, 0.01), Moment(2, 2, 0 + 1, 1, 0.5), Moment(4, 2, 0, 0, 0.01))
    assert chart(sums.timeline) == "+!#"
    assert chart(sums.timeline, columns=2) == "!#"
    assert chart([]) == ""
    assert chart([Moment(0), Moment(1, 1)]) == " #"

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power cuts one after the other under load, each restored before the next: a client that retries loses nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from labclient import Lab, Probing
from topology import URL

pytestmark = pytest.mark.usefixtures("settled")


@pytest.fixture(name="say")
def fixture_say(capsys: pytest.CaptureFixture[str]) -> Callable[[str, Probing], None]:
    """Show what clients saw, also when the test passes."""

    def say(title: str, probing: Probing) -> None:
        figures = probing.summary
        with capsys.disabled():
            print(f"\n{title}: 0 s |{probing.timeline()}| {probing.seconds:.0f} s")
            print(f"  {figures.requests} requests, {figures.retried} needed a retry, {figures.lost} lost", end=", ")
            print(f"longest gap {figures.longest_gap:.2f} s")

    return say


# nginx notices a Tomcat that is gone when it has waited for a connection (2 s); a client that gives up before keeps it from noticing.
@pytest.mark.parametrize(("victim", "patience"), [("director1", 1), ("web1", 1), ("app1", 3)])
def test_clients_outlive_a_power_cut(
    lab: Lab, say: Callable[[str, Probing], None], wait_until_settled: Callable[[], None], victim: str, patience: float
) -> None:
    with lab.probing(URL, rate=50, timeout=patience, retries=10) as probing:
        probing.until(3)
        lab.verb("power-off", victim)
        # The others take over; nginx tries a Tomcat that is gone again after ten seconds.
        probing.go_on(12)
    say(f"power cut of {victim}", probing)
    assert probing.summary.lost == 0, probing.summary.errors

    with lab.probing(URL, rate=20, timeout=patience, retries=10) as returning:
        lab.verb("power-on", victim)
        wait_until_settled()
        returning.go_on(2)
    say(f"return of {victim}", returning)
    assert returning.summary.lost == 0, returning.summary.errors

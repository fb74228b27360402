# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state from which the tests of a healthy edge start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from labclient import Lab
from topology import APP, DIRECTORS, URL, VIP, WEB


@pytest.fixture
def wait_until_settled(lab: Lab, eventually: Callable[..., Any]) -> Callable[[], None]:
    """The preferred director holds the VIP, it alone, and every nginx and every Tomcat answers through it."""

    def wait() -> None:
        eventually(lambda: lab.holders(VIP, DIRECTORS), DIRECTORS[:1])
        eventually(lambda: served_by(lab), (set(WEB), set(APP)))

    return wait


@pytest.fixture
def settled(wait_until_settled: Callable[[], None]) -> None:
    """So it is when a test begins."""
    wait_until_settled()


def served_by(lab: Lab) -> tuple[set[str], set[str]]:
    """Which nginx and which Tomcats answer at present."""
    with lab.probing(URL, seconds=1, rate=30, timeout=1) as probing:
        pass
    by_web, by_app = probing.summary.servers
    return set(by_web), set(by_app)

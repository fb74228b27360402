# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever was done to the lab before: every host comes back by itself, nothing is left to converge, and verify finds nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from balancing import Balancing
from holders import Holders
from labclient import Lab


def test_reboots_in_turn_bring_the_same_state_back(lab: Lab, balancing: Balancing, eventually: Callable[..., Any]) -> None:
    before = [balancing.table(director) for director in balancing.directors]
    for member in balancing.members:
        lab.verb("reboot", member)
        eventually(lambda: set(balancing.served(40)), set(balancing.web), 120)
    assert [balancing.table(director) for director in balancing.directors] == before


# The scenario's second run: what molecule's idempotence step would show before the tests, this shows after the reboots too.
def test_a_further_converge_changes_nothing(holders: Holders) -> None:
    assert holders.converge() == 0


def test_the_edge_is_what_the_inventory_says(balancing: Balancing) -> None:
    healthy, said = balancing.verify()
    assert healthy, said

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever was done to the lab before: every host comes back by itself, and there is nothing left to converge."""

from __future__ import annotations

from holders import Holders


def test_reboots_in_turn_bring_the_same_state_back(holders: Holders) -> None:
    holders.settle()
    for member in holders.members:
        holders.lab.verb("reboot", member)
        holders.settle()
    with holders.load(list(holders.addresses), seconds=1) as loads:
        pass
    loads.require_undisturbed()


# The scenario's second run: what molecule's idempotence step would show before the tests, this shows after the reboots too.
def test_a_further_converge_changes_nothing(holders: Holders) -> None:
    assert holders.converge() == 0

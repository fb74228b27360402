# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Others at work on the tree during a release: nothing that they write is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import (
    BusyError,
)
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Finished, Host
from ansible_collections.steadfast.edge.plugins.module_utils._release._stage import Paths
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.release.rig import (
    FIRST,
    FOREIGN,
    Rig,
    ServiceHost,
)


def test_a_foreign_file_changed_while_the_checker_runs_is_not_lost(rig: Rig) -> None:
    host = rig.host()
    steps: list[Callable[[], object]] = [
        lambda: rig.put({"added.conf": "new\n"}),
        (rig.live / "lib/other.conf").unlink,
        lambda: (rig.base / "new").rename(rig.live / "foreign.conf"),
        lambda: None,
    ]
    edits = iter(steps)
    (rig.base / "new").write_text("replaced\n")
    host.on_check = lambda stage: next(edits)()
    outcome = rig.run(FIRST, host)
    assert rig.tree() == {**FIRST, "foreign.conf": "replaced\n", "added.conf": "new\n"}
    assert outcome.changed and rig.beside() == []
    assert sum(command[0] == "check-it" for command in host.commands) == 4  # what goes live was always judged
    assert host.exchanges == 1  # nothing outdated ever went live


def test_writing_into_a_foreign_file_meanwhile_needs_no_new_start(rig: Rig) -> None:
    host = rig.host()
    with (rig.live / "foreign.conf").open("a", buffering=1) as opened:
        host.on_check = lambda stage: (opened.write("and more\n"), opened.tell())
        rig.run(FIRST, host)
    assert rig.tree()["foreign.conf"] == "not ours\nand more\n"
    assert len([command for command in host.commands if command[0] == "check-it"]) == 1


def test_a_tree_that_never_rests_is_given_up(rig: Rig) -> None:
    host = rig.host()
    counter = iter(range(100))
    host.on_check = lambda stage: rig.put({f"noise-{next(counter)}": "x"})
    with pytest.raises(BusyError, match="keeps changing"):
        rig.run(FIRST, host)
    assert not set(FIRST) & set(rig.tree()) and rig.beside() == []


class LastInstant(ServiceHost):
    """Somebody adds a file between the last look and the exchange, and one to the old tree after it."""

    rounds = 0

    def exchange(self, first: str, second: str) -> None:
        if first == str(self.live):
            self.rounds += 1
            if self.rounds == 1:
                (self.live / "late.conf").write_text("just in time\n")
        super().exchange(first, second)

    def run(self, argv: Sequence[str], timeout: float) -> Finished:
        finished = super().run(argv, timeout)
        if argv[0] == "reload-it":
            (Path(Paths(str(self.live)).partner) / "too-late.conf").write_text("written by a shell that stood in the folder\n")
        return finished


def test_a_file_added_in_the_last_instant_is_in_the_new_tree_and_one_added_after_it_is_kept_aside(rig: Rig) -> None:
    outcome = rig.run(FIRST, LastInstant(rig.live, rig.loaded))
    assert rig.tree() == {**FOREIGN, **FIRST, "late.conf": "just in time\n"}
    assert outcome.changed
    assert rig.beside() == [".app.edge-kept-1"]
    assert (rig.live.parent / ".app.edge-kept-1/too-late.conf").exists()
    assert "kept-1" in rig.warnings[0]
    assert not rig.run(FIRST).changed and rig.beside() == [".app.edge-kept-1"]


def test_two_runs_do_not_meet(rig: Rig) -> None:
    holder = Host().lock(str(rig.live.parent))
    assert holder is not None
    try:
        with pytest.raises(BusyError, match="another run"):
            rig.run(FIRST)
    finally:
        os.close(holder)
    assert rig.run(FIRST).changed

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release on a real filesystem: what changes and what stays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Finished
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import MARKER
from ansible_collections.steadfast.edge.plugins.module_utils._release._release import release
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.release.rig import (
    FIRST,
    FOREIGN,
    Rig,
    ServiceHost,
    snapshot,
)


def test_the_first_release_adds_its_files_beside_foreign_ones(rig: Rig) -> None:
    outcome = rig.run(FIRST)
    assert rig.tree() == {**FOREIGN, **FIRST}
    assert rig.loaded == rig.tree()
    assert outcome.changed and outcome.validated and outcome.reloaded
    assert outcome.files_added == sorted(FIRST) and not outcome.files_changed and not outcome.files_removed
    assert rig.beside() == [] and rig.warnings == []


def test_the_mark_in_the_tree_is_nobodys_business(rig: Rig) -> None:
    """The tree may be a folder that a web server shows."""
    rig.run(FIRST)
    assert (rig.live / MARKER).stat().st_mode & 0o777 == 0o600


def test_a_second_run_only_reads(rig: Rig) -> None:
    rig.run(FIRST)
    before = snapshot(rig.base)
    host = rig.host()
    outcome = rig.run(FIRST, host)
    assert not outcome.changed and not outcome.reloaded and not outcome.validated and outcome.diff == []
    assert host.commands == []
    assert snapshot(rig.base) == before


def test_only_the_differing_file_is_new_and_dropped_ones_go_with_their_folder(rig: Rig) -> None:
    rig.run(FIRST)
    inode = (rig.live / "main.conf").stat().st_ino
    outcome = rig.run({"main.conf": "one\n", "on/a": "-> ../main.conf"})
    assert rig.tree() == {**FOREIGN, "main.conf": "one\n", "on/a": "-> ../main.conf"}
    assert not (rig.live / "conf.d").exists()
    assert (rig.live / "main.conf").stat().st_ino == inode
    assert (outcome.files_added, outcome.files_changed, outcome.files_removed) == ([], ["on/a"], ["conf.d/a.conf", "conf.d/b.conf"])


def test_a_folder_with_a_foreign_file_stays(rig: Rig) -> None:
    rig.run(FIRST)
    rig.put({"conf.d/mine.conf": "x"})
    rig.run({})
    assert rig.tree() == {**FOREIGN, "conf.d/mine.conf": "x"}
    (rig.live / "conf.d/mine.conf").unlink()
    assert rig.run({}).changed
    assert not (rig.live / "conf.d").exists()
    assert not rig.run({}).changed


@pytest.mark.parametrize("drift", [
    lambda path: path.write_text("edited\n"),
    lambda path: path.chmod(0o600),
    lambda path: path.unlink(),
    lambda path: (path.unlink(), path.symlink_to("foreign.conf")),
])
def test_drift_of_content_mode_presence_and_kind_is_repaired(rig: Rig, drift: object) -> None:
    rig.run(FIRST)
    drift(rig.live / "main.conf")  # type: ignore[operator]
    outcome = rig.run(FIRST)
    assert outcome.files_added + outcome.files_changed == ["main.conf"]
    assert rig.tree() == {**FOREIGN, **FIRST}
    assert (rig.live / "main.conf").stat().st_mode & 0o777 == 0o644


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")
def test_drift_of_the_owner_is_repaired(rig: Rig) -> None:
    rig.run(FIRST)
    os.chown(rig.live / "main.conf", 12345, 54321)
    outcome = rig.run(FIRST)
    assert outcome.files_changed == ["main.conf"]
    assert (rig.live / "main.conf").stat().st_uid == 0
    assert any("owner: 12345" in entry["before"] for entry in outcome.diff)


def test_adopting_an_equal_file_changes_nothing_but_owns_it(rig: Rig) -> None:
    (rig.live / "foreign.conf").chmod(0o644)
    assert not rig.run({"foreign.conf": "not ours\n"}).changed
    assert rig.run({}).files_removed == ["foreign.conf"]


def test_foreign_attributes_and_kinds_are_carried_along(rig: Rig) -> None:
    (rig.live / "lib").chmod(0o2750)
    os.mkfifo(rig.live / "pipe")
    os.setxattr(rig.live / "lib", "user.note", b"folder")
    os.setxattr(rig.live / "foreign.conf", "user.note", b"file")
    (rig.live / "dangling").symlink_to("/nowhere/at/all")
    inode = (rig.live / "foreign.conf").stat().st_ino
    rig.run({**FIRST, "lib/other.conf": "ours\n"})
    assert (rig.live / "lib").stat().st_mode & 0o7777 == 0o2750
    assert (rig.live / "pipe").is_fifo()
    assert os.getxattr(rig.live / "lib", "user.note") == b"folder"
    assert os.getxattr(rig.live / "foreign.conf", "user.note") == b"file"
    assert str((rig.live / "dangling").readlink()) == "/nowhere/at/all"
    assert (rig.live / "foreign.conf").stat().st_ino == inode


def test_a_replaced_file_keeps_its_labels(rig: Rig) -> None:
    rig.run(FIRST)
    os.setxattr(rig.live / "main.conf", "user.note", b"label")
    rig.run({**FIRST, "main.conf": "two\n"})
    assert os.getxattr(rig.live / "main.conf", "user.note") == b"label"


def test_a_file_may_become_a_folder_and_back(rig: Rig) -> None:
    rig.run({"site": "flat\n"})
    rig.run({"site/a": "deep\n"})
    assert rig.tree() == {**FOREIGN, "site/a": "deep\n"}
    rig.run({"site": "flat\n"})
    assert rig.tree() == {**FOREIGN, "site": "flat\n"}


def test_without_a_running_service_there_is_no_reload(rig: Rig) -> None:
    class Stopped(ServiceHost):
        def run(self, argv: Sequence[str], timeout: float) -> Finished:
            if argv[0] == "systemctl":
                return Finished(0, "ActiveState=inactive\nMainPID=0")
            return super().run(argv, timeout)

    foreseen = rig.run(FIRST, Stopped(rig.live, rig.loaded), service="app", check_mode=True)
    outcome = rig.run(FIRST, Stopped(rig.live, rig.loaded), service="app")
    assert outcome.changed and not outcome.reloaded
    assert foreseen == outcome
    assert not rig.run(FIRST).changed


def test_a_link_to_the_tree_is_followed(rig: Rig) -> None:
    link = rig.base / "link"
    link.symlink_to(rig.live)
    request = replace(rig.request(FIRST), path=str(link))
    assert release(rig.host(), request, rig.warnings.append).changed
    assert link.is_symlink() and rig.tree() == {**FOREIGN, **FIRST}

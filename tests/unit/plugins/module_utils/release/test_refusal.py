# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trees that the checker or the service refuses: what is on disk, what the service runs with, and what is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import (
    CheckRefused,
    ReloadFailed,
    WantedError,
)
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Finished
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import Prove
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.release.rig import (
    FIRST,
    FOREIGN,
    Rig,
    ServiceHost,
    contents,
    snapshot,
)


def test_a_refused_tree_changes_nothing_and_names_file_and_line_of_the_live_path(rig: Rig) -> None:
    rig.run(FIRST)
    before = snapshot(rig.live)
    with pytest.raises(CheckRefused) as error:
        rig.run({**FIRST, "conf.d/a.conf": "broken thing;\n"})
    assert f"{rig.live}/conf.d/a.conf:1" in str(error.value) and "edge-staged" not in str(error.value)
    assert "line 1: broken thing;" in str(error.value)
    assert (error.value.file, error.value.line) == ("conf.d/a.conf", 1)
    after = snapshot(rig.live)
    # Links to the files came and went, which only the time of change shows.
    assert {name: facts[:3] for name, facts in after.items()} == {name: facts[:3] for name, facts in before.items()}
    assert rig.beside() == [] and rig.loaded == rig.tree()


def test_a_failing_reload_brings_the_old_tree_back_and_reloads_it(rig: Rig) -> None:
    rig.run(FIRST)
    host = rig.host()
    with pytest.raises(ReloadFailed, match=r"cannot take it\. The previous tree is back and was reloaded.$"):
        rig.run({"main.conf": "bad\n"}, host)
    assert host.commands[-2:] == [["reload-it"], ["reload-it"]]
    assert rig.tree() == {**FOREIGN, **FIRST} == rig.loaded
    assert rig.beside() == []
    assert not rig.run(FIRST).changed


def test_a_reload_that_fails_for_both_trees_stays_owed(rig: Rig) -> None:
    rig.run(FIRST)
    rig.put({"foreign.conf": "bad too\n"})
    with pytest.raises(ReloadFailed, match="did not come into effect either"):
        rig.run({"main.conf": "bad\n"})
    with pytest.raises(ReloadFailed, match="in place, but they did not come into effect"):
        rig.run(FIRST)
    rig.put({"foreign.conf": "good\n"})
    outcome = rig.run(FIRST)
    assert outcome.changed and outcome.reloaded
    assert rig.loaded == rig.tree()
    assert not rig.run(FIRST).changed


def test_a_missing_tree_is_created_and_goes_again_when_the_reload_fails(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.live.rmdir()
    assert rig.run(FIRST, check_mode=True).files_added == sorted(FIRST)
    assert not rig.live.exists()
    with pytest.raises(ReloadFailed):
        rig.run({"main.conf": "bad\n"})
    assert not rig.live.exists() and rig.beside() == []
    rig.run(FIRST)
    assert rig.tree() == FIRST


@pytest.mark.parametrize(("files", "problem"), [
    ({"lib": "x"}, "'lib' is a directory on the host"),
    ({"foreign.conf/x": "x"}, "'foreign.conf' shall hold files, but on the host it is not a directory"),
    ({"out/x": "x"}, "'out' shall hold files, but on the host it is a link to '/tmp'"),
])
def test_contradictions_with_the_host_are_refused_untouched(rig: Rig, files: dict[str, str], problem: str) -> None:
    (rig.live / "out").symlink_to("/tmp")
    with pytest.raises(WantedError, match=problem):
        rig.run(files)
    assert rig.beside() == [] and not rig.state_dir.exists()


def test_late_complaints_about_the_new_tree_are_not_held_against_the_old_one(rig: Rig) -> None:
    log = rig.base / "error.log"

    class Complaining(ServiceHost):
        def run(self, argv: Sequence[str], timeout: float) -> Finished:
            if argv[0] == "reload-it" and log.exists():
                super().run(argv, timeout)
                log.write_text(log.read_text() + "[emerg] bind() failed\n")
                return Finished(0, "")
            return super().run(argv, timeout)

    rig.run(FIRST)
    log.write_text("")
    with pytest.raises(ReloadFailed, match=r"refused it: \[emerg\] bind\(\) failed\. The previous tree is back and was reloaded\.$"):
        rig.run({"main.conf": "bad\n"}, Complaining(rig.live, rig.loaded), prove=Prove(main_pid="any", log=str(log), command=("only-new",)))
    assert rig.tree() == rig.loaded == {**FOREIGN, **FIRST}


def test_a_service_that_dies_of_the_reload_is_started_with_the_old_tree(rig: Rig) -> None:
    class Mortal(ServiceHost):
        state = "active"

        def run(self, argv: Sequence[str], timeout: float) -> Finished:
            if argv[0] != "systemctl":
                finished = super().run(argv, timeout)
                self.state = "failed" if finished.rc and argv[0] == "reload-it" else self.state
                return finished
            if argv[1] == "restart":
                self.state = "active"
                self.loaded.clear()
                self.loaded.update(contents(self.live))
            return Finished(0, f"ActiveState={self.state}\nMainPID=1")

    rig.run(FIRST)
    host = Mortal(rig.live, rig.loaded)
    with pytest.raises(ReloadFailed, match="The previous tree is back, and app, which had stopped, was started with it"):
        rig.run({"main.conf": "bad\n"}, host, service="app")
    assert host.state == "active"
    assert rig.loaded == rig.tree() == {**FOREIGN, **FIRST}
    assert not rig.run(FIRST).changed

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release on a real filesystem: what changes, what stays, and what is told about it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import (
    BusyError,
    CheckRefused,
    ReloadFailed,
    RollbackError,
    WantedError,
)
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Finished, Host
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import Prove
from ansible_collections.steadfast.edge.plugins.module_utils._release._release import release
from ansible_collections.steadfast.edge.plugins.module_utils._release._stage import Paths
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.release.rig import Rig, ServiceHost, contents

FOREIGN = {"foreign.conf": "not ours\n", "lib/other.conf": "neither\n"}
FIRST = {"main.conf": "one\n", "conf.d/a.conf": "a\n", "conf.d/b.conf": "b\n", "on/a": "-> ../conf.d/a.conf"}


def snapshot(root: Path) -> dict[str, tuple[int, ...]]:
    """Everything about every name that a run which changes nothing must leave alone."""
    paths = [root, *root.rglob("*")]
    return {str(path): (path.lstat().st_ino, path.lstat().st_mode, path.lstat().st_nlink, path.lstat().st_ctime_ns) for path in paths}


def test_the_first_release_adds_its_files_beside_foreign_ones(rig: Rig) -> None:
    outcome = rig.run(FIRST)
    assert rig.tree() == {**FOREIGN, **FIRST}
    assert rig.loaded == rig.tree()
    assert outcome.changed and outcome.validated and outcome.reloaded
    assert outcome.files_added == sorted(FIRST) and not outcome.files_changed and not outcome.files_removed
    assert rig.beside() == [] and rig.warnings == []


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


def test_a_foreign_file_that_is_wanted_is_taken_over_and_its_old_version_comes_back_with_a_rollback(rig: Rig) -> None:
    outcome = rig.run({"foreign.conf": "ours now\n"})
    assert outcome.files_changed == ["foreign.conf"]
    assert rig.run({}, rolled_back=True).changed
    assert rig.tree() == FOREIGN
    assert not rig.run({}, rolled_back=True).changed
    # It is foreign again: nothing prunes it.
    assert not rig.run({}).changed
    assert rig.tree() == FOREIGN


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


@pytest.mark.parametrize("files", [FIRST, {"foreign.conf": "taken\n"}, {}])
def test_check_mode_tells_what_real_mode_does_and_changes_nothing(rig: Rig, files: dict[str, str]) -> None:
    rig.run({"main.conf": "zero\n", "old/gone.conf": "x\n"})
    before = contents(rig.base)
    foreseen = rig.run(files, check_mode=True)
    assert contents(rig.base) == before and rig.beside() == []
    assert asdict(foreseen) == asdict(rig.run(files))
    assert asdict(rig.run(files, check_mode=True)) == asdict(rig.run(files))


def test_check_mode_runs_the_checker_on_the_would_be_tree(rig: Rig) -> None:
    host = rig.host()
    seen: list[dict[str, str]] = []
    host.on_check = lambda stage: seen.append(contents(stage))
    rig.run(FIRST, host, check_mode=True)
    assert seen == [{**FOREIGN, **FIRST}]
    with pytest.raises(CheckRefused):
        rig.run({"main.conf": "broken\n"}, check_mode=True)
    assert rig.beside() == []


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


def test_check_mode_before_the_package_is_there_warns(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.live.rmdir()
    rig.live.parent.rmdir()
    assert rig.run(FIRST, check_mode=True).changed
    assert "does not exist yet" in rig.warnings[0]
    rig.live.mkdir(parents=True)
    outcome = rig.run(FIRST, check_mode=True, validate=("no-such-checker",))
    assert outcome.changed and not outcome.validated and "no-such-checker" in rig.warnings[1]


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


def test_rollback_goes_back_once_and_further_by_name(rig: Rig) -> None:
    names = [rig.run({"main.conf": f"{number}\n", f"only-{number}": "x"}, keep=9).release for number in (1, 2, 3)]
    foreseen = rig.run(rolled_back=True, keep=9, check_mode=True)
    outcome = rig.run(rolled_back=True, keep=9)
    assert asdict(foreseen) == asdict(outcome)
    assert rig.tree() == {**FOREIGN, "main.conf": "2\n", "only-2": "x"} == rig.loaded
    assert not rig.run(rolled_back=True).changed
    assert rig.run(rolled_back=True, release=names[0], keep=9).changed
    assert rig.tree() == {**FOREIGN, "main.conf": "1\n", "only-1": "x"}
    assert not rig.run(rolled_back=True, release=names[0]).changed
    assert rig.run(rolled_back=True, release="0-original", keep=9).changed
    assert rig.tree() == FOREIGN


def test_a_rollback_restores_modes_links_and_secrecy(rig: Rig) -> None:
    rig.run({"key": "hush hush\n", "l": "-> key"}, attributes={"mode": 0o600, "secret": True})
    rig.run({})
    outcome = rig.run(rolled_back=True)
    assert (rig.live / "key").stat().st_mode & 0o777 == 0o600
    assert str((rig.live / "l").readlink()) == "key"
    assert "hush" not in str(outcome)
    assert "hush" not in str(rig.run({}))


def test_only_so_many_earlier_releases_are_kept(rig: Rig) -> None:
    outcomes = [rig.run({"main.conf": f"{number}\n"}, keep=2) for number in range(5)]
    assert outcomes[-1].releases == [outcomes[2].release, outcomes[3].release]
    kept = sorted(path.name for path in rig.state_dir.rglob("*.tar"))
    assert rig.run({}, keep=2, check_mode=True).releases == [outcomes[3].release, outcomes[4].release]
    assert kept == [f"{name}.tar" for name in outcomes[-1].releases]
    assert rig.run({"main.conf": "last\n"}, keep=0).releases == []
    assert list(rig.state_dir.rglob("*.tar")) == []
    with pytest.raises(RollbackError, match="no earlier release"):
        rig.run(rolled_back=True)
    with pytest.raises(RollbackError, match="no earlier release"):
        rig.run(rolled_back=True, release="9-nonsense")


def test_what_is_kept_is_for_root_only(rig: Rig) -> None:
    rig.run(FIRST)
    modes = {path.stat().st_mode & 0o077 for path in rig.state_dir.rglob("*")}
    assert modes == {0}


def test_secrets_are_in_no_answer(rig: Rig) -> None:
    secret: dict[str, Any] = {"attributes": {"secret": True}}
    answers = [str(rig.run({"key": "password topsecret;\n"}, **secret)), str(rig.run({"key": "password topsecret2;\n"}, **secret))]
    with pytest.raises(CheckRefused) as error:
        rig.run({"key": "password topsecret3 broken;\n"}, **secret)
    host = rig.host()
    host.on_check = lambda stage: None
    answers += [str(error.value), error.value.output, str(rig.run({}))]
    assert not [answer for answer in answers if "topsecret" in answer]
    assert "line 1: not shown" in str(error.value)


class QuotingHost(ServiceHost):
    def run(self, argv: Sequence[str], timeout: float) -> Finished:
        return Finished(1, f'unknown directive "topsecret3" in {argv[1]}/key:1')


def test_a_checker_that_quotes_a_secret_is_cut_short(rig: Rig) -> None:
    with pytest.raises(CheckRefused) as error:
        rig.run({"key": "password topsecret3;\n"}, QuotingHost(rig.live, rig.loaded), attributes={"secret": True})
    assert "topsecret3" not in str(error.value) + error.value.output
    assert "key:1" in str(error.value)


def test_diff_shows_content_and_attributes(rig: Rig) -> None:
    rig.run(FIRST)
    (rig.live / "conf.d/b.conf").chmod(0o600)
    diff = rig.run({**FIRST, "main.conf": "two\n", "conf.d/a.conf": "a\n"}).diff
    main = str(rig.live / "main.conf")
    assert {"before": "one\n", "after": "two\n", "before_header": main, "after_header": main} in diff
    attributes = [entry for entry in diff if "attributes" in entry["after_header"]]
    assert [entry["before"].splitlines()[0] for entry in attributes] == ["mode: 0600"]
    assert len(diff) == 2
    assert rig.run({}, diff=False).diff == []


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


def test_a_file_may_become_a_folder_and_back(rig: Rig) -> None:
    rig.run({"site": "flat\n"})
    rig.run({"site/a": "deep\n"})
    assert rig.tree() == {**FOREIGN, "site/a": "deep\n"}
    rig.run({"site": "flat\n"})
    assert rig.tree() == {**FOREIGN, "site": "flat\n"}


def test_two_runs_do_not_meet(rig: Rig) -> None:
    holder = Host().lock(str(rig.live.parent))
    assert holder is not None
    try:
        with pytest.raises(BusyError, match="another run"):
            rig.run(FIRST)
    finally:
        os.close(holder)
    assert rig.run(FIRST).changed


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


def test_a_link_to_the_tree_is_followed(rig: Rig) -> None:
    link = rig.base / "link"
    link.symlink_to(rig.live)
    request = replace(rig.request(FIRST), path=str(link))
    assert release(rig.host(), request, rig.warnings.append).changed
    assert link.is_symlink() and rig.tree() == {**FOREIGN, **FIRST}

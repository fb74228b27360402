# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from one binary to the next, and the ways back."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.errors import NginxError, OldMasterStays
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.handover import upgrade
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.model import Outcome, Request
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Finished
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.nginxd.rig import MASTER, World

NEW = 50


class Upgraded(World):
    """An nginx whose binary has been replaced, and that does with signals what nginx does."""

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        self.replace_binary()
        self.unit["PIDFile"] = str(self.pid_file)
        self.answers[f"{self.binary} -t"] = lambda: Finished(0, "")
        self.on_signal = self.obey
        self.starts = True
        self.status: int | None = 200

    def obey(self, pid: int, name: str) -> None:
        getattr(self, f"obey_{name.lower()}")(pid)

    def obey_usr2(self, pid: int) -> None:
        assert self.pid_file.read_text().strip() == str(pid), "nginx would refuse: it cannot rename its pid file"
        if self.starts:
            self.start(NEW, pid, "nginx: master process", self.binary)
            self.start(51, NEW, "nginx: worker process", self.binary)
            self.pid_file.write_text(f"{NEW}\n")

    def obey_winch(self, pid: int) -> None:
        for worker in (11, 12):
            self.leave(worker)

    def obey_hup(self, pid: int) -> None:
        self.start(13, MASTER, "nginx: worker process", self.base / "proc/10/exe")

    def obey_term(self, pid: int) -> None:
        for one in (51, NEW):
            self.end(one)

    def obey_quit(self, pid: int) -> None:
        if pid == NEW:
            self.obey_term(pid)
            return
        for one in (11, 12, MASTER):
            self.end(one)
        self.unit["MainPID"] = int(self.pid_file.read_text())

    def http_status(self, url: str, timeout: float) -> int:
        if self.status is None:
            raise OSError("refused")
        return self.status


@pytest.fixture
def world(tmp_path: Path) -> Upgraded:
    return Upgraded(tmp_path)


def run(world: Upgraded, **options: object) -> Outcome:
    return upgrade(world, Request(**{"binary": str(world.binary), "timeout": 5.0, **options}))  # type: ignore[arg-type]


def names(world: World) -> list[str]:
    return [name for _pid, name in world.signals]


def test_the_whole_way(world: Upgraded) -> None:
    outcome = run(world, url="http://127.0.0.1/healthz")
    assert outcome.changed and outcome.msg == "nginx 1.26.3 took over from 1.22.1"
    assert world.signals == [(MASTER, "USR2"), (MASTER, "WINCH"), (MASTER, "QUIT")]
    assert (outcome.after["main_pid"], outcome.after["workers"]) == (NEW, [51])
    assert not run(world).changed


def test_check_mode_only_asks(world: Upgraded) -> None:
    assert run(world, check_mode=True).changed
    assert not world.signals


@pytest.mark.parametrize("damage", ["unlink", "write_text"])
def test_the_pid_file_is_made_good_first(world: Upgraded, damage: str) -> None:
    getattr(world.pid_file, damage)(*([""] if damage == "write_text" else []))
    assert run(world).changed


def test_a_lost_folder_of_the_pid_file_is_made(world: Upgraded) -> None:
    world.pid_file.unlink()
    world.pid_file.parent.rmdir()
    assert run(world).changed


def test_a_pid_file_that_is_lost_on_the_way_does_not_end_the_new_master(world: Upgraded) -> None:
    """systemd would not find the new master when the old one ends, and end all of the unit."""

    def answer(url: str, timeout: float) -> int:
        world.pid_file.unlink()
        return 200

    world.http_status = answer  # type: ignore[method-assign]
    assert run(world, url="http://127.0.0.1/healthz").after["main_pid"] == NEW
    assert world.pid_file.read_text() == f"{NEW}\n"


def test_a_new_master_of_another_file_is_no_success(world: Upgraded) -> None:
    """Somebody has replaced the binary once more while it was started."""
    other = world.base / "other"
    other.write_text("other")
    world.start(NEW, 99, "nginx: master process", other)
    with pytest.raises(NginxError, match="the old one goes on"):
        run(world)
    assert world.signals == [(MASTER, "USR2"), (NEW, "TERM")]


def test_a_configuration_that_the_new_binary_refuses(world: Upgraded) -> None:
    world.answers[f"{world.binary} -t"] = lambda: Finished(1, "[emerg] unknown directive")
    with pytest.raises(NginxError, match=r"1\.26\.3 does not take over from 1\.22\.1, which goes on: .*unknown directive"):
        run(world)
    assert not world.signals


def test_a_binary_that_does_not_start(world: Upgraded) -> None:
    world.starts = False
    with pytest.raises(NginxError, match="did not start, the old one goes on"):
        run(world)
    assert names(world) == ["USR2"]
    assert world.pid_file.read_text() == f"{MASTER}\n"


def test_a_binary_that_ends_while_nobody_looks_is_not_waited_for(world: Upgraded) -> None:
    """All that is left of it is a pid file that was moved away and back."""
    aside = world.base / "run/nginx.pid.oldbin"

    def move_twice() -> None:
        world.pid_file.rename(aside)
        aside.rename(world.pid_file)

    world.starts = False
    world.at = {0.5: move_twice}
    with pytest.raises(NginxError, match="the old one goes on: the new master ended at once"):
        run(world)
    assert world.clock < 1


def test_what_the_log_says_ends_the_wait(world: Upgraded) -> None:
    world.starts = False
    log = world.base / "error.log"
    log.write_text("[emerg] long ago\n")
    world.at = {0.5: lambda: log.write_text("[emerg] long ago\n[alert] 10#10: new binary process 99 exited with code 3\n")}
    with pytest.raises(NginxError, match="new binary process 99 exited with code 3"):
        run(world, error_log=str(log))
    assert world.clock < 1


@pytest.mark.parametrize("status", [None, 502])
def test_a_new_nginx_that_does_not_answer_goes_again(world: Upgraded, status: int | None) -> None:
    world.status = status
    with pytest.raises(NginxError, match="did not serve, the old one took over again"):
        run(world, url="http://127.0.0.1/healthz")
    assert world.signals == [(MASTER, "USR2"), (MASTER, "WINCH"), (MASTER, "HUP"), (NEW, "TERM")]
    assert world.pid_file.read_text() == f"{MASTER}\n"


def test_a_dead_runs_successor_is_carried_on_with(world: Upgraded) -> None:
    world.obey_usr2(MASTER)
    assert run(world).after["main_pid"] == NEW
    assert names(world) == ["WINCH", "QUIT"]


def test_a_successor_of_yet_another_binary_is_ended_first(world: Upgraded) -> None:
    world.obey_usr2(MASTER)
    world.replace_binary("newer")
    assert run(world).changed
    assert world.signals[:2] == [(NEW, "QUIT"), (MASTER, "USR2")]


def test_an_old_master_with_open_requests_is_told(world: Upgraded) -> None:
    world.obey_quit = lambda pid: None  # type: ignore[method-assign]
    with pytest.raises(OldMasterStays, match=r"1\.26\.3 serves, but .* waits for 2 workers"):
        run(world)


def test_a_unit_without_a_pid_file_is_refused(world: Upgraded) -> None:
    world.unit["PIDFile"] = ""
    with pytest.raises(NginxError, match="give it Type=forking and PIDFile="):
        run(world)
    assert not world.signals


def test_what_does_not_run_is_left_to_its_next_start(world: Upgraded) -> None:
    world.unit.update(ActiveState="inactive", MainPID=0)
    assert not run(world).changed

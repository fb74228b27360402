# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each action, and what counts as its effect."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd import control
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.errors import NginxError
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.model import Request
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Finished
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.nginxd.rig import MASTER, World

STOPPED = {"ActiveState": "inactive", "SubState": "dead", "MainPID": 0}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def request(world: World, **options: object) -> Request:
    return Request(**{"binary": str(world.binary), "timeout": 5.0, **options})  # type: ignore[arg-type]


def actions(world: World) -> list[list[str]]:
    return [argv for argv in world.commands if argv[:2] != ["systemctl", "show"]]


def test_a_test_makes_no_pid_file_and_changes_nothing(world: World) -> None:
    world.answers[f"{world.binary} -t"] = lambda: Finished(0, "")
    assert not control.test(world, request(world)).changed
    assert actions(world) == [[str(world.binary), "-t", "-q", "-g", "pid /dev/null;"]]


def test_a_configuration_with_a_pid_of_its_own_is_tested_with_that(world: World) -> None:
    answers = iter([Finished(1, 'nginx: [emerg] "pid" directive is duplicate in /etc/nginx/nginx.conf:3'), Finished(0, "")])
    world.answers[f"{world.binary} -t"] = lambda: next(answers)
    control.test(world, request(world))
    assert len(actions(world)) == 2 and "-g" not in actions(world)[1]


def test_a_refusal_is_told_in_nginxs_words(world: World) -> None:
    world.answers[f"{world.binary} -t"] = lambda: Finished(1, "nginx: [emerg] unknown directive")
    with pytest.raises(NginxError, match=r"refused: nginx: \[emerg\] unknown directive"):
        control.test(world, request(world))


def test_a_reload_is_done_when_new_workers_run(world: World) -> None:
    def reload() -> Finished:
        world.leave(11)
        world.end(12)
        world.start(21, MASTER, "nginx: worker process", since=200)
        return Finished(0, "")

    world.answers["systemctl reload"] = reload
    outcome = control.reload(world, request(world))
    assert (outcome.changed, outcome.after["workers"], outcome.after["workers_leaving"]) == (True, [21], [11])


def test_a_reload_without_new_workers_is_none(world: World) -> None:
    world.answers["systemctl reload"] = lambda: Finished(0, "")
    with pytest.raises(NginxError, match="the workers of before go on: it was not proven within 5 s: no new worker"):
        control.reload(world, request(world))


def test_a_reload_in_check_mode_only_tests(world: World) -> None:
    world.answers[f"{world.binary} -t"] = lambda: Finished(0, "")
    assert control.reload(world, request(world, check_mode=True)).changed
    assert [argv[1] for argv in actions(world)] == ["-t"]


@pytest.mark.parametrize("action", [control.reload, control.reopen])
def test_what_does_not_run_cannot_be_told_anything(world: World, action: object) -> None:
    world.unit.update(STOPPED)
    with pytest.raises(NginxError, match="does not run"):
        action(world, request(world))  # type: ignore[operator]


def test_reopen_waits_for_every_process(world: World) -> None:
    log = world.base / "access.log"
    for pid in (MASTER, 11, 12):
        world.open(pid, 5, log)

    def anew(pid: int) -> None:
        (world.base / "proc" / str(pid) / "fd/5").unlink()
        world.open(pid, 6, log)

    world.on_signal = lambda pid, name: anew(MASTER)
    world.at = {1.0: lambda: anew(11), 2.0: lambda: anew(12)}
    assert control.reopen(world, request(world)).changed
    assert world.signals == [(MASTER, "USR1")]
    assert world.clock >= 2


def test_a_worker_that_keeps_its_log_is_no_reopening(world: World) -> None:
    world.open(11, 5, world.base / "access.log")
    with pytest.raises(NginxError, match="process 11 still writes"):
        control.reopen(world, request(world))


def test_only_files_that_are_appended_to_are_logs(world: World) -> None:
    world.open(11, 5, world.base / "cached", flags="0100002")
    assert not control.reopen(world, request(world)).changed
    assert not world.signals


def test_quit_waits_for_the_last_process(world: World) -> None:
    def stop() -> Finished:
        world.unit.update(STOPPED)
        world.end(MASTER)
        world.end(11)
        return Finished(0, "")

    world.answers["systemctl stop"] = stop
    world.at = {3.0: lambda: world.end(12)}
    assert control.quit_gracefully(world, request(world)).changed
    assert world.clock >= 3 and not world.signals
    assert not control.quit_gracefully(world, request(world)).changed


def test_stop_tells_systemd_before_it_hurries(world: World) -> None:
    order: list[str] = []

    def stop() -> Finished:
        order.append("systemctl")
        if "--no-block" not in world.commands[-1]:
            world.unit.update(STOPPED)
            for pid in (MASTER, 11, 12):
                world.end(pid)
        return Finished(0, "")

    world.answers["systemctl stop"] = stop
    world.on_signal = lambda pid, name: order.append(name)
    assert control.stop(world, request(world)).changed
    assert order == ["systemctl", "TERM", "systemctl"]


def test_a_stop_that_leaves_a_worker_is_told(world: World) -> None:
    world.answers["systemctl stop"] = lambda: (world.unit.update(STOPPED), world.end(MASTER), Finished(0, ""))[2]  # type: ignore[func-returns-value]
    with pytest.raises(NginxError, match=r"process 11 .* goes on"):
        control.quit_gracefully(world, request(world))


def test_start_waits_for_workers(world: World) -> None:
    world.end(11)
    world.end(12)
    world.unit.update(STOPPED)
    world.answers["systemctl start"] = lambda: (world.unit.update(ActiveState="active", MainPID=MASTER), Finished(0, ""))[1]
    world.at = {1.0: lambda: world.start(31, MASTER, "nginx: worker process")}
    assert control.start(world, request(world)).after["workers"] == [31]
    assert not control.start(world, request(world)).changed

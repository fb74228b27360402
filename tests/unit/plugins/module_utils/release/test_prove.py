# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof of a reload, with processes, unit and clock that are told what to be."""

from __future__ import annotations

import http.server
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import PlaceError, ReloadFailed
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Finished, Host, Process
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import Prove
from ansible_collections.steadfast.edge.plugins.module_utils._release._prove import reload_and_prove, unit_of

RELOAD = ("reload-it",)
WORKERS = {11: "nginx: worker process", 12: "nginx: worker process"}


class World(Host):
    """A unit with a main process and workers below an invented /proc; time passes only by waiting."""

    def __init__(self, base: Path) -> None:
        super().__init__(proc=str(base / "proc"))
        self.base = base
        self.clock = 0.0
        self.state = "active"
        self.main_pid = 10
        self.at: dict[float, Callable[[], object]] = {}
        self.on_reload: Callable[[], Finished] = lambda: Finished(0, "")
        self.commands: list[Sequence[str]] = []
        self.process(10, 1, "nginx: master process")
        for pid, title in WORKERS.items():
            self.process(pid, 10, title)

    def process(self, pid: int, parent: int, title: str, start: int = 100) -> object:
        folder = self.base / "proc" / str(pid)
        folder.mkdir(parents=True, exist_ok=True)
        fields = " ".join(["0"] * 17)
        (folder / "stat").write_text(f"{pid} (a) (b c) S {parent} {fields} {start} 0 0\n")
        return (folder / "cmdline").write_text(title + "\0")

    def end(self, pid: int) -> object:
        for name in ("stat", "cmdline"):
            (self.base / "proc" / str(pid) / name).unlink()
        return (self.base / "proc" / str(pid)).rmdir()  # type: ignore[func-returns-value]

    def run(self, argv: Sequence[str], timeout: float) -> Finished:
        self.commands.append(argv)
        if argv[0] == "systemctl":
            return Finished(0, f"MainPID={self.main_pid}\nActiveState={self.state}")
        if argv[0] == "reload-it":
            return self.on_reload()
        if argv[0] == "probe":
            return Finished(0 if self.clock >= 3 else 5, "not yet")
        raise FileNotFoundError(2, "No such file or directory", argv[0])

    def now(self) -> float:
        return self.clock

    def sleep(self, seconds: float) -> None:
        self.clock += seconds
        for when in [when for when in self.at if when <= self.clock]:
            self.at.pop(when)()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def prove(world: World, service: str | None = "nginx", **rules: Any) -> None:
    reload_and_prove(world, RELOAD, service, Prove(**rules), 60)


def test_new_workers_prove_the_reload(world: World) -> None:
    world.at = {
        1.0: lambda: world.process(21, 10, "nginx: worker process", 200),
        2.0: lambda: world.process(11, 10, "nginx: worker process is shutting down"),
        3.0: lambda: world.end(12),
    }
    prove(world, workers="started")
    assert 3.0 <= world.clock < 3.3


def test_without_new_workers_there_is_no_proof(world: World) -> None:
    with pytest.raises(ReloadFailed, match="not proven within 30 s: no new worker was started by process 10"):
        prove(world, workers="started")


def test_a_worker_that_crashed_and_came_again_is_no_proof(world: World) -> None:
    world.at = {1.0: lambda: (world.end(11), world.process(21, 10, "nginx: worker process", 200))}
    with pytest.raises(ReloadFailed, match=r"the old worker 12 \(nginx: worker process\) goes on"):
        prove(world, workers="started", timeout=5)


def test_a_pid_that_is_used_again_is_a_new_worker(world: World) -> None:
    world.at = {1.0: lambda: (world.end(12), world.process(11, 10, "nginx: worker process", 200))}
    prove(world, workers="started")


def test_replaced_waits_until_the_old_generation_is_gone(world: World) -> None:
    world.at = {
        1.0: lambda: world.process(21, 10, "nginx: worker process", 200),
        2.0: lambda: (world.end(11), world.process(12, 10, "nginx: worker process is shutting down")),
        7.0: lambda: world.end(12),
    }
    prove(world, workers="replaced")
    assert world.clock >= 7.0


def test_processes_of_others_do_not_count(world: World) -> None:
    world.at = {1.0: lambda: world.process(21, 99, "nginx: worker process", 200)}
    with pytest.raises(ReloadFailed, match="no new worker"):
        prove(world, workers="started", timeout=3)


@pytest.mark.parametrize(("rule", "pid", "problem"), [
    ("kept", 50, "changed from 10 to 50"), ("replaced", 10, "is still 10"), ("kept", 10, None), ("replaced", 50, None), ("any", 50, None)])
def test_the_main_process(world: World, rule: str, pid: int, problem: str | None) -> None:
    def reload() -> Finished:
        world.main_pid = pid
        return Finished(0, "")

    world.on_reload = reload
    if problem is None:
        prove(world, main_pid=rule)
    else:
        with pytest.raises(ReloadFailed, match=problem):
            prove(world, main_pid=rule, timeout=1)


def test_a_failed_unit_is_not_waited_for(world: World) -> None:
    def reload() -> Finished:
        world.state = "failed"
        return Finished(0, "")

    world.on_reload = reload
    with pytest.raises(ReloadFailed, match="the unit nginx failed"):
        prove(world)
    assert world.clock == 0


def test_a_unit_that_is_still_reloading_is_waited_for(world: World) -> None:
    world.state = "reloading"
    world.at = {4.0: lambda: setattr(world, "state", "active")}
    prove(world)
    assert world.clock >= 4.0


def test_a_refusal_in_the_log_ends_the_wait(world: World) -> None:
    log = world.base / "error.log"
    log.write_text("[emerg] long ago\n")
    world.at = {0.5: lambda: log.write_text(log.read_text() + "[notice] fine\n[emerg] bind() failed\n")}
    with pytest.raises(ReloadFailed, match=r"refused it: \[emerg\] bind\(\) failed"):
        prove(world, workers="started", log=str(log))
    assert world.clock < 1


def test_old_lines_and_rotation_are_no_refusal(world: World) -> None:
    log = world.base / "error.log"
    log.write_text("[emerg] long ago, and a long line it is\n")

    def reload() -> Finished:
        log.unlink()
        log.write_text("[notice] fine\n")
        return Finished(0, "")

    world.on_reload = reload
    prove(world, log=str(log))


def test_a_failing_reload_is_told_with_what_the_log_says(world: World) -> None:
    log = world.base / "error.log"

    def reload() -> Finished:
        log.write_text("[emerg] the reason\n")
        return Finished(1, "Job failed. See the journal.")

    world.on_reload = reload
    with pytest.raises(ReloadFailed, match=r"'reload-it' exited with 1: Job failed\. See the journal\.; \[emerg\] the reason"):
        prove(world, log=str(log))


def test_a_command_must_succeed_in_time(world: World) -> None:
    prove(world, command=("probe",))
    assert world.clock >= 3
    world.clock = -10
    with pytest.raises(ReloadFailed, match="'probe' exited with 5: not yet"):
        prove(world, command=("probe",), timeout=1)
    with pytest.raises(ReloadFailed, match="'nonesuch' cannot be run"):
        prove(world, command=("nonesuch",), timeout=1)


def test_a_reload_command_that_is_not_there(world: World) -> None:
    with pytest.raises(ReloadFailed, match="'nonesuch' cannot be run: No such file"):
        reload_and_prove(world, ["nonesuch"], None, None, 5)


def test_without_systemd_the_message_says_so(tmp_path: Path) -> None:
    class NoSystemd(Host):
        def run(self, argv: Sequence[str], timeout: float) -> Finished:
            raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(PlaceError, match="leave service out"):
        unit_of(NoSystemd(), "nginx")


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.send_header("Location", "/200")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


def test_an_url_must_answer_with_the_status(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        prove(world, url=base + "/200")
        prove(world, url=base + "/301", status=301)
        with pytest.raises(ReloadFailed, match="/503 answers 503 instead of 200"):
            prove(world, url=base + "/503", timeout=1)
        with pytest.raises(ReloadFailed, match=r"not proven within 1 s: .*/404 answers 404"):
            prove(world, url=base + "/200", urls=(base + "/200", base + "/404"), timeout=1)
        begun = world.clock
        with pytest.raises(ReloadFailed, match=r"^http:.*/503 answers 503"):
            prove(world, url=base + "/503", status_refused=503, timeout=60)
        assert world.clock - begun < 1, "nothing is waited for"
        with pytest.raises(ReloadFailed, match=r"not proven within 1 s: .*/503"):
            prove(world, url=base + "/200", urls=(base + "/503",), status_refused=503, timeout=1)
        server.shutdown()
    with pytest.raises(ReloadFailed, match="does not answer"):
        prove(world, url=base + "/200", timeout=1)


def test_real_processes_are_read_from_proc() -> None:
    found = {process.pid: process for process in Host().children(os.getppid())}
    assert found[os.getpid()].start > 0
    assert "python" in found[os.getpid()].title
    assert isinstance(found[os.getpid()], Process)

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a running nginx, each with proof of its effect.

The master is known from systemd alone: no action reads a pid file, so a lost or an empty one is in nobody's way.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.errors import NginxError
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.facts import UnitState, unit_state, workers_of
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.host import NginxHost
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.model import INTERVAL, Outcome, Request
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import ReleaseError
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Process
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import Prove
from ansible_collections.steadfast.edge.plugins.module_utils._release._prove import reload_and_prove

__all__ = ["check_configuration", "command", "quit_gracefully", "reload", "reopen", "snapshot", "start", "stop", "test", "wait_until"]

DUPLICATE_PID = '"pid" directive is duplicate'


def snapshot(host: NginxHost, unit: UnitState) -> dict[str, Any]:
    workers = workers_of(host, unit.main_pid) if unit.main_pid else None
    return {
        "active": unit.active,
        "main_pid": unit.main_pid,
        "workers": [one.pid for one in workers.serving] if workers else [],
        "workers_leaving": [one.pid for one in workers.leaving] if workers else [],
    }


def command(host: NginxHost, argv: Sequence[str], timeout: float) -> str:
    """Raises NginxError unless it ends in time with exit code 0."""
    line = " ".join(argv)
    try:
        finished = host.run(argv, timeout)
    except OSError as error:
        raise NginxError(f"'{line}' cannot be run: {error.strerror}") from error
    if finished.rc == 0:
        return finished.output
    ended = f"did not end within {timeout:g} s" if finished.rc is None else f"exited with {finished.rc}"
    raise NginxError(f"'{line}' {ended}: {finished.output or 'it printed nothing'}", finished.output)


def wait_until(host: NginxHost, problem: Callable[[], str | None], timeout: float) -> None:
    """Raises NginxError with the last problem when the time is over."""
    deadline = host.now() + timeout
    while True:
        found = problem()
        if found is None:
            return
        if host.now() >= deadline:
            raise NginxError(f"it was not proven within {timeout:g} s: {found}", found)
        host.sleep(INTERVAL)


def check_configuration(host: NginxHost, binary: str, config: str | None, timeout: float) -> str:
    """Has a binary judge the configuration. Its pid file is none, so that a lost one does not come back empty."""
    argv = [binary, "-t", "-q", *(["-c", config] if config else [])]
    try:
        return command(host, [*argv, "-g", "pid /dev/null;"], timeout)
    except NginxError as error:
        if DUPLICATE_PID not in error.output:
            raise NginxError(f"the configuration was refused: {error.output or error}", error.output) from error
    try:
        return command(host, argv, timeout)
    except NginxError as error:
        raise NginxError(f"the configuration was refused: {error.output or error}", error.output) from error


def test(host: NginxHost, request: Request) -> Outcome:
    output = check_configuration(host, request.binary, request.config, request.timeout)
    now = snapshot(host, unit_state(host, request.service))
    return Outcome(False, "the configuration is good", now, now, output)


def reload(host: NginxHost, request: Request) -> Outcome:
    unit = _running(host, request, "reload")
    before = snapshot(host, unit)
    if request.check_mode:
        check_configuration(host, request.binary, request.config, request.timeout)
        return Outcome(True, f"{request.service} would be reloaded", before, before)
    prove = Prove(workers="started", log=request.error_log, url=request.url, status=request.status, timeout=request.timeout)
    try:
        reload_and_prove(host, ["systemctl", "reload", request.service], request.service, prove, request.timeout)
    except ReleaseError as error:
        raise NginxError(f"{request.service} was not reloaded, the workers of before go on: {error}", error.output) from error
    after = snapshot(host, unit_state(host, request.service))
    return Outcome(True, f"{request.service} was reloaded: workers {_numbers(after)} took over", before, after)


def reopen(host: NginxHost, request: Request) -> Outcome:
    """nginx opens the new file before it closes the old one, so each process holds its logs under other descriptors afterwards."""
    unit = _running(host, request, "reopen")
    before = snapshot(host, unit)
    logs = {pid: host.open_logs(pid) for pid in (unit.main_pid, *before["workers"], *before["workers_leaving"])}
    if not any(logs.values()):
        return Outcome(False, f"{request.service} writes no log files", before, before)
    if request.check_mode:
        return Outcome(True, f"{request.service} would open its log files anew", before, before)
    host.signal(unit.main_pid, "USR1")

    def problem() -> str | None:
        held = [pid for pid, files in logs.items() if files and host.open_logs(pid) == files]
        return f"process {held[0]} still writes to the log files of before" if held else None

    wait_until(host, problem, request.timeout)
    after = snapshot(host, unit_state(host, request.service))
    if after["main_pid"] != unit.main_pid:
        raise NginxError(f"the master of {request.service} changed from {unit.main_pid} to {after['main_pid']} meanwhile")
    return Outcome(True, f"{request.service} opened its log files anew", before, after)


def start(host: NginxHost, request: Request) -> Outcome:
    unit = unit_state(host, request.service)
    before = snapshot(host, unit)
    if unit.active and before["workers"]:
        return Outcome(False, f"{request.service} runs already", before, before)
    if request.check_mode:
        return Outcome(True, f"{request.service} would be started", before, before)
    command(host, ["systemctl", "start", request.service], request.timeout)

    def problem() -> str | None:
        now = unit_state(host, request.service)
        if now.active and workers_of(host, now.main_pid).serving:
            return None
        return f"{request.service} is {now.active_state} and no worker of it runs"

    wait_until(host, problem, request.timeout)
    return Outcome(True, f"{request.service} was started", before, snapshot(host, unit_state(host, request.service)))


def quit_gracefully(host: NginxHost, request: Request) -> Outcome:
    """The unit's KillSignal is QUIT: no new connections, and those of now are served to their end."""
    return _end(host, request, "quit", lambda unit: None)


def stop(host: NginxHost, request: Request) -> Outcome:
    """As quit, and then at once the signal that waits for no request. systemd knows of it first, so it does not start nginx again."""

    def hurry(unit: UnitState) -> None:
        command(host, ["systemctl", "stop", "--no-block", request.service], request.timeout)
        with contextlib.suppress(ProcessLookupError):  # it had nothing to wait for
            host.signal(unit.main_pid, "TERM")

    return _end(host, request, "stopped", hurry)


def _end(host: NginxHost, request: Request, done: str, first: Callable[[UnitState], None]) -> Outcome:
    unit = unit_state(host, request.service)
    before = snapshot(host, unit)
    if not unit.main_pid and not unit.active and unit.active_state != "activating":
        return Outcome(False, f"{request.service} does not run", before, before)
    if request.check_mode:
        return Outcome(True, f"{request.service} would be {done}", before, before)
    family = _family(host, unit.main_pid)
    if unit.main_pid:
        first(unit)
    command(host, ["systemctl", "stop", request.service], request.timeout)

    def problem() -> str | None:
        now = unit_state(host, request.service)
        left = [one for one in family if _same(host, one)]
        if now.active or now.main_pid:
            return f"{request.service} is {now.active_state}"
        return f"process {left[0].pid} ({left[0].title}) goes on" if left else None

    wait_until(host, problem, request.timeout)
    return Outcome(True, f"{request.service} was {done}", before, snapshot(host, unit_state(host, request.service)))


def _running(host: NginxHost, request: Request, action: str) -> UnitState:
    unit = unit_state(host, request.service)
    if not unit.active or not unit.main_pid:
        raise NginxError(f"{request.service} does not run ({unit.active_state}), so there is nothing to {action}; action=start starts it.")
    return unit


def _family(host: NginxHost, master: int) -> list[Process]:
    found = host.process(master) if master else None
    return [found, *host.children(master)] if found else []


def _same(host: NginxHost, one: Process) -> bool:
    now = host.process(one.pid)
    return now is not None and now.start == one.start


def _numbers(state: dict[str, Any]) -> str:
    return ", ".join(str(pid) for pid in state["workers"])

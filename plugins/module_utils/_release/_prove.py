# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands a tree over to the service and waits for proof that it was taken.

A signal or a zero exit code proves nothing: nginx answers a reload with success while its master rejects the change.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import PlaceError, ReloadFailed
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Host, Process
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import Prove

__all__ = ["Unit", "reload_and_prove", "unit_of"]

INTERVAL = 0.1
LEAVING = "shutting down"  # how nginx titles a worker of the old generation that finishes its requests
LOG_LIMIT = 256 * 1024


@dataclass(frozen=True)
class Unit:
    state: str
    main_pid: int

    @property
    def running(self) -> bool:
        return self.state in ("active", "reloading")


@dataclass(frozen=True)
class _Before:
    unit: Unit | None
    workers: frozenset[Process]
    log_size: int


def unit_of(host: Host, service: str) -> Unit:
    argv = ["systemctl", "show", "--property=ActiveState", "--property=MainPID", "--", service]
    try:
        finished = host.run(argv, 30)
    except OSError as error:
        text = f"service: the state of '{service}' cannot be asked, as systemctl does not run ({error.strerror}); leave service out."
        raise PlaceError(text) from error
    if finished.rc != 0:
        raise PlaceError(f"service: systemctl does not tell the state of '{service}': {finished.output}", finished.output)
    values = dict(line.partition("=")[::2] for line in finished.output.splitlines())
    return Unit(values.get("ActiveState", "unknown"), int(values.get("MainPID") or 0))


def reload_and_prove(host: Host, reload: Sequence[str], service: str | None, prove: Prove | None, timeout: float) -> None:
    """Raises ReloadFailed unless every condition of `prove` is met in time."""
    unit = unit_of(host, service) if service else None
    before = _Before(
        unit,
        frozenset(host.children(unit.main_pid)) if unit and prove and prove.workers else frozenset(),
        host.size(prove.log) if prove and prove.log else 0,
    )
    if reload:
        _reload(host, reload, prove, before, timeout)
    rules = prove or Prove(main_pid="any", timeout=timeout)
    deadline = host.now() + rules.timeout
    while True:
        problem = _problem(host, service, rules, before, deadline)
        refusal = _refusal(host, rules, before)
        if refusal:
            raise ReloadFailed(f"the service refused it: {refusal}", refusal)
        if problem is None:
            return
        if host.now() >= deadline:
            raise ReloadFailed(f"it was not proven within {rules.timeout:g} s: {problem}", problem)
        host.sleep(INTERVAL)


def _reload(host: Host, reload: Sequence[str], prove: Prove | None, before: _Before, timeout: float) -> None:
    command = " ".join(reload)
    try:
        finished = host.run(reload, timeout)
    except OSError as error:
        raise ReloadFailed(f"'{command}' cannot be run: {error.strerror}") from error
    if finished.rc != 0:
        ended = f"was killed after {timeout:g} s" if finished.rc is None else f"exited with {finished.rc}"
        said = "; ".join(part for part in (finished.output, _refusal(host, prove, before)) if part) or "it printed nothing"
        raise ReloadFailed(f"'{command}' {ended}: {said}", said)


def _refusal(host: Host, prove: Prove | None, before: _Before) -> str:
    """The first line in the service's log since the reload that tells of a refusal."""
    if prove is None or prove.log is None:
        return ""
    added = host.read_from(prove.log, before.log_size, LOG_LIMIT).decode("utf-8", "replace")
    return next((line for line in added.splitlines() if re.search(prove.log_reject, line)), "")


def _problem(host: Host, service: str | None, prove: Prove, before: _Before, deadline: float) -> str | None:
    """The first condition that is not met yet, cheapest first."""
    if service and before.unit:
        unit = unit_of(host, service)
        problem = _unit_problem(service, prove, before.unit, unit)
        if problem is None and prove.workers:
            problem = _worker_problem(host, prove.workers, before, unit)
        if problem:
            return problem
    left = max(deadline - host.now(), INTERVAL)
    return _command_problem(host, prove, left) or _urls_problem(host, prove, left)


def _unit_problem(service: str, prove: Prove, before: Unit, now: Unit) -> str | None:
    if now.state == "failed":  # waiting would only lengthen the outage
        raise ReloadFailed(f"the unit {service} failed")
    if now.state != "active":
        return f"the unit {service} is {now.state}"
    if prove.main_pid == "kept" and now.main_pid != before.main_pid:
        return f"the main process of {service} changed from {before.main_pid} to {now.main_pid}"
    if prove.main_pid == "replaced" and now.main_pid == before.main_pid:
        return f"the main process of {service} is still {now.main_pid}"
    return None


def _worker_problem(host: Host, workers: str, before: _Before, unit: Unit) -> str | None:
    """A pid can be used again, a pid with its start time cannot."""
    old = {(process.pid, process.start) for process in before.workers}
    now = host.children(unit.main_pid)
    if all((process.pid, process.start) in old for process in now):
        return f"no new worker was started by process {unit.main_pid}"
    stayed = [process for process in now if (process.pid, process.start) in old and (workers == "replaced" or LEAVING not in process.title)]
    if stayed:
        return f"the old worker {stayed[0].pid} ({stayed[0].title}) goes on"
    return None


def _command_problem(host: Host, prove: Prove, left: float) -> str | None:
    if not prove.command:
        return None
    command = " ".join(prove.command)
    try:
        finished = host.run(prove.command, left)
    except OSError as error:
        return f"'{command}' cannot be run: {error.strerror}"
    if finished.rc == 0:
        return None
    return f"'{command}' " + (f"exited with {finished.rc}: {finished.output}" if finished.rc is not None else "did not end in time")


def _urls_problem(host: Host, prove: Prove, left: float) -> str | None:
    urls = ([prove.url] if prove.url else []) + list(prove.urls)
    return next((problem for url in urls if (problem := _url_problem(host, prove, url, left))), None)


def _url_problem(host: Host, prove: Prove, url: str, left: float) -> str | None:
    try:
        status = host.http_status(url, left)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"{url} does not answer: {error}"
    if status == prove.status:
        return None
    problem = f"{url} answers {status} instead of {prove.status}"
    if url == prove.url and status == prove.status_refused:  # waiting would only lengthen the outage
        raise ReloadFailed(problem, problem)
    return problem

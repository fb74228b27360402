# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the installed binary in the place of the running one while every connection is served.

The old master starts the new one beside itself and hands it the listening sockets (USR2); its workers finish what they have (WINCH) while
those of the new one take what comes; then it leaves (QUIT). Until the last step the old master can take over again at once. systemd follows
the pid file when its main process ends, and would end the new master too if that did not name it: so the file is made right before each
step that relies on it. A run that died on the way is carried on by the next one.
"""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass

from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.control import check_configuration, snapshot, wait_until
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.errors import NginxError, OldMasterStays
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.facts import (
    Binary,
    UnitState,
    binary_of,
    running_version,
    unit_state,
    upgrade_pending,
    workers_of,
)
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.host import NginxHost
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.model import Outcome, Request
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Process

__all__ = ["upgrade"]

REFUSAL = re.compile(r"\[emerg\]|new binary process \d+ exited|before executing new binary process")
LOG_LIMIT = 256 * 1024


def upgrade(host: NginxHost, request: Request) -> Outcome:
    binary, unit = binary_of(host, request.binary), unit_state(host, request.service)
    before = snapshot(host, unit)
    if binary is None:
        raise NginxError(f"'{request.binary}' is not there or is no nginx; install it before, or name it by its full path.")
    if not unit.main_pid:
        return Outcome(False, f"{request.service} does not run; its next start is that of nginx {binary.version}", before, before)
    if not upgrade_pending(host, binary, unit):
        return Outcome(False, f"{request.service} runs the installed nginx {binary.version}", before, before)
    old = running_version(host, unit.main_pid) or "unknown"
    if not unit.pid_file:
        raise NginxError(f"the unit {request.service} follows no pid file, so systemd would end the new master with the old one; "
                         f"give it Type=forking and PIDFile={binary.pid_path}.")
    try:
        check_configuration(host, binary.path, request.config, request.timeout)
    except NginxError as error:
        raise NginxError(f"nginx {binary.version} does not take over from {old}, which goes on: {error}", error.output) from error
    if request.check_mode:
        return Outcome(True, f"nginx {binary.version} would take over from {old}", before, before)
    _Handover(host, request, binary, unit).run()
    after = snapshot(host, unit_state(host, request.service))
    return Outcome(True, f"nginx {binary.version} took over from {old}", before, after)


@dataclass
class _Handover:
    host: NginxHost
    request: Request
    binary: Binary
    unit: UnitState

    def run(self) -> None:
        successor = self._successor() or self._start_successor()
        try:
            self._withdraw_old_workers()
            self._prove(successor)
        except NginxError as error:
            self._take_back(successor)
            raise NginxError(f"nginx {self.binary.version} did not serve, the old one took over again: {error}", error.output) from error
        self._release_old_master(successor)

    @property
    def old(self) -> int:
        return self.unit.main_pid

    def _successor(self) -> Process | None:
        """The new master that an earlier run left behind. One that runs yet another binary is of no use."""
        for child in self.host.children(self.old):
            if "master process" not in child.title:
                continue
            if self._is_new(child):
                return child
            self.host.signal(child.pid, "QUIT")
            self._wait_for_the_end_of(child)
        return None

    def _wait_for_the_end_of(self, process: Process) -> None:
        wait_until(self.host, lambda: f"process {process.pid} goes on" if self.host.process(process.pid) else None, self.request.timeout)

    def _is_new(self, process: Process) -> bool:
        return self.host.identity(self.host.executable_of(process.pid)) == self.host.identity(self.binary.path)

    def _start_successor(self) -> Process:
        host, log = self.host, self.request.error_log
        # Without its pid file the old master refuses to start a new one.
        self._write_pid(self.old)
        mark, stamp = host.size(log) if log else 0, host.changed_at(self.unit.pid_file)
        seen: list[Process] = []
        host.signal(self.old, "USR2")

        def problem() -> str | None:
            refusal = self._refusal(mark)
            if refusal:
                raise NginxError(refusal, refusal)
            found = [child for child in host.children(self.old) if "master process" in child.title]
            if not found and (seen or self._is_back(stamp)):
                raise NginxError("the new master ended at once")
            seen[:] = found or seen
            return None if found and self._serves(found[0]) else "no new master runs with workers of its own"

        try:
            wait_until(host, problem, self.request.timeout)
        except NginxError as error:
            self._take_back(*seen)
            raise NginxError(f"nginx {self.binary.version} did not start, the old one goes on: {error}", error.output) from error
        return seen[0]

    def _is_back(self, stamp: int | None) -> bool:
        """Whether the old master has moved its pid file away for the new one and back again: nobody was looking while that one ran."""
        return self._read_pid() == self.old and self.host.changed_at(self.unit.pid_file) != stamp

    def _serves(self, master: Process) -> bool:
        return self._is_new(master) and self._read_pid() == master.pid and bool(workers_of(self.host, master.pid).serving)

    def _refusal(self, mark: int) -> str | None:
        log = self.request.error_log
        added = self.host.read_from(log, mark, LOG_LIMIT).decode("utf-8", "replace") if log else ""
        return next((line for line in added.splitlines() if REFUSAL.search(line)), None)

    def _withdraw_old_workers(self) -> None:
        self.host.signal(self.old, "WINCH")

        def problem() -> str | None:
            serving = workers_of(self.host, self.old).serving
            return f"the old worker {serving[0].pid} still takes connections" if serving else None

        wait_until(self.host, problem, self.request.timeout)

    def _prove(self, successor: Process) -> None:
        """From here on only the new workers answer."""
        request = self.request

        def problem() -> str | None:
            if not self._serves(successor):
                return f"the new master {successor.pid} has no workers"
            if not request.url:
                return None
            try:
                status = self.host.http_status(request.url, request.timeout)
            except (OSError, ValueError, http.client.HTTPException) as error:
                return f"{request.url} does not answer: {error}"
            return None if status == request.status else f"{request.url} answers {status} instead of {request.status}"

        wait_until(self.host, problem, request.timeout)

    def _take_back(self, successor: Process | None = None) -> None:
        """HUP makes the old master start workers again where it has withdrawn them; the new one then goes."""
        host = self.host
        if not workers_of(host, self.old).serving:
            host.signal(self.old, "HUP")
            wait_until(host, lambda: None if workers_of(host, self.old).serving else "the old master has no workers", self.request.timeout)
        if successor and host.process(successor.pid):
            host.signal(successor.pid, "TERM")
            self._wait_for_the_end_of(successor)
        # The old master renames its pid file back only where the new one died of itself.
        self._write_pid(self.old)

    def _release_old_master(self, successor: Process) -> None:
        host, request = self.host, self.request
        self._write_pid(successor.pid)
        start = host.process(self.old)
        host.signal(self.old, "QUIT")

        def problem() -> str | None:
            now = host.process(self.old)
            if now and start and now.start == start.start:
                return f"the old master {self.old} waits for {len(workers_of(host, self.old).leaving)} workers with open requests"
            unit = unit_state(host, request.service)
            if unit.active and unit.main_pid == successor.pid:
                return None
            return f"systemd takes {unit.main_pid} for the main process of {request.service}, which is {unit.active_state}"

        try:
            wait_until(host, problem, request.timeout)
        except NginxError as error:
            text = f"nginx {self.binary.version} serves, but {error}; run again, or wait longer (timeout)."
            raise OldMasterStays(text, error.output) from error

    def _read_pid(self) -> int:
        text = (self.host.read(self.unit.pid_file) or b"").decode("ascii", "replace").strip()
        return int(text) if text.isdigit() else 0

    def _write_pid(self, pid: int) -> None:
        if self._read_pid() != pid:
            self.host.put(self.unit.pid_file, f"{pid}\n")

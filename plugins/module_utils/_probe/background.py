# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A probe that goes on when the one who started it has left.

Each probe has a folder of its own. It lives exactly as long as it holds the lock there, so neither a stale file nor a process that got
the same number can be taken for it; and its record, written whole every second, says how far it came.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import client, figures

__all__ = ["FOLDER", "Probe", "ProbeError", "Record"]

# A probe does not outlive a reboot, and neither does what is known about it.
FOLDER = Path("/run/steadfast-edge/probes")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
# What an ending probe may take beyond its last time-out.
END_SECONDS = 10.0
POINTS = 600  # of a timeline, at most

RUNNING, FINISHED, STOPPED, DIED = "running", "finished", "stopped", "died"


class ProbeError(Exception):
    """What was asked for cannot be had; the message says why and what helps."""


@dataclass(frozen=True)
class Record:
    """What a probe says about itself."""

    plan: dict[str, Any]
    state: str
    began: float  # seconds since the epoch
    ended: float | None
    pid: int
    summary: dict[str, Any]
    reason: str = ""  # of its death, where it could say it


class Probe:
    """A probe by name."""

    def __init__(self, name: str, folder: Path | None = None) -> None:
        if not NAME.fullmatch(name):
            raise ProbeError(f"{name!r} is no name for a probe: use at most 64 letters, digits, '-', '_' and '.', not a dot first.")
        self.name = name
        self._home = (FOLDER if folder is None else folder) / name
        self._file = self._home / "record.json"

    def read(self) -> Record | None:
        """Its record, None if there is no such probe. One that ended without a word has died."""
        alive = self.alive()
        try:
            record = Record(**json.loads(self._file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise ProbeError(f"{self._file} is not a probe's record ({error}); remove the probe with 'state: absent'.") from error
        if record.state == RUNNING and not alive:
            return Record(**{**asdict(record), "state": DIED, "reason": "its process was killed"})
        return record

    def alive(self) -> bool:
        try:
            lock = os.open(self._home / "lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return not _locked(lock)
        finally:
            os.close(lock)

    def start(self, plan: client.Plan) -> None:
        """Begin to send requests in a process of its own, in place of an earlier probe of this name that has ended."""
        self._make_home()
        lock = os.open(self._home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not _locked(lock):
                raise ProbeError(f"The probe {self.name} is running already.")
            self._file.unlink(missing_ok=True)
            said = _detach(lambda ready: self._live(plan, ready), keep=lock)
        finally:
            os.close(lock)  # the probe's own copy holds the lock
        if said != "ready":
            raise ProbeError(f"The probe {self.name} could not be started: {said or 'its process ended at once'}.")

    def end(self, wait: bool = False) -> None:
        """See to it that it sends no more: now, or with `wait` when its time is over."""
        record = self.read()
        if record is None or not self.alive():
            return
        plan = client.Plan.stored(record.plan)
        latest = time.monotonic() + plan.patience + client.GRACE + END_SECONDS
        if wait:
            latest += max(0.0, record.began + plan.seconds - time.time())
        else:
            # It holds the lock, so the number is still its own.
            os.kill(record.pid, signal.SIGTERM)
        while self.alive():
            if time.monotonic() > latest:
                raise ProbeError(f"The probe {self.name} (process {record.pid}) does not end.")
            time.sleep(0.05)

    def remove(self) -> None:
        shutil.rmtree(self._home, ignore_errors=True)

    @property
    def exists(self) -> bool:
        return self._home.exists()

    def _make_home(self) -> None:
        try:
            self._home.parent.mkdir(parents=True, exist_ok=True)
            self._home.mkdir(exist_ok=True)
            for folder in (self._home.parent, self._home):
                folder.chmod(0o700)
        except PermissionError as error:
            raise ProbeError(f"{error.filename} cannot be used: a probe is started by root; add 'become: true'.") from error

    def _write(self, record: Record) -> None:
        fresh = self._home / ".record.new"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(record), file)
        fresh.replace(self._file)

    def _live(self, plan: client.Plan, ready: Callable[[], None]) -> None:
        """The life of the process."""
        began, sums = time.time(), figures.Figures(max(1.0, plan.seconds / POINTS))

        def write(state: str, reason: str = "") -> None:
            ended = None if state == RUNNING else time.time()
            self._write(Record(asdict(plan), state, began, ended, os.getpid(), asdict(sums.summary()), reason))

        written = time.monotonic()

        def report(answer: client.Answer) -> None:
            nonlocal written
            sums.add(answer)
            if time.monotonic() - written >= 1:
                written = time.monotonic()
                try:
                    write(RUNNING)
                except OSError:
                    # A full disk must not lose the answer; the last writing decides.
                    return

        try:
            client.Client(plan)  # what is wrong with the plan (an authority's file, for one) is said before anybody relies on it
            write(RUNNING)
            ready()
            complete = client.run(plan, report, _until_told)
            write(FINISHED if complete else STOPPED)
        except Exception as error:
            write(DIED, f"{type(error).__name__}: {error}")
            raise


def _locked(lock: int) -> bool:
    """Take the lock, if nobody has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _until_told(seconds: float) -> bool:
    """Wait, and say whether to stop. SIGTERM is blocked: it is taken here or nowhere."""
    return signal.sigtimedwait([signal.SIGTERM], max(0.0, seconds)) is not None


def _detach(live: Callable[[Callable[[], None]], None], keep: int) -> str:
    """Run `live` in a process that belongs to nobody and has nothing open but `keep`. Returns its first word."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _become_nobodys(live, keep, writer)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, encoding="utf-8") as pipe:
        return pipe.read()


def _become_nobodys(live: Callable[[Callable[[], None]], None], keep: int, writer: int) -> None:
    """In the new process, which never returns to its caller's code."""
    listening = True

    def ready() -> None:
        nonlocal listening
        listening = False
        os.write(writer, b"ready")
        os.close(writer)

    code = 1
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.chdir("/")
        os.umask(0o077)
        _close_all_but(keep, writer)
        live(ready)
        code = 0
    except BaseException as error:
        # Without closing it: whoever listens hears the end when this process is gone, and its lock with it.
        if listening:
            os.write(writer, f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(code)


def _close_all_but(*kept: int) -> None:
    """Whoever waits for the end of one of our streams would wait for the end of the probe."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    for number in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        if number > 2 and number not in kept:
            try:
                os.close(number)
            except OSError:
                continue  # the listing's own

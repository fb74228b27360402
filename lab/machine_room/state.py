"""What is remembered about a lab between two commands, and the lock that keeps two of them apart."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from machine_room.errors import LabError
from machine_room.model import Lab
from machine_room.paths import LOCK_ROOT, LabPaths
from machine_room.progress import say

BUILDING = "building"
UP = "up"
LOCK_SECONDS = 300.0


@dataclass(frozen=True)
class State:
    """A lab is `building` until everything that it needs has been made once; only then can it be repaired in place."""

    phase: str
    lab: Lab


def load(paths: LabPaths) -> State:
    try:
        data = json.loads(paths.state.read_text())
    except FileNotFoundError as error:
        raise LabError(f"lab '{paths.name}' is not up: `lab/lab --name {paths.name} up` starts it") from error
    return State(data["phase"], Lab.from_json(data["lab"]))


def save(paths: LabPaths, state: State) -> None:
    """Written beside and renamed, so that a killed command leaves the old state or the new one."""
    paths.folder.mkdir(parents=True, exist_ok=True)
    fresh = paths.state.with_suffix(".new")
    fresh.write_text(json.dumps({"phase": state.phase, "lab": state.lab.to_json()}, indent=1))
    fresh.replace(paths.state)


@contextmanager
def locked(paths: LabPaths, verb: str) -> Iterator[None]:
    """Only one command at a time changes a lab; the next one waits."""
    handle = _acquire(paths)
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"`{verb}` (process {os.getpid()})".encode(), 0)
        yield
    finally:
        # Deleted while held: who waits for it finds a file that is gone and opens the new one.
        paths.lock.unlink(missing_ok=True)
        os.close(handle)
        with suppress(OSError):
            LOCK_ROOT.rmdir()


def _acquire(paths: LabPaths) -> int:
    deadline = time.monotonic() + LOCK_SECONDS
    told = False
    while True:
        handle = _open(paths, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _still_there(paths, handle):
                return handle
        except BlockingIOError:
            owner = os.pread(handle, 200, 0).decode() or "another command"
            if not told:
                say(f"lab '{paths.name}' is busy with {owner}: waiting for it")
                told = True
            if time.monotonic() > deadline:
                os.close(handle)
                raise LabError(f"lab '{paths.name}' is still busy with {owner}: wait for it or end it") from None
        os.close(handle)
        time.sleep(0.1)


def _open(paths: LabPaths, flags: int, mode: int) -> int:
    while True:
        # The folder goes away with its last lock.
        with suppress(FileNotFoundError, FileExistsError):
            LOCK_ROOT.mkdir(parents=True, exist_ok=True)
            return os.open(paths.lock, flags, mode)


def _still_there(paths: LabPaths, handle: int) -> bool:
    try:
        return os.fstat(handle).st_ino == paths.lock.stat().st_ino
    except FileNotFoundError:
        return False

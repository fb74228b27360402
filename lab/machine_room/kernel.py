"""Namespaces of the calling process, through the C library: Python 3.11 does not offer them itself."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path

from machine_room.errors import LabError

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Gives the calling thread namespaces of its own."""
    _checked(_libc.unshare(flags), "unshare")


def enter_network(namespace: Path) -> None:
    """Moves the calling thread, and what it starts from now on, into a network namespace."""
    try:
        handle = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        name = namespace.name.removeprefix("steadfast-")
        raise LabError(f"lab '{name}' is not up: `lab/lab --name {name} up` starts it") from error
    try:
        _checked(_libc.setns(handle, CLONE_NEWNET), f"setns {namespace}")
    finally:
        os.close(handle)


def die_with_parent() -> None:
    """The kernel kills the calling process when the one that started it ends, however that happens."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0), "prctl")

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon on this host: where it is, what it may be asked, and what it answered. The only part that looks at the host."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path

from .._command import CommandError, Runner

__all__ = ["JSON", "USR1", "Host"]

PID_FILES = ("/run/keepalived.pid", "/run/keepalived/keepalived.pid")
PAUSE = 0.02
USR1 = int(signal.SIGUSR1)
JSON = int(signal.SIGRTMIN) + 2
# The kernel's connector for process events (linux/connector.h, linux/cn_proc.h).
NETLINK_CONNECTOR = 11
CN_IDX_PROC = CN_VAL_PROC = 1
PROC_CN_MCAST_LISTEN, PROC_CN_MCAST_IGNORE = 1, 2
PROC_EVENT_NONE = 0


class Host:
    """What keepalived_info asks of a host."""

    def __init__(self, run: Runner) -> None:
        self._run = run

    def version_text(self) -> str | None:
        """What `keepalived --version` prints, None where there is none."""
        try:
            done = self._run(["keepalived", "--version"])
        except CommandError:
            return None
        return done.out + done.err

    def main_pid(self) -> int | None:
        """The process that its pid file names, if it is keepalived and alive."""
        for path in PID_FILES:
            text = self._read(path)
            if text.strip().isdigit() and self._comm(int(text)).startswith("keepalived"):
                return int(text)
        return None

    def program(self) -> str | None:
        """The program that runs, where it was when it was started, None where none does."""
        try:
            return str(Path(f"/proc/{self.main_pid()}/exe").readlink()).removesuffix(" (deleted)")
        except OSError:
            return None

    def children(self, pid: int) -> list[int]:
        """keepalived's own processes below the main one; scripts are not among them."""
        listed = self._read(f"/proc/{pid}/task/{pid}/children").split()
        return [int(child) for child in listed if self._comm(int(child)).startswith("keepalived")]

    def expects(self, pid: int, number: int) -> bool:
        """Whether a process handles a signal, or holds it back for itself to fetch: sent to any other, it would kill."""
        for line in self._read(f"/proc/{pid}/status").splitlines():
            name, _colon, mask = line.partition(":")
            if name in ("SigCgt", "SigBlk", "SigIgn") and int(mask, 16) >> (number - 1) & 1:
                return True
        return False

    def roles(self, pid: int) -> dict[str, int]:
        """Which of the children does what, by their pid files."""
        children, found = self.children(pid), {}
        for role in ("vrrp", "checkers"):
            for folder in ("/run", "/run/keepalived"):
                text = self._read(f"{folder}/{role}.pid").strip()
                if text.isdigit() and int(text) in children:
                    found[role] = int(text)
        return found

    def dump(self, pid: int, wanted: Mapping[str, int], timeout: float) -> dict[str, str]:
        """What the daemon writes when it is sent these signals, by the names of the files; those that did not appear are left out.

        A file that was not there before goes away again: it can hold a password.
        """
        # The daemon may have a /tmp of its own.
        paths = {name: f"/proc/{pid}/root/tmp/{name}" for name in wanted}
        before = {name: self._stamp(path) for name, path in paths.items()}
        for number in sorted(set(wanted.values())):
            os.kill(pid, number)
        deadline = time.monotonic() + timeout
        found: dict[str, str] = {}
        while len(found) < len(paths) and time.monotonic() < deadline:
            time.sleep(PAUSE)
            for name in [name for name in paths if name not in found]:
                stamp = self._stamp(paths[name])
                if stamp is not None and stamp != before[name] and not self._is_open(pid, name):
                    found[name] = self._read(paths[name])
        for name in found:
            if before[name] is None:
                self._remove(paths[name])
        return found

    def process_events(self) -> bool | None:
        """Whether the kernel reports processes here, which it does in the initial namespaces only; None without the right to ask."""
        try:
            listener = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_CONNECTOR)
        except OSError:
            return False
        with listener:
            listener.settimeout(1)
            try:
                listener.bind((0, CN_IDX_PROC))
                listener.send(_listen(PROC_CN_MCAST_LISTEN))
                answer = listener.recv(4096)
                # Somebody's event may come before the acknowledgement: either shows that events are reported.
                refused = _refused(answer)
                listener.send(_listen(PROC_CN_MCAST_IGNORE))
            except PermissionError:
                return None
            except OSError:
                return False
        return not refused

    def _is_open(self, pid: int, name: str) -> bool:
        for each in (pid, *self.children(pid)):
            # A descriptor may be closed while it is looked at.
            with contextlib.suppress(OSError):
                if any(link.readlink().name == name for link in Path(f"/proc/{each}/fd").iterdir()):
                    return True
        return False

    @staticmethod
    def _stamp(path: str) -> tuple[int, int] | None:
        try:
            found = Path(path).stat()
        except OSError:
            return None
        return (found.st_ino, found.st_mtime_ns) if found.st_size else None

    @staticmethod
    def _remove(path: str) -> None:
        with contextlib.suppress(OSError):
            Path(path).unlink()

    @staticmethod
    def _read(path: str) -> str:
        try:
            return Path(path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def _comm(self, pid: int) -> str:
        return self._read(f"/proc/{pid}/comm").strip().lower()


def _listen(operation: int) -> bytes:
    """A netlink message that carries a connector message that carries the operation."""
    payload = struct.pack("=I", operation)
    connector = struct.pack("=IIIIHH", CN_IDX_PROC, CN_VAL_PROC, 0, 0, len(payload), 0) + payload
    return struct.pack("=IHHII", 16 + len(connector), 3, 0, 0, os.getpid()) + connector


def _refused(answer: bytes) -> bool:
    """The acknowledgement is an event of kind none with an error number."""
    what, _cpu, _stamp, error = struct.unpack_from("=IIQI", answer, 16 + 20)
    return bool(what == PROC_EVENT_NONE and error != 0)

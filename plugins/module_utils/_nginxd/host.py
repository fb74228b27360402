# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seam to the host, with what nginx's processes need on top of what a release needs."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import stat
import time
from pathlib import Path

from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.archive import unpack
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Host, Process

__all__ = ["NginxHost"]

# Where a plain user's PATH does not look, and a package puts nginx.
SEARCHED = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
APPEND = os.O_APPEND


class NginxHost(Host):
    # Looking

    def which(self, name: str) -> str | None:
        return shutil.which(name, path=f"{SEARCHED}:{os.environ.get('PATH', '')}")

    def digest(self, path: str) -> str | None:
        """The SHA-256 of a file's content; None where there is no such file."""
        content = self.read(path)
        return None if content is None else hashlib.sha256(content).hexdigest()

    def identity(self, path: str) -> tuple[int, int] | None:
        """What makes a file this one and no other, whatever its name has become."""
        try:
            found = Path(path).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def changed_at(self, path: str) -> int | None:
        """A number that changes with every change of the file, its name included; None where there is no such file."""
        try:
            return Path(path).stat().st_ctime_ns
        except OSError:
            return None

    def mode(self, path: str) -> int | None:
        try:
            return stat.S_IMODE(Path(path).stat().st_mode)
        except OSError:
            return None

    def wall_clock(self) -> float:
        return time.time()

    def executable_of(self, pid: int) -> str:
        """A path under which the binary of a process can be looked at and run even where it has been replaced on disk."""
        return f"{self.proc}/{pid}/exe"

    def process(self, pid: int) -> Process | None:
        """The process as it is now; None where it is gone."""
        parent = self.parent(pid)
        return next((one for one in self.children(parent) if one.pid == pid), None) if parent is not None else None

    def parent(self, pid: int) -> int | None:
        try:
            return int((Path(self.proc) / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return None

    def open_logs(self, pid: int) -> frozenset[tuple[int, int, int]]:
        """The files that a process appends to: descriptor, device and inode of each."""
        found = set()
        folder = Path(self.proc) / str(pid)
        for number in self.names(str(folder / "fd")):
            try:
                flags = next(line for line in (folder / "fdinfo" / number).read_text().splitlines() if line.startswith("flags:"))
                identity = self.identity(str(folder / "fd" / number))
                regular = (folder / "fd" / number).is_file()
            except (OSError, StopIteration):
                continue
            if regular and identity and int(flags.split()[1], 8) & APPEND:
                found.add((int(number), *identity))
        return frozenset(found)

    # Changing

    def signal(self, pid: int, name: str) -> None:
        """Raises ProcessLookupError where the process is gone."""
        os.kill(pid, getattr(signal, f"SIG{name}"))

    def unpack(self, archive: str, folder: str) -> None:
        """Raises ValueError for an archive whose files would lie elsewhere, or that has not one folder at its top."""
        unpack(archive, folder)

    def install(self, source: str, target: str, mode: int) -> None:
        """All or nothing: whoever opens `target` meanwhile finds the old file or the new one, whole."""
        temporary = f"{target}.edge-new"
        self.make_directories(str(Path(target).parent), 0o755)
        shutil.copyfile(source, temporary)
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)

    def put(self, path: str, content: str, mode: int = 0o644) -> None:
        """A whole file, all or nothing; its folder is made where it is missing."""
        self.make_directories(str(Path(path).parent), 0o755)
        self.replace_file(path, content.encode())
        Path(path).chmod(mode)

    def forget(self, path: str) -> None:
        Path(path).unlink(missing_ok=True)

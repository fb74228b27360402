"""One control group per host holds everything that runs for it.

It is what identifies the processes of a lab: they cannot leave it, and no recycled process id can ever get in.
Freezing and killing act on the group as a whole. Only the core of cgroup v2 is used, which is there on hybrid machines too.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from machine_room.errors import LabError

TOP = "steadfast-lab"
CREATE_ATTEMPTS = 100


def _mounts(kind: str) -> list[Path]:
    found = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _device, where, filesystem, options = line.split()[:4]
        if filesystem == kind and (kind == "cgroup2" or "name=systemd" in options):
            found.append(Path(where))
    return found


def hierarchy() -> Path:
    """Where cgroup v2 is mounted, on its own or beside v1."""
    mounts = _mounts("cgroup2")
    if not mounts:
        raise LabError("no cgroup v2 hierarchy is mounted: `mount -t cgroup2 none /sys/fs/cgroup/unified`, or boot with cgroup v2")
    return mounts[0]


class Group:
    """The control group of one host, or of a whole lab when no host is named."""

    def __init__(self, lab: str, host: str | None = None) -> None:
        self._below = Path(TOP, lab, *([host] if host else []))
        self.path = hierarchy() / self._below

    def create(self) -> None:
        """What is above it may be empty for a moment, and then go away with the end of another lab."""
        for _again in range(CREATE_ATTEMPTS - 1):
            with suppress(FileNotFoundError, FileExistsError):
                self.path.mkdir(parents=True, exist_ok=True)
                return
        self.path.mkdir(parents=True, exist_ok=True)

    def enter(self) -> None:
        """Puts the calling process, and all that it will start, into the group."""
        self.create()
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def _event(self, name: str) -> bool:
        try:
            events = (self.path / "cgroup.events").read_text()
        except OSError:
            return False
        return f"{name} 1" in events

    @property
    def populated(self) -> bool:
        return self._event("populated")

    @property
    def frozen(self) -> bool:
        return self._event("frozen")

    def freeze(self, frozen: bool) -> None:
        (self.path / "cgroup.freeze").write_text("1" if frozen else "0")
        self._wait("frozen", frozen)

    def kill(self) -> None:
        """SIGKILL to every process in the group at once, frozen or not, then waits until they are gone."""
        if self.populated:
            (self.path / "cgroup.kill").write_text("1")
            self._wait("populated", False)

    def kill_others(self, seconds: float = 20.0) -> None:
        """SIGKILL to all processes of the group but the calling one, which is in it, then waits until they are gone.

        As long as one of a guest's helpers lives, it holds the locks on the guest's disks, and the next boot would have none.
        """
        deadline = time.monotonic() + seconds
        while others := self._others():
            for process in others:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            if time.monotonic() > deadline:
                raise LabError(f"{self.path}: processes {others} do not end within {seconds:.0f} s of being killed")
            time.sleep(0.02)

    def _others(self) -> list[int]:
        """Processes of the group but the calling one; a dead one that nobody has waited for yet does not count."""
        found: list[int] = []
        for members in self.path.rglob("cgroup.procs"):
            with suppress(OSError):  # A group inside may end meanwhile.
                found += map(int, members.read_text().split())
        return [process for process in found if process != os.getpid()]

    def remove(self) -> None:
        """Removes the empty group, also from the v1 hierarchy in which nspawn mirrors it."""
        for mount in (*_mounts("cgroup2"), *_mounts("cgroup")):
            top = mount / self._below
            for folder, _folders, _files in os.walk(top, topdown=False):
                Path(folder).rmdir()
            _remove_empty_parents(top, mount)

    def _wait(self, event: str, wanted: bool, seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while self._event(event) != wanted:
            if time.monotonic() > deadline:
                raise LabError(f"{self.path} does not become {'' if wanted else 'un'}{event} within {seconds:.0f} s: look at its processes")
            time.sleep(0.02)


def _remove_empty_parents(folder: Path, mount: Path) -> None:
    """Removes what is above, as far as no other lab uses it."""
    for parent in folder.parents:
        if parent == mount:
            return
        try:
            parent.rmdir()
        except OSError:
            return

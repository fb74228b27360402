"""Where the lab keeps things. One lab is one name: every path, namespace and cgroup follows from it.

Plain classes: `connect` needs this module, and dataclasses alone would double its start-up time.
"""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
STATE_ROOT = Path(os.environ.get("STEADFAST_LAB_STATE", "/var/lib/steadfast-lab"))
CACHE_ROOT = Path(os.environ.get("STEADFAST_LAB_CACHE", "/var/cache/steadfast-lab"))
LOCK_ROOT = Path("/run/steadfast-lab")
DEFAULT_NAME = "edge"


class HostPaths:
    """The folder of one host: its disk, its seed and its logs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def upper(self) -> Path:
        """What a container has written: its disk."""
        return self.folder / "upper"

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def root(self) -> Path:
        """Mount point of a container's root; only ever mounted in the private namespace of its supervisor."""
        return self.folder / "root"

    @property
    def disk(self) -> Path:
        """Copy-on-write disk of a User Mode Linux guest."""
        return self.folder / "disk.cow"

    @property
    def seed(self) -> Path:
        return self.folder / "seed.tar"

    @property
    def console(self) -> Path:
        return self.folder / "console.log"

    @property
    def uml(self) -> Path:
        return self.folder / "uml"


class LabPaths:
    """Every name that belongs to one lab."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def folder(self) -> Path:
        return STATE_ROOT / self.name

    @property
    def state(self) -> Path:
        return self.folder / "state.json"

    @property
    def ssh(self) -> Path:
        return self.folder / "ssh"

    @property
    def control(self) -> Path:
        """Sockets of shared ssh connections; here, so that two labs with equal addresses never share one."""
        return self.folder / "cp"

    @property
    def lock(self) -> Path:
        return LOCK_ROOT / f"{self.name}.lock"

    @property
    def namespace(self) -> str:
        return f"steadfast-{self.name}"

    @property
    def namespace_file(self) -> Path:
        return Path("/run/netns") / self.namespace

    def host(self, name: str) -> HostPaths:
        return HostPaths(self.folder / "hosts" / name)

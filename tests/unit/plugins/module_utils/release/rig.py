# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree on a real filesystem, a service that is simulated, and a host that can die at any step."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Finished, Host
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import FILE, LINK, MARKER, Request, Wanted
from ansible_collections.steadfast.edge.plugins.module_utils._release._release import Outcome, release

RELOAD = ("reload-it",)
CHECK = ("check-it", "{tree}")

FOREIGN = {"foreign.conf": "not ours\n", "lib/other.conf": "neither\n"}
FIRST = {"main.conf": "one\n", "conf.d/a.conf": "a\n", "conf.d/b.conf": "b\n", "on/a": "-> ../conf.d/a.conf"}


class Died(BaseException):
    """kill -9: nothing that handles errors may notice it."""


def contents(root: Path) -> dict[str, str]:
    """Every file and link below `root`, without the module's mark."""
    found = {}
    for path in sorted(root.rglob("*")) if root.is_dir() else []:
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = "-> " + str(path.readlink())
        elif path.is_file() and name != MARKER:
            found[name] = path.read_text()
    return found


def snapshot(root: Path) -> dict[str, tuple[int, ...]]:
    """Everything about every name that a run which changes nothing must leave alone."""
    paths = [root, *root.rglob("*")]
    return {str(path): (path.lstat().st_ino, path.lstat().st_mode, path.lstat().st_nlink, path.lstat().st_ctime_ns) for path in paths}


def wanted(files: Mapping[str, str], **attributes: Any) -> tuple[Wanted, ...]:
    owner: dict[str, Any] = {"uid": os.getuid(), "gid": os.getgid()}
    return tuple(
        Wanted(path, LINK, target=text[3:], mode=0o777, **owner) if text.startswith("-> ") else
        Wanted(path, FILE, text.encode(), **{"mode": 0o644, **owner, **attributes})
        for path, text in files.items())


class HastyHost(Host):
    """Does not wait for the disk: kill -9 does not empty the page cache, and the tests are many."""

    def sync_filesystem(self, path: str) -> None:
        pass

    def sync_descriptor(self, descriptor: int) -> None:
        pass


class ServiceHost(HastyHost):
    """A host whose one service loads what lies in the live tree when it is reloaded, and refuses what says bad."""

    def __init__(self, live: Path, loaded: dict[str, str]) -> None:
        super().__init__()
        self.live = live
        self.loaded = loaded
        self.commands: list[list[str]] = []
        self.on_check: Callable[[Path], object] = lambda stage: None
        self.locked: list[int] = []
        self.clock = 0.0
        self.exchanges = 0

    def exchange(self, first: str, second: str) -> None:
        self.exchanges += first == str(self.live)
        super().exchange(first, second)

    def run(self, argv: Sequence[str], timeout: float) -> Finished:
        self.commands.append(list(argv))
        if argv[0] == "check-it":
            stage = Path(argv[1])
            self.on_check(stage)
            broken = [name for name, text in contents(stage).items() if "broken" in text]
            return Finished(1, f"emerg: no such thing in {stage}/{broken[0]}:1") if broken else Finished(0, "")
        if argv[0] == "reload-it":
            now = contents(self.live)
            if any("bad" in text for text in now.values()):
                return Finished(7, "cannot take it")
            self.loaded.clear()
            self.loaded.update(now)
            return Finished(0, "")
        raise FileNotFoundError(2, "No such file or directory", argv[0])

    def lock(self, folder: str) -> int | None:
        descriptor = super().lock(folder)
        if descriptor is not None:
            self.locked.append(descriptor)
        return descriptor

    def unlock(self, descriptor: int) -> None:
        self.locked.remove(descriptor)
        super().unlock(descriptor)

    def now(self) -> float:
        return self.clock

    def sleep(self, seconds: float) -> None:
        self.clock += seconds


class MortalHost(ServiceHost):
    """Dies before its step number `step`, and stays dead."""

    def __init__(self, live: Path, loaded: dict[str, str], step: int) -> None:
        super().__init__(live, loaded)
        self.left = step

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name.startswith("_") or not callable(value) or name in ("on_check", "bury"):
            return value

        def guarded(*arguments: Any, **options: Any) -> Any:
            if self.left <= 0:
                self.left = 0
                raise Died(name)
            self.left -= 1
            return value(*arguments, **options)

        return guarded

    def bury(self) -> None:
        """What the kernel does for a dead process."""
        for descriptor in self.locked:
            os.close(descriptor)
        self.locked.clear()


class Rig:
    def __init__(self, base: Path, foreign: Mapping[str, str] | None = None) -> None:
        self.base = base
        self.live = base / "etc" / "app"
        self.state_dir = base / "state"
        self.live.mkdir(parents=True)
        self.put(foreign or {})
        self.loaded = contents(self.live)
        self.warnings: list[str] = []

    def put(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.live / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def host(self) -> ServiceHost:
        return ServiceHost(self.live, self.loaded)

    def request(self, files: Mapping[str, str] | None = None, **options: Any) -> Request:
        attributes = options.pop("attributes", {})
        settings: dict[str, Any] = {"validate": CHECK, "reload": RELOAD, "diff": True, **options}
        return Request(str(self.live), str(self.state_dir), wanted(files or {}, **attributes), **settings)

    def run(self, files: Mapping[str, str] | None = None, host: Host | None = None, **options: Any) -> Outcome:
        return release(host or self.host(), self.request(files, **options), self.warnings.append)

    def tree(self) -> dict[str, str]:
        return contents(self.live)

    def beside(self) -> list[str]:
        """What lies beside the live tree; it should be nothing."""
        return sorted(path.name for path in self.live.parent.iterdir() if path != self.live)

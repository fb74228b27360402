# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An invented host: processes below a /proc of files, a unit that is told what to be, a clock that moves only by waiting."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.host import NginxHost
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Finished

MASTER = 10
VERSION_OUTPUT = """nginx version: nginx/{version}
built with OpenSSL 3.0.17 1 Jul 2025
TLS SNI support enabled
configure arguments: --with-cc-opt='-g -O2 -fPIC' --prefix={base} --conf-path=conf/nginx.conf --pid-path={base}/run/nginx.pid \
--modules-path=modules --with-threads --with-http_ssl_module --with-http_v2_module --with-stream=dynamic --without-http_geo_module
"""


class World(NginxHost):
    """A master with two workers that runs the installed binary."""

    def __init__(self, base: Path) -> None:
        super().__init__(proc=str(base / "proc"))
        self.base = base
        self.clock = 0.0
        self.version = "1.22.1"
        self.unit: dict[str, Any] = {
            "LoadState": "loaded", "UnitFileState": "enabled", "ActiveState": "active", "SubState": "running", "MainPID": MASTER}
        self.commands: list[list[str]] = []
        self.signals: list[tuple[int, str]] = []
        self.at: dict[float, Callable[[], object]] = {}
        self.on_signal: Callable[[int, str], object] = lambda pid, name: None
        self.answers: dict[str, Callable[[], Finished]] = {}
        (base / "run").mkdir(parents=True)
        (base / "sbin").mkdir()
        self.binary = base / "sbin/nginx"
        self.binary.write_text("old")
        self.pid_file = base / "run/nginx.pid"
        self.pid_file.write_text(f"{MASTER}\n")
        self.start(MASTER, 1, "nginx: master process", self.binary)
        for pid in (11, 12):
            self.start(pid, MASTER, "nginx: worker process", self.binary)

    def start(self, pid: int, parent: int, title: str, binary: Path | None = None, since: int = 100) -> None:
        folder = self.base / "proc" / str(pid)
        for name in ("fd", "fdinfo"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "stat").write_text(f"{pid} (nginx) S {parent} {' '.join(['0'] * 17)} {since} 0 0\n")
        (folder / "cmdline").write_text(title + "\0")
        if binary is not None and not (folder / "exe").exists():
            os.link(binary, folder / "exe")

    def end(self, pid: int) -> None:
        folder = self.base / "proc" / str(pid)
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        folder.rmdir()

    def leave(self, pid: int) -> None:
        (self.base / "proc" / str(pid) / "cmdline").write_text("nginx: worker process is shutting down\0")

    def open(self, pid: int, number: int, path: Path, flags: str = "02102001") -> None:
        folder = self.base / "proc" / str(pid)
        path.touch()
        (folder / "fd" / str(number)).unlink(missing_ok=True)
        os.link(path, folder / "fd" / str(number))
        (folder / "fdinfo" / str(number)).write_text(f"pos:\t0\nflags:\t{flags}\n")

    def replace_binary(self, content: str = "new") -> None:
        self.binary.unlink()
        self.binary.write_text(content)

    def run(self, argv: Sequence[str], timeout: float) -> Finished:
        self.commands.append(list(argv))
        answer = self.answers.get(" ".join(argv[:2]))
        if answer:
            return answer()
        if argv[0] == "systemctl" and argv[1] == "show":
            return Finished(0, "\n".join(f"{key}={value}" for key, value in self.unit.items()))
        if argv[1] == "-V" and Path(argv[0]).exists():
            version = self.version if Path(argv[0]).read_text() == "old" else "1.26.3"
            return Finished(0, VERSION_OUTPUT.format(version=version, base=self.base))
        raise FileNotFoundError(2, "No such file or directory", argv[0])

    def which(self, name: str) -> str | None:
        return str(self.binary) if name == "nginx" and self.binary.exists() else None

    def signal(self, pid: int, name: str) -> None:
        if not (self.base / "proc" / str(pid)).exists():
            raise ProcessLookupError(pid)
        self.signals.append((pid, name))
        self.on_signal(pid, name)

    def now(self) -> float:
        return self.clock

    def sleep(self, seconds: float) -> None:
        self.clock += seconds
        for when in [when for when in self.at if when <= self.clock]:
            self.at.pop(when)()

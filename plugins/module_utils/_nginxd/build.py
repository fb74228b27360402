# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds nginx from its sources beside the installed one, exchanges the two, and has the new one take over; else all is as before."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from posixpath import join
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.control import command
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.errors import NginxError, OldMasterStays
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.facts import STAMP, binary_of
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.handover import upgrade
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.host import NginxHost
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.model import Request

__all__ = ["Built", "Source", "build", "refuse_flags"]

UNITS = "/etc/systemd/system"
# What the prefix and the unit say already; a second opinion would part the two.
RESERVED = ("prefix", "sbin-path", "conf-path", "pid-path", "lock-path", "modules-path", "error-log-path", "http-log-path")
LOG_LIMIT = 4000


@dataclass(frozen=True)
class Source:
    """What nginx is to be made from, and how."""

    id: str
    archive: str
    checksum: str
    prefix: str
    service: str
    unit: str
    flags: tuple[str, ...] = ()
    units: str = UNITS
    build_timeout: float = 1800.0

    @property
    def binary(self) -> str:
        return join(self.prefix, "sbin/nginx")

    @property
    def unit_path(self) -> str:
        return f"{self.units}/{self.service}.service"

    @property
    def work(self) -> str:
        """On the file system of the prefix, so that files are put in place and taken back by a change of name."""
        return join(self.prefix, ".edge-work")

    @property
    def pid_path(self) -> str:
        """Directly in /run: no folder of its own that could be lost."""
        return f"/run/{self.service}.pid"


@dataclass(frozen=True)
class Built:
    changed: bool
    msg: str
    version: str | None
    version_before: str | None
    taken_over: bool = False


@dataclass
class _Exchange:
    """Files that were put in place, with what was there before."""

    host: NginxHost
    backup: str
    done: list[tuple[str, str | None]] = field(default_factory=list)

    def put(self, source: str, target: str, mode: int) -> None:
        kept = join(self.backup, str(len(self.done))) if self.host.exists(target) else None
        if kept:
            self._keep(target, kept)
        self.done.append((target, kept))
        self.host.install(source, target, mode)

    def _keep(self, target: str, kept: str) -> None:
        """The file itself where that is possible: it may be the binary of the master that runs, and must come back as that one."""
        try:
            self.host.link(target, kept)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self.host.install(target, kept, 0o644)

    def undo(self) -> None:
        for target, kept in reversed(self.done):
            if kept is None:
                self.host.forget(target)
                continue
            try:
                self.host.rename(kept, target)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                self.host.install(kept, target, 0o644)


def refuse_flags(flags: Sequence[str]) -> None:
    for flag in flags:
        name = flag.partition("=")[0]
        if not flag.startswith("--"):
            raise NginxError(f"flags: '{flag}' is no flag of nginx's configure, which all begin with --.")
        if name[2:] in RESERVED:
            raise NginxError(f"flags: {name} follows from prefix and service; leave it out.")


def build(host: NginxHost, source: Source, request: Request) -> Built:
    """Raises NginxError; the nginx of before is then installed and serves."""
    refuse_flags(source.flags)
    present = binary_of(host, source.binary)
    before = present.version if present else None
    if present and _stamp(host, source).get("id") == source.id:
        return _unit_alone(host, source, request, before)
    if request.check_mode:
        return Built(True, f"nginx would be built in {source.prefix}", before, before)
    _verify(host, source)
    work = source.work
    host.make_directories(source.prefix, 0o755)
    if host.exists(work):  # a run that was killed left it
        host.remove_tree(work)
    host.make_directory(work, 0o700)
    try:
        _compile(host, source)
        return _install(host, source, request, before)
    finally:
        host.remove_tree(work)


def _unit_alone(host: NginxHost, source: Source, request: Request, version: str | None) -> Built:
    text = f"nginx {version} in {source.prefix} is made from this source with these flags"
    if _unit_is_right(host, source):
        return Built(False, text, version, version)
    if not request.check_mode:
        host.put(source.unit_path, source.unit)
        command(host, ["systemctl", "daemon-reload"], request.timeout)
    return Built(True, f"{text}; its unit was another", version, version)


def _unit_is_right(host: NginxHost, source: Source) -> bool:
    return host.read(source.unit_path) == source.unit.encode()


def _stamp(host: NginxHost, source: Source) -> dict[str, Any]:
    try:
        found = json.loads(host.read(join(source.prefix, STAMP)) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _verify(host: NginxHost, source: Source) -> None:
    digest = host.digest(source.archive)
    if digest is None:
        raise NginxError(f"src: {source.archive} is not there; bring it to the host before.")
    if digest != source.checksum.lower():
        raise NginxError(f"checksum: {source.archive} has the SHA-256 {digest} instead of {source.checksum}; nothing of it was unpacked.")


def _compile(host: NginxHost, source: Source) -> None:
    tree, root = join(source.work, "source"), join(source.work, "root")
    try:
        host.unpack(source.archive, tree)
    except ValueError as error:
        raise NginxError(f"src: {source.archive} is no archive of nginx's sources: {error}.") from error
    configure = ["env", f"--chdir={tree}", "./configure", f"--prefix={source.prefix}", f"--pid-path={source.pid_path}",
                 f"--lock-path=/run/{source.service}.lock", *source.flags]
    for what, argv in (("configured", configure), ("compiled", ["make", "-C", tree, f"-j{os.cpu_count() or 1}"]),
                       ("laid out", ["make", "-C", tree, "install", f"DESTDIR={root}"])):
        try:
            command(host, argv, source.build_timeout)
        except NginxError as error:
            tail = error.output[-LOG_LIMIT:]
            last = next((line for line in reversed(tail.splitlines()) if "error" in line.lower()), tail.strip().rpartition("\n")[2])
            raise NginxError(f"nginx could not be {what}: {last or error}", tail) from error


def _install(host: NginxHost, source: Source, request: Request, before: str | None) -> Built:
    root = join(source.work, "root") + source.prefix
    made = binary_of(host, join(root, "sbin/nginx"))
    if made is None:
        raise NginxError("the nginx that was built does not run; see the flags of the linker.")
    backup = join(source.work, "backup")
    host.make_directory(backup, 0o700)
    exchange = _Exchange(host, backup)
    try:
        _lay_files(host, source, root, exchange)
        _lay_unit(host, source, exchange)
        exchange.put(join(root, "sbin/nginx"), source.binary, 0o755)
        outcome = upgrade(host, request)
    except OldMasterStays:
        _write_stamp(host, source, made.version)
        raise
    except (NginxError, OSError) as error:
        exchange.undo()
        command(host, ["systemctl", "daemon-reload"], request.timeout)
        output = error.output if isinstance(error, NginxError) else ""
        raise NginxError(f"nginx {before or made.version} was left as it was: {error}", output) from error
    _write_stamp(host, source, made.version)
    words = f"nginx {made.version} was built in {source.prefix}"
    return Built(True, f"{words}; {outcome.msg}" if outcome.changed else words, made.version, before, outcome.changed)


def _lay_files(host: NginxHost, source: Source, root: str, exchange: _Exchange) -> None:
    """Modules along with the binary that they belong to; of the configuration only what is not there, and never the welcome page."""
    host.make_directories(join(source.prefix, "logs"), 0o755)
    for name in host.names(join(root, "modules")):
        exchange.put(join(root, "modules", name), join(source.prefix, "modules", name), 0o644)
    for name in host.names(join(root, "conf")):
        target = join(source.prefix, "conf", name)
        if name != "nginx.conf" and not name.endswith(".default") and not host.exists(target):
            exchange.put(join(root, "conf", name), target, 0o644)


def _lay_unit(host: NginxHost, source: Source, exchange: _Exchange) -> None:
    if _unit_is_right(host, source):
        return
    staged = join(source.work, "unit")
    host.write_file(staged, source.unit.encode(), 0o644, -1, -1)
    exchange.put(staged, source.unit_path, 0o644)
    command(host, ["systemctl", "daemon-reload"], 60)


def _write_stamp(host: NginxHost, source: Source, version: str) -> None:
    """Last: a run that dies before builds again."""
    path = join(source.prefix, STAMP)
    found = {"id": source.id, "version": version, "checksum": source.checksum, "flags": list(source.flags), "prefix": source.prefix}
    host.put(path, json.dumps(found, indent=2, sort_keys=True) + "\n")

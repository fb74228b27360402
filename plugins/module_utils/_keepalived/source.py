# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds keepalived from its sources below a prefix, each build in a folder of its own; a link says which one is in use."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .._command import CommandError, Runner
from .._nginxd.archive import unpack

__all__ = ["Built", "Source", "SourceError", "build", "remove"]

UNIT = "/etc/systemd/system/keepalived.service"
LINK = "/usr/local/sbin/keepalived"
# What the unit starts and the link leads to, and what makes it ours: where `current` leads to in turn.
PROGRAM = re.compile(r"^(?:ExecStart=)?(/\S*)/current/sbin/keepalived(?:\s|$)", re.MULTILINE)
BUILD = re.compile(r"builds/[0-9a-f]{16}")

# What the prefix says already; a second opinion would part the two.
RESERVED = ("prefix", "exec-prefix", "sbindir", "sysconfdir", "localstatedir", "with-run-dir", "runstatedir")
WORK = ".work"
LOG_LIMIT = 4000


class SourceError(Exception):
    """The wish cannot be met; what was installed before is untouched."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output[-LOG_LIMIT:]


@dataclass(frozen=True)
class Source:
    """What keepalived is to be made from, where it goes, and its unit."""

    archive: str
    checksum: str
    prefix: str
    flags: tuple[str, ...] = ()
    unit_path: str = UNIT
    unit: str = ""
    link: str = LINK

    @property
    def id(self) -> str:
        parts = [self.checksum.lower(), self.prefix, *self.flags]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    @property
    def folder(self) -> Path:
        """The build's own folder, which is also what it was configured for."""
        return Path(self.prefix, "builds", self.id)

    @property
    def current(self) -> Path:
        return Path(self.prefix, "current")

    @property
    def binary(self) -> Path:
        return self.current / "sbin/keepalived"


@dataclass(frozen=True)
class Built:
    changed: bool
    built: bool  # the program in use is another one than before
    removed: tuple[str, ...]  # old builds
    stale: bool  # a keepalived runs that is not the one in use


def build(run: Runner, source: Source, running: str | None, check_mode: bool = False) -> Built:
    """`running` is the program that runs. Raises SourceError."""
    _refuse_flags(source.flags)
    there = _in_use(source)
    right = _text(source.unit_path) == source.unit and _leads_to(Path(source.link), source.binary)
    old = _old_builds(source)
    stale = running is not None and not (there and running == os.path.realpath(source.folder / "sbin/keepalived"))
    found = Built(not (there and right and not old), not there, tuple(old), stale)
    if not found.changed or check_mode:
        return found
    if not there:
        _verify(source)
        _make(run, source)
        _point(source.current, f"builds/{source.id}")
    if not right:
        _write(Path(source.unit_path), source.unit)
        _point(Path(source.link), str(source.binary))
        run(["systemctl", "daemon-reload"])
    # Last: until here they are what one could go back to. One that still runs keeps its files until it ends.
    for name in old:
        shutil.rmtree(Path(source.prefix, "builds", name))
    return found


def remove(run: Runner, running: str | None, check_mode: bool = False, unit: str = UNIT, link: str = LINK) -> Built:
    """Takes away what `build` made, below whatever prefix; a unit and a link that are somebody else's stay."""
    # Either leads to all the rest, so what an interrupted removal has left is found again.
    ours = {path: below for path, text in ((link, _target(Path(link))), (unit, _text(unit))) if (below := _prefix(text))}
    prefixes = sorted(set(ours.values()))
    names = tuple(name for prefix in prefixes for name in _names(prefix / "builds"))
    stale = running is not None and BUILD.fullmatch("/".join(Path(running).parts[-4:-2])) is not None
    found = Built(bool(ours), False, names, stale)
    if not ours or check_mode:
        return found
    for prefix in prefixes:
        if (prefix / "builds").is_dir():
            shutil.rmtree(prefix / "builds")
    for path in ours:
        Path(path).unlink()
    run(["systemctl", "daemon-reload"])
    for prefix in prefixes:
        (prefix / "current").unlink()
    return found


def _prefix(text: str | None) -> Path | None:
    """The one below which a unit or a link leads to a build."""
    match = PROGRAM.search(text or "")
    prefix = Path(match[1]) if match else None
    return prefix if prefix and BUILD.fullmatch(_target(prefix / "current") or "") else None


def _target(link: Path) -> str | None:
    try:
        return str(link.readlink())
    except OSError:
        return None


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _refuse_flags(flags: Sequence[str]) -> None:
    for flag in flags:
        name = flag.partition("=")[0]
        if not flag.startswith("--"):
            raise SourceError(f"flags: '{flag}' is no flag of keepalived's configure, which all begin with --.")
        if name[2:] in RESERVED:
            raise SourceError(f"flags: {name} follows from the prefix; leave it out.")


def _in_use(source: Source) -> bool:
    return _leads_to(source.current, Path("builds", source.id)) and os.access(source.binary, os.X_OK)


def _leads_to(link: Path, target: Path) -> bool:
    return _target(link) == str(target)


def _old_builds(source: Source) -> list[str]:
    return [name for name in _names(Path(source.prefix, "builds")) if name != source.id]


def _text(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return None


def _verify(source: Source) -> None:
    try:
        digest = hashlib.sha256(Path(source.archive).read_bytes()).hexdigest()
    except OSError as error:
        raise SourceError(f"src: {source.archive} cannot be read: {error.strerror}; bring it to the host before.") from error
    if digest != source.checksum.lower():
        raise SourceError(f"checksum: {source.archive} has the SHA-256 {digest} instead of {source.checksum}; nothing of it was unpacked.")


def _make(run: Runner, source: Source) -> None:
    """All of it below the prefix: what `make install` would put elsewhere, a sample of the configuration for one, stays out."""
    work = Path(source.prefix, WORK)
    shutil.rmtree(work, ignore_errors=True)  # a run that was killed left it
    work.mkdir(mode=0o700, parents=True)
    try:
        tree, root = work / "source", work / "root"
        try:
            # Its one link belongs to another way of packing it.
            unpack(source.archive, str(tree), without_links=True)
        except ValueError as error:
            raise SourceError(f"src: {source.archive} is no archive of keepalived's sources: {error}.") from error
        _compile(run, source, tree, root)
        made = root / source.folder.relative_to("/")
        _step(run, "run", [str(made / "sbin/keepalived"), "--version"])
        source.folder.parent.mkdir(exist_ok=True)
        if source.folder.exists():
            shutil.rmtree(source.folder)
        made.rename(source.folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _compile(run: Runner, source: Source, tree: Path, root: Path) -> None:
    configure = ["env", f"--chdir={tree}", "./configure", f"--prefix={source.folder}", "--sysconfdir=/etc", "--localstatedir=/var"]
    configure += source.flags
    _step(run, "configured", configure)
    _step(run, "compiled", ["make", "-C", str(tree), f"-j{os.cpu_count() or 1}"])
    _step(run, "laid out", ["make", "-C", str(tree), "install", f"DESTDIR={root}"])


def _step(run: Runner, what: str, argv: Sequence[str]) -> None:
    try:
        run(argv)
    except CommandError as error:
        said = (error.out + error.err)[-LOG_LIMIT:]
        last = next((line for line in reversed(said.splitlines()) if "error" in line.lower()), said.strip().rpartition("\n")[2])
        raise SourceError(f"keepalived could not be {what}: {last or error}", said) from error


def _point(link: Path, target: str) -> None:
    staged = link.with_name(f".{link.name}.new")
    staged.unlink(missing_ok=True)
    staged.symlink_to(target)
    staged.replace(link)


def _write(path: Path, text: str) -> None:
    staged = path.with_name(f".{path.name}.new")
    staged.write_text(text, encoding="utf-8")
    staged.chmod(0o644)
    staged.replace(path)

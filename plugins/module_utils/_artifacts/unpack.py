# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpacks archives of which nothing is believed: no name leads out of the folder, and nothing but files and folders comes in."""

from __future__ import annotations

import calendar
import io
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Callable

from .artifact import ArtifactError

__all__ = ["unpack"]

FOLDER_MODE, FILE_MODE, PROGRAM_MODE = 0o750, 0o640, 0o750
EARLIEST = calendar.timegm((1980, 1, 2, 0, 0, 0))


@dataclass(frozen=True)
class _Member:
    """One name in an archive; `open` gives its content, and is None for a folder."""

    parts: tuple[str, ...]
    open: Callable[[], IO[bytes]] | None
    program: bool
    time: float


def unpack(kind: str, file: str, folder: str, gid: int, exclude: Collection[str] = ()) -> None:
    """Into `folder`, which is there and empty. `exclude`: names in the archive's top folder that are left out."""
    try:
        if kind == "zip":
            with zipfile.ZipFile(file) as archive:
                _write(_zip_members(archive), Path(folder), gid, exclude)
        else:
            with tarfile.open(file) as tar:
                _write(_without_top(list(_tar_members(tar))), Path(folder), gid, exclude)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, NotImplementedError) as error:
        raise ArtifactError(f"it is no {kind} archive, or a damaged one: {error}") from error


def _write(members: Iterator[_Member], root: Path, gid: int, exclude: Collection[str]) -> None:
    for member in members:
        if not member.parts or member.parts[0] in exclude:
            continue
        _make_folders(root, member.parts if member.open is None else member.parts[:-1], gid)
        if member.open is not None:
            target = root.joinpath(*member.parts)
            with member.open() as source, target.open("xb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
            target.chmod(PROGRAM_MODE if member.program else FILE_MODE)
            os.chown(target, 0 if os.geteuid() == 0 else -1, gid)
            if member.time >= EARLIEST:
                os.utime(target, (member.time, member.time))


def _make_folders(root: Path, parts: tuple[str, ...], gid: int) -> None:
    folder = root
    for part in parts:
        folder = folder / part
        if not folder.is_dir():
            folder.mkdir()
            folder.chmod(FOLDER_MODE)
            os.chown(folder, -1, gid)


def _parts(name: str) -> tuple[str, ...]:
    parts = tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))
    if name.startswith("/") or ".." in parts or "\0" in name:
        raise ArtifactError(f"the name '{name}' in it leads out of its folder.")
    return parts


def _zip_members(archive: zipfile.ZipFile) -> Iterator[_Member]:
    for info in archive.infolist():
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ArtifactError(f"'{info.filename}' in it is neither file nor folder.")
        # Without a zone in the archive: read as UTC, every host gives the file the same time, and so the same ETag.
        time = calendar.timegm((*info.date_time, 0, 0, 0))
        opened = None if info.is_dir() else partial(archive.open, info)
        yield _Member(_parts(info.filename), opened, False, time)


def _tar_members(archive: tarfile.TarFile) -> Iterator[_Member]:
    for info in archive:
        if not info.isfile() and not info.isdir():
            raise ArtifactError(f"'{info.name}' in it is neither file nor folder.")
        opened = None if info.isdir() else _opener(archive, info)
        yield _Member(_parts(info.name), opened, bool(info.mode & 0o100), info.mtime)


def _opener(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[], IO[bytes]]:
    def opened() -> IO[bytes]:
        content = archive.extractfile(info)
        # For a file there always is one.
        return content or io.BytesIO()

    return opened


def _without_top(members: list[_Member]) -> Iterator[_Member]:
    """Releases come in one folder with their version in its name: what counts is what is in it."""
    tops = {member.parts[0] for member in members if member.parts}
    single = len(tops) == 1 and not any(len(member.parts) == 1 and member.open for member in members)
    for member in members:
        yield _Member(member.parts[1:], member.open, member.program, member.time) if single else member

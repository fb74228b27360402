# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpacks an archive of sources, and nothing beside the folder that it is unpacked to."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import PurePosixPath

__all__ = ["unpack"]


def unpack(archive: str, folder: str, without_links: bool = False) -> None:
    """The one folder at the top of the archive becomes `folder`. Raises ValueError for an archive that would write elsewhere.

    A link is refused like that, or left out where the build is known not to need it.
    """
    try:
        with tarfile.open(archive) as source:
            for member in list(_members(source, without_links)):
                source.extract(member, folder, set_attrs=not member.isdir())
    except tarfile.TarError as error:
        raise ValueError(f"it cannot be unpacked: {error}") from error


def _members(source: tarfile.TarFile, without_links: bool) -> Iterator[tarfile.TarInfo]:
    top = ""
    for member in source.getmembers():
        parts = PurePosixPath(member.name).parts
        if member.name.startswith("/") or ".." in parts or not parts:
            raise ValueError(f"'{member.name}' in it lies outside of it")
        top = top or parts[0]
        if parts[0] != top:
            raise ValueError(f"it has more than one folder at its top: '{top}' and '{parts[0]}'")
        if without_links and (member.islnk() or member.issym()):
            continue
        if not (member.isfile() or member.isdir()):
            raise ValueError(f"'{member.name}' in it is neither a file nor a folder")
        if len(parts) > 1:
            member.name = str(PurePosixPath(*parts[1:]))
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mode &= 0o755
            yield member

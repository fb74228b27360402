# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half: where an artifact comes from, what its digest is, and the file to be sent where a host lacks it."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .artifact import Artifact, ArtifactError, digest_of, parse_checksum

__all__ = ["Fetch", "Source", "cache_folder", "pack_folder"]

# Writes what is behind an URL into a file. Tests inject their own.
Fetch = Callable[[str, Path], None]
# Equal folders make equal archives whenever they are made; the oldest date that a zip file knows stands for "none".
NO_DATE = (1980, 1, 1, 0, 0, 0)


def cache_folder(environment: Mapping[str, str]) -> Path:
    base = environment.get("XDG_CACHE_HOME") or f"{environment.get('HOME', '/root')}/.cache"
    return Path(base) / "steadfast-edge"


def pack_folder(folder: Path, target: Path) -> None:
    """A folder as a zip archive that depends on names and contents alone."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise ArtifactError(f"src: the folder '{folder}' has no files; name the folder of an application.")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in files:
            archive.writestr(zipfile.ZipInfo(path.relative_to(folder).as_posix(), NO_DATE), path.read_bytes())


class Source:
    """One artifact as the task describes it."""

    def __init__(self, given: Mapping[str, Any], where: str, cache: Path, fetch: Fetch) -> None:
        self.given = given
        self.where = where
        self.cache = cache
        self.fetch = fetch
        self.src = str(given.get("src") or "")
        self.checksum = given.get("checksum")
        self.remote = "://" in self.src
        if not self.src or not given.get("name"):
            raise ArtifactError(f"{where}: name and src are required.")

    def artifact(self) -> Artifact:
        """By the digest that is promised, or that of the file on the controller. Fetches nothing."""
        algorithm, digest = self._promised() if self.checksum else ("sha256", "")
        if not self.remote:
            file = self._local()
            found = digest_of(str(file), algorithm)
            if digest and found != digest:
                raise ArtifactError(f"{self.where}.checksum: '{self.src}' has the {algorithm} digest {found}, and not {digest}.")
            digest = found
        unpack = str(self.given.get("unpack") or "none")
        return Artifact(str(self.given["name"]), algorithm, digest, unpack, tuple(self.given.get("exclude") or ()))

    def file(self) -> Path:
        """The file itself, fetched where it has not been yet."""
        if not self.remote:
            return self._local()
        algorithm, digest = self._promised()
        kept = self.cache / f"{algorithm}-{digest}"
        if not kept.exists():
            self._fetch(kept, algorithm, digest)
        return kept

    def _promised(self) -> tuple[str, str]:
        return parse_checksum(str(self.checksum), f"{self.where}.checksum")

    def _local(self) -> Path:
        path = Path(self.src).expanduser()
        if path.is_dir():
            if self.given.get("unpack") != "zip":
                raise ArtifactError(f"{self.where}.src: '{self.src}' is a folder, which comes with unpack=zip only.")
            return self._packed(path)
        if not path.is_file():
            raise ArtifactError(f"{self.where}.src: '{self.src}' is no file on the controller.")
        return path

    def _packed(self, folder: Path) -> Path:
        with self._temporary() as temporary:
            packed = Path(temporary) / "packed"
            pack_folder(folder, packed)
            kept = self.cache / f"folder-{digest_of(str(packed), 'sha256')}.zip"
            packed.replace(kept)
        return kept

    def _fetch(self, kept: Path, algorithm: str, digest: str) -> None:
        with self._temporary() as temporary:
            target = Path(temporary) / "fetched"
            try:
                self.fetch(self.src, target)
            except OSError as error:
                raise ArtifactError(f"{self.where}.src: '{self.src}' cannot be fetched by the controller: {error}.") from error
            found = digest_of(str(target), algorithm)
            if found != digest:
                what = f"what '{self.src}' delivers has the {algorithm} digest {found}, and not {digest}"
                raise ArtifactError(f"{self.where}.checksum: {what}; do not use it before you know why.")
            target.replace(kept)

    def _temporary(self) -> tempfile.TemporaryDirectory[str]:
        """Beside the cache, so that a complete file takes its place in one step; several hosts are served at the same time."""
        self.cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=os.fspath(self.cache), prefix=".new-")

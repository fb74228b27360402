# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's half: a folder in which every artifact is complete or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.steadfast.edge.plugins.module_utils._release._libc import sync_filesystem

from .artifact import Artifact, ArtifactError, digest_of
from .references import used
from .unpack import unpack

__all__ = ["Outcome", "Request", "store"]

UNFINISHED = ".new-"


@dataclass(frozen=True)
class Request:
    """`uploads`: where files of artifacts lie on the host already, by the artifact's name."""

    folder: str
    artifacts: Sequence[Artifact]
    uploads: Mapping[str, str] = field(default_factory=dict)
    gid: int = -1
    purge: bool = False
    used_by: Sequence[str] = ()
    state_dir: str = "/var/lib/steadfast-edge/releases"
    check_mode: bool = False


@dataclass(frozen=True)
class Outcome:
    paths: dict[str, str]
    added: list[str]
    missing: list[str]
    removed: list[str]


def store(request: Request) -> Outcome:
    """Raises ArtifactError; what was there before is then still there."""
    folder = Path(request.folder)
    missing = [artifact for artifact in request.artifacts if not (folder / artifact.place).exists()]
    ready = [] if request.check_mode else [artifact for artifact in missing if artifact.name in request.uploads]
    removed: list[str] = []
    if ready or (request.purge and folder.is_dir()):
        with _prepared(folder, request) as held:
            for artifact in ready:
                _bring(held, artifact, request)
            removed = _purge(held, request) if request.purge else []
    paths = {artifact.name: str(folder / artifact.place) for artifact in request.artifacts}
    return Outcome(paths, [artifact.name for artifact in ready], [artifact.name for artifact in missing if artifact not in ready], removed)


@contextmanager
def _prepared(folder: Path, request: Request) -> Iterator[Path]:
    """The folder, for one run at a time, and without what a killed run has left."""
    if not request.check_mode and not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(0o750)
        os.chown(folder, -1, request.gid)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not request.check_mode:
            for left in folder.glob(f"{UNFINISHED}*"):
                _remove(left)
        yield folder
    finally:
        os.close(descriptor)


def _bring(folder: Path, artifact: Artifact, request: Request) -> None:
    """Beside its place, made durable, then renamed into it."""
    if (folder / artifact.place).exists():  # the same content under another name
        return
    upload, new = request.uploads[artifact.name], folder / f"{UNFINISHED}{artifact.place}"
    found = digest_of(upload, artifact.algorithm)
    if found != artifact.digest:
        raise ArtifactError(f"artifacts[{artifact.name}]: what arrived has the digest {found}, and not {artifact.digest}; run again.")
    try:
        if artifact.unpack == "none":
            shutil.copyfile(upload, new)
            new.chmod(0o640)
        else:
            new.mkdir()
            new.chmod(0o750)
            unpack(artifact.unpack, upload, str(new), request.gid, artifact.exclude)
        os.chown(new, -1, request.gid)
        sync_filesystem(str(folder))
        new.rename(folder / artifact.place)
    except (ArtifactError, OSError) as error:
        _remove(new)
        raise ArtifactError(f"artifacts[{artifact.name}] was not stored in {folder}: {error}") from error


def _purge(folder: Path, request: Request) -> list[str]:
    kept = {artifact.place for artifact in request.artifacts} | used(str(folder), request.used_by, request.state_dir)
    gone = [path for path in sorted(folder.iterdir()) if path.name not in kept and not path.name.startswith(UNFINISHED)]
    if not request.check_mode:
        for path in gone:
            # Renamed first: half an artifact must never look like a whole one.
            trash = folder / f"{UNFINISHED}{path.name}"
            path.rename(trash)
            _remove(trash)
    return [path.name for path in gone]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.exists() or path.is_symlink():
        path.unlink()

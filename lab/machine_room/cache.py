"""Base trees, package archives and disk images, kept by the content that they are made from.

An entry is built under a temporary name and renamed when it is complete, under one lock: a killed build leaves only
a temporary name, which the next build removes.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from machine_room.errors import LabError
from machine_room.paths import CACHE_ROOT, STATE_ROOT
from machine_room.progress import say, step

# Entries that no lab uses are kept this long, and as many of a kind as one run of all tests uses one after the other and more, so
# that neither the next run nor going back and forth between two branches rebuilds anything.
KEEP_UNUSED_SECONDS = 14 * 24 * 3600
KEEP_UNUSED_AT_MOST = 8


@dataclass(frozen=True)
class Layer:
    """What the disks of hosts are made of: a base tree, the archive on top of it, and both as one disk image."""

    key: str
    base: Path
    archive: Path
    image: Path


def digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:16]


def layer(key: str) -> Layer:
    """The layer of a key `BASE.ARCHIVE`; whether it is there is another question."""
    base = key.partition(".")[0]
    return Layer(key, CACHE_ROOT / f"base-{base}", CACHE_ROOT / f"archive-{key}", CACHE_ROOT / f"image-{key}.ext4")


@contextmanager
def locked() -> Iterator[None]:
    CACHE_ROOT.mkdir(parents=True, exist_ok=True)
    handle = os.open(CACHE_ROOT / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  another lab is building images: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def build(entry: Path, what: str, make: Callable[[Path], object]) -> None:
    """Makes an entry that is missing; an entry that is there is only marked as used."""
    if not entry.exists():
        temporary = entry.with_name(f"{entry.name}.tmp-{os.getpid()}")
        with step(what):
            make(temporary)
            temporary.rename(entry)
    _mark(entry).touch()


def _mark(entry: Path) -> Path:
    """When an entry was last used; beside it, because a copy-on-write disk remembers the time of its image."""
    return entry.with_name(f"{entry.name}.used")


def remove_halves() -> None:
    """Under the lock nobody builds: every temporary name is the rest of a killed build."""
    for half in CACHE_ROOT.glob("*.tmp-*"):
        _delete(half)


def collect(keep_seconds: float = KEEP_UNUSED_SECONDS, keep_entries: int = KEEP_UNUSED_AT_MOST) -> list[str]:
    """Removes what no lab uses and nobody has asked for in a long time; returns the names."""
    used = {path for key in _keys_in_use() for path in (layer(key).base, layer(key).archive, layer(key).image)}
    now = time.time()
    removed = []
    for kind in ("base", "archive", "image"):
        marks = sorted(CACHE_ROOT.glob(f"{kind}-*.used"), key=lambda mark: mark.stat().st_mtime, reverse=True)
        unused = [mark for mark in marks if mark.with_suffix("") not in used]
        for place, mark in enumerate(unused):
            if place >= keep_entries or now - mark.stat().st_mtime > keep_seconds:
                _delete(mark.with_suffix(""))
                mark.unlink()
                removed.append(mark.stem)
    return removed


def _keys_in_use() -> set[str]:
    keys = set()
    for path in STATE_ROOT.glob("*/state.json"):
        try:
            keys |= set(json.loads(path.read_text())["lab"]["layers"].values())
        except FileNotFoundError:
            continue  # It has just ended.
        except (OSError, ValueError, KeyError) as error:
            raise LabError(f"{path} is not readable ({error}): `lab/lab --name {path.parent.name} down` removes it") from error
    return keys


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

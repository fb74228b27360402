# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values a release is computed from. No I/O here."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "DIRECTORY",
    "FILE",
    "LINK",
    "LOG_REJECT",
    "MARKER",
    "ORIGINAL",
    "OTHER",
    "Manifest",
    "Node",
    "Plan",
    "Prove",
    "Request",
    "State",
    "Switch",
    "Wanted",
    "digest_of",
    "fingerprint",
    "next_release",
    "sequence_of",
]

FILE, DIRECTORY, LINK, OTHER = "file", "directory", "link", "other"

# Lies in the root of a released tree and tells which one it is. A name in the tree moves with it, which an
# inode number does not on every filesystem (an overlay renumbers); globs of services skip names with a dot.
MARKER = ".edge-release"

# How nginx says in its error log that it does not take what it was given.
LOG_REJECT = r"\[emerg\]|cannot be respawned"

# The tree as it was before the first release.
ORIGINAL = "0-original"


@dataclass(frozen=True)
class Node:
    """One name found in a tree."""

    kind: str
    mode: int = 0
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime: int = 0
    inode: int = 0
    target: str = ""
    content: bytes | None = None


@dataclass(frozen=True)
class Wanted:
    """One name that shall be in the tree. A uid or gid of -1 is not known yet (check mode before the package is there)."""

    path: str
    kind: str = FILE
    content: bytes = b""
    target: str = ""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    secret: bool = False
    owned: bool = True  # False: given back by a rollback to whoever wrote it


@dataclass(frozen=True)
class Manifest:
    """What of a tree is ours: files (with: is it secret?) and directories that were made for them."""

    release: str = ORIGINAL
    files: Mapping[str, bool] = field(default_factory=dict)
    directories: frozenset[str] = frozenset()
    restored: str | None = None  # the release a rollback brought back

    def to_json(self) -> dict[str, Any]:
        files = dict(sorted(self.files.items()))
        return {"release": self.release, "files": files, "directories": sorted(self.directories), "restored": self.restored}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Manifest:
        return cls(data["release"], dict(data["files"]), frozenset(data["directories"]), data["restored"])


@dataclass(frozen=True)
class Switch:
    """An exchange under way: what tells, after a crash, on which side of it the live path is and what changed since."""

    manifest: Manifest
    token: str
    touched: frozenset[str]
    old_print: str
    new_print: str
    created: bool  # the live path did not exist before

    def to_json(self) -> dict[str, Any]:
        return {**self.__dict__, "manifest": self.manifest.to_json(), "touched": sorted(self.touched)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Switch:
        return cls(**{**data, "manifest": Manifest.from_json(data["manifest"]), "touched": frozenset(data["touched"])})


@dataclass(frozen=True)
class State:
    """What outlives a run. `live` is the last settled tree; with a `switch` the live path may hold either tree."""

    live: Manifest = Manifest()
    proven: bool = True  # the service runs with the live tree
    switch: Switch | None = None
    discard: Mapping[str, Any] | None = None  # print and touched paths of the tree that may be thrown away

    def to_json(self) -> dict[str, Any]:
        return {"format": 1, "live": self.live.to_json(), "proven": self.proven, "switch": self.switch and self.switch.to_json(),
                "discard": self.discard and dict(self.discard)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> State:
        switch = Switch.from_json(data["switch"]) if data["switch"] else None
        return cls(Manifest.from_json(data["live"]), data["proven"], switch, data["discard"])


@dataclass(frozen=True)
class Plan:
    """The step from one tree to the next."""

    manifest: Manifest
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    displaced: tuple[str, ...] = ()  # foreign files that are overwritten
    write: tuple[Wanted, ...] = ()
    make_directories: tuple[str, ...] = ()
    drop_directories: tuple[str, ...] = ()

    @property
    def changes_tree(self) -> bool:
        return bool(self.write or self.removed or self.make_directories or self.drop_directories)

    @property
    def touched(self) -> frozenset[str]:
        """Names that are not the same object in both trees."""
        return frozenset(self.removed) | {item.path for item in self.write}


@dataclass(frozen=True)
class Prove:
    """What must hold after a reload."""

    main_pid: str = "kept"
    workers: str | None = None
    log: str | None = None
    log_reject: str = LOG_REJECT
    command: tuple[str, ...] = ()
    url: str | None = None
    urls: tuple[str, ...] = ()
    status: int = 200
    status_refused: int | None = None
    timeout: float = 30.0


@dataclass(frozen=True)
class Request:
    """One call of the module, checked."""

    path: str
    state_dir: str
    wanted: tuple[Wanted, ...] = ()
    rolled_back: bool = False
    release: str | None = None
    validate: tuple[str, ...] = ()
    validate_rc: tuple[int, ...] = (0,)
    reload: tuple[str, ...] = ()
    service: str | None = None
    prove: Prove | None = None
    keep: int = 3
    history: bool = True  # False: a passing change, which neither becomes nor costs one of the earlier releases
    timeout: float = 60.0
    check_mode: bool = False
    diff: bool = False


def fingerprint(tree: Mapping[str, Node], touched: Collection[str]) -> str:
    """Changes when a name of the tree comes, goes or is replaced.

    A file carried over by hard link is one object in both trees, so writing into it loses nothing: only its identity
    counts. Files that differ between the trees count with size and time.
    """
    total = hashlib.sha256()
    for path in sorted(tree):
        node = tree[path]
        facts: list[object] = [path, node.kind, node.mode, node.uid, node.gid]
        if node.kind != DIRECTORY:
            facts += [node.size, node.mtime, node.target] if path in touched else [node.inode]
        total.update(repr(facts).encode())
    return total.hexdigest()


def digest_of(wanted: Collection[Wanted]) -> str:
    total = hashlib.sha256()
    for item in sorted(wanted, key=lambda one: one.path):
        total.update(repr([item.path, item.kind, item.mode, item.uid, item.gid, item.target, item.content]).encode())
    return total.hexdigest()[:12]


def sequence_of(release: str) -> int:
    return int(release.split("-", 1)[0])


def next_release(current: str, wanted: Collection[Wanted]) -> str:
    return f"{sequence_of(current) + 1}-{digest_of(wanted)}"

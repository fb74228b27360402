# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a release lives on disk, and the staging of a full tree beside the live one."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from posixpath import isabs, normpath

from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import ExchangeError, PlaceError
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import DIRECTORY, FILE, LINK, MARKER, Node, Plan

__all__ = ["Paths", "check_place", "exchange_error", "probe_exchange", "read_token", "stage_tree"]

REMEDIES = {
    errno.EBUSY: "it is a mount point or in use as one; release a folder that is not mounted, or unmount it",
    errno.EINVAL: "this filesystem cannot exchange two folders; put the tree on ext4, xfs, btrfs or tmpfs",
    errno.ENOSYS: "this kernel cannot exchange two folders; Linux 3.15 or newer is needed",
    errno.EXDEV: "the folder comes from a lower layer of an overlay filesystem and cannot be renamed; make it one of the upper layer once "
                 "(cp -a PATH PATH.new; rm -r PATH; mv PATH.new PATH), or mount the overlay with redirect_dir=on",
    errno.EPERM: "the folder or a file in it is immutable, or the user is not root; see lsattr and become",
    errno.EROFS: "the filesystem is read-only; remount it",
    errno.ENOSPC: "the filesystem is full; make room",
}


@dataclass(frozen=True)
class Paths:
    """All names lie in one folder: the exchange needs one filesystem, and relative links and includes that
    leave the tree must mean the same in the staged tree, so it lies as deep as the live one."""

    live: str

    @property
    def parent(self) -> str:
        return str(Path(self.live).parent)

    def _beside(self, what: str) -> str:
        live = Path(self.live)
        return str(live.parent / f".{live.name}.edge-{what}")

    @property
    def stage(self) -> str:
        return self._beside("staged")

    @property
    def partner(self) -> str:
        """The tree that is exchanged with the live one: first the new, then the old. Never thrown away unseen, as the stage may be."""
        return self._beside("switch")

    @property
    def check(self) -> str:
        return self._beside("check")

    @property
    def scratch(self) -> str:
        """The checker's own folder. Here, not among temporary files: what a killed run leaves must be found by the next one."""
        return self._beside("scratch")

    @property
    def trash(self) -> str:
        return self._beside("trash")

    def kept(self, number: int) -> str:
        return self._beside(f"kept-{number}")


def check_place(host: Host, path: str, state_dir: str, check_mode: bool) -> Paths:
    """Refuses what cannot be exchanged, before anything is touched. Follows a link to the tree."""
    for option, value in (("path", path), ("state_dir", state_dir)):
        if not isabs(value) or normpath(value) != value or value == "/":
            raise PlaceError(f"{option}: '{value}' must be an absolute path other than /, without '..' and a slash at the end.")
    paths = Paths(host.resolve(path))
    if host.resolve(state_dir) == paths.live or host.resolve(state_dir).startswith(paths.live + "/"):
        raise PlaceError(f"state_dir: '{state_dir}' lies in the tree {path}; choose a folder outside of it.")
    if host.exists(paths.live) and not host.is_directory(paths.live):
        raise PlaceError(f"path: '{path}' is not a directory; name the folder that holds the configuration.")
    if not check_mode and not host.is_directory(paths.parent):
        raise PlaceError(f"path: the folder {paths.parent} does not exist; install the service or create the folder before.")
    _refuse_mounts(host, path, paths)
    return paths


def _refuse_mounts(host: Host, path: str, paths: Paths) -> None:
    for point in host.mount_points():
        if point == paths.live:
            raise PlaceError(f"path: '{path}' is a mount point and cannot be exchanged; unmount it or release another folder.")
        if point.startswith(paths.live + "/"):
            raise PlaceError(f"path: '{point}' in the tree is a mount point and would not move along; mount it elsewhere and link to it.")
    if host.exists(paths.live) and host.device(paths.live) != host.device(paths.parent):
        raise PlaceError(f"path: '{path}' is another filesystem or subvolume than {paths.parent}; release a plain folder.")


def exchange_error(path: str, error: OSError) -> ExchangeError:
    remedy = REMEDIES.get(error.errno or 0, f"{error.strerror}; make that good and run again")
    return ExchangeError(f"path: '{path}' was not changed: {remedy}.".replace("PATH", path))


def probe_exchange(host: Host, stage: str) -> None:
    """Asks the filesystem itself, with two folders in the stage."""
    names = [f"{stage}/.edge-probe-{number}" for number in (1, 2)]
    for name in names:
        host.make_directory(name, 0o700)
    host.exchange(*names)
    for name in names:
        host.remove_directory(name)


def read_token(host: Host, tree: str) -> str:
    """The last word of the mark tells two switches to the same release apart."""
    return (host.read(f"{tree}/{MARKER}") or b"").decode("utf-8", "replace").strip().rpartition(" ")[2]


def stage_tree(host: Host, source: str, stage: str, tree: Mapping[str, Node], plan: Plan, token: str) -> None:
    """Builds the tree of `plan` in `stage`.

    What is not written is linked, not copied: a file that somebody writes to meanwhile is the same file in both
    trees, so nothing of it can be lost, and its owner, mode and labels come along.
    """
    host.make_directory(stage, 0o755)
    if host.exists(source):
        host.copy_attributes(source, stage)
    probe_exchange(host, stage)
    left_out = plan.touched | set(plan.drop_directories)
    for path in sorted(tree):
        if path in left_out:
            continue
        target = f"{stage}/{path}"
        if tree[path].kind == DIRECTORY:
            host.make_directory(target, 0o700)
            host.copy_attributes(f"{source}/{path}", target)
        else:
            host.link(f"{source}/{path}", target)
    for path in plan.make_directories:
        host.make_directory(f"{stage}/{path}", 0o755)
    for item in plan.write:
        target = f"{stage}/{item.path}"
        if item.kind == LINK:
            host.symlink(item.target, target, item.uid, item.gid)
            continue
        like = f"{source}/{item.path}" if item.path in tree and tree[item.path].kind == FILE else None
        host.write_file(target, item.content, item.mode, item.uid, item.gid, like)
    mark = f"Written by steadfast.edge.config_release: {plan.manifest.release} {token}\n"
    # For root alone: a tree may be a folder that a web server shows to everybody.
    host.write_file(f"{stage}/{MARKER}", mark.encode(), 0o600, -1, -1)

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one seam to the host: every look at it and every change to it goes through a method of Host."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._release import _libc
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import DIRECTORY, FILE, LINK, MARKER, OTHER, Node

__all__ = ["Finished", "Host", "Process"]

KINDS = {stat.S_IFDIR: DIRECTORY, stat.S_IFLNK: LINK, stat.S_IFREG: FILE}

# Tied to the content or to the layer below, never to be carried to another file.
UNCOPIED_ATTRIBUTES = ("security.capability", "security.ima", "security.evm", "trusted.overlay.")


@dataclass(frozen=True)
class Finished:
    """A command that ended; rc is None where it had to be killed for time."""

    rc: int | None
    output: str


@dataclass(frozen=True)
class Process:
    pid: int
    start: int
    title: str


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


class Host:
    def __init__(self, proc: str = "/proc") -> None:
        self.proc = proc

    # Looking

    def exists(self, path: str) -> bool:
        return os.path.lexists(path)

    def is_directory(self, path: str) -> bool:
        return Path(path).is_dir()

    def device(self, path: str) -> int:
        return Path(path).stat().st_dev

    def resolve(self, path: str) -> str:
        return os.path.realpath(path)

    def names(self, path: str) -> list[str]:
        return sorted(entry.name for entry in Path(path).iterdir()) if Path(path).is_dir() else []

    def read(self, path: str) -> bytes | None:
        try:
            return Path(path).read_bytes()
        except FileNotFoundError:
            return None

    def read_from(self, path: str, offset: int, most: int) -> bytes:
        """What was added behind `offset`, or the beginning of a newer, shorter file."""
        try:
            with Path(path).open("rb") as source:
                source.seek(offset if offset <= os.fstat(source.fileno()).st_size else 0)
                return source.read(most)
        except FileNotFoundError:
            return b""

    def size(self, path: str) -> int:
        try:
            return Path(path).stat().st_size
        except FileNotFoundError:
            return 0

    def mount_points(self) -> list[str]:
        text = (Path(self.proc) / "self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        fields = [line.split(" ")[4] for line in text.splitlines()]
        return [point.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\") for point in fields]

    def scan(self, root: str, contents: Collection[str] = ()) -> dict[str, Node]:
        """Every name below `root`; the content of the files named in `contents`. A missing root is an empty tree."""
        tree: dict[str, Node] = {}
        folders = [""] if Path(root).is_dir() else []
        while folders:
            folder = folders.pop()
            with os.scandir(f"{root}/{folder}") as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if path == MARKER:
                        continue
                    try:
                        tree[path] = _node(entry, path in contents)
                    except FileNotFoundError:  # gone since it was listed
                        continue
                    if tree[path].kind == DIRECTORY:
                        folders.append(path)
        return tree

    def children(self, parent: int) -> list[Process]:
        found = []
        for folder in Path(self.proc).iterdir():
            process = _process(folder, parent) if folder.name.isdigit() else None
            if process:
                found.append(process)
        return found

    def http_status(self, url: str, timeout: float) -> int:
        """Raises OSError or ValueError where no answer can be had."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
        try:
            with opener.open(url, timeout=timeout) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    # Changing

    def run(self, argv: Sequence[str], timeout: float) -> Finished:
        """Raises FileNotFoundError or PermissionError where there is no such command."""
        environment = {**os.environ, "LC_ALL": "C", "LANGUAGE": "C"}
        with tempfile.TemporaryFile() as output:
            # Its own session, so that a helper it left running cannot outlive the time allowed.
            # Not run_command: it cannot end what takes too long.
            process = subprocess.Popen(  # pylint: disable=ansible-bad-function
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd="/", env=environment, start_new_session=True)
            rc: int | None = None
            try:
                rc = process.wait(timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            output.seek(0)
            return Finished(rc, output.read().decode("utf-8", "replace").strip())

    def lock(self, folder: str) -> int | None:
        """Holds `folder` until unlock or the end of the process; None if somebody else does."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def unlock(self, descriptor: int) -> None:
        os.close(descriptor)

    def make_directory(self, path: str, mode: int) -> None:
        Path(path).mkdir(mode)
        Path(path).chmod(mode)

    def make_directories(self, path: str, mode: int) -> None:
        Path(path).mkdir(mode, parents=True, exist_ok=True)

    def copy_attributes(self, source: str, target: str) -> None:
        """Makes the folder `target` the like of the folder `source`."""
        _copy_extended(source, target)
        found = Path(source).stat()
        os.chown(target, found.st_uid, found.st_gid)
        Path(target).chmod(stat.S_IMODE(found.st_mode))

    def link(self, source: str, target: str) -> None:
        os.link(source, target, follow_symlinks=False)

    def write_file(self, path: str, content: bytes, mode: int, uid: int, gid: int, like: str | None = None) -> None:
        """A new file; `like` is the file it takes the place of, for its labels and access lists."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
        if like is not None:
            _copy_extended(like, path)
        os.chown(path, uid, gid)
        Path(path).chmod(mode)

    def symlink(self, target: str, path: str, uid: int, gid: int) -> None:
        Path(path).symlink_to(target)
        os.chown(path, uid, gid, follow_symlinks=False)

    def replace_file(self, path: str, content: bytes) -> None:
        """Durable and all or nothing; only root may read it."""
        temporary = path + ".new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            target.flush()
            self.sync_descriptor(target.fileno())
        Path(temporary).replace(path)
        self.sync_directory(str(Path(path).parent))

    def exchange(self, first: str, second: str) -> None:
        _libc.exchange(first, second)

    def rename(self, source: str, target: str) -> None:
        Path(source).rename(target)

    def remove_file(self, path: str) -> None:
        Path(path).unlink()

    def remove_directory(self, path: str) -> None:
        Path(path).rmdir()

    def remove_tree(self, path: str) -> None:
        shutil.rmtree(path)

    def sync_filesystem(self, path: str) -> None:
        _libc.sync_filesystem(path)

    def sync_directory(self, path: str) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.sync_descriptor(descriptor)
        finally:
            os.close(descriptor)

    def sync_descriptor(self, descriptor: int) -> None:
        os.fsync(descriptor)


def _process(folder: Path, parent: int) -> Process | None:
    try:
        fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()  # the name may hold blanks and brackets
        if int(fields[1]) != parent or fields[0] in (b"Z", b"X"):
            return None
        title = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Process(int(folder.name), int(fields[19]), title)


def _node(entry: os.DirEntry[str], content: bool) -> Node:
    found = entry.stat(follow_symlinks=False)
    kind = KINDS.get(stat.S_IFMT(found.st_mode), OTHER)
    target = os.readlink(entry.path) if kind == LINK else ""  # noqa: PTH115  pathlib normalises the target
    data = Path(entry.path).read_bytes() if content and kind == FILE else None
    return Node(kind, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, found.st_size, found.st_mtime_ns, found.st_ino, target, data)


def _copy_extended(source: str, target: str) -> None:
    try:
        names = os.listxattr(source)
    except OSError:  # a filesystem without any
        return
    for name in names:
        if not name.startswith(UNCOPIED_ATTRIBUTES):
            os.setxattr(target, name, os.getxattr(source, name))

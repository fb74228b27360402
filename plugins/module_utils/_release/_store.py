# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept outside of the tree: the state of a release and the earlier releases."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import PlaceError, RollbackError
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import (
    FILE,
    LINK,
    Manifest,
    Node,
    Plan,
    State,
    Wanted,
    sequence_of,
)

__all__ = ["Earlier", "Store", "state_name"]

ENDING = ".tar"


@dataclass(frozen=True)
class Earlier:
    """An earlier release: its files, and the foreign ones that its successor overwrote."""

    manifest: Manifest
    files: Mapping[str, Wanted]
    displaced: Mapping[str, Wanted]


def state_name(path: str) -> str:
    """One folder name per tree, readable and without collisions: /etc/nginx is etc-nginx."""
    return path.strip("/").replace("%", "%25").replace("-", "%2D").replace("/", "-")


class Store:
    def __init__(self, host: Host, state_dir: str, path: str) -> None:
        self.host = host
        self.folder = f"{state_dir}/{state_name(path)}"
        self.file = f"{self.folder}/state.json"

    def load(self) -> State:
        data = self.host.read(self.file)
        if data is None:
            return State()
        try:
            return State.from_json(json.loads(data))
        except (ValueError, KeyError, TypeError) as error:
            raise PlaceError(f"{self.file} is damaged ({error!r}); restore it from a backup, or remove the folder {self.folder} "
                             f"to start afresh without pruning and earlier releases.") from error

    def save(self, state: State) -> None:
        self.host.make_directories(self.folder, 0o700)
        self.host.replace_file(self.file, json.dumps(state.to_json(), indent=1).encode())

    def earlier(self, live: str) -> list[str]:
        """The releases that can be brought back, oldest first."""
        names = [name[:-len(ENDING)] for name in self.host.names(self.folder) if name.endswith(ENDING)]
        return sorted((name for name in names if sequence_of(name) < sequence_of(live)), key=sequence_of)

    def keep(self, manifest: Manifest, tree: Mapping[str, Node], plan: Plan) -> None:
        """Keeps what the switch of `plan` is going to replace. `tree` holds the contents."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
            _add(tar, "release.json", Node(FILE, 0o600, content=json.dumps(manifest.to_json()).encode()))
            for path in sorted(path for path in manifest.files if path in tree):
                _add(tar, "files/" + path, tree[path])
            for path in plan.displaced:
                _add(tar, "displaced/" + path, tree[path])
        self.host.make_directories(self.folder, 0o700)
        self.host.replace_file(self._archive(manifest.release), archive.getvalue())

    def open(self, release: str) -> Earlier:
        data = self.host.read(self._archive(release))
        if data is None:
            raise RollbackError(f"release: there is no '{release}' among the earlier releases.")
        kept: dict[str, dict[str, Wanted]] = {"files": {}, "displaced": {}}
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            members = {member.name: member for member in tar}
            manifest = Manifest.from_json(json.loads(_content(tar, members.pop("release.json"))))
            for name, member in members.items():
                part, path = name.split("/", 1)
                kind = LINK if member.issym() else FILE
                kept[part][path] = Wanted(path, kind, _content(tar, member), member.linkname, member.mode, member.uid, member.gid,
                                          secret=manifest.files.get(path, False), owned=part == "files")
        return Earlier(manifest, **kept)

    def prune(self, live: str, keep: int) -> None:
        """Forgets all but the `keep` youngest earlier releases."""
        earlier = self.earlier(live)
        for release in earlier[:max(len(earlier) - keep, 0)]:
            self.host.remove_file(self._archive(release))

    def _archive(self, release: str) -> str:
        return f"{self.folder}/{release}{ENDING}"


def _add(tar: tarfile.TarFile, name: str, node: Node) -> None:
    if node.kind not in (FILE, LINK):
        return
    info = tarfile.TarInfo(name)
    info.mode, info.uid, info.gid, info.mtime = node.mode, node.uid, node.gid, node.mtime // 10**9
    if node.kind == LINK:
        info.type, info.linkname = tarfile.SYMTYPE, node.target
        tar.addfile(info)
    else:
        content = node.content or b""
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    source: io.BufferedIOBase | None = tar.extractfile(member) if member.isfile() else None  # type: ignore[assignment]
    return source.read() if source else b""

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the releases of a folder say about it: whether somebody changed it since, and who is drained in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._drain import keepalived, nginx
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import ReleaseError
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import FILE, LINK, ORIGINAL, Manifest, Node, Wanted, digest_of
from ansible_collections.steadfast.edge.plugins.module_utils._release._store import Store

__all__ = ["STATE_DIR", "tree_state"]

STATE_DIR = "/var/lib/steadfast-edge/releases"


def tree_state(path: str, state_dir: str = STATE_DIR) -> dict[str, Any]:
    """Raises ValueError where the state of its releases cannot be read."""
    host = Host()
    store = Store(host, state_dir, host.resolve(path))
    try:
        state = store.load()
    except ReleaseError as error:
        raise ValueError(str(error)) from error
    manifest = state.switch.manifest if state.switch else state.live
    tree = host.scan(path, set(manifest.files))
    texts = {name: (tree[name].content or b"").decode("utf-8", "replace") for name in manifest.files if name in tree}
    return {
        "release": manifest.release,
        "edited": [] if state.switch else _edited(path, store.file, manifest, tree),
        "interrupted": state.switch is not None or not state.proven,
        "drained": _drained(texts),
        "yielded": keepalived.yielded(texts.get("keepalived.conf", "")),
    }


def _edited(path: str, state_file: str, manifest: Manifest, tree: Mapping[str, Node]) -> list[str]:
    """The release is named after the digest of its files. Which of them are others now, their times tell."""
    gone = sorted(name for name in manifest.files if name not in tree)
    # With a rollback, files of others may have counted too.
    if gone or manifest.release == ORIGINAL or manifest.restored:
        return gone
    there = [_wanted(name, tree[name]) for name in manifest.files]
    if manifest.release.partition("-")[2] == digest_of(there):
        return []
    released = Path(state_file).stat().st_mtime
    newer = sorted(name for name in manifest.files if (Path(path) / name).lstat().st_ctime > released)
    return newer or ["one of its files"]


def _wanted(path: str, node: Node) -> Wanted:
    content = node.content or b""
    return Wanted(path, node.kind if node.kind in (FILE, LINK) else "", content, node.target, node.mode, node.uid, node.gid)


def _drained(texts: Mapping[str, str]) -> list[dict[str, str]]:
    read = keepalived.members if "keepalived.conf" in texts else nginx.members
    found = [member for text in texts.values() for member in read(text) if member.by]
    return [{"pool": pool, "member": name, "by": by} for pool, name, by in dict.fromkeys((one.pool, one.name, one.by) for one in found)]

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What released trees link to, now and in the earlier releases that can be brought back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from posixpath import join, normpath

from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import ReleaseError
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import LINK
from ansible_collections.steadfast.edge.plugins.module_utils._release._store import Store

from .artifact import ArtifactError

__all__ = ["used"]


def used(folder: str, trees: Iterable[str], state_dir: str) -> set[str]:
    """The names in the store `folder` that the trees need. Raises ArtifactError where that cannot be told: then nothing may go."""
    found: set[str] = set()
    for tree in trees:
        for target in [*_live(tree), *_earlier(tree, state_dir)]:
            path = normpath(join(tree, target))
            if path.startswith(folder + "/"):
                found.add(path[len(folder) + 1:].split("/")[0])
    return found


def _live(tree: str) -> Iterable[str]:
    """Targets of the links in the tree and in those beside it that a switch leaves for a moment, relative to the tree."""
    live = Path(tree)
    for root in (live, live.parent / f".{live.name}.edge-switch"):
        for path in root.rglob("*") if root.is_dir() else ():
            if path.is_symlink():
                yield join(str(path.relative_to(root).parent), str(path.readlink()))


def _earlier(tree: str, state_dir: str) -> Iterable[str]:
    store = Store(Host(), state_dir, tree)
    try:
        live = store.load().live.release
        for release in store.earlier(live):
            for path, item in store.open(release).files.items():
                if item.kind == LINK:
                    yield join(str(Path(path).parent), item.target)
    except (ReleaseError, OSError, json.JSONDecodeError) as error:
        raise ArtifactError(f"used_by: the earlier releases of {tree} cannot be read: {error}") from error

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the tree that is there, what of it is ours, and what is wanted, to the step between. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from posixpath import dirname

from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import WantedError
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import (
    DIRECTORY,
    FILE,
    LINK,
    ORIGINAL,
    Manifest,
    Node,
    Plan,
    Wanted,
    next_release,
)

__all__ = ["ancestors", "differs", "make_plan", "mode_differs"]


def ancestors(path: str) -> Iterator[str]:
    """The folders above `path`, nearest first, the root left out."""
    while path := dirname(path):
        yield path


def mode_differs(node: Node, wanted: Wanted) -> bool:
    return (node.mode, node.uid, node.gid) != (wanted.mode, wanted.uid, wanted.gid)


def differs(node: Node, wanted: Wanted) -> bool:
    if node.kind != wanted.kind:
        return True
    if wanted.kind == LINK:
        return node.target != wanted.target
    return node.content != wanted.content or mode_differs(node, wanted)


def make_plan(tree: Mapping[str, Node], manifest: Manifest, wanted: Collection[Wanted] | None, restored: str | None = None) -> Plan:
    """What leads from `tree` to `wanted`; None wants what is there.

    Only names in the manifest or in `wanted` are ever in the plan.
    """
    if wanted is None:
        return Plan(manifest)
    names = {item.path for item in wanted}
    stale = {path for path in manifest.files if path not in names and path in tree and tree[path].kind in (FILE, LINK)}
    needed = {folder for item in wanted for folder in ancestors(item.path)}
    dropped = _empty_directories(tree, manifest, needed, stale)
    _refuse_conflicts(tree, wanted, needed, stale | dropped)

    there = tree.keys() - dropped
    added = sorted(item.path for item in wanted if item.path not in there)
    changed = sorted(item.path for item in wanted if item.path in there and differs(tree[item.path], item))
    made = {folder for folder in needed if folder not in tree or tree[folder].kind != DIRECTORY}
    to_write = {*added, *changed}
    plan = Plan(
        manifest,
        added=tuple(added),
        changed=tuple(changed),
        removed=tuple(sorted(stale)),
        displaced=tuple(path for path in changed if path not in manifest.files),
        write=tuple(sorted((item for item in wanted if item.path in to_write), key=lambda item: item.path)),
        make_directories=tuple(sorted(made)),
        drop_directories=tuple(sorted(dropped)),
    )
    kept = {folder for folder in manifest.directories - dropped if folder in tree and tree[folder].kind == DIRECTORY}
    return replace(plan, manifest=_next_manifest(plan, wanted, frozenset(kept | made), restored))


def _next_manifest(plan: Plan, wanted: Collection[Wanted], directories: frozenset[str], restored: str | None) -> Manifest:
    old = plan.manifest
    files = {item.path: item.secret for item in wanted if item.owned}
    if plan.changes_tree or (old.release == ORIGINAL and files):
        return Manifest(next_release(old.release, wanted), files, directories, restored)
    return replace(old, files=files, directories=directories)


def _empty_directories(tree: Mapping[str, Node], manifest: Manifest, needed: Collection[str], stale: Collection[str]) -> set[str]:
    """Folders once made for our files in which nothing is left."""
    children = Counter(dirname(path) for path in tree if path not in stale)
    dropped: set[str] = set()
    for folder in sorted(manifest.directories, key=lambda path: path.count("/"), reverse=True):
        if folder in tree and tree[folder].kind == DIRECTORY and folder not in needed and not children[folder]:
            dropped.add(folder)
            children[dirname(folder)] -= 1
    return dropped


def _refuse_conflicts(tree: Mapping[str, Node], wanted: Collection[Wanted], needed: Collection[str], going: Collection[str]) -> None:
    for item in wanted:
        node = tree.get(item.path)
        if node is not None and node.kind not in (FILE, LINK) and item.path not in going:
            raise WantedError(f"files: '{item.path}' is a {'directory' if node.kind == DIRECTORY else 'special file'} on the host; "
                              f"move it away or choose another path.")
    for folder in sorted(needed):
        node = tree.get(folder)
        if node is not None and node.kind != DIRECTORY and folder not in going:
            what = f"a link to '{node.target}', and a file below it could lie outside the tree" if node.kind == LINK else "not a directory"
            raise WantedError(f"files: '{folder}' shall hold files, but on the host it is {what}; move it away or choose another path.")

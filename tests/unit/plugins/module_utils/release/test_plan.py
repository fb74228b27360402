# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From any tree, manifest and wish to the plan: foreign names stay, pruning is exact, and once is enough."""

from __future__ import annotations

from collections.abc import Iterable
from posixpath import dirname

from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import WantedError
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import (
    DIRECTORY,
    FILE,
    LINK,
    OTHER,
    Manifest,
    Node,
    Plan,
    Wanted,
)
from ansible_collections.steadfast.edge.plugins.module_utils._release._plan import ancestors, make_plan
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CONTENT = st.sampled_from([b"", b"x", b"y"])
MODES = st.sampled_from([0o644, 0o600])
LEAVES = st.one_of(
    st.builds(lambda content, mode: Node(FILE, mode, content=content), CONTENT, MODES),
    st.builds(lambda target: Node(LINK, 0o777, target=target), st.sampled_from(["t", "u"])),
    st.just(Node(OTHER)),
)


def well_formed(paths: Iterable[str]) -> bool:
    """No path is the folder of another."""
    names = set(paths)
    return not any(folder in names for path in names for folder in ancestors(path))


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Node]:
    leaves = draw(st.dictionaries(PATHS, LEAVES, max_size=6).filter(well_formed))
    folders = {folder for path in leaves for folder in ancestors(path)}
    free = draw(st.sets(PATHS, max_size=2))
    empty = {path for path in free if path not in leaves and not any(folder in leaves for folder in ancestors(path))}
    folders |= empty | {folder for path in empty for folder in ancestors(path)}
    return {**leaves, **{folder: Node(DIRECTORY, 0o755) for folder in folders}}


@st.composite
def wishes(draw: st.DrawFn) -> list[Wanted]:
    files = draw(st.dictionaries(PATHS, st.tuples(CONTENT, MODES, st.booleans()), max_size=5).filter(well_formed))
    return [Wanted(path, LINK, target="t", mode=0o777) if link else Wanted(path, FILE, content, mode=mode)
            for path, (content, mode, link) in files.items()]


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    files = draw(st.dictionaries(PATHS, st.booleans(), max_size=5))
    return Manifest("4-abc", files, draw(st.frozensets(PATHS, max_size=3)))


def carried_out(tree: dict[str, Node], plan: Plan) -> dict[str, Node]:
    """What staging makes of a plan."""
    gone = plan.touched | set(plan.drop_directories)
    after = {path: node for path, node in tree.items() if path not in gone}
    after.update({path: Node(DIRECTORY, 0o755) for path in plan.make_directories})
    for item in plan.write:
        content = item.content if item.kind == FILE else None
        after[item.path] = Node(item.kind, item.mode, item.uid, item.gid, content=content, target=item.target)
    return after


def plan_or_refusal(tree: dict[str, Node], manifest: Manifest, wanted: list[Wanted]) -> Plan:
    try:
        return make_plan(tree, manifest, wanted)
    except WantedError:
        event("refused")
        assume(False)
        raise


@settings(max_examples=150, deadline=None)
@given(trees(), manifests(), wishes())
def test_foreign_names_are_untouched(tree: dict[str, Node], manifest: Manifest, wanted: list[Wanted]) -> None:
    plan = plan_or_refusal(tree, manifest, wanted)
    after = carried_out(tree, plan)
    names = {item.path for item in wanted}
    for path, node in tree.items():
        ours = path in names or path in manifest.files or (node.kind == DIRECTORY and path in manifest.directories)
        assert ours or after.get(path) == node


@settings(max_examples=150, deadline=None)
@given(trees(), manifests(), wishes())
def test_what_is_wanted_is_there_and_what_was_owned_is_gone(tree: dict[str, Node], manifest: Manifest, wanted: list[Wanted]) -> None:
    plan = plan_or_refusal(tree, manifest, wanted)
    after = carried_out(tree, plan)
    names = {item.path for item in wanted}
    for item in wanted:
        node = after[item.path]
        assert (node.kind, node.target) == (item.kind, item.target)
        if item.kind == FILE:
            assert (node.content, node.mode) == (item.content, item.mode)
    stale = {path for path in manifest.files if path not in names and path in tree and tree[path].kind in (FILE, LINK)}
    assert set(plan.removed) == stale
    assert not any(after[path].kind in (FILE, LINK) for path in stale & after.keys())
    assert set(plan.manifest.files) == names
    # A tree without holes: every name's folder is there.
    assert all(dirname(path) == "" or after[dirname(path)].kind == DIRECTORY for path in after)


@settings(max_examples=150, deadline=None)
@given(trees(), manifests(), wishes())
def test_once_is_enough(tree: dict[str, Node], manifest: Manifest, wanted: list[Wanted]) -> None:
    plan = plan_or_refusal(tree, manifest, wanted)
    again = make_plan(carried_out(tree, plan), plan.manifest, wanted)
    assert not again.changes_tree
    assert again.manifest == plan.manifest


@settings(max_examples=150, deadline=None)
@given(trees(), wishes(), wishes())
def test_going_there_and_back_leaves_no_trace(tree: dict[str, Node], wanted: list[Wanted], other: list[Wanted]) -> None:
    """Only names that were taken over are missing after everything is dropped again."""
    state, manifest = tree, Manifest()
    for step in (wanted, other, []):
        plan = plan_or_refusal(state, manifest, step)
        state, manifest = carried_out(state, plan), plan.manifest
    taken = {item.path for item in [*wanted, *other]}
    assert state == {path: node for path, node in tree.items() if path not in taken}
    assert not manifest.files and not manifest.directories


def test_a_release_is_numbered_only_when_the_tree_changes() -> None:
    wanted = [Wanted("a", content=b"x")]
    first = make_plan({}, Manifest(), wanted)
    assert first.manifest.release.startswith("1-")
    tree = carried_out({}, first)
    assert make_plan(tree, first.manifest, wanted).manifest.release == first.manifest.release
    assert make_plan(tree, first.manifest, [Wanted("a", content=b"y")]).manifest.release.startswith("2-")

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was changed by hand since a release is seen; what the release itself wrote is not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import FILE, LINK, Request, Wanted
from ansible_collections.steadfast.edge.plugins.module_utils._release._release import release
from ansible_collections.steadfast.edge.plugins.module_utils._verify.trees import tree_state
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.drain.test_texts import UPSTREAMS
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.release.rig import HastyHost

OWNER: dict[str, Any] = {"uid": os.getuid(), "gid": os.getgid()}


@pytest.fixture(name="tree")
def fixture_tree(tmp_path: Path) -> Path:
    live = tmp_path / "nginx"
    live.mkdir()
    drained = UPSTREAMS.replace("10s;", "10s down; # drained by roll", 1)
    wanted = (
        Wanted("nginx.conf", FILE, b"events {}\n", **OWNER),
        Wanted("upstreams.conf", FILE, drained.encode(), mode=0o600, **OWNER),
        Wanted("on/site", LINK, target="../nginx.conf", mode=0o777, **OWNER),
    )
    release(HastyHost(), Request(str(live), str(tmp_path / "state"), wanted), print)
    return live


def test_a_release_as_it_was_written(tree: Path) -> None:
    found = tree_state(str(tree), f"{tree.parent}/state")
    assert found.pop("release").startswith("1-")
    drained = [{"pool": "the upstream shop-app", "member": "192.0.2.31:8080", "by": "roll"}]
    assert found == {"edited": [], "interrupted": False, "drained": drained, "yielded": ""}


def test_what_was_changed_by_hand(tree: Path) -> None:
    (tree / "foreign.conf").write_text("anything\n")
    assert tree_state(str(tree), f"{tree.parent}/state")["edited"] == []
    later = (tree.parent / "state").stat().st_mtime + 10
    (tree / "nginx.conf").write_text("events { }\n")
    for state in (tree.parent / "state").rglob("state.json"):
        os.utime(state, (later - 100, later - 100))
    os.utime(tree / "upstreams.conf", (0, 0))
    assert "nginx.conf" in tree_state(str(tree), f"{tree.parent}/state")["edited"]
    (tree / "nginx.conf").unlink()
    assert tree_state(str(tree), f"{tree.parent}/state")["edited"] == ["nginx.conf"]


def test_other_permissions_are_a_change(tree: Path) -> None:
    (tree / "upstreams.conf").chmod(0o644)
    assert tree_state(str(tree), f"{tree.parent}/state")["edited"]


def test_a_folder_that_was_never_released(tmp_path: Path) -> None:
    assert tree_state(str(tmp_path), str(tmp_path / "state"))["edited"] == []


def test_a_state_that_cannot_be_read(tree: Path) -> None:
    next((tree.parent / "state").rglob("state.json")).write_text("{")
    with pytest.raises(ValueError, match="damaged"):
        tree_state(str(tree), f"{tree.parent}/state")

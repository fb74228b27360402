# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Earlier releases: how many are kept, and how they come back."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import (
    RollbackError,
)
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.release.rig import (
    FIRST,
    FOREIGN,
    Rig,
)


def test_rollback_goes_back_once_and_further_by_name(rig: Rig) -> None:
    names = [rig.run({"main.conf": f"{number}\n", f"only-{number}": "x"}, keep=9).release for number in (1, 2, 3)]
    foreseen = rig.run(rolled_back=True, keep=9, check_mode=True)
    outcome = rig.run(rolled_back=True, keep=9)
    assert asdict(foreseen) == asdict(outcome)
    assert rig.tree() == {**FOREIGN, "main.conf": "2\n", "only-2": "x"} == rig.loaded
    assert not rig.run(rolled_back=True).changed
    assert rig.run(rolled_back=True, release=names[0], keep=9).changed
    assert rig.tree() == {**FOREIGN, "main.conf": "1\n", "only-1": "x"}
    assert not rig.run(rolled_back=True, release=names[0]).changed
    assert rig.run(rolled_back=True, release="0-original", keep=9).changed
    assert rig.tree() == FOREIGN


def test_a_rollback_restores_modes_links_and_secrecy(rig: Rig) -> None:
    rig.run({"key": "hush hush\n", "l": "-> key"}, attributes={"mode": 0o600, "secret": True})
    rig.run({})
    outcome = rig.run(rolled_back=True)
    assert (rig.live / "key").stat().st_mode & 0o777 == 0o600
    assert str((rig.live / "l").readlink()) == "key"
    assert "hush" not in str(outcome)
    assert "hush" not in str(rig.run({}))


def test_only_so_many_earlier_releases_are_kept(rig: Rig) -> None:
    outcomes = [rig.run({"main.conf": f"{number}\n"}, keep=2) for number in range(5)]
    assert outcomes[-1].releases == [outcomes[2].release, outcomes[3].release]
    kept = sorted(path.name for path in rig.state_dir.rglob("*.tar"))
    assert rig.run({}, keep=2, check_mode=True).releases == [outcomes[3].release, outcomes[4].release]
    assert kept == [f"{name}.tar" for name in outcomes[-1].releases]
    assert rig.run({"main.conf": "last\n"}, keep=0).releases == []
    assert list(rig.state_dir.rglob("*.tar")) == []
    with pytest.raises(RollbackError, match="no earlier release"):
        rig.run(rolled_back=True)
    with pytest.raises(RollbackError, match="no earlier release"):
        rig.run(rolled_back=True, release="9-nonsense")


def test_what_is_kept_is_for_root_only(rig: Rig) -> None:
    rig.run(FIRST)
    modes = {path.stat().st_mode & 0o077 for path in rig.state_dir.rglob("*")}
    assert modes == {0}


def test_a_foreign_file_that_is_wanted_is_taken_over_and_its_old_version_comes_back_with_a_rollback(rig: Rig) -> None:
    outcome = rig.run({"foreign.conf": "ours now\n"})
    assert outcome.files_changed == ["foreign.conf"]
    assert rig.run({}, rolled_back=True).changed
    assert rig.tree() == FOREIGN
    assert not rig.run({}, rolled_back=True).changed
    # It is foreign again: nothing prunes it.
    assert not rig.run({}).changed
    assert rig.tree() == FOREIGN

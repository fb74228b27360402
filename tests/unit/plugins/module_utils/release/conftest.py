# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the release tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.release.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A tree with files that belong to somebody else."""
    return Rig(tmp_path, {"foreign.conf": "not ours\n", "lib/other.conf": "neither\n"})

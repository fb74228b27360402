# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the release tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.release.rig import FOREIGN, Rig


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory, for the tests that build hundreds of trees."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A tree with files that belong to somebody else."""
    return Rig(tmp_path, FOREIGN)

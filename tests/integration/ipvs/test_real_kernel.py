# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IPVS modules on a real kernel; each file of inside/ runs in a guest of its own (see guest.py)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.tests.integration.ipvs import guest

INSIDE = Path(__file__).parent / "inside"
FILES = sorted(INSIDE.glob("check_*.py"))


@pytest.mark.skipif(bool(guest.available()), reason=guest.available())
@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_on_a_real_kernel(path: Path) -> None:
    console = guest.run([path])
    summary = re.search(r"^(\d+) passed(.*) in ", console, re.MULTILINE)
    assert summary, console
    assert "failed" not in summary[2], console
    assert "skipped" not in summary[2], console
    assert "guest ended with 0" in console, console

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of the labs that tests and benchmarks make: two checkouts never meet, and a killed run is cleaned up by the next one."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = "LAB_TAG"


def tag() -> str:
    """What sets this checkout's labs apart: $LAB_TAG, else made from where the checkout is."""
    return os.environ.get(VARIABLE) or hashlib.sha256(str(ROOT).encode()).hexdigest()[:6]


def lab_name(purpose: str) -> str:
    return f"{purpose}-{tag()}"

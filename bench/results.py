# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""bench/RESULTS.md: a section for each benchmark, replaced by its next run."""

from __future__ import annotations

import re
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"


def write_section(title: str, body: str) -> None:
    """Puts the section in place of the older one of this title, or at the end, and shows it."""
    head, *sections = re.split(r"(?m)^(?=## )", RESULTS.read_text(encoding="utf-8"))
    parts = {part.splitlines()[0]: part.strip() for part in sections}
    heading = f"## {title}"
    parts[heading] = f"{heading}\n\n{body.strip()}"
    RESULTS.write_text("\n\n".join([head.strip(), *parts.values()]) + "\n", encoding="utf-8")
    print(parts[heading])

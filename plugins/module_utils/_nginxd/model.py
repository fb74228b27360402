# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a running nginx, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Outcome", "Request"]

INTERVAL = 0.1  # seconds between two looks at something that is waited for


@dataclass(frozen=True)
class Request:
    """One action; `timeout` bounds each of its waits."""

    binary: str = "nginx"
    service: str = "nginx"
    config: str | None = None
    error_log: str | None = None
    url: str | None = None
    status: int = 200
    timeout: float = 60.0
    check_mode: bool = False


@dataclass(frozen=True)
class Outcome:
    """What was there before and after; in check mode `after` is what is there now."""

    changed: bool
    msg: str
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    output: str = ""

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab with one web server and a client, made anew whatever an earlier run has left."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from tests.integration.release.web import Web


@pytest.fixture(scope="session", name="made")
def _made() -> Iterator[Web]:
    web = Web()
    web.lab.verb("down")
    web.lab.verb("up")
    web.release("A")
    web.original = web.live()
    yield web
    web.lab.verb("down")


@pytest.fixture
def web(made: Web) -> Web:
    """The web server with version A live, whatever the last test did."""
    made.shell("systemctl stop squatter; systemctl reset-failed")
    if made.live() != made.original:
        made.release("A", "--skip-tags", "install")
    return made

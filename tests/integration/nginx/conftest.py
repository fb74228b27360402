# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab for all of these tests, which follow one another: a server that has been built is the start of the next story.

LAB_RELEASE=trixie runs them on Debian 13.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest
from ansible_collections.steadfast.edge.tests.integration.nginx.host import Web, make_lab


@pytest.fixture(scope="session")
def web() -> Iterator[Web]:
    lab = make_lab()
    kept = "KEEP_LAB" in os.environ  # for work on the tests themselves
    if not kept:
        subprocess.run(lab.command("down"), check=False, capture_output=True)
    release = os.environ.get("LAB_RELEASE")
    lab.verb("up", *(["--release", release] if release else []))
    yield Web(lab)
    if not kept:
        lab.verb("down")

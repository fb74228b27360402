# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab is there while any of the tests runs."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from ansible_collections.steadfast.edge.tests.integration.virtual_servers import director


@pytest.fixture(scope="session", autouse=True)
def _director() -> Iterator[None]:
    if os.geteuid():
        pytest.skip("the lab needs root")
    with director.made():
        yield

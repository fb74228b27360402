# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The director, its real servers and clients, for the checks that have traffic."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside import oracle
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.edge import build
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.modules import ok, sysctl

DEFAULTS = {"conn_reuse_mode": 1, "conntrack": 0, "expire_nodest_conn": 0, "expire_quiescent_template": 0}


@pytest.fixture(name="edge", scope="session")
def _edge() -> None:
    build()
    ok("ipvs_settings", persist=False)


@pytest.fixture(name="clean")
def _clean() -> Iterator[None]:
    yield
    oracle.ipvsadm("-C")
    for name, value in DEFAULTS.items():
        sysctl(name, value)

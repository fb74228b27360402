# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules for the hosts of edge.py."""

from __future__ import annotations

from typing import Any

from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.edge import PORT, VIP, address


def service(*servers: Any, family: int = 4, **options: Any) -> dict[str, Any]:
    """Numbers are real servers with defaults."""
    listed = [{"address": address(item, family)} if isinstance(item, int) else item for item in servers]
    return {"address": VIP[family], "port": PORT, "scheduler": "rr", "destinations": listed, **options}


def weighted(number: int, weight: int, family: int = 4, **options: Any) -> dict[str, Any]:
    return {"address": address(number, family), "weight": weight, **options}


def bystander(family: int) -> dict[str, Any]:
    return {"address": VIP[family], "port": 9, "destinations": []}

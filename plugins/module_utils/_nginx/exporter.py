# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exporter that tells Prometheus of nginx's counters: where it asks for them, and where it is asked."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .._topology.problems import Problems
from .._topology.scalars import Reject, integer
from .context import with_brackets

__all__ = ["plan_exporter"]


def plan_exporter(values: Mapping[str, Any], problems: Problems) -> dict[str, str]:
    """Of completed variables; empty where there is none. Everything that is wrong is added to `problems`."""
    given, status = values["nginx_exporter"], values["nginx_status"]
    if not given["enabled"]:
        return {}
    _check(given, status, problems)
    return {
        "listen": f"{with_brackets(_bare(given['address']))}:{given['port']}",
        "scrape_uri": f"http://{_reached(status['address'])}:{status['port']}{quote(status['path'])}",
        "url": f"http://{_reached(given['address'])}:{given['port']}/metrics",
    }


def _check(given: Mapping[str, Any], status: Mapping[str, Any], problems: Problems) -> None:
    if not status["enabled"]:
        message = "It reads the counters of nginx_status, which is off."
        problems.add("nginx_exporter.enabled", True, message, "Write nginx_status: {enabled: true} as well, or leave the exporter out.")
    try:
        ipaddress.ip_address(_bare(given["address"]))
    except ValueError:
        remedy = "Write an address of the host: 127.0.0.1 for itself alone, one on the side of Prometheus, or 0.0.0.0 for all of them."
        problems.add("nginx_exporter.address", given["address"], "This is not an IP address.", remedy)
    try:
        integer(1, 65535, 9113)(given["port"])
    except Reject as reject:
        problems.add("nginx_exporter.port", given["port"], reject.message, reject.remedy)


def _bare(address: str) -> str:
    return address.strip("[]")


def _reached(address: str) -> str:
    """Where the host itself reaches who listens on this address, as part of a URL."""
    loopbacks = {"*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
    return with_brackets(loopbacks.get(_bare(address), _bare(address)))

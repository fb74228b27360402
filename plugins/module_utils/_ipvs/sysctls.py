# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The net.ipv4.vs values that may be declared: their kinds, limits and how they compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import InvalidValue

__all__ = ["BOOLEANS", "INTEGERS", "argument_spec", "same", "texts"]

BOOLEANS = (
    "backup_only",
    "cache_bypass",
    "conntrack",
    "expire_nodest_conn",
    "expire_quiescent_template",
    "ignore_tunneled",
    "nat_icmp_send",
    "pmtu_disc",
    "run_estimation",
    "schedule_icmp",
    "sloppy_sctp",
    "sloppy_tcp",
    "snat_reroute",
    "sync_persist_mode",
)

# Name to the limits that the kernel enforces, or that keep the value meaningful.
INTEGERS = {
    "am_droprate": (1, 2147483647),
    "amemthresh": (0, 2147483647),
    "conn_reuse_mode": (0, 3),
    "drop_entry": (0, 3),
    "drop_packet": (0, 3),
    "secure_tcp": (0, 3),
    "sync_ports": (1, 64),
    "sync_qlen_max": (1, 2147483647),
    "sync_refresh_period": (0, 2147483647),
    "sync_retries": (0, 3),
    "sync_sock_size": (0, 2147483647),
    "sync_version": (0, 1),
}

# The kernel itself moves these between 1 (armed) and 2 (armed and firing) as memory runs short and recovers.
_SELF_SWITCHING = ("drop_entry", "drop_packet", "secure_tcp")


def argument_spec() -> dict[str, Any]:
    spec: dict[str, Any] = {name: {"type": "bool"} for name in BOOLEANS}
    spec.update({name: {"type": "int"} for name in INTEGERS})
    spec["sync_threshold"] = {"type": "list", "elements": "int"}
    return spec


def texts(declared: Mapping[str, Any]) -> dict[str, str]:
    """The declared values as the kernel spells them; keys that were not given are left out."""
    return {name: _text(name, value) for name, value in sorted(declared.items()) if value is not None}


def _text(name: str, value: Any) -> str:
    if name in BOOLEANS:
        return "1" if value else "0"
    if name == "sync_threshold":
        return _threshold(value)
    low, high = INTEGERS[name]
    if not low <= value <= high:
        raise InvalidValue(f"net.ipv4.vs.{name} is {value}, but must be between {low} and {high}.", name)
    if name == "sync_ports" and value & (value - 1):
        raise InvalidValue(f"net.ipv4.vs.sync_ports is {value}, but must be a power of two.", name)
    return str(value)


def _threshold(value: list[int]) -> str:
    if len(value) != 2 or min(value) < 0 or (value[1] and value[0] >= value[1]):
        raise InvalidValue(
            f"net.ipv4.vs.sync_threshold is {value}, but must be two numbers: "
            "the packet at which a connection is first synchronised, and the (larger) period.",
            "sync_threshold",
        )
    return f"{value[0]}\t{value[1]}"


def same(name: str, live: str | None, wanted: str) -> bool:
    if live is None:
        return False
    if name in _SELF_SWITCHING and {live, wanted} <= {"1", "2"}:
        return True
    return live.split() == wanted.split()

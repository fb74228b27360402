# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that describe services and real servers, shared by the modules."""

from __future__ import annotations

from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.model import PROTOCOLS

__all__ = ["DRAIN", "MANNER", "SCHEDULERS", "attributes", "destination", "identity", "manner", "member", "service"]

# 'none' leaves a service without a scheduler; every connection to it is then refused.
SCHEDULERS = ("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos", "none")

DRAIN: dict[str, Any] = {
    "drain_timeout": {"type": "int", "default": 0},
    "on_drain_timeout": {"type": "str", "choices": ["proceed", "fail"], "default": "proceed"},
}

# How ipvs_service and ipvs_table go about it.
MANNER: dict[str, Any] = {
    **DRAIN,
    "keep_drained": {"type": "bool", "default": True},
    "beside_keepalived": {"type": "bool", "default": False},
    "purge_destinations": {"type": "bool", "default": True},
}


def manner(params: dict[str, Any]) -> dict[str, Any]:
    """These options, by the names that reconcile.Declaration has for them."""
    return {
        "keep_drained": params["keep_drained"],
        "shared": params["beside_keepalived"],
        "purge_destinations": params["purge_destinations"],
    }


def identity() -> dict[str, Any]:
    return {
        "protocol": {"type": "str", "choices": list(PROTOCOLS), "default": "tcp"},
        "address": {"type": "str"},
        "port": {"type": "int"},
        "fwmark": {"type": "int"},
        "family": {"type": "str", "choices": ["ipv4", "ipv6"]},
    }


def attributes() -> dict[str, Any]:
    return {
        "scheduler": {"type": "str", "choices": list(SCHEDULERS), "default": "wlc"},
        "scheduler_flags": {"type": "list", "elements": "str", "default": []},
        "persistence_timeout": {"type": "int", "default": 0},
        "persistence_netmask": {"type": "str"},
        "persistence_engine": {"type": "str"},
        "one_packet": {"type": "bool", "default": False},
        "destinations": {"type": "list", "elements": "dict", "options": destination()},
    }


def service() -> dict[str, Any]:
    return {**identity(), **attributes()}


def destination() -> dict[str, Any]:
    return {
        "address": {"type": "str", "required": True},
        "port": {"type": "int"},
        "weight": {"type": "int", "default": 1},
        "forward": {"type": "str", "choices": ["route", "tunnel", "masquerade"], "default": "route"},
        "upper_threshold": {"type": "int", "default": 0},
        "lower_threshold": {"type": "int", "default": 0},
        "tunnel_type": {"type": "str", "choices": ["ipip", "gue", "gre"]},
        "tunnel_port": {"type": "int"},
        "tunnel_checksum": {"type": "str", "choices": ["none", "standard", "remote"]},
    }


def member() -> dict[str, Any]:
    """ipvs_destination: nothing about the real server has a default, since what is not given stays."""
    optional = {name: {key: value for key, value in option.items() if key != "default"} for name, option in destination().items()}
    return {
        **optional,
        **DRAIN,
        "service": {"type": "dict", "options": identity()},
        "drain_timeout": {"type": "int", "default": 60},
        "drain_limit": {"type": "int", "default": 0},
        "drain_counters": {"type": "list", "elements": "str", "choices": ["active", "inactive", "persistent"], "default": ["active"]},
        "min_serving": {"type": "int", "default": 0},
        "state": {"type": "str", "choices": ["present", "absent", "drained"], "default": "present"},
    }

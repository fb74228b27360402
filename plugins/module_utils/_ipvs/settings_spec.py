# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of ipvs_settings, and what they mean to the core."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import sysctls
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import InvalidValue
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.model import Daemon
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.settings import Wanted

__all__ = ["argument_spec", "wanted"]

# The kernel counts in jiffies of at most 1/1000 s, in 31 bits.
_LONGEST = 2147483
_HEADERS = 8 + 40


def argument_spec() -> dict[str, Any]:
    return {
        "sysctls": {"type": "dict", "options": sysctls.argument_spec()},
        "timeouts": {"type": "dict", "options": {name: {"type": "int"} for name in ("tcp", "tcpfin", "udp")}},
        "sync_daemons": {
            "type": "list",
            "elements": "dict",
            "options": {
                "state": {"type": "str", "choices": ["master", "backup"], "required": True},
                "interface": {"type": "str", "required": True},
                "syncid": {"type": "int", "default": 0},
                "maxlen": {"type": "int"},
                "group": {"type": "str", "default": "224.0.0.81"},
                "port": {"type": "int", "default": 8848},
                "ttl": {"type": "int", "default": 1},
            },
        },
        "conn_tab_bits": {"type": "int"},
        "persist": {"type": "bool", "default": True},
    }


def wanted(params: Mapping[str, Any]) -> Wanted:
    """The declaration, checked as far as it can be without looking at the host."""
    bits = params.get("conn_tab_bits")
    if bits is not None:
        _between("conn_tab_bits", bits, 8, 27)
    return Wanted(
        sysctls=None if params.get("sysctls") is None else sysctls.texts(params["sysctls"]),
        timeouts=None if params.get("timeouts") is None else _timeouts(params["timeouts"]),
        daemons=None if params.get("sync_daemons") is None else _daemons(params["sync_daemons"]),
        table_bits=bits,
        persist=params.get("persist", True),
    )


def _between(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InvalidValue(f"{name} is {value}, but must be between {low} and {high}.", name)


def _timeouts(declared: Mapping[str, Any]) -> dict[str, int]:
    given = {name: value for name, value in sorted(declared.items()) if value is not None}
    for name, value in given.items():
        _between(f"timeouts.{name}", value, 1, _LONGEST)
    return given


def _daemons(declared: list[dict[str, Any]]) -> list[Daemon]:
    daemons: dict[str, Daemon] = {}
    for item in declared:
        daemon = _daemon(item)
        if daemon.state in daemons:
            raise InvalidValue(f"sync_daemons lists two daemons with state {daemon.state}; the kernel runs one of each.", daemon.state)
        daemons[daemon.state] = daemon
    return [daemon for _unused, daemon in sorted(daemons.items())]


def _daemon(item: Mapping[str, Any]) -> Daemon:
    name = "sync_daemons ({}) ".format(item["state"])
    maxlen = item.get("maxlen")
    _between(name + "syncid", item["syncid"], 0, 255)
    _between(name + "port", item["port"], 1, 65535)
    _between(name + "ttl", item["ttl"], 1, 255)
    if maxlen is not None:
        # Outside of these the kernel would silently take another value.
        _between(name + "maxlen", maxlen, 1024 if item["state"] == "backup" else 1, 65535 - _HEADERS)
    if not 0 < len(item["interface"]) < 16:
        raise InvalidValue(
            "{}interface is '{}', which is no name of a network interface.".format(name, item["interface"]), item["interface"]
        )
    try:
        group = ipaddress.ip_address(item["group"])
    except ValueError:
        group = None
    if group is None or not group.is_multicast:
        raise InvalidValue(
            "{}group is '{}', but must be a multicast address such as 224.0.0.81.".format(name, item["group"]), item["group"]
        )
    return Daemon(item["state"], item["interface"], item["syncid"], maxlen or 0, str(group), item["port"], item["ttl"])

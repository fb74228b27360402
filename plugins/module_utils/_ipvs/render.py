# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Model values to plain data in the shape of the modules' options, so that what is returned can be declared again."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import model

__all__ = ["destination", "entries", "entry", "identity", "service"]


def identity(key: model.ServiceKey) -> dict[str, Any]:
    if key.fwmark:
        return {"fwmark": key.fwmark, "family": key.family_name}
    return {"protocol": key.protocol_name, "address": key.address, "port": key.port, "family": key.family_name}


def service(found: model.Service) -> dict[str, Any]:
    return {
        **identity(found.key),
        "scheduler": found.scheduler,
        "scheduler_flags": found.flag_names,
        "persistence_timeout": found.persistence,
        "persistence_netmask": _netmask(found) if found.persistence else None,
        "persistence_engine": found.engine or None,
        "one_packet": found.one_packet,
    }


def entry(found: model.Entry, counters: bool = False) -> dict[str, Any]:
    data = service(found.service)
    if counters:
        data["counters"] = found.stats
    if found.destinations is not None:
        ordered = sorted(found.destinations.items())
        data["destinations"] = [destination(item, found.counters.get(key) if counters else None) for key, item in ordered]
    return data


def entries(table: model.Table, counters: bool = False) -> list[dict[str, Any]]:
    return [entry(table[key], counters) for key in sorted(table)]


def destination(item: model.Destination, counters: model.Counters | None = None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "address": item.key.address,
        "port": item.key.port,
        "weight": item.weight,
        "forward": item.forward,
        "upper_threshold": item.upper_threshold,
        "lower_threshold": item.lower_threshold,
    }
    # An option with choices cannot be declared as null, so what does not apply is left out.
    if item.tunnel:
        data.update(tunnel_type=item.tunnel.type, tunnel_port=item.tunnel.port or None, tunnel_checksum=item.tunnel.checksum)
    if counters:
        connections = {"active": counters.active, "inactive": counters.inactive, "persistent": counters.persistent}
        data.update(connections=connections, counters=counters.stats)
    return data


def _netmask(service: model.Service) -> str:
    if service.key.family == socket.AF_INET6:
        return str(service.netmask)
    return str(ipaddress.IPv4Address(service.netmask))

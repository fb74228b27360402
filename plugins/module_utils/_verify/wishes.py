# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the vocabulary says about each host, and what has to be looked at there to compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._topology import derive

__all__ = ["Wish", "looks", "wish"]

HostVars = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Wish:
    """One host, as it should be."""

    instances: list[dict[str, Any]]
    services: list[dict[str, Any]]
    realserver_vips: list[str]
    upstreams: list[dict[str, Any]]
    interface: str


def wish(hostvars: HostVars, host: str) -> Wish:
    served = host in _group(hostvars, host, "edge_web")
    return Wish(
        instances=derive.vrrp_instances(hostvars, host),
        services=derive.virtual_servers(hostvars, host),
        realserver_vips=derive.realserver_vips(hostvars, host),
        upstreams=derive.upstreams(hostvars, host) if served else [],
        interface=str(hostvars[host].get("edge_interface") or "eth0"),
    )


def looks(hostvars: HostVars, host: str) -> dict[str, Any]:
    """The options of host_state for this host."""
    wanted = wish(hostvars, host)
    units = ["keepalived"] * bool(wanted.instances or wanted.services) + ["nginx"] * (host in _group(hostvars, host, "edge_web"))
    requests = [_request(server["address"], server["port"], item["check"]) for item in wanted.services for server in item["real_servers"]]
    for upstream in wanted.upstreams:
        requests += [{"url": f"tcp://{server['address']}:{server['port']}"} for server in upstream["servers"] if not server["down"]]
    return {
        "interfaces": [wanted.interface] if wanted.realserver_vips else [],
        "services": units,
        "requests": _once(requests + _paths(hostvars, host, wanted)),
    }


def _paths(hostvars: HostVars, host: str, wanted: Wish) -> list[dict[str, Any]]:
    """The VIPs, asked by hosts that are like clients: one that holds or accepts a VIP would answer itself."""
    if wanted.instances or wanted.realserver_vips:
        return []
    found = []
    for director in _group(hostvars, host, "edge_directors"):
        found += [_request(item["address"], item["port"], item["check"]) for item in derive.virtual_servers(hostvars, str(director))]
    return found


def _request(address: str, port: int, check: Mapping[str, Any]) -> dict[str, Any]:
    """The question that keepalived asks, where it is one of HTTP; else whether there is a connection."""
    shown = f"[{address}]" if ":" in address and not address.startswith("[") else address
    if check.get("type") != "http":
        return {"url": f"tcp://{shown}:{port}"}
    return {"url": f"http://{shown}:{port}{check['path']}", "status": [check["status"]]}


def _once(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({request["url"]: request for request in requests}.values())


def _group(hostvars: HostVars, host: str, name: str) -> list[str]:
    return list((hostvars[host].get("groups") or {}).get(name, []))

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the vocabulary says about each host, and what has to be looked at there to compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._topology import derive
from ansible_collections.steadfast.edge.plugins.module_utils._topology.inventory import Inventory, host_address
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import Problems
from ansible_collections.steadfast.edge.plugins.module_utils._verify.places import endpoints, health_path, keepalived_place, nginx_place

__all__ = ["Wish", "looks", "member_request", "server_requests", "wish"]

HostVars = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Wish:
    """One host, as it should be."""

    instances: list[dict[str, Any]]
    # Each VIP that the host may hold, with the interface that carries it then.
    vips: dict[str, str]
    services: list[dict[str, Any]]
    realserver_vips: list[str]
    upstreams: list[dict[str, Any]]
    interface: str


def wish(hostvars: HostVars, host: str) -> Wish:
    served = host in _group(hostvars, host, "edge_web")
    instances, director = derive.vrrp_instances(hostvars, host), derive.director(hostvars, host)
    moving = {vip.split("/")[0]: instance["interface"] for instance in instances for vip in instance["virtual_ipaddresses"]}
    return Wish(
        instances=instances,
        vips={**moving, **{vip["address"]: vip["interface"] for vip in director["vips"]}},
        services=derive.virtual_servers(hostvars, host),
        realserver_vips=derive.realserver_vips(hostvars, host),
        upstreams=derive.upstreams(hostvars, host) if served else [],
        interface=str(hostvars[host].get("edge_interface") or "eth0"),
    )


def looks(hostvars: HostVars, host: str) -> dict[str, Any]:
    """The options of host_state for this host."""
    wanted, inventory = wish(hostvars, host), Inventory(hostvars)
    balancing, served = bool(wanted.instances), host in _group(hostvars, host, "edge_web")
    nginx = nginx_place(inventory, host)
    units = ["keepalived"] * balancing + [nginx["service"]] * served
    own = host_address(inventory, host, Problems())
    requests = [found for item in wanted.services for server in item["real_servers"] for found in server_requests(server, item["check"])]
    for upstream in wanted.upstreams:
        # The upstreams of nginx have IPv6 addresses in brackets already.
        requests += [member_request(inventory, server) for server in upstream["servers"] if not server["down"]]
    return {
        "interfaces": [wanted.interface] if wanted.realserver_vips else [],
        "services": units,
        "requests": _once(requests + _paths(hostvars, host, wanted)),
        "certificates": endpoints(inventory, host, str(own)) if served and own else [],
        "trees": [keepalived_place(inventory, host)["path"]] * balancing + [nginx["path"]] * served,
    }


def member_request(inventory: Inventory, server: Mapping[str, Any]) -> dict[str, Any]:
    """What shows that a member of an upstream serves: its health where it has a way to say, else a connection."""
    address = server["address"].strip("[]")
    owners = [host for host in inventory.groups.get("edge_app", []) if str(host_address(inventory, host, Problems())) == address]
    path = health_path(inventory, owners[0]) if owners else ""
    if not path:
        return _connection(address, server["port"])
    return {"url": f"http://{_bracketed(address)}:{server['port']}{path}", "connect_to": address, "status": []}


def _paths(hostvars: HostVars, host: str, wanted: Wish) -> list[dict[str, Any]]:
    """The VIPs, asked by hosts that are like clients: one that holds or accepts a VIP would answer itself.

    Nor is a real server whose answers are translated a client: the others would answer it directly, past the director.
    """
    if wanted.vips or wanted.realserver_vips or derive.realserver(hostvars, host)["gateways"]:
        return []
    services = [item for director in _group(hostvars, host, "edge_directors") for item in derive.virtual_servers(hostvars, director)]
    return [found for item in services for found in _as_client(item)]


def server_requests(server: Mapping[str, Any], check: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The question that keepalived asks a real server, where it is one of HTTP or TCP."""
    kind, port = check.get("type"), check.get("port") or server["port"]
    if kind in ("http", "https"):
        return [_request(kind, server["address"], port, check)]
    return [_connection(server["address"], port)] if kind == "tcp" else []


def _as_client(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same question asked of the VIP. A check on another port says nothing about what the service speaks."""
    if item["protocol"].lower() != "tcp":
        return []
    check = item["check"]
    if check.get("type") in ("http", "https") and check.get("port") in (None, item["port"]):
        return [_request(check["type"], item["address"], item["port"], check)]
    return [_connection(item["address"], item["port"])]


def _request(scheme: str, address: str, port: int, check: Mapping[str, Any]) -> dict[str, Any]:
    url = f"{scheme}://{check.get('virtualhost') or _bracketed(address)}:{port}{check.get('path') or '/'}"
    return {"url": url, "connect_to": address, "status": [check["status"]] if check.get("status") else []}


def _connection(address: str, port: int) -> dict[str, Any]:
    return {"url": f"tcp://{_bracketed(address)}:{port}", "connect_to": address}


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _once(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({(request["url"], request["connect_to"]): request for request in requests}.values())


def _group(hostvars: HostVars, host: str, name: str) -> list[str]:
    return list((hostvars[host].get("groups") or {}).get(name, []))

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part that a host plays: who sends it requests, what has to be waited for, and what shows that it serves. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._topology import derive
from ansible_collections.steadfast.edge.plugins.module_utils._topology.inventory import Inventory, host_address
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import Problems
from ansible_collections.steadfast.edge.plugins.module_utils._verify.places import health_path, keepalived_place, nginx_place
from ansible_collections.steadfast.edge.plugins.module_utils._verify.wishes import HostVars, member_request, server_requests

__all__ = ["leftovers", "part"]


def part(hostvars: HostVars, host: str) -> dict[str, Any]:
    inventory, instances = Inventory(hostvars), derive.vrrp_instances(hostvars, host)
    address = str(host_address(inventory, host, Problems()) or "")
    balancers: list[dict[str, Any]] = []
    real = _as_real_server(hostvars, inventory, host, address, balancers)
    member = _as_member(hostvars, inventory, host, address, balancers)
    return {
        "address": address,
        "balancers": balancers,
        "waits": [found for found in (real, member) if found],
        "real_server": bool(real),
        "urls": _once(f"http://{name}" for balancer in balancers if balancer["balancer"] == "nginx" for name in balancer["members"]),
        "health_path": health_path(inventory, host) or "/",
        "vips": _vips(instances),
        "others": _other_holders(hostvars, inventory, host, instances),
        "others_by_vip": _others_by_vip(hostvars, inventory, host, instances),
        "keepalived": keepalived_place(inventory, host),
        "nginx": nginx_place(inventory, host),
    }


def _as_real_server(
    hostvars: HostVars, inventory: Inventory, host: str, address: str, balancers: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """Connections of clients come to the VIPs; health checks, to the host's own address, are not waited for where that can be told."""
    ports: list[int] = []
    addresses: list[str] = []
    for director in inventory.groups.get("edge_directors", []):
        mine = [
            (item, server)
            for item in derive.virtual_servers(hostvars, director)
            for server in item["real_servers"]
            if server["address"] == address
        ]
        if mine and director != host:
            questions = [found for item, server in mine for found in server_requests(server, item["check"])]
            # A director without keepalived has its weights in the kernel alone.
            kind = "keepalived" if derive.vrrp_instances(hostvars, director) else "ipvs"
            place = keepalived_place(inventory, director)
            balancers.append({"host": director, "balancer": kind, "members": [address], "requests": questions, **place})
            ports += [server["port"] for _item, server in mine]
            # Where addresses are translated, connections come to the host's own.
            addresses += [address if item["forward"] == "NAT" else item["address"] for item, _server in mine]
    return {"ports": _once(ports), "addresses": _once(addresses), "peers": []} if ports else None


def _as_member(
    hostvars: HostVars, inventory: Inventory, host: str, address: str, balancers: list[dict[str, Any]]
) -> dict[str, Any] | None:
    ports: list[int] = []
    peers: list[str] = []
    for web in inventory.groups.get("edge_web", []):
        servers = [server for upstream in derive.upstreams(hostvars, web) for server in upstream["servers"]]
        mine = [server for server in servers if server["address"].strip("[]") == address]
        if mine and web != host:
            members = _once(f"{server['address']}:{server['port']}" for server in mine)
            questions = _distinct(member_request(inventory, server) for server in mine)
            place = nginx_place(inventory, web)
            balancers.append({"host": web, "balancer": "nginx", "members": members, "requests": questions, **place})
            ports += [server["port"] for server in mine]
            peers.append(str(host_address(inventory, web, Problems())))
    return {"ports": _once(ports), "addresses": [], "peers": peers} if ports else None


def _other_holders(hostvars: HostVars, inventory: Inventory, host: str, instances: Iterable[Mapping[str, Any]]) -> list[str]:
    names = {instance["name"] for instance in instances}
    candidates = _once([*inventory.groups.get("edge_directors", []), *inventory.groups.get("edge_web", [])])
    return [each for each in candidates if each != host and names & {one["name"] for one in derive.vrrp_instances(hostvars, each)}]


def _others_by_vip(hostvars: HostVars, inventory: Inventory, host: str, instances: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    held = {each: _vips(derive.vrrp_instances(hostvars, each)) for each in _other_holders(hostvars, inventory, host, instances)}
    return {vip: [each for each, vips in held.items() if vip in vips] for vip in _vips(instances)}


def _vips(instances: Iterable[Mapping[str, Any]]) -> list[str]:
    return [vip.split("/")[0] for instance in instances for vip in instance["virtual_ipaddresses"]]


def leftovers(hostvars: HostVars, looks: Mapping[str, Mapping[str, Any]], by: str) -> list[dict[str, Any]]:
    """What a roll has left drained, by what was seen in the files: the options of member_drain that put it back."""
    inventory = Inventory(hostvars)
    found = []
    for host, look in looks.items():
        for path, tree in (look.get("trees") or {}).items():
            members = [item["member"] for item in tree["drained"] if item["by"] == by]
            if not members and tree["yielded"] != by:
                continue
            keepalived = keepalived_place(inventory, host)
            kind = "keepalived" if path == keepalived["path"] else "nginx"
            place = keepalived if kind == "keepalived" else nginx_place(inventory, host)
            found.append({"host": host, "balancer": kind, "members": members, "vips": tree["yielded"] == by, **place})
    return found


def _once(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _distinct(requests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({request["url"]: request for request in requests}.values())

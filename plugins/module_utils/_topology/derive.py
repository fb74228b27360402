# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the vocabulary to the variables of the roles. Pure: the same inventory always yields the same lists."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from .derivation import Derivation, derive, holder_names
from .derive_lvs import director, realserver, realserver_vips, virtual_servers
from .inventory import IPAddress, host_interface
from .schema import Item
from .sticky import map_of, replication_ports, route_of, upstreams_of
from .vocabulary import advertisement_interval

__all__ = [
    "HIGHEST_PRIORITY",
    "MOST_HOLDERS",
    "PRIORITY_STEP",
    "director",
    "keepalived_global_defs",
    "priority",
    "proxies",
    "realserver",
    "realserver_vips",
    "replication_address",
    "replication_members",
    "sticky_maps",
    "upstreams",
    "virtual_servers",
    "vrrp_instances",
    "vrrp_sync_groups",
]

# 255 means "owns the address" and skips elections, so the scheme stays below it. High, because a backup waits
# (256 - priority) / 256 of an interval longer. Ten apart, so that a tracker's weight can reorder two neighbours.
HIGHEST_PRIORITY = 250
PRIORITY_STEP = 10
MOST_HOLDERS = 24

# At a tenth of a second and less, waiting for the processor is what makes a living holder late.
REALTIME_UP_TO = 0.1
REALTIME_PRIORITY = 50


def priority(position: int) -> int:
    return HIGHEST_PRIORITY - PRIORITY_STEP * position


def _health(track: Mapping[str, Any] | None, vip: IPAddress) -> dict[str, Any] | None:
    """The host is asked as the VIP's clients ask: a listener of the other address family does them no good."""
    return None if track is None else {"address": "127.0.0.1" if vip.version == 4 else "::1", **track}


def _router_id(derivation: Derivation, vip: Item) -> int | None:
    found: int | None = vip.value["virtual_router_id"]
    if found is None:
        path = f"{vip.path}.virtual_router_id"
        derivation.problems.add(path, None, "VRRP needs a number for this VIP.", "Add it, for example virtual_router_id: 51.")
    return found


def _instance(derivation: Derivation, vip: Item) -> dict[str, Any]:
    holders = holder_names(vip.value)
    # Who is taken out of service is asked last.
    holders.sort(key=derivation.vocabulary.is_drained)
    if len(holders) > MOST_HOLDERS:
        derivation.problems.add(f"{vip.path}.holders", holders, f"A VIP has at most {MOST_HOLDERS} holders.", "Shorten the list.")
    position = holders.index(derivation.host)
    vrrp, address = derivation.vocabulary.vrrp, vip.value["address"].ip
    unicast, network = vrrp["unicast"], vip.value["address"].network
    items = sorted(vip.value["holders"], key=lambda item: derivation.vocabulary.is_drained(item.value))
    addresses = [derivation.address_on(item.value, item.path, network) for item in items] if unicast else []
    nopreempt, delay = vip.value["nopreempt"], vip.value["preempt_delay"]
    return {
        "name": vip.value["name"],
        "interface": derivation.interface_of(vip.value),
        # keepalived ignores nopreempt and preempt_delay on an instance that starts as MASTER.
        "state": "MASTER" if position == 0 and not nopreempt and not delay else "BACKUP",
        "virtual_router_id": _router_id(derivation, vip),
        "priority": priority(position),
        "advert_int": advertisement_interval(vrrp),
        "nopreempt": nopreempt,
        "preempt_delay": delay or None,
        "unicast_src_ip": str(addresses[position]) if unicast else None,
        "unicast_peers": [str(peer) for index, peer in enumerate(addresses) if index != position],
        # A host address: the segment's own prefix is on the interface already.
        "virtual_ipaddresses": [f"{address}/{address.max_prefixlen}"],
        "auth_pass": vrrp["password"] if vrrp["version"] == 2 else None,
        "health": _health(vip.value["track"], address),
    }


def _vrrp_instances(derivation: Derivation) -> list[dict[str, Any]]:
    if derivation.without_keepalived(derivation.host):
        return []
    held = [vip for vip in derivation.vocabulary.vips if derivation.host in holder_names(vip.value)]
    return [_instance(derivation, vip) for vip in held]


def _vrrp_sync_groups(derivation: Derivation) -> list[dict[str, Any]]:
    """Groups of VIPs that the host holds; two and more, since keepalived has no group of one."""
    members: dict[str, list[str]] = {}
    for vip in derivation.vocabulary.vips:
        if vip.value["sync_group"] and derivation.host in holder_names(vip.value):
            members.setdefault(vip.value["sync_group"], []).append(vip.value["name"])
    return [{"name": name, "instances": instances} for name, instances in members.items() if len(instances) > 1]


def _keepalived_global_defs(derivation: Derivation) -> dict[str, Any]:
    vrrp = derivation.vocabulary.vrrp
    interval = advertisement_interval(vrrp)
    fast = interval is not None and interval <= REALTIME_UP_TO
    balanced = [derivation.vip_of(service) for service in derivation.vocabulary.services]
    directing = any(derivation.host in holder_names(vip) for vip in balanced)
    sync = None
    if vrrp["connection_sync"] and directing:
        # Every director sends and receives, whoever holds what; the number tells edges on one segment apart.
        interface = host_interface(derivation.inventory, derivation.host, derivation.problems)
        sync = {"interface": interface, "id": balanced[0]["virtual_router_id"]}
    given = derivation.inventory.get(derivation.host, "keepalived_global_defs") or {}
    return {"vrrp_rt_priority": REALTIME_PRIORITY if fast else None, "vrrp_no_swap": fast, "lvs_sync_daemon": sync, **given}


def _member(derivation: Derivation, upstream: Item, member: Item) -> dict[str, Any]:
    port = member.value["port"] or upstream.value["port"]
    if port is None:
        derivation.problems.add(f"{upstream.path}.port", None, "This upstream needs a port.", "Add it, for example port: 8080.")
    found = derivation.address_of(member.value["name"], member.path)
    # nginx takes an IPv6 address in brackets; the template prints address:port as it is given.
    address = f"[{found}]" if isinstance(found, ipaddress.IPv6Address) else str(found)
    rest = {key: member.value[key] for key in ("weight", "max_conns", "max_fails", "fail_timeout", "backup", "down")}
    rest["down"] = rest["down"] or derivation.vocabulary.is_drained(member.value["name"])
    return {"address": address, "port": port, **rest}


def _routes(derivation: Derivation, upstream: Item) -> list[str]:
    """The names of the members in the cookies of their sessions."""
    inventory, port = derivation.inventory, upstream.value["port"]
    members = [member.value for member in upstream.value["members"] if member.value["name"] in inventory]
    return [member["route"] or route_of(inventory, member["name"], member["port"] or port) for member in members]


def _upstreams(derivation: Derivation) -> list[dict[str, Any]]:
    found = []
    for item in derivation.vocabulary.upstreams:
        upstream = {
            **{key: item.value[key] for key in ("name", "method", "key", "consistent", "keepalive")},
            "servers": [_member(derivation, item, member) for member in item.value["members"]],
        }
        found.append(upstream)
        found += upstreams_of(upstream, _routes(derivation, item)) if item.value["sticky"] else []
    return found


def _sticky_maps(derivation: Derivation) -> list[dict[str, Any]]:
    sticky = [item for item in derivation.vocabulary.upstreams if item.value["sticky"]]
    return [map_of(item.value["name"], item.value["sticky"], _routes(derivation, item)) for item in sticky]


def _replication_members(derivation: Derivation) -> list[dict[str, Any]]:
    """All Tomcats of the tier that replicate their sessions."""
    found = []
    for host in derivation.inventory.groups.get("edge_app", []):
        ports = replication_ports(derivation.inventory, host)
        address = derivation.address_of(host, "groups.edge_app") if ports else None
        found += [{"address": str(address), "port": port} for port in ports]
    return found


def _proxies(derivation: Derivation) -> list[str]:
    found = (derivation.address_of(name, "groups.edge_web") for name in derivation.inventory.groups.get("edge_web", []))
    return [str(address) for address in found]


def _replication_address(derivation: Derivation) -> str:
    if not replication_ports(derivation.inventory, derivation.host):
        return ""
    return str(derivation.address_of(derivation.host, "inventory_hostname"))


def vrrp_instances(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> list[dict[str, Any]]:
    """keepalived_vrrp_instances of a host: one for each VIP that it holds."""
    found: list[dict[str, Any]] = derive(_vrrp_instances, hostvars, host)
    return found


def vrrp_sync_groups(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> list[dict[str, Any]]:
    """keepalived_vrrp_sync_groups of a host: VIPs that it holds together or not at all."""
    found: list[dict[str, Any]] = derive(_vrrp_sync_groups, hostvars, host)
    return found


def keepalived_global_defs(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> dict[str, Any]:
    """keepalived_global_defs of a host: what the pace of VRRP and connection synchronisation ask for, and what the inventory says."""
    found: dict[str, Any] = derive(_keepalived_global_defs, hostvars, host)
    return found


def upstreams(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> list[dict[str, Any]]:
    """nginx_upstreams, with the addresses of their members."""
    found: list[dict[str, Any]] = derive(_upstreams, hostvars, host)
    return found


def sticky_maps(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> list[dict[str, Any]]:
    """Some of nginx_maps: for each sticky upstream, from the cookie to the upstream of the member that it names."""
    found: list[dict[str, Any]] = derive(_sticky_maps, hostvars, host)
    return found


def replication_members(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> list[dict[str, Any]]:
    """tomcat_replication_members: every Tomcat of the tier that replicates its sessions."""
    found: list[dict[str, Any]] = derive(_replication_members, hostvars, host)
    return found


def replication_address(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> str:
    """tomcat_replication_address: a host's own address, empty where it does not replicate."""
    found: str = derive(_replication_address, hostvars, host)
    return found


def proxies(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> list[str]:
    """tomcat_internal_proxies: the addresses of the web tier, which a Tomcat believes about who its clients are."""
    found: list[str] = derive(_proxies, hostvars, host)
    return found

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the vocabulary to the variables of the roles. Pure: the same inventory always yields the same lists."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Callable

from .inventory import Inventory, IPAddress, Unrendered, host_address, host_interface
from .problems import Problems, TopologyError, closest
from .schema import Item
from .sticky import map_of, replication_ports, route_of, upstreams_of
from .vocabulary import SHARED_VARIABLES, Vocabulary, advertisement_interval, parse

__all__ = [
    "HIGHEST_PRIORITY",
    "MOST_HOLDERS",
    "PRIORITY_STEP",
    "keepalived_global_defs",
    "priority",
    "proxies",
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

# keepalived's words for ours.
FORWARD_METHODS = {"route": "DR"}
# At a tenth of a second and less, waiting for the processor is what makes a living holder late.
REALTIME_UP_TO = 0.1
REALTIME_PRIORITY = 50


def priority(position: int) -> int:
    return HIGHEST_PRIORITY - PRIORITY_STEP * position


class Derivation:
    """One host's sight of the vocabulary. Any problem met on the way is raised at the end."""

    def __init__(self, hostvars: Mapping[str, Mapping[str, Any]], host: str) -> None:
        self.inventory = Inventory(hostvars)
        self.problems = Problems()
        self.host = str(host)
        if self.host not in self.inventory:
            self.problems.add(
                "inventory_hostname", self.host, "This host is not in the inventory.", "Give the name of a host of the inventory."
            )
        self.raise_if_any()
        self.vocabulary = self._read()
        self.raise_if_any()

    def _read(self) -> Vocabulary:
        values = {}
        for variable in SHARED_VARIABLES:
            try:
                values[variable] = self.inventory.get(self.host, variable)
            except Unrendered as error:
                message = f"This cannot be rendered: {error.reason}."
                self.problems.add(variable, None, message, "Write a value whose names exist in the inventory.", self.host)
        return parse(values, self.problems)

    def raise_if_any(self) -> None:
        if self.problems:
            raise TopologyError(self.problems)

    def address_of(self, name: str, path: str) -> IPAddress | None:
        if name not in self.inventory:
            meant = closest(name, self.inventory.hosts)
            self.problems.add(
                path, name, "There is no such host in the inventory.", f"Write {meant}." if meant else "Add the host to the inventory."
            )
            return None
        return host_address(self.inventory, name, self.problems)

    def vip_of(self, service: Item) -> dict[str, Any]:
        vip = self.vocabulary.vip(service.value["vip"])
        if vip is None:
            message = "There is no VIP of this name in edge_vips."
            self.problems.add(f"{service.path}.vip", service.value["vip"], message, "Write the name of one of edge_vips.")
            raise TopologyError(self.problems)
        found: dict[str, Any] = vip.value
        return found

    def vip_address(self, service: Item) -> str:
        return str(self.vip_of(service)["address"].ip)


def _holder_names(vip: Mapping[str, Any]) -> list[str]:
    return [holder.value for holder in vip["holders"]]


def _health(track: Mapping[str, Any] | None, vip: IPAddress) -> dict[str, Any] | None:
    """The host is asked as the VIP's clients ask: a listener of the other address family does them no good."""
    return None if track is None else {"address": "127.0.0.1" if vip.version == 4 else "::1", **track}


def _instance(derivation: Derivation, vip: Item) -> dict[str, Any]:
    holders = _holder_names(vip.value)
    if len(holders) > MOST_HOLDERS:
        derivation.problems.add(f"{vip.path}.holders", holders, f"A VIP has at most {MOST_HOLDERS} holders.", "Shorten the list.")
    position = holders.index(derivation.host)
    vrrp, address = derivation.vocabulary.vrrp, vip.value["address"].ip
    unicast = vrrp["unicast"]
    addresses = [derivation.address_of(item.value, item.path) for item in vip.value["holders"]] if unicast else []
    nopreempt, delay = vip.value["nopreempt"], vip.value["preempt_delay"]
    return {
        "name": vip.value["name"],
        "interface": vip.value["interface"] or host_interface(derivation.inventory, derivation.host, derivation.problems),
        # keepalived ignores nopreempt and preempt_delay on an instance that starts as MASTER.
        "state": "MASTER" if position == 0 and not nopreempt and not delay else "BACKUP",
        "virtual_router_id": vip.value["virtual_router_id"],
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
    held = [vip for vip in derivation.vocabulary.vips if derivation.host in _holder_names(vip.value)]
    return [_instance(derivation, vip) for vip in held]


def _vrrp_sync_groups(derivation: Derivation) -> list[dict[str, Any]]:
    """Groups of VIPs that the host holds; two and more, since keepalived has no group of one."""
    members: dict[str, list[str]] = {}
    for vip in derivation.vocabulary.vips:
        if vip.value["sync_group"] and derivation.host in _holder_names(vip.value):
            members.setdefault(vip.value["sync_group"], []).append(vip.value["name"])
    return [{"name": name, "instances": instances} for name, instances in members.items() if len(instances) > 1]


def _keepalived_global_defs(derivation: Derivation) -> dict[str, Any]:
    vrrp = derivation.vocabulary.vrrp
    interval = advertisement_interval(vrrp)
    fast = interval is not None and interval <= REALTIME_UP_TO
    balanced = [derivation.vip_of(service) for service in derivation.vocabulary.services]
    directing = any(derivation.host in _holder_names(vip) for vip in balanced)
    sync = None
    if vrrp["connection_sync"] and directing:
        # Every director sends and receives, whoever holds what; the number tells edges on one segment apart.
        interface = host_interface(derivation.inventory, derivation.host, derivation.problems)
        sync = {"interface": interface, "id": balanced[0]["virtual_router_id"]}
    return {"vrrp_rt_priority": REALTIME_PRIORITY if fast else None, "vrrp_no_swap": fast, "lvs_sync_daemon": sync}


def _real_server(derivation: Derivation, service: Mapping[str, Any], server: Item) -> dict[str, Any]:
    return {
        "address": str(derivation.address_of(server.value["name"], server.path)),
        "port": server.value["port"] or service["port"],
        "weight": server.value["weight"],
        "upper_threshold": server.value["upper_threshold"] or None,
        "lower_threshold": server.value["lower_threshold"] or None,
    }


def _sorry_server(derivation: Derivation, item: Item) -> dict[str, Any] | None:
    sorry = item.value["sorry_server"]
    if sorry is None:
        return None
    address = derivation.address_of(sorry["name"], f"{item.path}.sorry_server.name")
    return {"address": str(address), "port": sorry["port"] or item.value["port"]}


def _check(check: Mapping[str, Any]) -> dict[str, Any]:
    return {("virtualhost" if key == "host" else key): value for key, value in check.items()}


def _virtual_servers(derivation: Derivation) -> list[dict[str, Any]]:
    found = []
    for item in derivation.vocabulary.services:
        service = item.value
        if derivation.host not in _holder_names(derivation.vip_of(item)):
            continue
        found.append(
            {
                "name": service["name"],
                "address": derivation.vip_address(item),
                "port": service["port"],
                "protocol": service["protocol"].upper(),
                "scheduler": service["scheduler"],
                "scheduler_flags": [flag.value for flag in service["scheduler_flags"] or []],
                "one_packet": service["one_packet"],
                "forward": FORWARD_METHODS[service["forward"]],
                "persistence_timeout": service["persistence_timeout"],
                "persistence_granularity": service["persistence_netmask"],
                # One of weight 1 is what keepalived wants anyway.
                "quorum": service["quorum"] if service["quorum"] > 1 else None,
                "hysteresis": service["hysteresis"] or None,
                "inhibit_on_failure": service["inhibit_on_failure"],
                "sorry_server": _sorry_server(derivation, item),
                "check": _check(service["check"]),
                "real_servers": [_real_server(derivation, service, server) for server in service["real_servers"]],
            }
        )
    return found


def _serving(service: Mapping[str, Any]) -> list[str]:
    sorry = service["sorry_server"]
    return [server.value["name"] for server in service["real_servers"]] + ([sorry["name"]] if sorry else [])


def _realserver_vips(derivation: Derivation) -> list[str]:
    routed = [item for item in derivation.vocabulary.services if item.value["forward"] == "route"]
    serving = [item for item in routed if derivation.host in _serving(item.value)]
    return list(dict.fromkeys(derivation.vip_address(item) for item in serving))


def _member(derivation: Derivation, upstream: Item, member: Item) -> dict[str, Any]:
    port = member.value["port"] or upstream.value["port"]
    if port is None:
        derivation.problems.add(f"{upstream.path}.port", None, "This upstream needs a port.", "Add it, for example port: 8080.")
    found = derivation.address_of(member.value["name"], member.path)
    # nginx takes an IPv6 address in brackets; the template prints address:port as it is given.
    address = f"[{found}]" if isinstance(found, ipaddress.IPv6Address) else str(found)
    rest = {key: member.value[key] for key in ("weight", "max_conns", "max_fails", "fail_timeout", "backup", "down")}
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


def _derive(build: Callable[[Derivation], Any], hostvars: Mapping[str, Mapping[str, Any]], host: str) -> Any:
    derivation = Derivation(hostvars, host)
    found = build(derivation)
    derivation.raise_if_any()
    return found


def vrrp_instances(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> list[dict[str, Any]]:
    """keepalived_vrrp_instances of a host: one for each VIP that it holds."""
    found: list[dict[str, Any]] = _derive(_vrrp_instances, hostvars, host)
    return found


def vrrp_sync_groups(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> list[dict[str, Any]]:
    """keepalived_vrrp_sync_groups of a host: VIPs that it holds together or not at all."""
    found: list[dict[str, Any]] = _derive(_vrrp_sync_groups, hostvars, host)
    return found


def keepalived_global_defs(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> dict[str, Any]:
    """keepalived_global_defs of a host: what the pace of VRRP and connection synchronisation ask for."""
    found: dict[str, Any] = _derive(_keepalived_global_defs, hostvars, host)
    return found


def virtual_servers(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> list[dict[str, Any]]:
    """keepalived_virtual_servers of a host: the services of the VIPs that it holds."""
    found: list[dict[str, Any]] = _derive(_virtual_servers, hostvars, host)
    return found


def realserver_vips(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> list[str]:
    """lvs_realserver_vips of a host: the addresses whose packets directors hand to it unchanged."""
    found: list[str] = _derive(_realserver_vips, hostvars, host)
    return found


def upstreams(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> list[dict[str, Any]]:
    """nginx_upstreams, with the addresses of their members."""
    found: list[dict[str, Any]] = _derive(_upstreams, hostvars, host)
    return found


def sticky_maps(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> list[dict[str, Any]]:
    """Some of nginx_maps: for each sticky upstream, from the cookie to the upstream of the member that it names."""
    found: list[dict[str, Any]] = _derive(_sticky_maps, hostvars, host)
    return found


def replication_members(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> list[dict[str, Any]]:
    """tomcat_replication_members: every Tomcat of the tier that replicates its sessions."""
    found: list[dict[str, Any]] = _derive(_replication_members, hostvars, host)
    return found


def replication_address(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> str:
    """tomcat_replication_address: a host's own address, empty where it does not replicate."""
    found: str = _derive(_replication_address, hostvars, host)
    return found


def proxies(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> list[str]:
    """tomcat_internal_proxies: the addresses of the web tier, which a Tomcat believes about who its clients are."""
    found: list[str] = _derive(_proxies, hostvars, host)
    return found

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about virtual services and upstreams: who serves, and what the balancers would refuse or get wrong."""

from __future__ import annotations

import ipaddress
from typing import Any

from .problems import closest
from .rules_forwarding import WAYS
from .rules_hosts import Context, check_group, check_names_once, check_references
from .schema import Item
from .sticky import route_of

__all__ = ["check_drained", "check_services", "check_upstreams"]

WITHOUT_BACKUP = ("ip_hash", "hash", "random")


def check_services(context: Context) -> None:
    services, problems = context.vocabulary.services, context.problems
    check_names_once(services, problems)
    seen: dict[Any, str] = {}
    for service in services:
        key = tuple(service.value.get(each) for each in ("vip", "port", "protocol"))
        if None not in key:
            if key in seen:
                message = f"{seen[key]} serves this port of the VIP already."
                problems.add(f"{service.path}.port", key[1], message, "Write another port, or join the two services.")
            seen.setdefault(key, service.path)
        _check_vip_exists(context, service)
        _check_holders_direct(context, service)
        _check_scheduling(context, service)
        _check_persistence(context, service)
        _check_quorum(context, service)
        for server in _known_members(context, service, "real_servers"):
            _check_real_server(context, service, server)
            _check_thresholds(context, server)
        _check_sorry_server(context, service)


def _check_vip_exists(context: Context, service: Item) -> None:
    wanted = service.value.get("vip")
    # A VIP whose own name is wrong is reported there; its services cannot be judged.
    nameless = any("name" not in vip.value for vip in context.vocabulary.vips)
    if wanted is None or nameless or context.vocabulary.vip(wanted) is not None:
        return
    names = [vip.value["name"] for vip in context.vocabulary.vips]
    meant = closest(wanted, names)
    remedy = f"Write {meant}." if meant else f"Write one of: {', '.join(names)}."
    if not names:
        remedy = "Add the VIP to edge_vips."
    context.problems.add(f"{service.path}.vip", wanted, "There is no VIP of this name in edge_vips.", remedy)


def _check_holders_direct(context: Context, service: Item) -> None:
    """Hosts of the web tier may hold VIPs, but have no IPVS to balance with."""
    vip = context.vocabulary.vip(service.value.get("vip"))
    directors = context.inventory.groups.get("edge_directors", [])
    for holder in vip.value.get("holders", []) if vip else []:
        if holder.value in context.inventory.groups.get("edge_web", []) and holder.value not in directors:
            message = f"The VIP {service.value['vip']} is held by {holder.value}, which is no director and cannot balance."
            remedy = f"Add {holder.value} to the group edge_directors, or let directors hold the VIP, or remove the service."
            context.problems.add(f"{service.path}.vip", service.value["vip"], message, remedy)


def _check_scheduling(context: Context, service: Item) -> None:
    scheduler = service.value.get("scheduler")
    for flag in service.value.get("scheduler_flags") or []:
        if scheduler is not None and not flag.value.startswith(f"{scheduler}-"):
            message = f"This belongs to another scheduler than {scheduler}."
            context.problems.add(flag.path, flag.value, message, f"Remove it, or write scheduler: {flag.value.split('-')[0]}.")
    if service.value.get("one_packet") and service.value.get("protocol") == "tcp":
        message = "Only UDP can be scheduled packet by packet; a TCP connection has to stay with its real server."
        context.problems.add(f"{service.path}.one_packet", True, message, "Remove it, or write protocol: udp.")


def _check_persistence(context: Context, service: Item) -> None:
    netmask, path = service.value.get("persistence_netmask"), f"{service.path}.persistence_netmask"
    if netmask is None:
        return
    if service.value.get("persistence_timeout") == 0:
        message = "Without persistence there is nothing that clients could share."
        context.problems.add(path, netmask, message, "Remove it, or write persistence_timeout.")
    vip = context.vocabulary.vip(service.value.get("vip"))
    address = vip.value.get("address") if vip else None
    if address is not None and not _is_netmask(netmask, address.version):
        usual = "a netmask such as 255.255.255.0" if address.version == 4 else 'the length of a prefix, for example "64"'
        context.problems.add(path, netmask, f"This is no netmask for clients of an IPv{address.version} address.", f"Write {usual}.")


def _is_netmask(text: str, version: int) -> bool:
    if version == 6:
        return text.isdigit() and 1 <= int(text) <= 128
    try:
        return "." in text and ipaddress.ip_network(f"0.0.0.0/{text}").prefixlen > 0 and not text.startswith("0.")
    except ValueError:
        return False


def _check_quorum(context: Context, service: Item) -> None:
    quorum, hysteresis = service.value.get("quorum"), service.value.get("hysteresis")
    servers = service.value.get("real_servers", [])
    weights = [server.value.get("weight") for server in servers]
    if quorum is None or None in weights or not servers:
        return
    if quorum > 1 and quorum > sum(weights):
        message = f"All real servers together have a weight of {sum(weights)} only, so this is never reached."
        context.problems.add(f"{service.path}.quorum", quorum, message, f"Write at most {max(sum(weights), 1)}.")
    if hysteresis is not None and hysteresis >= quorum and hysteresis > 0:
        message = f"It must be less than the quorum, {quorum}; keepalived ignores it otherwise."
        context.problems.add(f"{service.path}.hysteresis", hysteresis, message, f"Write at most {quorum - 1}.")


def _check_thresholds(context: Context, server: Item) -> None:
    upper, lower = server.value.get("upper_threshold"), server.value.get("lower_threshold")
    if lower and upper is not None and lower > upper:
        message = f"It must not be above upper_threshold, {upper}; the kernel refuses that."
        context.problems.add(f"{server.path}.lower_threshold", lower, message, "Write a smaller number, or raise upper_threshold.")


def _check_sorry_server(context: Context, service: Item) -> None:
    sorry = service.value.get("sorry_server")
    path = f"{service.path}.sorry_server"
    if not sorry or "name" not in sorry or not check_references(context, [Item(f"{path}.name", sorry["name"])]):
        return
    name = sorry["name"]
    if name in [server.value.get("name") for server in service.value.get("real_servers", [])]:
        message = f"{name} is one of the real servers: when none of them is well, neither is it."
        context.problems.add(f"{path}.name", name, message, "Write another host.")
        return
    _check_real_server(context, service, Item(path, sorry))


def _known_members(context: Context, owner: Item, key: str) -> list[Item]:
    """The items of a list of hosts whose host exists."""
    members = [member for member in owner.value.get(key, []) if "name" in member.value]
    references = check_references(context, [Item(f"{member.path}.name", member.value["name"]) for member in members])
    paths = {reference.path for reference in references}
    return [member for member in members if f"{member.path}.name" in paths]


def _check_real_server(context: Context, service: Item, server: Item) -> None:
    problems, name = context.problems, server.value["name"]
    port, wanted = server.value.get("port"), service.value.get("port")
    forward = service.value.get("forward")
    if forward in WAYS and None not in (port, wanted) and port != wanted:
        problems.add(
            f"{server.path}.port",
            port,
            f"forward: {forward} ({WAYS[forward]}) hands packets on unchanged, so the real server must listen on the port of the "
            f"service, {wanted}.",
            f"Remove port here, and let {name} listen on {wanted}; forward: masquerade (NAT) can change the port.",
        )
    vip = context.vocabulary.vip(service.value.get("vip"))
    if vip is None:
        return
    if name in [holder.value for holder in vip.value.get("holders", [])]:
        problems.add(
            f"{server.path}.name",
            name,
            f"{name} holds the VIP {vip.value['name']} too: as the backup it would balance again what it is sent, "
            "and the two would pass packets back and forth.",
            f"Take {name} out of the real servers, or let other hosts hold the VIP.",
        )
    else:
        check_group(context, Item(f"{server.path}.name", name), "edge_web", "accept packets for a VIP")
    address, own = vip.value.get("address"), context.addresses.get(name)
    if address is not None and own is not None and own.version != address.version:
        message = f"{name} has the address {own}, but the VIP is IPv{address.version} ({address.ip})."
        problems.add(f"{server.path}.name", name, message, f"Set edge_address of {name} to its IPv{address.version} address.")


def check_upstreams(context: Context) -> None:
    check_names_once(context.vocabulary.upstreams, context.problems)
    for upstream in context.vocabulary.upstreams:
        _check_method(context, upstream)
        _check_ports(context, upstream)
        members = upstream.value.get("members", [])
        _check_backups(context, upstream, members)
        _check_members_once(context, upstream, members)
        if upstream.value.get("sticky"):
            _check_routes(context, upstream, members)


def _check_routes(context: Context, upstream: Item, members: list[Item]) -> None:
    """A cookie that names two Tomcats would lead to either, and only one of them knows the session."""
    known: dict[str, str] = {}
    for member in members:
        value = member.value
        if value.get("name") not in context.inventory:
            continue
        port = value.get("port") or upstream.value.get("port")
        route = value.get("route") or route_of(context.inventory, value["name"], port)
        other = known.setdefault(route, f"{value['name']}:{port}")
        if other != f"{value['name']}:{port}":
            message = f"{other} has this route already, so the cookie of a session would not tell them apart."
            context.problems.add(f"{member.path}.route", route, message, "Give each a tomcat_jvm_route, or a route here, of its own.")


def _check_method(context: Context, upstream: Item) -> None:
    problems, method, key = context.problems, upstream.value.get("method"), upstream.value.get("key")
    if method is None:
        return
    if method == "hash" and "key" in upstream.value and key is None:
        problems.add(f"{upstream.path}.key", None, "method: hash needs a key.", "Add it, for example key: $request_uri.")
    if method != "hash" and key is not None:
        problems.add(f"{upstream.path}.key", key, f"method: {method} has no key.", "Remove it, or write method: hash.")
    if method != "hash" and upstream.value.get("consistent"):
        problems.add(f"{upstream.path}.consistent", True, f"method: {method} cannot be consistent.", "Remove it, or write method: hash.")


def _check_ports(context: Context, upstream: Item) -> None:
    members = upstream.value.get("members", [])
    if "port" in upstream.value and upstream.value["port"] is None and any(member.value.get("port", 0) is None for member in members):
        context.problems.add(f"{upstream.path}.port", None, "Not every member names a port of its own.", "Add it, for example port: 8080.")


def _check_backups(context: Context, upstream: Item, members: list[Item]) -> None:
    method = upstream.value.get("method")
    backups = [member for member in members if member.value.get("backup")]
    if method in WITHOUT_BACKUP:
        for member in backups:
            message = f"nginx refuses a backup with method: {method}."
            context.problems.add(f"{member.path}.backup", True, message, "Remove backup, or write method: round_robin or least_conn.")
    elif backups and len(backups) == len(members):
        names = [member.value.get("name") for member in members]
        message = "Every member is a backup; nginx refuses an upstream without a first line."
        context.problems.add(f"{upstream.path}.members", names, message, "Remove backup from at least one.")


def _check_members_once(context: Context, upstream: Item, members: list[Item]) -> None:
    """One host may run several Tomcats: it may come again with another port."""
    seen: set[Any] = set()
    for member in members:
        name = member.value.get("name")
        if name is None:
            continue
        key = (name, member.value.get("port") or upstream.value.get("port"))
        if key in seen:
            context.problems.add(
                f"{member.path}.name", name, "This member is listed twice.", "Remove one of the two, or write another port."
            )
        else:
            check_references(context, [Item(f"{member.path}.name", name)])
        seen.add(key)


def check_drained(context: Context) -> None:
    """Whoever is taken out of service exists, and leaves somebody who serves."""
    known = {item.value for item in check_references(context, context.vocabulary.drained)}

    def left(members: list[Item]) -> list[Item]:
        return [member for member in members if member.value.get("name") not in known and not member.value.get("down")]

    for service in context.vocabulary.services:
        servers = service.value.get("real_servers", [])
        weight = sum(server.value.get("weight") or 0 for server in left(servers))
        if known & {server.value.get("name") for server in servers} and weight < max(service.value.get("quorum") or 1, 1):
            message = f"Without them the service {service.value.get('name')} has real servers with a weight of {weight} only."
            context.problems.add("edge_drained", sorted(known), message, "Put others back first, or add a real server.")
    for upstream in context.vocabulary.upstreams:
        members = upstream.value.get("members", [])
        if known & {member.value.get("name") for member in members} and not left(members):
            message = f"Without them nobody serves the upstream {upstream.value.get('name')}."
            context.problems.add("edge_drained", sorted(known), message, "Put others back first, or add a member.")

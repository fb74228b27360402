# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the way of packets: what each forwarding method asks of ports and of the real servers' gateways."""

from __future__ import annotations

from .gateways import of_all, of_directors, through_director
from .inventory import IPAddress
from .problems import join_names, listed
from .rules_hosts import Context
from .schema import Item

__all__ = ["WAYS", "check_forwarding"]

# What arrives unchanged.
WAYS = {"route": "DR", "tunnel": "TUN"}


def check_forwarding(context: Context) -> None:
    wanted: dict[str, tuple[str, set[IPAddress]]] = {}
    refused: dict[str, tuple[str, set[IPAddress]]] = {}
    translated_by: dict[str, list[tuple[str, list[IPAddress]]]] = {}
    for service in context.vocabulary.services:
        vip = context.vocabulary.vip(service.value.get("vip"))
        translated = service.value.get("forward") == "masquerade"
        if vip is None or "address" not in vip.value or not (translated or service.value.get("forward") in WAYS):
            continue
        names = [server.value.get("name") for server in _serving(service)]
        judged = [name for name in names if name in context.addresses and name not in _holders(vip)]
        if translated:
            _check_way_back(context, service, vip, judged)
        for name in judged:
            if translated:
                found = _check_translated(context, service, vip, name, translated_by.setdefault(name, []))
                _check_agreement(context, service, name, found, refused, wanted)
            else:
                found = _check_unchanged(context, service, vip, name)
                _check_agreement(context, service, name, found, wanted, refused)


def _serving(service: Item) -> list[Item]:
    sorry = service.value.get("sorry_server")
    return [*service.value.get("real_servers", []), *([Item(f"{service.path}.sorry_server", sorry)] if sorry else [])]


def _holders(vip: Item) -> list[str]:
    return [holder.value for holder in vip.value.get("holders", [])]


def _through(context: Context, vip: Item, name: str) -> list[IPAddress]:
    return through_director(vip.value, context.vocabulary.vips, context.addresses[name], context.all_addresses)


def _check_way_back(context: Context, service: Item, vip: Item, names: list[str]) -> None:
    """NAT: answers have to come back through the director that holds the VIP, whoever that is at the time."""
    lost = [name for name in names if not _through(context, vip, name)]
    if lost:
        message = (
            "forward: masquerade (NAT) translates the answers too, so they have to come through the director that holds "
            f"{vip.value['name']}, and no address in the network of {join_names(lost)} ({context.addresses[lost[0]]}) moves with that VIP."
        )
        remedy = (
            "Add a VIP of that network to edge_vips, with the same holders, give both the same sync_group, and make it the gateway there."
        )
        context.problems.add(f"{service.path}.vip", vip.value["name"], message, remedy)


def _check_translated(context: Context, service: Item, vip: Item, name: str, earlier: list[tuple[str, list[IPAddress]]]) -> list[IPAddress]:
    found, gateway = _through(context, vip, name), context.gateways.get(name)
    if not found:
        return found
    if not of_all([found, *(ways for _path, ways in earlier)]):
        _report_apart(context, service, vip, name, [path for path, _ways in earlier])
        return found
    earlier.append((service.path, found))
    if gateway is not None and gateway not in found:
        message = (
            f"The VIP {vip.value['name']} is translated (forward: masquerade), so the answers of {name} have to come back through "
            "its director."
        )
        context.problems.add("edge_gateway", str(gateway), message, f"Make {listed(map(str, found))} the gateway of {name}.", name)
    return found


def _report_apart(context: Context, service: Item, vip: Item, name: str, paths: list[str]) -> None:
    """NAT by directors that may be two: a host has one gateway."""
    message = (
        f"{name} serves this and {join_names(paths)}, all translated (forward: masquerade), and no gateway leads from it to the directors "
        "of all of them: answers of one would leave through the director of another, which does not know their connections."
    )
    remedy = "Give their VIPs the same holders and one sync_group, so that they move together, or write another real server."
    context.problems.add(f"{service.path}.vip", vip.value["name"], message, remedy)


def _check_unchanged(context: Context, service: Item, vip: Item, name: str) -> list[IPAddress]:
    """DR and TUN: answers carry the VIP as their source, and whoever owns it drops what claims to be from it."""
    forward = service.value["forward"]
    found = of_directors(vip.value, context.vocabulary.vips, context.all_addresses)
    if context.gateways.get(name) in found:
        message = (
            f"This belongs to a director of the VIP {vip.value['name']}, which would drop the answers of {name}: with forward: {forward} "
            f"({WAYS[forward]}) they have the VIP, its own address, as their source."
        )
        remedy = f"Make a router the gateway of {name}, or write forward: masquerade."
        context.problems.add("edge_gateway", str(context.gateways[name]), message, remedy, name)
    return found


def _check_agreement(
    context: Context,
    service: Item,
    name: str,
    found: list[IPAddress],
    others: dict[str, tuple[str, set[IPAddress]]],
    mine: dict[str, tuple[str, set[IPAddress]]],
) -> None:
    """A host has one gateway: it cannot be the director for one service and must not be it for another."""
    path, addresses = others.get(name, ("", set()))
    if addresses & set(found):
        message = (
            f"{path} and this use the same directors, and {name} would need them as its gateway for one of the two, "
            "and not for the other."
        )
        remedy = "Write masquerade for both or for none, or another real server."
        context.problems.add(f"{service.path}.forward", service.value["forward"], message, remedy)
    mine.setdefault(name, (service.path, set()))[1].update(found)

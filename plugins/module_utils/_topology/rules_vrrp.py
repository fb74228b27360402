# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about VIPs and the VRRP that moves them."""

from __future__ import annotations

import ipaddress
import itertools
from typing import Any, Union

from .derive import MOST_HOLDERS
from .inventory import host_interface
from .problems import HIDDEN, Problems
from .rules_director import without_vrrp
from .rules_hosts import Context, check_groups, check_names_once, check_references
from .schema import Item
from .vocabulary import advertisement_interval

__all__ = ["check_vips", "check_vrrp"]

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

LONGEST_INTERVAL = {2: 255.0, 3: 40.95}


def check_vrrp(context: Context) -> None:
    vrrp, problems = context.vocabulary.vrrp, context.problems
    version, interval = vrrp.get("version"), advertisement_interval(vrrp)
    if version == 3 and vrrp.get("password") is not None:
        problems.add(
            "edge_vrrp.password",
            HIDDEN,
            "VRRPv3 has no authentication; keepalived would ignore this and leave you unprotected.",
            "Remove the password, or write version: 2 in edge_vrrp.",
        )
    if version is not None and interval is not None:
        written = "advertisement_interval" if vrrp.get("advertisement_interval") is not None else "preset"
        _check_interval(version, interval, f"edge_vrrp.{written}", problems)
    if version == 2:
        for vip in context.vocabulary.vips:
            address = vip.value.get("address")
            if address is not None and address.version == 6:
                problems.add(f"{vip.path}.address", str(address), "VRRPv2 carries IPv4 only.", "Write version: 3 in edge_vrrp.")


def _check_interval(version: int, interval: float, path: str, problems: Problems) -> None:
    if version == 2 and path.endswith("preset") and interval != int(interval):
        message = f"VRRPv2 counts in whole seconds, and this preset has an interval of {interval:g}."
        problems.add(path, None, message, "Write preset: patient, or version: 3.")
    elif version == 2 and interval != int(interval):
        problems.add(path, interval, "VRRPv2 counts in whole seconds.", "Write whole seconds, or version: 3 for shorter intervals.")
    elif interval > LONGEST_INTERVAL[version] or (version == 2 and interval < 1):
        shortest = 1 if version == 2 else 0.01
        remedy = f"Write seconds from {shortest} to {LONGEST_INTERVAL[version]:g}."
        problems.add(path, interval, f"VRRPv{version} cannot carry this interval.", remedy)
    elif version == 3 and abs(interval * 100 - round(interval * 100)) > 1e-6:
        problems.add(path, interval, "VRRPv3 counts in hundredths of a second.", f"Write {max(round(interval, 2), 0.01):g}.")


def check_vips(context: Context) -> None:
    vips = context.vocabulary.vips
    check_names_once(vips, context.problems)
    addressed = [vip for vip in vips if vip.value.get("address") is not None]
    _check_addresses_free(context, addressed)
    _check_segments(addressed, context.problems)
    _check_router_ids_apart(context, addressed)
    for vip in vips:
        _check_holders(context, vip)
        _check_router_id(context, vip)
        _check_preemption(vip, context.problems)
    _check_sync_groups(vips, context.problems)


def _check_addresses_free(context: Context, vips: list[Item]) -> None:
    hosts = {**context.addresses, **context.other_addresses}
    owners = {address: f"{host} has this address itself" for host in hosts for address in context.all_addresses(host)}
    for vip in vips:
        path, address = f"{vip.path}.address", vip.value["address"]
        if address.ip in owners:
            context.problems.add(path, str(address), f"{owners[address.ip]}.", "Write an address that nobody else has.")
        owners.setdefault(address.ip, f"{vip.path} has this address already")


def _check_segments(vips: list[Item], problems: Problems) -> None:
    for index, vip in enumerate(vips):
        network: Network = vip.value["address"].network
        for earlier in vips[:index]:
            other: Network = earlier.value["address"].network
            if network.overlaps(other) and network != other:
                message = f"{earlier.path} lies on the same segment, but names it {other} instead of {network}."
                problems.add(f"{vip.path}.address", str(vip.value["address"]), message, "Write the same prefix for both.")


def _check_router_ids_apart(context: Context, vips: list[Item]) -> None:
    """Routers hear every VRID of their segment; two VIPs with one VRID would fight. IPv4 and IPv6 count apart."""
    for earlier, vip in itertools.combinations(vips, 2):
        vrid: Any = vip.value.get("virtual_router_id")
        same = vrid is not None and vrid == earlier.value.get("virtual_router_id")
        where = _shared_wire(context, vip, earlier) if same else None
        if where is not None:
            message = f"{earlier.path} uses this VRID {where} already."
            remedy = f"Write another number, for example {_free_vrid(vips)}."
            context.problems.add(f"{vip.path}.virtual_router_id", vrid, message, remedy)


def _shared_wire(context: Context, vip: Item, other: Item) -> str | None:
    """Where both speak VRRP: on one segment, or on one interface of a host, where keepalived refuses a number that it has."""
    network: Network = vip.value["address"].network
    if network.overlaps(other.value["address"].network):
        return f"on the same segment {other.value['address'].network}"
    if network.version == other.value["address"].version:
        for holder in sorted(_hosts(context, vip) & _hosts(context, other)):
            usual = host_interface(context.inventory, holder, Problems())
            interface = vip.value.get("interface") or usual
            if interface == (other.value.get("interface") or usual):
                return f"on {interface} of {holder}"
    return None


def _hosts(context: Context, vip: Item) -> set[str]:
    return {holder.value for holder in vip.value.get("holders", []) if holder.value in context.inventory}


def _free_vrid(vips: list[Item]) -> int:
    taken = {vip.value.get("virtual_router_id") for vip in vips}
    start = max((vrid for vrid in taken if vrid), default=50)
    candidates = [*range(start + 1, 256), *range(1, start)]
    return next((vrid for vrid in candidates if vrid not in taken), 255)


def _check_holders(context: Context, vip: Item) -> None:
    holders = vip.value.get("holders", [])
    known = check_references(context, holders)
    for holder in known:
        check_groups(context, holder, ("edge_directors", "edge_web"), "hold a VIP")
    if len(holders) > MOST_HOLDERS:
        names = [holder.value for holder in holders]
        message = f"The priorities suffice for {MOST_HOLDERS} holders of one VIP, not {len(names)}."
        context.problems.add(f"{vip.path}.holders", names, message, "Shorten the list.")
    address = vip.value.get("address")
    if address is None:
        return
    for holder in known:
        own = context.addresses.get(holder.value)
        if own is not None and not any(each in address.network for each in context.all_addresses(holder.value)):
            context.problems.add(
                f"{vip.path}.address",
                str(address),
                f"This is outside the subnet of its holder {holder.value}: {own} is not in {address.network}.",
                f"Write an address and prefix of the segment of {holder.value}, or give {holder.value} the right edge_address; "
                "the address of a further interface belongs into edge_other_addresses.",
            )


def _check_router_id(context: Context, vip: Item) -> None:
    """VRRP needs a number; a director without keepalived speaks no VRRP."""
    if "virtual_router_id" not in vip.value or vip.value["virtual_router_id"] is not None:
        return
    if not without_vrrp(context, vip):
        message = "This key is required, since VRRP moves the VIP."
        context.problems.add(f"{vip.path}.virtual_router_id", None, message, "Add it, for example virtual_router_id: 51.")


def _check_preemption(vip: Item, problems: Problems) -> None:
    delay = vip.value.get("preempt_delay")
    if delay and vip.value.get("nopreempt"):
        message = "With nopreempt a preferred holder never takes the VIP back, so there is nothing to delay."
        problems.add(f"{vip.path}.preempt_delay", delay, message, "Remove preempt_delay or nopreempt.")


def _check_sync_groups(vips: list[Item], problems: Problems) -> None:
    """VIPs of a group move as one: with different preferences their holders would be re-elected for ever."""
    leaders: dict[str, Item] = {}
    for vip in vips:
        group = vip.value.get("sync_group")
        if group is None:
            continue
        leader = leaders.setdefault(group, vip)
        for key in ("holders", "nopreempt", "preempt_delay"):
            mine, other = _compared(vip, key), _compared(leader, key)
            if None not in (mine, other) and mine != other:
                message = f"{leader.path} is in the sync group {group} too, but has {other} here."
                problems.add(f"{vip.path}.{key}", mine, message, "Write the same for all VIPs of a group.")
    for group, leader in leaders.items():
        if sum(vip.value.get("sync_group") == group for vip in vips) == 1:
            message = "No other VIP is in this group, and a group of one does nothing."
            problems.add(f"{leader.path}.sync_group", group, message, "Remove it, or write it at the VIPs that move together.")


def _compared(vip: Item, key: str) -> Any:
    value = vip.value.get(key)
    return [each.value for each in value] if isinstance(value, list) else value

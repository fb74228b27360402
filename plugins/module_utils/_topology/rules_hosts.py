# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every rule looks at, and the rules about hosts: they exist, they are named once, others can reach them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .inventory import Inventory, IPAddress, host_address, host_gateway, host_interface, host_other_addresses
from .problems import Problems, closest
from .schema import Item
from .vocabulary import Vocabulary

__all__ = ["Context", "check_group", "check_groups", "check_hosts", "check_names_once", "check_references"]


@dataclass
class Context:
    """The inventory, what it says, and where problems go."""

    inventory: Inventory
    vocabulary: Vocabulary
    problems: Problems
    addresses: dict[str, IPAddress] = field(default_factory=dict)
    # On further segments, and where the default route leads, as far as the inventory tells.
    other_addresses: dict[str, list[IPAddress]] = field(default_factory=dict)
    gateways: dict[str, IPAddress] = field(default_factory=dict)

    def all_addresses(self, host: str) -> list[IPAddress]:
        usual = self.addresses.get(host)
        return ([] if usual is None else [usual]) + self.other_addresses.get(host, [])


def check_hosts(context: Context) -> None:
    """Learns the address of every host; the hosts that take part must have one, and their own."""
    taking_part = [host for host in context.vocabulary.participants() if host in context.inventory]
    for host in context.inventory.hosts:
        # Others may be known by name alone, but a wrong edge_address is wrong anywhere.
        report = host in taking_part or context.inventory.has(host, "edge_address")
        found = host_address(context.inventory, host, context.problems if report else Problems())
        if found is not None:
            context.addresses[host] = found
        host_interface(context.inventory, host, context.problems)
        context.other_addresses[host] = host_other_addresses(context.inventory, host, context.problems)
        gateway = host_gateway(context.inventory, host, context.problems)
        if gateway is not None:
            _check_gateway(context, host, gateway)
            context.gateways[host] = gateway
    _check_addresses_once(context, taking_part)


def _check_gateway(context: Context, host: str, gateway: IPAddress) -> None:
    own = context.addresses.get(host)
    if own is not None and own.version != gateway.version:
        message = f"The host has the address {own} on the edge, which is of the other address family."
        context.problems.add("edge_gateway", str(gateway), message, f"Write its IPv{own.version} gateway.", host)
    if gateway in context.all_addresses(host):
        message = "This is the host's own address."
        context.problems.add("edge_gateway", str(gateway), message, "Write the address of the router that the host sends to.", host)


def _check_addresses_once(context: Context, taking_part: Sequence[str]) -> None:
    owners: dict[IPAddress, str] = {}
    for host in taking_part:
        for index, mine in enumerate(context.all_addresses(host)):
            usual = index == 0 and host in context.addresses
            path = "edge_address" if usual else "edge_other_addresses"
            own = "Give each host its own address (edge_address or ansible_host)."
            remedy = own if usual else "Remove it here, or correct the other one."
            if mine in owners:
                message = "The host has this address already." if owners[mine] == host else f"{owners[mine]} has this address too."
                context.problems.add(path, str(mine), message, remedy, host)
            owners.setdefault(mine, host)


def check_names_once(items: Sequence[Item], problems: Problems) -> None:
    seen: dict[str, str] = {}
    for item in items:
        name = item.value.get("name")
        if name in seen:
            problems.add(f"{item.path}.name", name, f"{seen[name]} has this name already.", "Give each its own name.")
        elif name is not None:
            seen[name] = item.path


def check_references(context: Context, references: Sequence[Item]) -> list[Item]:
    """References to hosts that exist; the others are reported, repeated ones too."""
    known, seen = [], set()
    for reference in references:
        name: Any = reference.value
        if name not in context.inventory:
            _report_unknown_host(context, reference)
        elif name in seen:
            context.problems.add(reference.path, name, "This host is listed twice.", "Remove one of the two.")
        else:
            seen.add(name)
            known.append(reference)
    return known


def check_group(context: Context, reference: Item, group: str, duty: str) -> None:
    """A host outside the group that a playbook configures would be named everywhere and do nothing."""
    check_groups(context, reference, (group,), duty)


def check_groups(context: Context, reference: Item, groups: Sequence[str], duty: str) -> None:
    """The same where more than one tier may have the duty."""
    if any(reference.value in context.inventory.groups.get(group, []) for group in groups):
        return
    which = " or ".join(groups)
    message = f"Only the hosts of the group {which} are set up to {duty}."
    context.problems.add(reference.path, reference.value, message, f"Add {reference.value} to the group {which} of the inventory.")


def _report_unknown_host(context: Context, reference: Item) -> None:
    inventory, name = context.inventory, reference.value
    if name in inventory.groups:
        remedy = f"""It is a group; write the list of its hosts: "{{{{ groups['{name}'] }}}}"."""
    else:
        meant = closest(name, inventory.hosts)
        remedy = f"Write {meant}, or add {name} to the inventory." if meant else f"Add {name} to the inventory, or remove it here."
    context.problems.add(reference.path, name, "There is no such host in the inventory.", remedy)

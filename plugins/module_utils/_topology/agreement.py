# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shared variables are written once: every host that has one must see the same, and who takes part must see all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .inventory import Inventory, Unrendered
from .problems import HIDDEN, Problems, join_names
from .vocabulary import SHARED_VARIABLES

__all__ = ["agreed_values", "check_everybody_sees"]

# The groups whose hosts the playbooks configure.
GROUPS = ("edge_directors", "edge_web", "edge_app")
ONCE = "Write it once, in group_vars/all of the inventory."


def agreed_values(inventory: Inventory, problems: Problems) -> dict[str, Any]:
    """Each shared variable as most hosts see it; that others see something else is a problem of its own."""
    values = {}
    for variable in SHARED_VARIABLES:
        sights = _sights(inventory, variable, problems)
        if len(sights) > 1:
            _report_disagreement(variable, sights, problems)
        values[variable] = max(sights, key=lambda sight: len(sight[1]))[0] if sights else None
    return values


def _sights(inventory: Inventory, variable: str, problems: Problems) -> list[tuple[Any, list[str]]]:
    """Each value that is seen, with the hosts that see it."""
    sights: list[tuple[Any, list[str]]] = []
    failed: dict[str, list[str]] = {}
    for host in inventory.hosts:
        if not inventory.has(host, variable):
            continue
        try:
            value = inventory.get(host, variable)
        except Unrendered as error:
            failed.setdefault(error.reason, []).append(host)
            continue
        for seen, hosts in sights:
            if seen == value:
                hosts.append(host)
                break
        else:
            sights.append((value, [host]))
    for reason, hosts in failed.items():
        where = None if len(hosts) == len(inventory.hosts) else join_names(hosts)
        remedy = "Write a value whose variables, groups and hosts exist in the inventory; hostvars cannot be used here."
        problems.add(variable, None, f"This cannot be rendered: {reason}.", remedy, where)
    return sights


def _report_disagreement(variable: str, sights: list[tuple[Any, list[str]]], problems: Problems) -> None:
    (first, first_hosts), (second, second_hosts) = sorted(sights, key=lambda sight: -len(sight[1]))[:2]
    path, mine, other = first_difference(variable, first, second)
    if path in ("edge_vrrp", "edge_vrrp.password"):
        mine = other = HIDDEN
    message = f"Hosts see different values: {mine!r} on {join_names(first_hosts)}, {other!r} on {join_names(second_hosts)}."
    problems.add(path, None, message, ONCE)


def first_difference(path: str, first: Any, second: Any) -> tuple[str, Any, Any]:
    """Where two values begin to differ."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in [*first, *(key for key in second if key not in first)]:
            if first.get(key) != second.get(key):
                return first_difference(f"{path}.{key}", first.get(key), second.get(key))
    if isinstance(first, list) and isinstance(second, list):
        if len(first) == len(second):
            index = next(index for index, each in enumerate(first) if each != second[index])
            return first_difference(f"{path}[{index}]", first[index], second[index])
        return path, f"{len(first)} items", f"{len(second)} items"
    return path, first, second


def check_everybody_sees(inventory: Inventory, participants: Iterable[str], problems: Problems) -> None:
    members = [host for group in GROUPS for host in inventory.groups.get(group, [])]
    concerned = [host for host in dict.fromkeys([*members, *participants]) if host in inventory]
    for variable in SHARED_VARIABLES:
        blind = [host for host in concerned if not inventory.has(host, variable)]
        if not any(inventory.has(host, variable) for host in inventory.hosts) or not blind:
            continue
        problems.add(variable, None, f"Other hosts have this, {join_names(blind)} not.", ONCE)

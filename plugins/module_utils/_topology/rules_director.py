# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about who manages directors: without keepalived nobody moves a VIP, checks a real server or passes connections on."""

from __future__ import annotations

from typing import Any

from .rules_hosts import Context
from .schema import Item

__all__ = ["check_director", "without_vrrp"]

# What only keepalived does, with the value that asks for nothing, and what is missing without it.
OF_VIPS = {
    "nopreempt": (False, "no other holder could take the VIP"),
    "preempt_delay": (0, "no other holder could take the VIP"),
    "sync_group": (None, "VIPs do not move"),
    "track": (None, "VIPs do not move"),
}
OF_SERVICES = {
    "check": (None, "nobody checks real servers: what does not answer stays in the table"),
    "quorum": (1, "nobody checks real servers, so none is ever missing"),
    "hysteresis": (0, "nobody checks real servers, so none is ever missing"),
    "sorry_server": (None, "nobody checks real servers, so it would never serve"),
    "inhibit_on_failure": (False, "nobody checks real servers, so none fails"),
}
WITH_KEEPALIVED = "or write manager: keepalived in edge_director."


def _by_ipvs(context: Context) -> bool:
    return context.vocabulary.director.get("manager") == "ipvs"


def _of_directors(context: Context, vip: Item) -> bool:
    directors = context.inventory.groups.get("edge_directors", [])
    return any(holder.value in directors for holder in vip.value.get("holders", []))


def without_vrrp(context: Context, vip: Item) -> bool:
    """Whether all that hold the VIP are directors that do without keepalived."""
    directors = context.inventory.groups.get("edge_directors", [])
    holders = vip.value.get("holders", [])
    return _by_ipvs(context) and bool(holders) and all(holder.value in directors for holder in holders)


def check_director(context: Context) -> None:
    if not _by_ipvs(context):
        _check_synchronisation(context)
        return
    for vip in context.vocabulary.vips:
        if _of_directors(context, vip):
            _check_one_holder(context, vip)
            _check_absent(context, vip, OF_VIPS)
    for service in context.vocabulary.services:
        _check_absent(context, service, OF_SERVICES)
    if context.vocabulary.vrrp.get("connection_sync"):
        message = "edge_director.manager is ipvs: there is one director, and nobody to tell about connections."
        context.problems.add("edge_vrrp.connection_sync", True, message, f"Remove it, {WITH_KEEPALIVED}")


def _check_one_holder(context: Context, vip: Item) -> None:
    holders = [holder.value for holder in vip.value.get("holders", [])]
    if len(holders) > 1:
        message = "edge_director.manager is ipvs: nobody moves a VIP from one holder to another, so all of them would have it."
        context.problems.add(f"{vip.path}.holders", holders, message, f"Name one holder, {WITH_KEEPALIVED}")


def _check_absent(context: Context, item: Item, keys: dict[str, tuple[Any, str]]) -> None:
    for key, (nothing, lack) in keys.items():
        given = item.value.get(key, nothing)
        if given != nothing:
            message = f"edge_director.manager is ipvs, and without keepalived {lack}."
            shown = given if isinstance(given, (str, int, float)) else None
            context.problems.add(f"{item.path}.{key}", shown, message, f"Remove it, {WITH_KEEPALIVED}")


def _check_synchronisation(context: Context) -> None:
    """Connections are told to the other holders of a balanced VIP."""
    balanced = [context.vocabulary.vip(service.value.get("vip")) for service in context.vocabulary.services]
    holders = [vip.value.get("holders", []) for vip in balanced if vip is not None]
    if context.vocabulary.vrrp.get("connection_sync") and holders and all(len(each) == 1 for each in holders):
        message = "Each VIP that has services has one holder, so no other director takes connections over."
        context.problems.add("edge_vrrp.connection_sync", True, message, "Remove it, or name a second holder.")

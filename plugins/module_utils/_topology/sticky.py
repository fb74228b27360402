# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sticky upstreams: a session's cookie ends with the name of its Tomcat, and leads back to that one while it lives.

Open-source nginx has no such method before 1.29.6, but it takes the name of an upstream from a variable. So each member gets an upstream
of its own, in which the others are backups, and a map leads from the cookie to the name of one of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._spec import Specification
from .._spec.roles import options_of
from .inventory import Inventory, Unrendered
from .problems import Problems

__all__ = ["map_of", "member_name", "replication_ports", "route_of", "upstreams_of", "variable_of"]

# What of a Tomcat's variables its names follow from.
VARIABLES = ("tomcat_instances", "tomcat_jvm_route", "tomcat_port")


def _values(inventory: Inventory, host: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Variables of the tomcat role, as far as they can be known; what is wrong with them is said by the preflight."""
    values: dict[str, Any] = {}
    for name in names:
        try:
            value = inventory.get(host, name)
        except Unrendered:
            value = None
        if value is not None:
            values[name] = Specification({name: options_of("tomcat")[name]}).read_variable(name, value, Problems())
    return values


def replication_ports(inventory: Inventory, host: str) -> list[int]:
    """On which ports the host's Tomcats hear of each other's sessions."""
    values = _values(inventory, host, ("tomcat_instances", "tomcat_sessions", "tomcat_replication"))
    shared, port = values.get("tomcat_sessions") or "local", (values.get("tomcat_replication") or {}).get("port") or 4000
    present = [one for one in values.get("tomcat_instances") or [] if one["state"] == "present"]
    if not present:
        return [port] if shared == "replicated" else []
    return [one["replication_port"] or port for one in present if (one["sessions"] or shared) == "replicated"]


def route_of(inventory: Inventory, host: str, port: int | None) -> str:
    """The name of the Tomcat that listens there, as the tomcat role gives it: the host's, or the instance's added to it."""
    values = _values(inventory, host, VARIABLES)
    own = str(values.get("tomcat_jvm_route") or host)
    for instance in values.get("tomcat_instances") or []:
        if (instance["port"] or values.get("tomcat_port") or 8080) == port:
            return str(instance["jvm_route"] or f"{own}-{instance['name']}")
    return own


def variable_of(upstream: str) -> str:
    """What proxy_pass names instead of the upstream, without the dollar."""
    return "sticky_" + upstream.replace("-", "_")


def member_name(upstream: str, route: str) -> str:
    return f"{upstream}--{route}"


def upstreams_of(upstream: Mapping[str, Any], routes: list[str]) -> list[dict[str, Any]]:
    """An upstream for each route, from the one for everybody; servers and routes are in the same order."""
    servers = upstream["servers"]
    found = []
    for route in dict.fromkeys(routes):
        own = [{**server, "backup": False} for server, name in zip(servers, routes) if name == route]
        # Asked for want of the right one only: if one of them fails as well, the next request still asks it.
        others = [{**server, "backup": True, "max_fails": 0} for server, name in zip(servers, routes) if name != route]
        plain = {"method": "round_robin", "key": None, "consistent": False}
        found.append({**upstream, **plain, "name": member_name(upstream["name"], route), "servers": own + others})
    return found


def map_of(upstream: str, cookie: str, routes: list[str]) -> dict[str, Any]:
    """One of nginx_maps. A cookie that names nobody, or none at all, leads to the upstream for everybody."""
    values = {f"~\\.{re.escape(route)}$": member_name(upstream, route) for route in dict.fromkeys(routes)}
    return {"name": variable_of(upstream), "source": f"$cookie_{cookie.lower()}", "default": upstream, "values": values}

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the roles put things on a host, as far as others have to know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._topology.inventory import Inventory, Unrendered

__all__ = ["endpoints", "health_path", "keepalived_place", "nginx_place", "value"]

KEEPALIVED = "/etc/keepalived"
EVERYWHERE = ("", "0.0.0.0", "::")
NAME = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)


def value(inventory: Inventory, host: str, name: str, otherwise: Any) -> Any:
    """A variable of the inventory; where it cannot be rendered here, the role will say so."""
    try:
        found = inventory.get(host, name)
    except Unrendered:
        return otherwise
    return otherwise if found is None else found


def nginx_place(inventory: Inventory, host: str) -> dict[str, str]:
    """The options by which member_drain finds nginx."""
    if value(inventory, host, "nginx_install", "package") != "source":
        return {"path": "/etc/nginx", "service": "nginx", "binary": "/usr/sbin/nginx", "error_log": "/var/log/nginx/error.log"}
    prefix = value(inventory, host, "nginx_prefix", "/usr/local/nginx")
    service = value(inventory, host, "nginx_service_name", "nginx")
    return {"path": f"{prefix}/conf", "service": service, "binary": f"{prefix}/sbin/nginx", "error_log": f"{prefix}/logs/error.log"}


def keepalived_place(inventory: Inventory, host: str) -> dict[str, Any]:
    return {"path": KEEPALIVED, "accepted_warnings": value(inventory, host, "keepalived_accepted_warnings", [])}


def health_path(inventory: Inventory, host: str) -> str:
    """Where an application says whether it is well; empty where the inventory names nothing."""
    found = value(inventory, host, "tomcat_health_path", "") if value(inventory, host, "tomcat_applications", []) else ""
    return str(found)


def endpoints(inventory: Inventory, host: str, address: str) -> list[dict[str, Any]]:
    """What speaks TLS on a web host, once for each name that is one."""
    return list({tuple(found.items()): found for found in _endpoints(inventory, host, address)}.values())


def _endpoints(inventory: Inventory, host: str, address: str) -> Iterator[dict[str, Any]]:
    variables = [name for name in inventory.variable_names(host) if name == "nginx_servers" or name.startswith("nginx_servers__")]
    for server in (each for variable in variables for each in value(inventory, host, variable, [])):
        if not isinstance(server, Mapping) or not server.get("tls"):
            continue
        names = [str(name) for name in server.get("server_names") or [] if NAME.fullmatch(str(name)) and "." in str(name)]
        for listen in server.get("listen") or [{"port": 443}]:
            port = listen.get("port") or 80
            # Who speaks the PROXY protocol hangs up on a client that only speaks TLS.
            if listen.get("proxy_protocol") or not (port != 80 if listen.get("tls") is None else listen["tls"]):
                continue
            given = str(listen.get("address") or "").strip("[]")
            at = address if given in EVERYWHERE else given
            for name in names:
                asked = f"any{name[1:]}" if name.startswith("*") else name
                yield {"address": at, "port": port, "name": asked}

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of variables: a misspelt one would silently do nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from typing import Any

from .._nginx.merge import MERGED, SEPARATOR
from .inventory import Inventory
from .problems import Problems, closest, join_names
from .vocabulary import HOST_VARIABLES, SHARED_VARIABLES

__all__ = ["DERIVED", "check_derived", "check_variable_names", "is_part", "owner_of"]

VOCABULARY = "edge"
# What the playbooks fill, so that nobody would read a value of the inventory, and what to write instead.
DERIVED = {
    "keepalived_state": "Name the host among the holders of a VIP in edge_vips, or nowhere",
    "keepalived_virtual_servers": "Write edge_virtual_services; what keepalived alone knows goes into keepalived_raw",
    "keepalived_vrrp_instances": "Write edge_vips; what keepalived alone knows goes into keepalived_raw",
    "keepalived_vrrp_sync_groups": "Write edge_vips[].sync_group",
    "keepalived_vrrp_version": "Write edge_vrrp.version",
    "lvs_director_forwarding": "Write forward: masquerade in edge_virtual_services",
    "lvs_director_interfaces": "Write edge_interface, or edge_vips[].interface",
    "lvs_director_manager": "Write edge_director.manager",
    "lvs_director_services": "Write edge_virtual_services",
    "lvs_director_sloppy_tcp": "It follows from edge_vrrp.connection_sync and a scheduler that hashes (mh, sh)",
    "lvs_director_vips": "Write edge_vips",
    "lvs_realserver_foreign_gateways": "They follow from edge_vips and edge_virtual_services",
    "lvs_realserver_gateways": "They follow from edge_vips and edge_virtual_services",
    "lvs_realserver_interfaces": "Write edge_interface",
    "lvs_realserver_purge": "The playbooks know when a VIP may go",
    "lvs_realserver_tunnel_vips": "Write edge_vips and edge_virtual_services",
    "lvs_realserver_vips": "Write edge_vips and edge_virtual_services",
    "nginx_upstreams": "Write edge_upstreams, or nginx_upstreams__NAME for upstreams of your own",
    "tomcat_internal_proxies": "They are the web servers whose edge_upstreams name the host",
    "tomcat_replication_address": "Write edge_address",
    "tomcat_replication_members": "They are the hosts of edge_app",
}


def owner_of(name: str, owners: Collection[str]) -> str | None:
    """The role (or the vocabulary) to which a variable belongs by its prefix; lvs_director before lvs."""
    mine = [owner for owner in owners if name.startswith(f"{owner}_")]
    return max(mine, key=len) if mine else None


def is_part(name: str) -> bool:
    """Whether it is one of the variables NAME__ANYTHING of a list that may be written in several places."""
    base, separator, rest = name.partition(SEPARATOR)
    return bool(separator and rest) and base in MERGED


def _holders_of(inventory: Inventory) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for host in inventory.hosts:
        for name in inventory.variable_names(host):
            found.setdefault(name, []).append(host)
    return found


def check_variable_names(
    inventory: Inventory, role_variables: Mapping[str, Collection[str]], foreign: Collection[str], problems: Problems
) -> None:
    """Each variable that begins like one of ours must be one of ours, or be named in edge_foreign_variables."""
    known: dict[str, Any] = {**role_variables, VOCABULARY: (*SHARED_VARIABLES, *HOST_VARIABLES)}
    for name, hosts in sorted(_holders_of(inventory).items()):
        owner = owner_of(name, known)
        if owner is None or name in known[owner] or is_part(name) or any(fnmatchcase(name, pattern) for pattern in foreign):
            continue
        meant = _meant(name, known[owner])
        source = "the edge_* variables" if owner == VOCABULARY else f"the variables of role {owner}"
        everywhere = len(hosts) == len(inventory.hosts)
        message = f"There is no such name among {source}" + ("" if everywhere else f" (set for {join_names(hosts)})") + "."
        ours = f"Write {meant} instead" if meant else "Rename it"
        remedy = f"{ours}; if it belongs to something else, add its name or a pattern to edge_foreign_variables."
        # Without the value: nothing is known about it, it may be a secret.
        problems.add(name, None, message, remedy)


def check_derived(inventory: Inventory, problems: Problems) -> None:
    for name in sorted(DERIVED.keys() & _holders_of(inventory).keys()):
        problems.add(name, None, "The playbooks fill this, and do not read what the inventory says.", f"{DERIVED[name]}, and remove this.")


def _meant(name: str, known: Collection[str]) -> str | None:
    base, separator, rest = name.partition(SEPARATOR)
    if not separator:
        return closest(name, known)
    whole = closest(base, [each for each in MERGED if each in known])
    return f"{whole}{SEPARATOR}{rest or 'here'}" if whole else None

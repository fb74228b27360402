# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host's sight of the vocabulary, for everything that is derived from it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Callable, Union

from .inventory import Inventory, IPAddress, Unrendered, host_address, host_interface, host_other_addresses
from .problems import Problems, TopologyError, closest
from .schema import Item
from .vocabulary import SHARED_VARIABLES, Vocabulary, parse

__all__ = ["Derivation", "derive", "holder_names"]

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


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

    def address_on(self, name: str, path: str, network: Network) -> IPAddress | None:
        """The host's address on that segment, else the usual one."""
        usual = self.address_of(name, path)
        others = host_other_addresses(self.inventory, name, self.problems) if usual is not None and usual not in network else []
        return next((other for other in others if other in network), usual)

    def addresses_of(self, name: str, path: str) -> list[IPAddress]:
        """All addresses that the inventory knows of the host."""
        usual = self.address_of(name, path)
        return [] if usual is None else [usual, *host_other_addresses(self.inventory, name, self.problems)]

    def without_keepalived(self, name: str) -> bool:
        """Whether the host is a director that holds VIPs and table by itself."""
        return self.vocabulary.director["manager"] == "ipvs" and name in self.inventory.groups.get("edge_directors", [])

    def interface_of(self, vip: Mapping[str, Any]) -> str:
        """The interface of this host that carries the VIP."""
        return vip["interface"] or host_interface(self.inventory, self.host, self.problems)

    def vip_address(self, service: Item) -> str:
        return str(self.vip_of(service)["address"].ip)


def holder_names(vip: Mapping[str, Any]) -> list[str]:
    return [holder.value for holder in vip["holders"]]


def derive(build: Callable[[Derivation], Any], hostvars: Mapping[str, Mapping[str, Any]], host: str) -> Any:
    derivation = Derivation(hostvars, host)
    found = build(derivation)
    derivation.raise_if_any()
    return found

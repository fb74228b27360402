# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one reader of Ansible's variables: everything else sees plain data."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any, Union

from .problems import Problems
from .scalars import Reject, address, interface
from .vocabulary import DEFAULT_INTERFACE

__all__ = ["IPAddress", "Inventory", "Unrendered", "host_address", "host_gateway", "host_interface", "host_other_addresses"]

IPAddress = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


class Unrendered(Exception):
    """A variable exists, but its template yields no value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def plain(value: Any) -> Any:
    """The value without Ansible's wrappers: a lazy or tagged container becomes a plain one, once."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if "{{" in value or "{%" in value:
            # Older releases hand out a template that they could not render; newer ones never render an untrusted one.
            raise Unrendered(f"the template {value!r} was not rendered: a name in it is undefined, or its source is not trusted")
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(each) for each in value]
    # An encrypted text of older releases is a sequence of its own kind, an undefined value has none.
    text = str(value)
    if type(value).__name__.endswith("Undefined"):
        raise Unrendered("a name in it is undefined")
    return text


class Inventory:
    """Every host of the inventory and what it sees, whatever --limit says."""

    def __init__(self, hostvars: Mapping[str, Mapping[str, Any]], groups: Mapping[str, Sequence[str]] | None = None) -> None:
        self._hostvars = hostvars
        self._groups = groups
        self._views: dict[str, Mapping[str, Any]] = {}
        self._values: dict[tuple[str, str], Any] = {}
        # What all hosts of a group have is one and the same value, and worth one copy.
        self._plain: dict[int, tuple[Any, Any]] = {}
        self.hosts = [str(host) for host in hostvars]

    @property
    def groups(self) -> Mapping[str, Sequence[str]]:
        if self._groups is None:
            found = self.get(self.hosts[0], "groups") if self.hosts else None
            self._groups = found if isinstance(found, Mapping) else {}
        return self._groups

    def __contains__(self, host: object) -> bool:
        return host in self.hosts

    def _view(self, host: str) -> Mapping[str, Any]:
        # Each look into hostvars merges all variables of the host anew.
        if host not in self._views:
            self._views[host] = self._hostvars[host]
        return self._views[host]

    def variable_names(self, host: str) -> list[str]:
        return [str(name) for name in self._view(host)]

    def has(self, host: str, variable: str) -> bool:
        return variable in self._view(host)

    def get(self, host: str, variable: str) -> Any:
        """The rendered value, None if the host does not have it. Raises Unrendered."""
        key = (host, variable)
        if key not in self._values:
            self._values[key] = self._render(host, variable) if self.has(host, variable) else None
        return self._values[key]

    def _render(self, host: str, variable: str) -> Any:
        try:
            value = self._view(host)[variable]
            if not isinstance(value, (Mapping, list)):
                return plain(value)
            if id(value) not in self._plain:
                self._plain[id(value)] = (value, plain(value))
            return self._plain[id(value)][1]
        except Unrendered:
            raise
        except Exception as error:  # whatever a template can raise: the reader of the message is a person
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise Unrendered(reason[0]) from error


REACH = "Set edge_address of the host to its address on the edge's segment, for example 192.0.2.11."


def _report_unrendered(variable: str, error: Unrendered, host: str, problems: Problems) -> None:
    problems.add(variable, None, f"This cannot be rendered: {error.reason}.", "Write a value whose names exist in the inventory.", host)


def host_address(inventory: Inventory, host: str, problems: Problems) -> IPAddress | None:
    """A host's address on the edge: edge_address, else ansible_host, else the inventory name, if that is one. Or None."""
    for variable in ("edge_address", "ansible_host"):
        try:
            given = inventory.get(host, variable)
        except Unrendered as error:
            _report_unrendered(variable, error, host, problems)
            return None
        if given is not None:
            break
    else:
        variable, given = "ansible_host", host
    try:
        return ipaddress.ip_address(address(given))
    except Reject as reject:
        if variable == "edge_address":
            problems.add(variable, given, reject.message, reject.remedy, host)
        elif given == host:
            problems.add("edge_address", None, "This host takes part, but has no address on the edge.", REACH, host)
        else:
            problems.add(variable, given, f"{reject.message} Peers need an address, and names are not looked up.", REACH, host)
        return None


def host_interface(inventory: Inventory, host: str, problems: Problems) -> str:
    try:
        given = inventory.get(host, "edge_interface")
        return DEFAULT_INTERFACE if given is None else interface(given)
    except Unrendered as error:
        _report_unrendered("edge_interface", error, host, problems)
    except Reject as reject:
        problems.add("edge_interface", given, reject.message, reject.remedy, host)
    return DEFAULT_INTERFACE


def host_gateway(inventory: Inventory, host: str, problems: Problems) -> IPAddress | None:
    """The host's default gateway, where the inventory tells it."""
    try:
        given = inventory.get(host, "edge_gateway")
        return None if given is None else ipaddress.ip_address(address(given))
    except Unrendered as error:
        _report_unrendered("edge_gateway", error, host, problems)
    except Reject as reject:
        problems.add("edge_gateway", given, reject.message, "Write the address of the router that the host sends to.", host)
    return None


def host_other_addresses(inventory: Inventory, host: str, problems: Problems) -> list[IPAddress]:
    """What the host is called on further segments that VIPs live on."""
    try:
        given = inventory.get(host, "edge_other_addresses")
    except Unrendered as error:
        _report_unrendered("edge_other_addresses", error, host, problems)
        return []
    if not isinstance(given, (list, type(None))):
        problems.add("edge_other_addresses", given, "This must be a list.", "Write it like [198.51.100.11].", host)
        return []
    found = []
    for index, each in enumerate(given or []):
        try:
            found.append(ipaddress.ip_address(address(each)))
        except Reject as reject:
            problems.add(f"edge_other_addresses[{index}]", each, reject.message, reject.remedy, host)
    return found

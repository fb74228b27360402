# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the vocabulary to the variables of directors and real servers. Pure, as all that is derived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .derivation import Derivation, derive, holder_names
from .gateways import of_all, of_directors, through_director
from .inventory import IPAddress, host_interface
from .schema import Item

__all__ = ["director", "realserver", "realserver_vips", "virtual_servers"]

HASHING = ("mh", "sh")
# keepalived's words for ours.
FORWARD_METHODS = {"route": "DR", "tunnel": "TUN", "masquerade": "NAT"}


def _scheduler_flags(service: Mapping[str, Any]) -> list[str]:
    """A scheduler that hashes gives a real server of weight 0 its share of the clients, who are refused, unless it may look further."""
    given = [flag.value for flag in service["scheduler_flags"] or []]
    return _once([*given, f"{service['scheduler']}-fallback"]) if service["scheduler"] in HASHING else given


def _real_server(derivation: Derivation, service: Mapping[str, Any], server: Item) -> dict[str, Any]:
    return {
        "address": str(derivation.address_of(server.value["name"], server.path)),
        "port": server.value["port"] or service["port"],
        "weight": 0 if derivation.vocabulary.is_drained(server.value["name"]) else server.value["weight"],
        "upper_threshold": server.value["upper_threshold"] or None,
        "lower_threshold": server.value["lower_threshold"] or None,
    }


def _sorry_server(derivation: Derivation, item: Item) -> dict[str, Any] | None:
    sorry = item.value["sorry_server"]
    if sorry is None:
        return None
    address = derivation.address_of(sorry["name"], f"{item.path}.sorry_server.name")
    return {"address": str(address), "port": sorry["port"] or item.value["port"]}


def _check(check: Mapping[str, Any]) -> dict[str, Any]:
    return {("virtualhost" if key == "host" else key): value for key, value in check.items()}


def _virtual_servers(derivation: Derivation) -> list[dict[str, Any]]:
    found = []
    for item in derivation.vocabulary.services:
        service = item.value
        if derivation.host not in holder_names(derivation.vip_of(item)):
            continue
        found.append(
            {
                "name": service["name"],
                "address": derivation.vip_address(item),
                "port": service["port"],
                "protocol": service["protocol"].upper(),
                "scheduler": service["scheduler"],
                "scheduler_flags": _scheduler_flags(service),
                "one_packet": service["one_packet"],
                "forward": FORWARD_METHODS[service["forward"]],
                "persistence_timeout": service["persistence_timeout"],
                "persistence_granularity": service["persistence_netmask"],
                # One of weight 1 is what keepalived wants anyway.
                "quorum": service["quorum"] if service["quorum"] > 1 else None,
                "hysteresis": service["hysteresis"] or None,
                "inhibit_on_failure": service["inhibit_on_failure"],
                "sorry_server": _sorry_server(derivation, item),
                "check": _check(service["check"] or {}),
                "real_servers": [_real_server(derivation, service, server) for server in service["real_servers"]],
            }
        )
    return found


def _serving(service: Mapping[str, Any]) -> list[str]:
    sorry = service["sorry_server"]
    return [server.value["name"] for server in service["real_servers"]] + ([sorry["name"]] if sorry else [])


def _once(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _balanced_service(derivation: Derivation, item: Item) -> dict[str, Any]:
    """One service in the words of ipvs_table."""
    service = item.value
    family = derivation.vip_of(item)["address"].version
    return {
        "address": derivation.vip_address(item),
        "port": service["port"],
        "protocol": service["protocol"],
        "scheduler": service["scheduler"],
        "scheduler_flags": _scheduler_flags(service),
        "one_packet": service["one_packet"],
        "persistence_timeout": service["persistence_timeout"],
        # What is left out has its default there.
        **({"persistence_netmask": service["persistence_netmask"]} if service["persistence_netmask"] else {}),
        "family": f"ipv{family}",
        "destinations": [
            {
                **{key: value or 0 for key, value in _real_server(derivation, service, server).items()},
                "forward": service["forward"],
            }
            for server in service["real_servers"]
        ],
    }


def _director(derivation: Derivation) -> dict[str, Any]:
    vocabulary, host = derivation.vocabulary, derivation.host
    held = [vip.value for vip in vocabulary.vips if host in holder_names(vip.value)]
    services = [item for item in vocabulary.services if host in holder_names(derivation.vip_of(item))]
    alone = derivation.without_keepalived(host)
    translated = {derivation.vip_of(item)["address"].version for item in services if item.value["forward"] == "masquerade"}
    hashed = any(item.value["scheduler"] in HASHING and item.value["protocol"] == "tcp" for item in services)
    usual = host_interface(derivation.inventory, host, derivation.problems)
    return {
        "manager": vocabulary.director["manager"],
        "interfaces": _once([usual, *(derivation.interface_of(vip) for vip in held)]),
        "vips": [{"address": str(vip["address"].ip), "interface": derivation.interface_of(vip)} for vip in held] if alone else [],
        "services": [_balanced_service(derivation, item) for item in services] if alone else [],
        "forwarding": [f"ipv{version}" for version in sorted(translated)],
        "sloppy_tcp": bool(derivation.vocabulary.vrrp["connection_sync"] and hashed),
    }


def _realserver(derivation: Derivation) -> dict[str, Any]:
    vocabulary, host = derivation.vocabulary, derivation.host
    mine = [item for item in vocabulary.services if host in _serving(item.value)]
    vips = {way: _once(derivation.vip_address(item) for item in mine if item.value["forward"] == way) for way in FORWARD_METHODS}
    ways: list[list[IPAddress]] = []
    foreign: list[IPAddress] = []
    own = derivation.address_of(host, "inventory_hostname") if mine else None
    for item in mine:
        if own is None:
            break
        vip = derivation.vip_of(item)

        def addresses_of(name: str, path: str = item.path) -> list[IPAddress]:
            return derivation.addresses_of(name, path)

        if item.value["forward"] == "masquerade":
            ways.append(through_director(vip, vocabulary.vips, own, addresses_of))
        else:
            foreign += of_directors(vip, vocabulary.vips, addresses_of)
    return {
        # On a tunnel's interface a VIP takes packets that come without a tunnel as well.
        "vips": [vip for vip in vips["route"] if vip not in vips["tunnel"]],
        "tunnel_vips": vips["tunnel"],
        "gateways": [str(address) for address in of_all(ways)],
        "foreign_gateways": [str(address) for address in _once(foreign)],
        "interfaces": [host_interface(derivation.inventory, host, derivation.problems)],
    }


def virtual_servers(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> list[dict[str, Any]]:
    """keepalived_virtual_servers of a host: the services of the VIPs that it holds."""
    found: list[dict[str, Any]] = derive(_virtual_servers, hostvars, host)
    return found


def director(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> dict[str, Any]:
    """What the variables lvs_director_* of a host follow from, by their names without the prefix."""
    found: dict[str, Any] = derive(_director, hostvars, host)
    return found


def realserver(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> dict[str, Any]:
    """What the variables lvs_realserver_* of a host follow from, by their names without the prefix."""
    found: dict[str, Any] = derive(_realserver, hostvars, host)
    return found


def realserver_vips(hostvars: Mapping[str, Mapping[str, Any]], host: str) -> list[str]:
    """All addresses whose packets directors hand to the host unchanged, through a tunnel or not."""
    found = realserver(hostvars, host)
    return [*found["vips"], *found["tunnel_vips"]]

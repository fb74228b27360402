# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declared options to model values: everything that can be judged without the kernel is judged here.

Values come out in one canonical form, so that comparing them with what the kernel reports is plain equality.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Callable, TypeVar

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import model
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import InvalidValue, IpvsError, PartialFailure

__all__ = ["address", "dest_key", "destination", "entry", "service_key", "table"]

# What ipvsadm takes, too: 31 days.
_LONGEST_PERSISTENCE = 2678400
_HEAVIEST = 2147483647
_FLAG_BITS = {"sh-fallback": 8, "sh-port": 16, "mh-fallback": 8, "mh-port": 16, "flag-1": 8, "flag-2": 16, "flag-3": 32}
_FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}

_T = TypeVar("_T")


def table(services: Iterable[Mapping[str, Any]]) -> model.Table:
    """All declared services. Collects the mistakes of all of them, so that they need not be found one run at a time."""
    found: model.Table = {}
    mistakes: list[IpvsError] = []
    for options in services:
        try:
            declared = entry(options)
            if declared.service.key in found:
                raise InvalidValue(
                    f"{declared.service.key} is declared twice; a virtual service is listed once.", str(declared.service.key)
                )
            found[declared.service.key] = declared
        except PartialFailure as error:
            mistakes += error.failures
        except InvalidValue as error:
            mistakes.append(error)
    if mistakes:
        raise PartialFailure(mistakes, [])
    return found


def entry(options: Mapping[str, Any]) -> model.Entry:
    key = service_key(options)
    service = _service(key, options)
    if options.get("destinations") is None:
        return model.Entry(service, None)
    found: dict[model.DestKey, model.Destination] = {}
    mistakes: list[IpvsError] = []
    for item in options["destinations"]:
        try:
            declared = destination(key, item)
            if declared.key in found:
                subject = f"{key} -> {declared.key}"
                raise InvalidValue(f"{subject} is declared twice; a real server is listed once in a service.", subject)
            found[declared.key] = declared
        except InvalidValue as error:
            mistakes.append(error)
    if mistakes:
        raise PartialFailure(mistakes, [])
    return model.Entry(service, found)


# --- services ---------------------------------------------------------------------------------------------------------


def service_key(options: Mapping[str, Any]) -> model.ServiceKey:
    if options.get("fwmark") is not None:
        return _fwmark_key(options)
    if options.get("address") is None or options.get("port") is None:
        raise InvalidValue("A virtual service needs either 'address' and 'port', or 'fwmark'.", str(options.get("address") or "service"))
    family, text = address(options["address"], str(options["address"]))
    given = options.get("family")
    if given is not None and _FAMILIES[given] != family:
        raise InvalidValue(f"The address {text} is not of the family {given}; leave 'family' out, it follows from the address.", text)
    protocol = model.PROTOCOLS[options.get("protocol") or "tcp"]
    key = model.ServiceKey(fwmark=0, family=family, protocol=protocol, address=text, port=options["port"])
    _between(str(key), "port", key.port, 0, 65535)
    return key


def _fwmark_key(options: Mapping[str, Any]) -> model.ServiceKey:
    mark = options["fwmark"]
    if options.get("address") is not None or options.get("port") is not None:
        raise InvalidValue(
            f"The service with fwmark {mark} also has 'address' or 'port'; a service is named by one or the other.", f"fwmark {mark}"
        )
    if not 1 <= mark <= 0xFFFFFFFF:
        raise InvalidValue(f"fwmark is {mark}, but must be between 1 and {0xFFFFFFFF}.", f"fwmark {mark}")
    return model.ServiceKey(fwmark=mark, family=_FAMILIES[options.get("family") or "ipv4"])


def _service(key: model.ServiceKey, options: Mapping[str, Any]) -> model.Service:
    subject = str(key)
    persistence = options.get("persistence_timeout") or 0
    _between(subject, "persistence_timeout", persistence, 0, _LONGEST_PERSISTENCE)
    engine, netmask = options.get("persistence_engine"), options.get("persistence_netmask")
    if not persistence and (engine or netmask):
        raise InvalidValue(f"{subject}: persistence_engine and persistence_netmask need a persistence_timeout.", subject)
    if not persistence and not key.port and not key.fwmark:
        raise InvalidValue(
            f"{subject}: port 0 (all ports) needs a persistence_timeout, or a client's ports would go to different servers.", subject
        )
    one_packet = bool(options.get("one_packet"))
    if one_packet and not key.fwmark and key.protocol != socket.IPPROTO_UDP:
        raise InvalidValue(f"{subject}: one_packet is for udp and fwmark services only.", subject)
    scheduler = options.get("scheduler") or "wlc"
    return model.Service(
        key=key,
        scheduler=scheduler,
        flags=_flags(subject, scheduler, options.get("scheduler_flags") or []),
        persistence=persistence,
        netmask=_netmask(key, netmask),
        engine=_engine(subject, engine),
        one_packet=one_packet,
    )


def _flags(subject: str, scheduler: str, names: Iterable[str]) -> int:
    bits = 0
    for name in names:
        if name not in _FLAG_BITS or (not name.startswith("flag-") and name.split("-")[0] != scheduler):
            known = [*model.FLAG_NAMES.get(scheduler, {}).values(), *model.FLAG_NAMES[""].values()]
            raise InvalidValue(f"{subject}: the scheduler {scheduler} has no flag '{name}'; it takes {', '.join(known)}.", subject)
        bits |= _FLAG_BITS[name]
    return bits


def _netmask(key: model.ServiceKey, value: str | None) -> int:
    if key.family == socket.AF_INET6:
        return (
            model.ALL_V6
            if not value
            else _checked(f"{key}: persistence_netmask", value, _prefix(128), "a prefix length from 1 to 128", str(key))
        )
    if not value:
        return model.ALL_V4
    return _checked(f"{key}: persistence_netmask", value, _mask, "a mask such as 255.255.255.0 or a prefix length from 1 to 32", str(key))


def _mask(value: str) -> int:
    if "." in value:
        return int(ipaddress.IPv4Address(value))
    return model.ALL_V4 << (32 - _prefix(32)(value)) & model.ALL_V4


def _prefix(longest: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        length = int(value.lstrip("/"))
        if not 1 <= length <= longest:
            raise ValueError(value)
        return length

    return parse


def _engine(subject: str, name: str | None) -> str:
    if name and (not name.isascii() or len(name) > 15):
        raise InvalidValue(f"{subject}: persistence_engine '{name}' is no name of an engine; the kernel brings 'sip'.", subject)
    return name or ""


# --- destinations -----------------------------------------------------------------------------------------------------


def dest_key(service: model.ServiceKey, options: Mapping[str, Any]) -> model.DestKey:
    subject = f"{service} -> {options['address']}"
    family, text = address(options["address"], subject)
    port = service.port if options.get("port") is None else options["port"]
    _between(subject, "port", port, 0, 65535)
    return model.DestKey(family, text, port)


def destination(service: model.ServiceKey, options: Mapping[str, Any]) -> model.Destination:
    key = dest_key(service, options)
    subject = f"{service} -> {key}"
    if not _parsed(key.address)[2]:
        raise InvalidValue(f"{subject}: a real server needs a unicast address.", subject)
    forward = options.get("forward") or "route"
    _check_port(subject, service, key, forward)
    if key.family != service.family and forward != "tunnel":
        raise InvalidValue(f"{subject}: a real server of the other address family can only be reached by 'forward: tunnel'.", subject)
    upper, lower = options.get("upper_threshold") or 0, options.get("lower_threshold") or 0
    weight = 1 if options.get("weight") is None else options["weight"]
    for name, value in (("weight", weight), ("upper_threshold", upper), ("lower_threshold", lower)):
        _between(subject, name, value, 0, _HEAVIEST)
    if lower > upper:
        hint = "" if upper else " (0 is no limit; set upper_threshold too)"
        raise InvalidValue(f"{subject}: lower_threshold {lower} is above upper_threshold {upper}{hint}.", subject)
    return model.Destination(key, forward, weight, upper, lower, _tunnel(subject, forward, options))


def _check_port(subject: str, service: model.ServiceKey, key: model.DestKey, forward: str) -> None:
    # ipvsadm rewrites the port without a word, the kernel takes it and ignores it: both hide a mistake.
    if forward != "masquerade" and not service.fwmark and key.port != service.port:
        raise InvalidValue(
            f"{subject}: 'forward: {forward}' delivers packets unchanged, so the port must be the service's {service.port}; "
            "leave 'port' out, or use 'forward: masquerade'.",
            subject,
        )


def _tunnel(subject: str, forward: str, options: Mapping[str, Any]) -> model.Tunnel | None:
    given = [options.get(name) for name in ("tunnel_type", "tunnel_port", "tunnel_checksum")]
    if forward != "tunnel":
        if given != [None, None, None]:
            raise InvalidValue(f"{subject}: tunnel_* options need 'forward: tunnel'.", subject)
        return None
    kind, port, checksum = given[0] or "ipip", given[1] or 0, given[2] or "none"
    _between(subject, "tunnel_port", port, 0, 65535)
    if (kind == "gue") != bool(port):
        raise InvalidValue(f"{subject}: tunnel_port belongs to 'tunnel_type: gue', and is required there.", subject)
    if (kind == "ipip" and checksum != "none") or (kind == "gre" and checksum == "remote"):
        raise InvalidValue(f"{subject}: a tunnel of type {kind} has no checksum '{checksum}'.", subject)
    return model.Tunnel(kind, port, checksum)


# --- values -----------------------------------------------------------------------------------------------------------


def address(text: str, subject: str) -> tuple[int, str]:
    """Family and canonical spelling: the kernel knows addresses, not their many spellings."""
    try:
        return _parsed(text.strip("[]"))[:2]
    except ValueError:
        hint = "has a zone, which IPVS does not know" if "%" in text else "is no IPv4 or IPv6 address (a name is not resolved here)"
        raise InvalidValue(f"{subject}: '{text}' {hint}.", subject) from None


@lru_cache(maxsize=4096)
def _parsed(text: str) -> tuple[int, str, bool]:
    """Family, the C library's spelling (which is what comes back from the kernel's bytes), and whether one host has it."""
    if "%" in text:
        raise ValueError(text)
    parsed = ipaddress.ip_address(text)
    family = socket.AF_INET6 if parsed.version == 6 else socket.AF_INET
    return family, socket.inet_ntop(family, parsed.packed), not (parsed.is_multicast or parsed.is_unspecified)


def _between(subject: str, name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InvalidValue(f"{subject}: {name} is {value}, but must be between {low} and {high}.", subject)


def _checked(name: str, value: str, parse: Callable[[str], _T], wanted: str, subject: str) -> _T:
    try:
        return parse(value)
    except ValueError:
        raise InvalidValue(f"{name} is '{value}', but must be {wanted}.", subject) from None

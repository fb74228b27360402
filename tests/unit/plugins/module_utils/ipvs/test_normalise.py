# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to values: one canonical form, and one clear sentence for what cannot be meant."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import normalise, render
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import InvalidValue, PartialFailure
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.model import (
    ALL_V4,
    Destination,
    DestKey,
    Entry,
    Service,
    ServiceKey,
    Tunnel,
)

V4, V6 = socket.AF_INET, socket.AF_INET6
WEB = {"address": "192.0.2.150", "port": 80}
WEB_KEY = ServiceKey(0, V4, 6, "192.0.2.150", 80)

KEYS: list[tuple[dict[str, Any], ServiceKey, str]] = [
    (WEB, WEB_KEY, "tcp 192.0.2.150:80"),
    ({**WEB, "protocol": "udp"}, ServiceKey(0, V4, 17, "192.0.2.150", 80), "udp 192.0.2.150:80"),
    ({**WEB, "protocol": "sctp", "family": "ipv4"}, ServiceKey(0, V4, 132, "192.0.2.150", 80), "sctp 192.0.2.150:80"),
    ({"address": "2001:DB8:0::01", "port": 80}, ServiceKey(0, V6, 6, "2001:db8::1", 80), "tcp [2001:db8::1]:80"),
    ({"address": "[2001:db8::1]", "port": 80}, ServiceKey(0, V6, 6, "2001:db8::1", 80), "tcp [2001:db8::1]:80"),
    ({"fwmark": 1}, ServiceKey(1, V4), "fwmark 1 (ipv4)"),
    ({"fwmark": 1, "family": "ipv6", "protocol": "tcp"}, ServiceKey(1, V6), "fwmark 1 (ipv6)"),
    ({"fwmark": 0xFFFFFFFF}, ServiceKey(0xFFFFFFFF, V4), "fwmark 4294967295 (ipv4)"),
]


@pytest.mark.parametrize(("options", "key", "name"), KEYS)
def test_identities(options: dict[str, Any], key: ServiceKey, name: str) -> None:
    assert normalise.service_key(options) == key
    assert str(key) == name


SERVICES: list[tuple[dict[str, Any], Service]] = [
    (WEB, Service(WEB_KEY)),
    ({**WEB, "scheduler": "sh", "scheduler_flags": ["sh-port", "sh-fallback"]}, Service(WEB_KEY, "sh", 24)),
    ({**WEB, "scheduler": "sh", "scheduler_flags": ["flag-1"]}, Service(WEB_KEY, "sh", 8)),
    ({**WEB, "scheduler": "mh", "scheduler_flags": ["mh-fallback"]}, Service(WEB_KEY, "mh", 8)),
    ({**WEB, "scheduler": "rr", "scheduler_flags": ["flag-3"]}, Service(WEB_KEY, "rr", 32)),
    ({**WEB, "persistence_timeout": 300}, Service(WEB_KEY, persistence=300)),
    ({**WEB, "persistence_timeout": 300, "persistence_netmask": "255.255.255.0"}, Service(WEB_KEY, persistence=300, netmask=0xFFFFFF00)),
    ({**WEB, "persistence_timeout": 300, "persistence_netmask": "24"}, Service(WEB_KEY, persistence=300, netmask=0xFFFFFF00)),
    ({**WEB, "persistence_timeout": 300, "persistence_netmask": "/32"}, Service(WEB_KEY, persistence=300, netmask=ALL_V4)),
    ({**WEB, "port": 0, "persistence_timeout": 1}, Service(ServiceKey(0, V4, 6, "192.0.2.150", 0), persistence=1)),
    (
        {"fwmark": 3, "family": "ipv6", "persistence_timeout": 9, "persistence_netmask": "64", "one_packet": True},
        Service(ServiceKey(3, V6), persistence=9, netmask=64, one_packet=True),
    ),
    ({"fwmark": 3, "family": "ipv6"}, Service(ServiceKey(3, V6), netmask=128)),
    (
        {**WEB, "protocol": "udp", "one_packet": True, "persistence_timeout": 5, "persistence_engine": "sip"},
        Service(ServiceKey(0, V4, 17, "192.0.2.150", 80), persistence=5, engine="sip", one_packet=True),
    ),
]


@pytest.mark.parametrize(("options", "service"), SERVICES)
def test_services(options: dict[str, Any], service: Service) -> None:
    assert normalise.entry(options) == Entry(service, None)


@pytest.mark.parametrize(("options", "service"), SERVICES)
def test_what_is_returned_can_be_declared(options: dict[str, Any], service: Service) -> None:
    assert normalise.entry(render.entry(Entry(service, {}))) == Entry(service, {})


def dest(address: str = "192.0.2.21", port: int = 80, family: int = V4, **attributes: Any) -> Destination:
    return Destination(DestKey(family, address, port), **attributes)


SERVER = {"address": "192.0.2.21"}
DESTINATIONS: list[tuple[dict[str, Any], dict[str, Any], Destination]] = [
    (WEB, SERVER, dest()),
    (WEB, {**SERVER, "port": 80, "weight": 0}, dest(weight=0)),
    (WEB, {**SERVER, "port": 8080, "forward": "masquerade"}, dest(port=8080, forward="masquerade")),
    (WEB, {**SERVER, "upper_threshold": 10, "lower_threshold": 10}, dest(upper_threshold=10, lower_threshold=10)),
    (WEB, {**SERVER, "weight": 2147483647}, dest(weight=2147483647)),
    (WEB, {**SERVER, "forward": "tunnel"}, dest(forward="tunnel", tunnel=Tunnel())),
    (
        WEB,
        {**SERVER, "forward": "tunnel", "tunnel_type": "gue", "tunnel_port": 6080, "tunnel_checksum": "remote"},
        dest(forward="tunnel", tunnel=Tunnel("gue", 6080, "remote")),
    ),
    (
        WEB,
        {**SERVER, "forward": "tunnel", "tunnel_type": "gre", "tunnel_checksum": "standard"},
        dest(forward="tunnel", tunnel=Tunnel("gre", 0, "standard")),
    ),
    (WEB, {"address": "2001:db8::9", "forward": "tunnel"}, dest("2001:db8::9", 80, V6, forward="tunnel", tunnel=Tunnel())),
    ({"fwmark": 1}, SERVER, dest(port=0)),
    ({"fwmark": 1}, {**SERVER, "port": 8080}, dest(port=8080)),
    ({**WEB, "port": 0}, SERVER, dest(port=0)),
    ({**WEB, "port": 0}, {**SERVER, "port": 81, "forward": "masquerade"}, dest(port=81, forward="masquerade")),
]


@pytest.mark.parametrize(("service", "options", "expected"), DESTINATIONS)
def test_destinations(service: dict[str, Any], options: dict[str, Any], expected: Destination) -> None:
    key = normalise.service_key(service)
    assert normalise.destination(key, options) == expected
    assert normalise.destination(key, render.destination(expected)) == expected


BAD_SERVICES: list[tuple[dict[str, Any], str]] = [
    ({"address": "www.example.org", "port": 80}, "'www.example.org' is no IPv4 or IPv6 address"),
    ({"address": "192.0.2.300", "port": 80}, "no IPv4 or IPv6 address"),
    ({"address": "fe80::1%eth0", "port": 80}, "zone"),
    ({"address": "192.0.2.1"}, "needs either 'address' and 'port', or 'fwmark'"),
    ({"port": 80}, "needs either"),
    ({"address": "192.0.2.1", "port": 65536}, "port is 65536, but must be between 0 and 65535"),
    ({"address": "192.0.2.1", "port": -1}, "port is -1"),
    ({"address": "192.0.2.1", "port": 80, "family": "ipv6"}, "not of the family ipv6"),
    ({"fwmark": 0}, "fwmark is 0, but must be between 1 and 4294967295"),
    ({"fwmark": 4294967296}, "fwmark is 4294967296"),
    ({"fwmark": 1, "port": 80}, "one or the other"),
    ({"address": "192.0.2.1", "port": 0}, "port 0 (all ports) needs a persistence_timeout"),
    ({**WEB, "persistence_timeout": 2678401}, "persistence_timeout is 2678401"),
    ({**WEB, "persistence_netmask": "24"}, "need a persistence_timeout"),
    ({**WEB, "persistence_engine": "sip"}, "need a persistence_timeout"),
    ({**WEB, "persistence_timeout": 1, "persistence_netmask": "0"}, "persistence_netmask is '0', but must be a mask"),
    ({**WEB, "persistence_timeout": 1, "persistence_netmask": "255.255.300.0"}, "persistence_netmask is '255.255.300.0'"),
    ({"address": "2001:db8::1", "port": 80, "persistence_timeout": 1, "persistence_netmask": "129"}, "a prefix length from 1 to 128"),
    ({"address": "2001:db8::1", "port": 80, "persistence_timeout": 1, "persistence_netmask": "ffff::"}, "a prefix length from 1 to 128"),
    ({**WEB, "persistence_timeout": 1, "persistence_engine": "x" * 16}, "no name of an engine"),
    ({**WEB, "one_packet": True}, "one_packet is for udp and fwmark services only"),
    ({**WEB, "scheduler": "rr", "scheduler_flags": ["sh-port"]}, "rr has no flag 'sh-port'; it takes flag-1, flag-2, flag-3"),
    ({**WEB, "scheduler": "sh", "scheduler_flags": ["mh-port"]}, "sh has no flag 'mh-port'; it takes sh-fallback, sh-port, flag-1"),
    ({**WEB, "scheduler_flags": ["nonsense"]}, "no flag 'nonsense'"),
]


@pytest.mark.parametrize(("options", "message"), BAD_SERVICES)
def test_bad_services(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        normalise.entry(options)
    assert message in caught.value.message
    assert caught.value.subject


BAD_DESTINATIONS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (WEB, {"address": "x"}, "'x' is no IPv4 or IPv6 address"),
    (WEB, {"address": "224.0.0.1"}, "needs a unicast address"),
    (WEB, {"address": "0.0.0.0"}, "needs a unicast address"),
    (WEB, {"address": "ff02::1", "forward": "tunnel"}, "needs a unicast address"),
    (WEB, {**SERVER, "port": 8080}, "the port must be the service's 80"),
    (WEB, {**SERVER, "port": 8080, "forward": "tunnel"}, "the port must be the service's 80"),
    (WEB, {**SERVER, "port": 70000, "forward": "masquerade"}, "port is 70000"),
    (WEB, {"address": "2001:db8::9"}, "only be reached by 'forward: tunnel'"),
    (WEB, {"address": "2001:db8::9", "forward": "masquerade"}, "only be reached by 'forward: tunnel'"),
    (WEB, {**SERVER, "weight": -1}, "weight is -1, but must be between 0 and 2147483647"),
    (WEB, {**SERVER, "weight": 2147483648}, "weight is 2147483648"),
    (WEB, {**SERVER, "lower_threshold": 5}, "lower_threshold 5 is above upper_threshold 0 (0 is no limit; set upper_threshold too)"),
    (WEB, {**SERVER, "lower_threshold": 5, "upper_threshold": 4}, "lower_threshold 5 is above upper_threshold 4."),
    (WEB, {**SERVER, "tunnel_type": "ipip"}, "tunnel_* options need 'forward: tunnel'"),
    (WEB, {**SERVER, "forward": "tunnel", "tunnel_type": "gue"}, "required there"),
    (WEB, {**SERVER, "forward": "tunnel", "tunnel_port": 6080}, "belongs to 'tunnel_type: gue'"),
    (WEB, {**SERVER, "forward": "tunnel", "tunnel_checksum": "standard"}, "type ipip has no checksum 'standard'"),
    (WEB, {**SERVER, "forward": "tunnel", "tunnel_type": "gre", "tunnel_checksum": "remote"}, "type gre has no checksum 'remote'"),
]


@pytest.mark.parametrize(("service", "options", "message"), BAD_DESTINATIONS)
def test_bad_destinations(service: dict[str, Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        normalise.destination(normalise.service_key(service), options)
    assert message in caught.value.message
    assert caught.value.subject.startswith("tcp 192.0.2.150:80 -> ")


def test_all_mistakes_of_a_table_at_once() -> None:
    with pytest.raises(PartialFailure) as caught:
        normalise.table(
            [
                WEB,
                dict(WEB),
                {"fwmark": 0},
                {"fwmark": 7, "destinations": [SERVER, {"address": "x"}, SERVER, {"address": "y"}]},
            ]
        )
    assert [failure.subject for failure in caught.value.failures] == [
        "tcp 192.0.2.150:80",
        "fwmark 0",
        "fwmark 7 (ipv4) -> x",
        "fwmark 7 (ipv4) -> 192.0.2.21:0",
        "fwmark 7 (ipv4) -> y",
    ]
    assert caught.value.done == []
    assert "and 4 more failing objects" in caught.value.message
    assert "Nothing was changed." in caught.value.message


def test_no_destinations_and_an_empty_list_are_different() -> None:
    assert normalise.entry(WEB).destinations is None
    assert normalise.entry({**WEB, "destinations": []}).destinations == {}

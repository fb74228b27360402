# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encoding and decoding, against what a real kernel (6.1) reported about a table that ipvsadm had made."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import attributes, codec
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.model import (
    ALL_V4,
    Daemon,
    Destination,
    DestKey,
    Info,
    Service,
    ServiceKey,
    Timeouts,
    Tunnel,
)

V4, V6 = socket.AF_INET, socket.AF_INET6
TCP, UDP, SCTP = 6, 17, 132

SH = ServiceKey(0, V4, TCP, "192.0.2.150", 443)

# In the order of the kernel's dump; beside each the ipvsadm command that made it.
SERVICES = [
    Service(ServiceKey(0, V6, TCP, "2001:db8::100", 80), "rr", 0, 50, 64),  # -A -t [2001:db8::100]:80 -s rr -p 50 -M 64
    Service(ServiceKey(0, V4, UDP, "192.0.2.100", 5060), "rr", 0, 60, ALL_V4, "sip", True),  # -A -u ... -s rr -p 60 --pe sip -o
    Service(ServiceKey(0, V4, SCTP, "192.0.2.100", 99), "wlc"),  # -A --sctp-service 192.0.2.100:99 -s wlc
    Service(ServiceKey(0, V4, TCP, "192.0.2.100", 0), "rr", 0, 1000, 0xFFFFFF00),  # -A -t ...:0 -s rr -p 1000 -M 255.255.255.0
    Service(SH, "sh", 24, 300),  # -A -t 192.0.2.150:443 -s sh -p 300 -b sh-fallback,sh-port
    Service(ServiceKey(4000000000, V6), "mh", 16, 0, 128),  # -A -f 4000000000 -6 -s mh -b mh-port
    Service(ServiceKey(1, V4), "wrr", 32),  # -A -f 1 -s wrr -b flag-3
]
DESTINATIONS = [
    # -i --tun-type gue --tun-port 6081 --tun-remcsum
    Destination(DestKey(V4, "192.0.2.15", 443), "tunnel", 1, tunnel=Tunnel("gue", 6081, "remote")),
    Destination(DestKey(V6, "2001:db8::14", 443), "tunnel", 1, tunnel=Tunnel()),  # -i
    Destination(DestKey(V4, "192.0.2.14", 443), "route", 0),  # -g -w 0
    Destination(DestKey(V4, "192.0.2.13", 8443), "masquerade", 65535, 10, 5),  # -m -w 65535 -x 10 -y 5
    Destination(DestKey(V4, "192.0.2.12", 443), "tunnel", 1, tunnel=Tunnel("gre")),  # -i --tun-type gre --tun-nocsum
    # -i --tun-type gue --tun-port 6080 --tun-csum
    Destination(DestKey(V4, "192.0.2.11", 443), "tunnel", 1, tunnel=Tunnel("gue", 6080, "standard")),
]


def dumped(kind: str) -> list[bytes]:
    lines = (Path(__file__).parent / "kernel_dump.txt").read_text(encoding="ascii").splitlines()
    return [bytes.fromhex(line.split()[1]) for line in lines if line.startswith(kind + " ")]


@pytest.mark.parametrize(("payload", "service"), list(zip(dumped("service"), SERVICES)))
def test_services_are_read_as_ipvsadm_made_them(payload: bytes, service: Service) -> None:
    assert codec.decode_service(payload)[0] == service


@pytest.mark.parametrize(("payload", "destination"), list(zip(dumped("destination"), DESTINATIONS)))
def test_destinations_are_read_as_ipvsadm_made_them(payload: bytes, destination: Destination) -> None:
    assert codec.decode_destination(payload, V4)[0] == destination


def test_the_recorded_dump_is_whole() -> None:
    assert (len(dumped("service")), len(dumped("destination"))) == (len(SERVICES), len(DESTINATIONS))


@pytest.mark.parametrize(("payload", "service"), list(zip(dumped("service"), SERVICES)))
def test_services_are_written_as_the_kernel_writes_them(payload: bytes, service: Service) -> None:
    theirs = attributes.parse(attributes.parse(payload)[1])
    ours = attributes.parse(attributes.parse(codec.encode_service(service))[1])
    # The kernel adds the hashed flag; both sides say in the mask that all flags count.
    assert ours.pop(7) == bytes([theirs.pop(7)[0] & ~2, 0, 0, 0]) + b"\xff" * 4
    assert ours == {kind: theirs[kind] for kind in ours}
    assert {6, 8, 9} <= set(ours)


@pytest.mark.parametrize(("payload", "destination"), list(zip(dumped("destination"), DESTINATIONS)))
def test_destinations_are_written_as_the_kernel_writes_them(payload: bytes, destination: Destination) -> None:
    theirs = attributes.parse(attributes.parse(payload)[2])
    sent = attributes.parse(codec.encode_destination(SH, destination))
    ours = attributes.parse(sent[2])
    assert ours == {kind: theirs[kind] for kind in ours}
    assert {1, 2, 3, 4, 5, 6, 11} <= set(ours)
    assert sent[1] == attributes.parse(codec.service_identity(SH))[1]


def test_counters_prefer_the_wide_set() -> None:
    wide = attributes.nested(12, [attributes.attribute(1, attributes.u64.pack(1 << 40))])
    narrow = attributes.nested(10, [attributes.attribute(1, attributes.u32.pack(7))])
    assert codec.decode_stats(attributes.parse(wide + narrow)) == {"conns": 1 << 40}
    assert codec.decode_stats(attributes.parse(narrow)) == {"conns": 7}


def test_a_family_that_an_old_kernel_does_not_report_is_the_services() -> None:
    payload = dumped("destination")[2]
    fields = attributes.parse(attributes.parse(payload)[2])
    del fields[11]
    stripped = attributes.nested(2, [attributes.attribute(kind, value) for kind, value in fields.items()])
    assert codec.decode_destination(stripped, V4)[0] == DESTINATIONS[2]


def test_a_mask_without_persistence_means_nothing() -> None:
    masked = codec.encode_service(Service(SH, netmask=0xFFFFFF00))
    assert codec.decode_service(masked)[0] == Service(SH)


def test_timeouts_and_info() -> None:
    # ipvsadm --set 900 120 300; IP Virtual Server version 1.2.1 (size=4096)
    assert codec.decode_timeouts(bytes.fromhex("08000400840300000800050078000000080006002c010000")) == Timeouts(900, 120, 300)
    assert codec.decode_info(bytes.fromhex("08000100010201000800020000100000")) == Info("1.2.1", 4096)
    assert codec.encode_timeouts(Timeouts(900, 120, 300)).hex() == "08000400840300000800050078000000080006002c010000"


@pytest.mark.parametrize(
    "daemon",
    [
        Daemon("master", "eth0"),
        Daemon("backup", "eth1", 255, 1400, "239.1.2.3", 65535, 255),
        Daemon("master", "eth0", 1, 0, "ff02::81", 8848, 2),
    ],
)
def test_daemons_come_back(daemon: Daemon) -> None:
    assert codec.decode_daemon(codec.encode_daemon(daemon)) == daemon


def test_the_daemons_port_travels_in_host_order() -> None:
    fields = attributes.parse(attributes.parse(codec.encode_daemon(Daemon("master", "eth0", port=8848)))[3])
    assert attributes.u16.unpack(fields[7])[0] == 8848


def test_parsing_stops_at_a_broken_length() -> None:
    good = attributes.attribute(1, b"abc")
    assert attributes.parse(good + b"\xff\xff\x02\x00") == {1: b"abc"}
    assert attributes.parse(good + b"\x00\x00\x02\x00") == {1: b"abc"}
    assert attributes.parse(b"\x01") == {}


def test_attributes_are_padded_but_not_their_length() -> None:
    assert attributes.attribute(5, b"abcde") == b"\x09\x00\x05\x00abcde\x00\x00\x00"
    assert attributes.nested(5, []) == b"\x04\x00\x05\x80"

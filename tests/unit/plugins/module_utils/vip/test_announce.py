# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes over the wire when a VIP has come, byte by byte, and which VIPs that is said of."""
from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._vip.announce import announce, frame
from ansible_collections.steadfast.edge.plugins.module_utils._vip.host import ApplyError, apply, make_plan
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.arp.fakes import FakeFiles, host
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.vip.fake_kernel import FakeKernel

MAC = bytes.fromhex("02000000000b")
VIP, VIP6 = ipaddress.ip_address("192.0.2.150"), ipaddress.ip_address("2001:db8::150")
REQUEST = """
    ffffffffffff 02000000000b 0806
    0001 0800 06 04 0001
    02000000000b c0000296
    000000000000 c0000296
"""
ADVERTISEMENT = """
    333300000001 02000000000b 86dd
    60000000 0020 3a ff
    20010db8000000000000000000000150 ff020000000000000000000000000001
    88 00 {checksum}
    {flags} 20010db8000000000000000000000150
    02 01 02000000000b
"""


def test_an_ipv4_address_is_asked_for_by_its_owner() -> None:
    assert frame(MAC, VIP, router=False).hex() == "".join(REQUEST.split())


@pytest.mark.parametrize(("router", "flags", "checksum"), [(False, "20000000", "f682"), (True, "a0000000", "7682")])
def test_an_ipv6_address_is_advertised_to_override(router: bool, flags: str, checksum: str) -> None:
    assert frame(MAC, VIP6, router).hex() == "".join(ADVERTISEMENT.format(flags=flags, checksum=checksum).split())


class Wire:
    """A packet socket that remembers; `sent` are the frames and the pauses between them."""

    def __init__(self, kind: int = 1) -> None:
        self.sent: list[Any] = []
        self.bound: Any = None
        self.kind = kind

    def __call__(self, *arguments: int) -> Wire:
        return self

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_error: object) -> None:
        self.sent.append("closed")

    def bind(self, where: tuple[str, int]) -> None:
        self.bound = where

    def getsockname(self) -> tuple[str, int, int, int, bytes]:
        return (*self.bound, 0, self.kind, MAC)

    def send(self, data: bytes) -> None:
        self.sent.append(data)


def test_three_times_a_second_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire()
    monkeypatch.setattr("socket.socket", wire)
    monkeypatch.setattr("time.sleep", wire.sent.append)
    announce("eth0", [VIP, VIP6], router=False)
    both = [frame(MAC, address, router=False) for address in (VIP, VIP6)]
    assert wire.bound == ("eth0", 0)
    assert wire.sent == [0, *both, 1.0, *both, 1.0, *both, "closed"]


def test_what_is_no_ethernet_is_not_spoken_to(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(kind=32)
    monkeypatch.setattr("socket.socket", wire)
    with pytest.raises(OSError, match="no Ethernet"):
        announce("ib0", [VIP], router=False)
    assert wire.sent == ["closed"]


def told(kernel: FakeKernel, files: FakeFiles, *addresses: str, **options: Any) -> list[tuple[str, list[str], bool]]:
    """What neighbours hear of a run."""
    heard: list[tuple[str, list[str], bool]] = []
    usual = {"interface": "eth0", "scope": None, "host_route": False, "purge": False, "arp_interfaces": None, "state": "present"}
    plan = make_plan(kernel.runner, files, {"addresses": list(addresses), **usual, **options})
    if plan.changed:
        apply(kernel.runner, files, plan, lambda interface, those, router: heard.append((interface, list(map(str, those)), router)))
    return heard


def test_what_comes_is_announced_once() -> None:
    kernel, files = FakeKernel({("eth0", "192.0.2.151/32"): "global", ("lo", "192.0.2.152/32"): "host"}), host({"eth0": (0, 0)})
    assert told(kernel, files, "192.0.2.150", "192.0.2.151", "192.0.2.152", "2001:db8::150") == [
        ("eth0", ["192.0.2.150", "192.0.2.152", "2001:db8::150"], False)
    ]
    assert told(kernel, files, "192.0.2.150", "192.0.2.153") == [("eth0", ["192.0.2.153"], False)]
    assert told(kernel, files, "192.0.2.150", scope="link") == []
    assert told(kernel, files, "192.0.2.150", state="absent") == []


@pytest.mark.parametrize("interface", ["lo", "tunl0"])
def test_nobody_asks_for_what_is_on_a_silent_interface(interface: str) -> None:
    assert told(FakeKernel(), host({"eth0": (1, 2)}), "192.0.2.150", "2001:db8::150", interface=interface) == []


@pytest.mark.parametrize(
    ("ignore", "scope", "heard"),
    [(0, None, 2), (1, None, 2), (2, "host", 2), (3, "link", 2), (3, "global", 2), (3, "host", 1), (8, None, 1)],
)
def test_only_what_this_host_answers_for_is_announced(ignore: int, scope: str | None, heard: int) -> None:
    """arp_ignore of either place hides an IPv4 address; IPv6 knows nothing of it."""
    for values in ({"eth0": (ignore, 0)}, {"all": (ignore, 0), "eth0": (0, 0)}):
        addresses = told(FakeKernel(), host(values), "192.0.2.150", scope=scope)
        addresses += told(FakeKernel(), host(values), "2001:db8::150", scope=None if scope == "link" else scope)
        assert len(addresses) == heard


def test_an_interface_that_has_to_be_silent_is() -> None:
    assert told(FakeKernel(), host({"eth0": (1, 2)}), "192.0.2.150", arp_interfaces=["eth0"]) == []


def test_a_router_says_that_it_is_one() -> None:
    files = host({"eth0": (0, 0)}, **{"/proc/sys/net/ipv6/conf/eth0/forwarding": "1\n"})
    assert told(FakeKernel(), files, "2001:db8::150") == [("eth0", ["2001:db8::150"], True)]


def test_an_address_is_announced_when_the_kernel_uses_it() -> None:
    kernel, files = FakeKernel(asking=3), host({"eth0": (0, 0)})
    assert told(kernel, files, "2001:db8::150") == [("eth0", ["2001:db8::150"], False)]
    assert kernel.asking == 0


def test_an_address_without_a_carrier_is_held_and_not_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.steadfast.edge.plugins.module_utils._vip.host.SETTLED_WITHIN", 0.2)
    kernel, files = FakeKernel(asking=10**6), host({"eth0": (0, 0)})
    assert told(kernel, files, "192.0.2.150", "2001:db8::150") == [("eth0", ["192.0.2.150"], False)]
    assert told(kernel, files, "2001:db8::150") == []


def test_an_address_that_another_host_has_is_refused_and_taken_when_that_is_gone() -> None:
    kernel, files = FakeKernel(elsewhere={"2001:db8::150"}), host({"eth0": (0, 0)})
    heard: list[Any] = []
    with pytest.raises(ApplyError, match=r"another host has 2001:db8::150/128 dev eth0"):
        heard += told(kernel, files, "192.0.2.150", "2001:db8::150")
    with pytest.raises(ApplyError, match="take it away there first"):
        told(kernel, files, "2001:db8::150")
    kernel.elsewhere.clear()
    assert told(kernel, files, "192.0.2.150", "2001:db8::150") == [("eth0", ["2001:db8::150"], False)]
    assert kernel.lines[-2:] == ["address delete 2001:db8::150/128 dev eth0", "address replace 2001:db8::150/128 dev eth0"]
    assert told(kernel, files, "192.0.2.150", "2001:db8::150") == []

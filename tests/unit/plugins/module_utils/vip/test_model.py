# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be a VIP, how it is written down, and how it is read back."""
from __future__ import annotations

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._vip.model import (
    Link,
    Vip,
    VipError,
    check_interface,
    parse_batch,
    parse_vip,
    parse_vips,
    render_batch,
)
from hypothesis import given
from hypothesis import strategies as st

LO, ETH0 = Link("lo", silent=True), Link("eth0", silent=False)


@pytest.mark.parametrize(
    ("text", "link", "scope", "lines"),
    [
        ("192.0.2.150", LO, None, ["address replace 192.0.2.150/32 dev lo scope host"]),
        ("192.0.2.150/32", LO, "global", ["address replace 192.0.2.150/32 dev lo scope global"]),
        ("192.0.2.150/24", ETH0, None, ["address replace 192.0.2.150/24 dev eth0 scope global"]),
        ("192.0.2.0/31", ETH0, "link", ["address replace 192.0.2.0/31 dev eth0 scope link"]),
        ("192.0.2.0", LO, None, ["address replace 192.0.2.0/32 dev lo scope host"]),
        ("2001:DB8:0::150", LO, None, ["address replace 2001:db8::150/128 dev lo preferred_lft 0"]),
        ("2001:db8::150", LO, "global", ["address replace 2001:db8::150/128 dev lo"]),
        ("2001:db8::150/64", ETH0, None, ["address replace 2001:db8::150/64 dev eth0"]),
    ],
)
def test_how_a_vip_is_told_to_ip(text: str, link: Link, scope: str | None, lines: list[str]) -> None:
    assert parse_vip(text, link, scope, False).add_lines() == lines


def test_a_host_route() -> None:
    assert parse_vip("2001:db8::150", LO, None, True).add_lines()[1:] == ["route replace 2001:db8::150/128 dev lo proto static"]


@pytest.mark.parametrize(
    ("text", "link", "reason"),
    [
        ("shop", LO, "'shop' is no IP address"),
        ("192.0.2.256", LO, "'192.0.2.256' is no IP address"),
        ("192.0.2.150/33", LO, "is no IP address"),
        ("", LO, "'' is no IP address"),
        ("0.0.0.0", LO, "the unspecified address"),
        ("::", LO, "the unspecified address"),
        ("224.0.0.18", LO, "a multicast address"),
        ("ff02::12", LO, "a multicast address"),
        ("127.0.0.1", LO, "a loopback address"),
        ("::1", LO, "a loopback address"),
        ("169.254.0.1", LO, "a link-local address"),
        ("fe80::1", LO, "a link-local address"),
        ("240.0.0.1", LO, "reserved"),
        ("255.255.255.255", LO, "reserved"),
        ("2001:db8::1%eth0", ETH0, "with a zone"),
        ("::ffff:192.0.2.1", LO, "written as IPv6"),
        ("192.0.2.150/24", LO, r"on lo would make all of 192.0.2.0/24 local to this host; write 192.0.2.150/32"),
        ("192.0.2.150/31", Link("tunl0", silent=True), "on tunl0 would make all of"),
        ("2001:db8::150/64", LO, "write 2001:db8::150/128"),
        ("192.0.2.0/24", ETH0, "is the address of the network 192.0.2.0/24"),
        ("2001:db8::/64", ETH0, "is the address of the network"),
        ("192.0.2.255/24", ETH0, "is the broadcast address of 192.0.2.0/24"),
        ("192.0.2.1/0", ETH0, "prefix length 0"),
    ],
)
def test_what_cannot_be_a_vip(text: str, link: Link, reason: str) -> None:
    with pytest.raises(VipError, match=reason):
        parse_vip(text, link, None, False)


def test_scope_link_is_not_for_ipv6() -> None:
    with pytest.raises(VipError, match="choose host or global"):
        parse_vip("2001:db8::1", LO, "link", False)


def test_lists() -> None:
    vips = parse_vips(["192.0.2.1", "192.0.2.1/32", "2001:db8::1"], LO, None, False)
    assert [vip.cidr for vip in vips] == ["192.0.2.1/32", "2001:db8::1/128"]
    with pytest.raises(VipError, match=r"192\.0\.2\.1 is listed with two prefix lengths, 24 and 32"):
        parse_vips(["192.0.2.1/24", "192.0.2.1"], ETH0, None, False)


@pytest.mark.parametrize("name", ["", "x" * 16, "eth0;reboot", "a b", "%i", "a/b", "all", ".."])
def test_names_that_would_need_quoting(name: str) -> None:
    with pytest.raises(VipError, match="cannot be the name of an interface"):
        check_interface(name)


V4 = st.ip_addresses(v=4, network="192.0.2.0/24")
V6 = st.ip_addresses(v=6, network="2001:db8::/32")
VIPS = st.one_of(
    st.builds(Vip, V4, st.integers(24, 32), st.sampled_from(["lo", "eth0.7"]), st.sampled_from(["host", "link", "global"]), st.booleans()),
    st.builds(Vip, V6, st.integers(64, 128), st.sampled_from(["lo", "eth0.7"]), st.sampled_from(["host", "global"]), st.booleans()),
)


@given(st.lists(VIPS, unique_by=lambda vip: vip.address))
def test_the_record_reads_back_as_it_was_written(vips: list[Vip]) -> None:
    text = render_batch(vips, "# head\n")
    assert parse_batch("x", text) == {vip.address: vip for vip in vips}


@pytest.mark.parametrize(
    "line",
    [
        "address add 192.0.2.1/32 dev lo",
        "address replace 192.0.2.1/32 dev lo",
        "address replace 192.0.2.1/32 dev lo scope host label lo:0",
        "address replace shop dev lo scope host",
        "route replace 192.0.2.1/32 dev lo proto static",
        "address",
    ],
)
def test_a_line_by_hand_in_the_record_is_an_error(line: str) -> None:
    with pytest.raises(VipError, match="x:2 is no line of this module"):
        parse_batch("x", f"# head\n{line}\n")

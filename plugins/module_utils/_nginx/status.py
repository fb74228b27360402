# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The counters of nginx, on a server of their own that nobody but monitoring reaches."""

from __future__ import annotations

import ipaddress

from .context import Context, with_brackets
from .tree import Block, word

__all__ = ["print_status"]


def print_status(file: Block, context: Context) -> None:
    given = context.values["nginx_status"]
    address = given["address"]
    local = _is_loopback(address)
    if not local and not given["allow"]:
        message = "Everybody who reaches this address could read the counters."
        context.problems.add("nginx_status.allow", None, message, "Write the addresses that may, or keep the address 127.0.0.1.")
    block = file.block("server", "nginx_status")
    block.put("listen", f"{word(with_brackets(address))}:{given['port']}", "nginx_status.address")
    block.put("access_log", "off")
    location = block.block(f"location = {word(given['path'])}", "nginx_status.path")
    location.add("stub_status", origin="nginx_status")
    for index, allowed in enumerate(given["allow"]):
        location.add("allow", allowed, origin=f"nginx_status.allow[{index}]")
    # The host that asks an address of its own comes from that address.
    for own in dict.fromkeys(["127.0.0.1", "::1", *_plain(address)]):
        location.put("allow", own)
    location.put("deny", "all")
    block.block("location /").put("return", "404")


def _plain(address: str) -> list[str]:
    """The address where it is a single one: neither a name nor all addresses of the host."""
    try:
        found = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return []
    return [] if found.is_unspecified else [str(found)]


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address == "localhost"

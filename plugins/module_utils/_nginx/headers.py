# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers of answers and of requests to upstreams.

nginx takes either all headers of the surrounding block or, where a block has one of its own, none of them. Here they are always added:
a block that changes any prints them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .tree import Block, quoted, word

__all__ = ["PROXY_SET_HEADERS", "Header", "Headers", "print_headers", "print_requests", "with_headers"]

# What an upstream is told. The empty Connection header is what lets connections be kept open.
PROXY_SET_HEADERS = {
    "Host": "$host",
    "Connection": "",
    "X-Real-IP": "$remote_addr",
    "X-Forwarded-For": "$proxy_add_x_forwarded_for",
    "X-Forwarded-Proto": "$scheme",
}


@dataclass(frozen=True)
class Header:
    """The value of a header, whether answers with an error have it too, and where it is written."""

    value: str
    always: bool = True
    origin: str | None = None


Headers = Mapping[str, Header]


def with_headers(outer: Headers, given: Mapping[str, Any], path: str) -> dict[str, Header]:
    """`outer` with those that a block adds or replaces; false and null take one away. Names are compared as HTTP does."""
    found = dict(outer)
    for name, value in given.items():
        for known in [each for each in found if each.lower() == str(name).lower()]:
            del found[known]
        if value is not None and value is not False:
            found[str(name)] = Header("on" if value is True else str(value), True, f"{path}.{name}")
    return found


def print_headers(block: Block, headers: Headers) -> None:
    for name, header in headers.items():
        block.put("add_header", f"{word(name)} {quoted(header.value)}{' always' if header.always else ''}", header.origin)


def print_requests(block: Block, headers: Headers) -> None:
    for name, header in headers.items():
        block.put("proxy_set_header", f"{word(name)} {quoted(header.value)}", header.origin)

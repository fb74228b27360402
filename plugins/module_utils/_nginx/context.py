# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every feature needs to know: the completed variables, the host, and where problems go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._spec import Specification
from .._topology.problems import Problems, closest, listed
from .._topology.scalars import Reject
from . import directives
from .arguments import printed, split
from .headers import Header
from .tree import Block

__all__ = ["NAME", "Context", "Host", "with_brackets"]

# Names become names of files and of zones.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
BARE_IPV6 = re.compile(r"[0-9a-fA-F.]*:[0-9a-fA-F:.]*")


def with_brackets(address: str) -> str:
    """nginx wants an IPv6 address that a port follows in brackets."""
    return f"[{address}]" if BARE_IPV6.fullmatch(address) else address


@dataclass(frozen=True)
class Host:
    """What is known of the host. Without a version nothing is too new: it is not installed yet."""

    version: str | None = None
    openssl: str | None = None
    processors: int | None = None
    user: str = "www-data"
    log_directory: str = "/var/log/nginx"
    modules_include: str = ""
    self_signed_directory: str = "/var/lib/steadfast-edge/certificates"

    def has(self, *release: int) -> bool:
        """Whether nginx is of this release or newer."""
        return self.version is None or _numbers(self.version) >= release

    def has_openssl(self, *release: int) -> bool:
        return self.openssl is not None and _numbers(self.openssl) >= release


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


@dataclass
class Context:
    """One host's configuration in the making."""

    values: Mapping[str, Any]
    host: Host
    problems: Problems
    # How a location is read, at any depth.
    location: Specification
    # Maps that features need, by the name of their variable.
    maps: dict[str, Block] = field(default_factory=dict)
    # Headers that upstreams get, as the http block says.
    request_headers: Mapping[str, Header] = field(default_factory=dict)

    def check(self, name: str, value: Any, kind: str, path: str) -> None:
        """Whether nginx takes a directive in a block of this kind."""
        others = self.values.get("nginx_third_party_directives") or ()
        directives.check(name, value, kind, path, self.host.version, self.problems, others)

    def directives(self, block: Block, given: Mapping[str, Any], kind: str, path: str) -> None:
        """Prints directives that are written by their names, once nginx is known to take them here."""
        for name, value in given.items():
            where = f"{path}.{name}"
            self.check(str(name), value, kind, where)
            try:
                lines = printed(value)
            except Reject:
                # The check has said so.
                continue
            for line in lines:
                block.put(str(name), line, where)

    def notation(self, text: str, path: str) -> str:
        """Arguments in nginx's own notation, once they are known to stay within their directive."""
        try:
            split(text)
        except Reject as reject:
            self.problems.add(path, text, reject.message, reject.remedy)
        return text

    def has_resolver(self) -> bool:
        return bool(self.values["nginx_resolvers"] or self.values["nginx_http_directives"].get("resolver"))

    def names(self, variable: str) -> list[str]:
        return [item["name"] for item in self.values[variable] if item.get("name")]

    def known(self, name: str, variable: str, path: str, extra: tuple[str, ...] = ()) -> bool:
        """Whether `variable` has an item of this name; that it has none is a problem."""
        names = [*self.names(variable), *extra]
        if name in names:
            return True
        meant = closest(name, names)
        remedy = f"Write {meant}." if meant else f"Add it there{'; it has ' + listed(names) if names else ''}."
        self.problems.add(path, name, f"{variable} has none of this name.", remedy)
        return False

    def check_names(self, variable: str, pattern: re.Pattern[str] = NAME) -> None:
        """Every item has a name that can be used, and for itself."""
        seen: set[str] = set()
        for item in self.values[variable]:
            name = item.get("name")
            if name is None:
                continue
            path = f"{variable}[{name}]"
            if not pattern.fullmatch(name):
                self.problems.add(f"{path}.name", name, "This cannot be a name.", "Write letters, digits, '_', '-' and '.'.")
            if name in seen:
                self.problems.add(f"{path}.name", name, "Another one has this name.", "Give each a name of its own.")
            seen.add(name)

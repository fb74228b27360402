# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel that understands the few lines this collection gives to `ip`, with the quirks that were seen on a real one."""
from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._command import Runner

LINKS = {"lo": ["LOOPBACK", "UP"], "tunl0": ["NOARP", "UP"], "eth0": ["BROADCAST", "UP"]}


@dataclass
class FakeKernel:
    """(interface, address/prefix) -> scope; host routes as (interface, address); every line that changed something."""

    addresses: dict[tuple[str, str], str] = field(default_factory=dict)
    routes: set[tuple[str, str]] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)
    calls: int = 0
    fails: str = ""
    # IPv6 on eth0: how many more looks find it still asked about, what another host has, and what was found to be so.
    asking: int = 0
    elsewhere: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)

    @property
    def runner(self) -> Runner:
        return Runner(self._execute)

    def _execute(self, argv: Sequence[str], stdin: str | None, environment: Mapping[str, str]) -> tuple[int, str, str]:
        self.calls += 1
        if list(argv) == ["ip", "-json", "address", "show"]:
            return 0, json.dumps(self._links()), ""
        if list(argv[:2]) == ["ip", "-json"] and list(argv[3:]) == ["route", "show", "table", "main"]:
            return 0, json.dumps(self._routes(6 if argv[2] == "-6" else 4)), ""
        assert list(argv) == ["ip", "-batch", "-"], argv
        for number, line in enumerate((stdin or "").splitlines(), start=1):
            message = self._line(line.split()) if line != self.fails else "RTNETLINK answers: Operation not permitted"
            if message:
                return 1, "", f"{message}\nCommand failed -:{number}\n"
            self.lines.append(line)
        return 0, "", ""

    def _line(self, words: list[str]) -> str:
        interface, cidr = words[words.index("dev") + 1], words[2]
        if words[0] == "route":
            return self._route(words[1], interface, cidr.partition("/")[0])
        if words[1] == "delete":
            self.refused.discard(cidr)
            return "" if self.addresses.pop((interface, cidr), None) else "Error: ipv4: Address not found."
        six = ":" in cidr
        if (interface, cidr) not in self.addresses and cidr.partition("/")[0] in self.elsewhere:
            self.refused.add(cidr)
        scope = ("host" if "preferred_lft" in words else "global") if six else words[words.index("scope") + 1]
        # A real kernel accepts another scope for an IPv4 address that is there, and does not apply it.
        self.addresses[interface, cidr] = scope if six else self.addresses.get((interface, cidr), scope)
        return ""

    def _route(self, verb: str, interface: str, address: str) -> str:
        if verb == "replace":
            self.routes.add((interface, address))
        elif (interface, address) not in self.routes:
            return "RTNETLINK answers: No such process"
        else:
            self.routes.discard((interface, address))
        return ""

    def _links(self) -> list[dict[str, Any]]:
        self.asking = max(0, self.asking - 1)
        return [
            {"ifindex": index, "ifname": name, "flags": flags, "addr_info": [self._info(key, scope) for key, scope in self._of(name)]}
            for index, (name, flags) in enumerate(LINKS.items(), start=1)
        ]

    def _of(self, name: str) -> list[tuple[str, str]]:
        return [(cidr, scope) for (interface, cidr), scope in self.addresses.items() if interface == name]

    def _info(self, cidr: str, scope: str) -> dict[str, Any]:
        interface = ipaddress.ip_interface(cidr)
        info: dict[str, Any] = {"local": str(interface.ip), "prefixlen": interface.network.prefixlen}
        if interface.version == 4:
            return {**info, "family": "inet", "scope": scope}
        flags = {"deprecated": scope == "host", "dadfailed": cidr in self.refused, "tentative": self.asking > 0 or cidr in self.refused}
        return {**info, "family": "inet6", "scope": "global", **{name: True for name, is_set in flags.items() if is_set}}

    def _routes(self, version: int) -> list[dict[str, Any]]:
        kernel = [{"dst": "192.0.2.0/24", "dev": "eth0", "protocol": "kernel"}, {"dst": "default", "dev": "eth0", "protocol": "static"}]
        ours = [(name, address) for name, address in sorted(self.routes) if (":" in address) == (version == 6)]
        return kernel + [{"dst": address, "dev": name, "protocol": "static"} for name, address in ours]

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else owns services of this table: keepalived, where it runs with virtual servers.

It reads the table only when it starts, never repairs it, and removes its services when it stops. Two owners of one service undo each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import model, normalise
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import InvalidValue, IpvsError, PartialFailure
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host

__all__ = ["Claims", "claims", "refuse"]

_CONFIGURATION = "/etc/keepalived/keepalived.conf"
_PID_FILES = ("/run/keepalived.pid", "/run/keepalived/keepalived.pid", "/var/run/keepalived.pid")
# virtual_server 192.0.2.150 80 {  |  virtual_server fwmark 7 {  |  and the same lines within a virtual_server_group
_SERVER = re.compile(r"^\s*(?:virtual_server\s+)?(?:fwmark\s+(?P<mark>\d+)|(?P<address>[0-9a-fA-F.:]+)\s+(?P<port>\d+))\s*(?:\{.*)?$")
_BLOCK = re.compile(r"^\s*virtual_server(_group)?\s")
_INCLUDE = re.compile(r"^\s*include[rmwb]?\s+(\S+)")


class Claims:
    """Which services keepalived has. Protocol and family of a mark are not told apart: none of them is ours then."""

    def __init__(self, endpoints: Iterable[tuple[str, int]] = (), marks: Iterable[int] = ()) -> None:
        self._endpoints = frozenset(endpoints)
        self._marks = frozenset(marks)

    def __contains__(self, key: model.ServiceKey) -> bool:
        return key.fwmark in self._marks if key.fwmark else (key.address, key.port) in self._endpoints


def claims(host: Host) -> Claims:
    if not _running(host):
        return Claims()
    endpoints, marks = set(), set()
    for mark, address, port in _servers(host):
        if mark:
            marks.add(int(mark))
            continue
        try:
            endpoints.add((normalise.address(address, "keepalived.conf")[1], int(port)))
        except InvalidValue:
            # What keepalived itself would not take claims nothing.
            continue
    return Claims(endpoints, marks)


def refuse(host: Host, touched: Iterable[model.ServiceKey]) -> None:
    """Raises for every service that keepalived owns."""
    taken = claims(host)
    failures: list[IpvsError] = [
        InvalidValue(
            f"{key} belongs to keepalived, which runs with a virtual_server for it, and two owners undo each other: "
            "change it in keepalived's configuration, or stop keepalived first.",
            str(key),
        )
        for key in sorted(touched)
        if key in taken
    ]
    if failures:
        raise PartialFailure(failures, [])


def _running(host: Host) -> bool:
    for path in _PID_FILES:
        pid = (host.read(path) or "").strip()
        if pid.isdigit() and (host.read(f"/proc/{pid}/comm") or "").strip() == "keepalived":
            return True
    return False


def _servers(host: Host) -> Iterator[tuple[str, str, str]]:
    """Mark, address and port of each virtual server, and of each member of a group of them."""
    depth, within, in_group = 0, False, False
    for line in _lines(host, _CONFIGURATION, 0):
        if depth == 0:
            within = bool(_BLOCK.match(line))
        group = line.lstrip().startswith("virtual_server_group")
        # Below its first line, a virtual_server has real servers; a group has what it stands for.
        if within and not group and (depth == 0 or (depth == 1 and in_group)):
            found = _SERVER.match(line)
            if found:
                yield found["mark"] or "", found["address"] or "", found["port"] or "0"
        if depth == 0:
            in_group = group
        depth += line.count("{") - line.count("}")


def _lines(host: Host, pattern: str, level: int) -> Iterator[str]:
    for path in host.matching(pattern):
        folder = path.rsplit("/", 1)[0]
        for raw in (host.read(path) or "").splitlines():
            line = re.split(r"[#!]", raw, maxsplit=1)[0]
            included = _INCLUDE.match(line)
            if included and level < 8:
                target = included[1]
                yield from _lines(host, target if target.startswith("/") else f"{folder}/{target}", level + 1)
            else:
                yield line

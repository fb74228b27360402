# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The upstreams of nginx as its role writes them: members marked down, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansible_collections.steadfast.edge.plugins.module_utils._drain.members import Decide, Member

__all__ = ["amend", "members"]

UPSTREAM = re.compile(r"\s*upstream (?P<name>\S+) \{")
SERVER = re.compile(r"(?P<head>\s*server (?P<at>[^\s;]+)(?P<rest>[^;]*));(?P<mark> # drained by (?P<by>\w+))?")
DRAINED = " down"


def _servers(text: str) -> Iterator[tuple[str, tuple[Member, re.Match[str]] | None]]:
    """Each line, with the member of an upstream that it is."""
    upstream, depth = "", 0
    for line in text.split("\n"):
        code = line.split(" #")[0].strip()
        opened = UPSTREAM.fullmatch(line)
        if opened and not depth:
            upstream, depth = opened["name"], 1
        elif depth:
            depth += code.endswith("{") - (code == "}")
        server = SERVER.fullmatch(line) if depth == 1 else None
        if server is None or server["at"].startswith("unix:"):
            yield line, None
            continue
        address, _colon, port = server["at"].rpartition(":")
        down = "down" in server["rest"].split()
        yield line, (Member(f"the upstream {upstream}", address.strip("[]"), port, not down, server["by"] or ""), server)


def members(text: str) -> list[Member]:
    return [found[0] for _line, found in _servers(text) if found]


def amend(text: str, decide: Decide) -> str:
    lines = []
    for line, found in _servers(text):
        lines.append(_server(found[1], found[0], decide(found[0])) if found else line)
    return "\n".join(lines)


def _server(line: re.Match[str], member: Member, by: str) -> str:
    head = line["head"]
    if member.by:
        head = head[: -len(DRAINED)]
    # A member that the inventory has down is nobody's drain.
    if by and (member.by or member.serving):
        return f"{head}{DRAINED}; # drained by {by}"
    return f"{head};"

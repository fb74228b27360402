# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived.conf as its role writes it: weights of real servers set to 0 and back, and VIPs yielded.

What is changed carries a mark with all that is needed to put it back, so that afterwards every byte is as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansible_collections.steadfast.edge.plugins.module_utils._drain.members import Decide, Member

__all__ = ["POOL", "TRACK_FILE", "amend", "members", "yielded", "yielding"]

# How people read of a virtual server; what follows is as in the file.
POOL = "the virtual server "
WEIGHT = re.compile(r"(?P<indent>\s*)weight (?P<weight>\d+)(?: # drained by (?P<by>\w+), was (?P<was>\d+))?")
SERVER = re.compile(r"real_server (?P<address>\S+)(?: (?P<port>\d+))?")
QUORUM = re.compile(r"quorum (\d+)")
# An instance with a tracked file that says otherwise than 0 is in FAULT: it gives its VIPs up at once and says so, while the
# kernel's table stays and serves connections to the end.
TRACK_FILE = "drained"
YIELDED = re.compile(r".* # yielded by (?P<by>\w+)")


def _blocks(text: str) -> Iterator[tuple[list[str], str]]:
    """Each line with the heads of the blocks that it stands in."""
    heads: list[str] = []
    for line in text.split("\n"):
        code = line.split(" #")[0].strip()
        if code == "}" and heads:
            heads.pop()
        yield list(heads), line
        if code.endswith("{"):
            heads.append(code[:-1].strip())


def _weights(text: str) -> Iterator[tuple[str, tuple[Member, re.Match[str]] | None]]:
    """Each line, with the member whose weight it is."""
    quorum = 1
    for heads, line in _blocks(text):
        if len(heads) == 1 and (wanted := QUORUM.fullmatch(line.strip())):
            quorum = int(wanted.group(1))
        if len(heads) < 2:
            if line.startswith("virtual_server"):
                quorum = 1
            yield line, None
            continue
        server, weight = SERVER.fullmatch(heads[1]), WEIGHT.fullmatch(line)
        if len(heads) == 2 and server and weight and heads[0].startswith("virtual_server "):
            pool = heads[0].replace("virtual_server ", POOL, 1)
            now, usual = int(weight["weight"]), int(weight["was"] or weight["weight"])
            yield line, (Member(pool, server["address"], server["port"] or "", now > 0, weight["by"] or "", usual, quorum), weight)
        else:
            yield line, None


def members(text: str) -> list[Member]:
    return [found[0] for _line, found in _weights(text) if found]


def amend(text: str, decide: Decide) -> str:
    lines = []
    for line, found in _weights(text):
        lines.append(_weight(found[1], found[0], decide(found[0])) if found else line)
    return "\n".join(lines)


def _weight(line: re.Match[str], member: Member, by: str) -> str:
    weight = line["was"] or line["weight"]
    # A weight of 0 that the inventory wants is nobody's drain.
    if by and (member.by or member.serving):
        return f"{line['indent']}weight 0 # drained by {by}, was {weight}"
    return f"{line['indent']}weight {weight}"


def yielded(text: str) -> str:
    """Who has the VIPs yielded; empty: nobody."""
    return next((found["by"] for line in text.split("\n") if (found := YIELDED.fullmatch(line))), "")


def yielding(text: str, by: str, path: str) -> str:
    """All instances in FAULT in the name of somebody, or, without a name, as they were."""
    lines = [line for line in text.split("\n") if not YIELDED.fullmatch(line)]
    first = next((index for index, line in enumerate(lines) if line.startswith("vrrp_instance ")), None)
    if not by or first is None:
        return "\n".join(lines)
    mark = f" # yielded by {by}"
    declared = [f"vrrp_track_file {TRACK_FILE} {{{mark}", f"    file {path}{mark}", f"}}{mark}"]
    tracked = [f"    track_file {{{mark}", f"        {TRACK_FILE} weight 0{mark}", f"    }}{mark}"]
    found = lines[:first] + declared
    for line in lines[first:]:
        found += [line, *tracked] if line.startswith("vrrp_instance ") else [line]
    return "\n".join(found)

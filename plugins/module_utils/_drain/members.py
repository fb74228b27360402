# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both kinds of balancer have in common: members of pools, which of them are meant, and how many serve on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

__all__ = ["ALL", "Decide", "DrainError", "Member", "Wish", "check_known", "check_remaining", "meant", "name_of"]

WHO = re.compile(r"[a-z][a-z0-9_]*")


class DrainError(Exception):
    """The one reason why nothing was changed."""


def name_of(address: str, port: object) -> str:
    """One name for one member, wherever it is spoken of: what does not compare equal is not found again."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


@dataclass(frozen=True)
class Member:
    """One member of one pool as the files have it."""

    pool: str
    address: str
    port: str
    serving: bool
    by: str = ""  # who has drained it
    weight: int = 1  # that it has, or had before it was drained
    quorum: int = 0  # the weight that the pool itself wants to be left

    @property
    def name(self) -> str:
        return name_of(self.address, self.port)


# Who shall have drained a member from now on; empty: nobody.
Decide = Callable[[Member], str]


ALL = "all"


@dataclass(frozen=True)
class Wish:
    """One call: these members out, or back, in the name of somebody."""

    drained: bool
    members: tuple[str, ...]
    by: str
    least: int = 1
    most_out: int | None = None  # how many of a pool may be out

    def check(self) -> None:
        if not WHO.fullmatch(self.by):
            raise DrainError(f"by: '{self.by}' is no name; write small letters, digits and '_'.")
        if self.drained and ALL in self.members:
            raise DrainError(f"members: '{ALL}' cannot be drained; name those that shall be.")

    def decide(self, member: Member) -> str:
        """What somebody else has drained is his to put back."""
        named = ALL in self.members or meant(member, self.members)
        if self.drained:
            return member.by or (self.by if named else "")
        return "" if member.by == self.by and named else member.by


def meant(member: Member, names: Iterable[str]) -> bool:
    """By its address, or by address and port."""
    return any(name in (member.address, f"[{member.address}]", member.name) for name in names)


def check_known(members: Sequence[Member], wish: Wish, path: str) -> None:
    """Whoever is misspelt, or is not released yet, would go on being served while somebody works on him."""
    unknown = [name for name in wish.members if not any(meant(member, [name]) for member in members)]
    if wish.drained and unknown:
        pools = ", ".join(dict.fromkeys(member.pool for member in members))
        raise DrainError(
            f"members: there is no {', '.join(unknown)} in {path}, {f'only {pools}' if pools else 'nor any pool'}. "
            "Write the address as it is there, or run site.yml if the inventory is newer."
        )


def check_remaining(before: Sequence[Member], after: Sequence[Member], wish: Wish) -> None:
    """Refuses to leave a pool with less than it needs, where this call takes something away."""
    for pool in dict.fromkeys(member.pool for member in after):
        had, left = ([one for one in found if one.pool == pool] for found in (before, after))
        _check_number(pool, had, left, wish)
        if wish.least:
            _check_quorum(pool, had, left)


def _check_number(pool: str, before: Sequence[Member], after: Sequence[Member], wish: Wish) -> None:
    """Whoever is a member at several ports, or twice, is one that serves or does not."""
    left, had = ({one.address for one in found if one.serving} for found in (after, before))
    everybody = {one.address for one in before if one.serving or one.by}
    least = wish.least if wish.most_out is None else max(wish.least, len(everybody) - wish.most_out)
    if left < had and len(left) < least:
        raise DrainError(
            f"members: {pool} would be left with {len(left)} of its {len(everybody)} members, and {least} must go on serving. "
            "Put others back first, add a member, or allow more of them to be out."
        )


def _check_quorum(pool: str, before: Sequence[Member], after: Sequence[Member]) -> None:
    """keepalived adds up weights, however many members they are of."""
    left, had = (sum(one.weight for one in found if one.serving) for found in (after, before))
    quorum = max(one.quorum for one in after)
    if left < had and left < quorum:
        raise DrainError(
            f"members: {pool} would be left with a weight of {left}, and its quorum is {quorum}. "
            "Put others back first, add a member, or lower the quorum."
        )

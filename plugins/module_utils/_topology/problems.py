# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong, where, and what to write instead."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["HIDDEN", "Problem", "Problems", "TopologyError", "closest", "join_names", "listed", "report_unknown_key"]

HIDDEN = "(hidden)"
LONGEST_VALUE = 100
NAMES_SHOWN = 4


def show(value: Any) -> str:
    """A value on one line, as the inventory would spell it."""
    text = value if isinstance(value, str) and value else json.dumps(value, default=str)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."


@dataclass(frozen=True)
class Problem:
    """One error: the path of a value, the value, what is wrong with it, and the remedy."""

    path: str
    value: Any
    message: str
    remedy: str
    host: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {"path": self.path, "host": self.host, "value": self.value, "message": self.message, "remedy": self.remedy}

    def lines(self) -> list[str]:
        where = self.path if self.host is None else f"{self.path} of {self.host}"
        return [where if self.value is None else f"{where}: {show(self.value)}", self.message, self.remedy]

    def __str__(self) -> str:
        head, message, remedy = self.lines()
        return f"{head} - {message} {remedy}"


@dataclass
class Problems:
    """Collects every problem, each once, in the order in which they were found."""

    found: list[Problem] = field(default_factory=list)
    _seen: set[tuple[str | None, ...]] = field(default_factory=set)

    def add(self, path: str, value: Any, message: str, remedy: str, host: str | None = None) -> None:
        sight = (path, message, remedy, host)
        if sight not in self._seen:
            self._seen.add(sight)
            self.found.append(Problem(path, value, message, remedy, host))

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


class TopologyError(Exception):
    """The vocabulary cannot be derived from; carries the problems."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


def closest(word: Any, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known word that was most probably meant, regardless of case."""
    by_folded = {name.lower(): name for name in known}
    matches = difflib.get_close_matches(str(word).lower(), list(by_folded), n=1, cutoff=likeness)
    return by_folded[matches[0]] if matches else None


def join_names(names: Iterable[str]) -> str:
    """`a, b and c`, cut short when there are many."""
    listed = list(names)
    if len(listed) > NAMES_SHOWN + 1:
        return f"{', '.join(listed[:NAMES_SHOWN])} and {len(listed) - NAMES_SHOWN} more"
    return " and ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)


def listed(words: Iterable[str]) -> str:
    """All of them, for a person who has to choose."""
    return ", ".join(words)


def report_unknown_key(key: str, value: Any, known: Collection[str], secret: Collection[str], path: str, problems: Problems) -> None:
    """A key that is none of the known ones. `secret`: those whose values are not shown; a misspelt key may be one of them."""
    meant = closest(key, known)
    question = f" Did you mean {meant}?" if meant else ""
    remedy = f"Write {meant} instead." if meant else f"Remove it; the keys here are {listed(known)}."
    hidden = meant in secret if meant else bool(secret)
    problems.add(f"{path}.{key}" if path else key, HIDDEN if hidden else value, f"There is no such key.{question}", remedy)

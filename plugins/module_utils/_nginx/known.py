# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of directives as data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from .table import PARAMETERS, TABLE

__all__ = ["Directive", "Span", "Version", "find", "names_in", "version_of", "with_parameter"]

Version = tuple[int, ...]

MARK = re.compile(r"([^@<!]+)(?:@([\d.]+))?(?:<([\d.]+))?(!)?")


@cache
def version_of(text: str | None) -> Version | None:
    numbers = re.match(r"\d+(\.\d+)*", text or "")
    return tuple(map(int, numbers.group().split("."))) if numbers else None


@dataclass(frozen=True)
class Span:
    """The releases that have something: from `since` on, and before `until`."""

    since: Version | None = None
    until: Version | None = None

    def has(self, version: Version | None) -> bool:
        """An unknown version has everything."""
        return version is None or ((self.since is None or version >= self.since) and (self.until is None or version < self.until))


@dataclass(frozen=True)
class Directive:
    """A directive of one module. `counts`: numbers of arguments, of which the last may be open-ended (`more`); none if any goes."""

    name: str
    module: str
    contexts: Mapping[str, Span]
    commercial: bool
    block: bool
    flag: bool
    counts: tuple[int, ...]
    more: bool
    # By word: since when, None for the commercial edition. They come after so many other arguments.
    parameters: Mapping[str, Version | None]
    before_parameters: int

    def span(self, context: str) -> Span | None:
        return self.contexts.get(context) or self.contexts.get("any")

    def takes(self, count: int) -> bool:
        return not self.counts or count in self.counts or (self.more and count > self.counts[-1])


def _marked(word: str) -> tuple[str, Span, bool]:
    match = MARK.fullmatch(word)
    if match is None:
        raise ValueError(f"the table of directives has {word!r}")
    return match.group(1), Span(version_of(match.group(2)), version_of(match.group(3))), bool(match.group(4))


def _read(line: str, parameters: Mapping[tuple[str, str], list[str]]) -> Directive:
    name, marked_module, shape, *places = line.split()
    module, everywhere, commercial = _marked(marked_module)
    counts = [] if shape.startswith(("*", "flag")) else shape.rstrip("{}").split("|")
    contexts = {}
    for place in places:
        context, span, _commercial = _marked(place)
        contexts[context] = span if span != Span() else everywhere
    before, *words = parameters.get((name, module), ["0"])
    marked = [_marked(word) for word in words]
    return Directive(
        name=name,
        module=f"ngx_{module}_module",
        contexts=contexts,
        commercial=commercial,
        block=shape.endswith("{}"),
        flag=shape == "flag",
        counts=tuple(int(count.rstrip("+")) for count in counts),
        more=any(count.endswith("+") for count in counts),
        parameters={word: None if only_commercial else span.since for word, span, only_commercial in marked},
        before_parameters=int(before),
    )


@cache
def _all() -> dict[str, tuple[Directive, ...]]:
    rows = (line.split() for line in PARAMETERS.strip().splitlines())
    parameters = {(name, module): rest for name, module, *rest in rows}
    found: dict[str, tuple[Directive, ...]] = {}
    for line in TABLE.strip().splitlines():
        directive = _read(line, parameters)
        found[directive.name] = (*found.get(directive.name, ()), directive)
    return found


def find(name: str) -> tuple[Directive, ...]:
    """What goes by this name: in several modules, it may mean several things."""
    return _all().get(name, ())


def names_in(context: str | None = None) -> Iterable[str]:
    """The names that can stand in a context, or all of them."""
    return [name for name, meanings in _all().items() if context is None or any(each.span(context) for each in meanings)]


def with_parameter(word: str) -> list[str]:
    """The directives that have a parameter of this name, as far as the table tells."""
    return [name for name, meanings in _all().items() if any(word in each.parameters for each in meanings)]

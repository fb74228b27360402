# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration as a tree: directives, blocks and raw text, each with the path of the value that it comes from.

Printing yields the text and, for each line, that path, so that a complaint of nginx about a line leads back to the variable.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

__all__ = ["Block", "quoted", "word", "words"]

# What nginx reads as one argument, and as it stands: no blank, no quote, no brace, no end of a directive, no backslash that it
# would take away (regular expressions are full of others).
BARE = re.compile(r"(?:[^\s;{}\"'#\\]|\\[^\s\"'\\trn;{}])+")
INDENT = "    "
# The kinds of children.
DIRECTIVE, BLOCK, RAW, COMMENT, GAP = range(5)


def quoted(text: str) -> str:
    """`text` in quotes as nginx reads them; variables in it stay variables."""
    mark = "'" if '"' in text and "'" not in text else '"'
    escaped = text.replace("\\", "\\\\").replace(mark, f"\\{mark}")
    return mark + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + mark


def word(value: Any) -> str:
    """A value as one argument, in quotes where nginx would not read it as one."""
    text = str(value)
    return text if BARE.fullmatch(text) else quoted(text)


class Block:
    """A block, or without a head a whole file."""

    def __init__(self, head: str = "", origin: str | None = None) -> None:
        self.head = head
        self.origin = origin
        self._children: list[tuple[int, Any, Any, str | None]] = []

    def add(self, name: str, *values: Any, origin: str | None = None) -> None:
        """A directive with `values` as its arguments, each quoted where that is needed."""
        self._children.append((DIRECTIVE, name, " ".join([word(value) for value in values]), origin))

    def put(self, name: str, text: str, origin: str | None = None) -> None:
        """A directive with its arguments in nginx's own notation."""
        self._children.append((DIRECTIVE, name, text, origin))

    def block(self, head: str, origin: str | None = None) -> Block:
        """A block inside this one."""
        inner = Block(head, origin)
        self._children.append((BLOCK, inner, None, origin))
        return inner

    def attach(self, block: Block) -> None:
        self._children.append((BLOCK, block, None, block.origin))

    def extend(self, other: Block) -> None:
        """Takes over the children of another block."""
        self._children.extend(other._children)

    def raw(self, text: str, origin: str | None = None) -> None:
        """Text on lines of its own, untouched."""
        if text:
            self._children.append((RAW, text if text.endswith("\n") else f"{text}\n", None, origin))

    def comment(self, *lines: str) -> None:
        self._children.extend((COMMENT, line, None, None) for line in lines)

    def gap(self) -> None:
        """An empty line, for people."""
        self._children.append((GAP, None, None, None))

    def drop(self, names: Collection[str]) -> None:
        """Without the directives of these names, which somebody else prints."""
        self._children = [child for child in self._children if child[0] != DIRECTIVE or child[1] not in names]

    def __bool__(self) -> bool:
        return bool(self._children)

    def render(self) -> tuple[str, dict[int, str]]:
        """The text, and for each line of it (from 1) the path of the value that it comes from; lines of no value are left out."""
        pieces: list[str] = []
        origins: dict[int, str] = {}
        _print(self, 0, pieces, origins, 1)
        return "".join(pieces), origins


def _print(block: Block, depth: int, pieces: list[str], origins: dict[int, str], line: int) -> int:
    """Prints the children of `block`; returns the number of the line after them."""
    indent = INDENT * depth
    for kind, first, second, origin in block._children:
        if kind == BLOCK:
            pieces.append(f"{indent}{first.head} {{\n")
            _mark(origins, line, 1, origin)
            line = _print(first, depth + 1, pieces, origins, line + 1)
            pieces.append(f"{indent}}}\n")
            _mark(origins, line, 1, origin)
            line += 1
            continue
        if kind == DIRECTIVE:
            text = f"{indent}{first} {second};\n" if second else f"{indent}{first};\n"
        elif kind == COMMENT:
            text = f"{indent}# {first}\n"
        else:
            text = first if kind == RAW else "\n"
        pieces.append(text)
        height = text.count("\n")
        _mark(origins, line, height, origin)
        line += height
    return line


def _mark(origins: dict[int, str], line: int, height: int, origin: str | None) -> None:
    if origin:
        for each in range(line, line + height):
            origins[each] = origin


def words(values: Iterable[Any]) -> str:
    return " ".join([word(value) for value in values])

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The language of keepalived.conf: words, quoted commands, blocks. Whatever it would misread is refused by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Union

__all__ = ["Block", "ConfigError", "command", "number", "raw_lines", "render", "word"]

INDENT = "    "
# A blank ends a word, quotes are taken apart, '#' and '!' begin comments, braces open and close blocks.
MISREAD = re.compile(r"[\s\"'#!{}]")


class ConfigError(Exception):
    """A value cannot be written into keepalived.conf."""


@dataclass
class Block:
    """`head {`, its lines and inner blocks, `}`."""

    head: str
    body: list[Line] = field(default_factory=list)


Line = Union[str, Block]


def number(value: Any) -> str:
    """Without a needless fraction, and never with an exponent: keepalived counts microseconds at most."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def word(value: Any, where: str) -> str:
    text = number(value) if isinstance(value, float) else str(value)
    if not text or MISREAD.search(text):
        raise ConfigError(f"{where}: {text!r} cannot be one word of keepalived.conf; leave out blanks, quotes, '#', '!' and braces.")
    return text


def command(value: Any, where: str) -> str:
    """A command line as one quoted string; inside it single quotes hold a parameter with blanks together."""
    text = str(value)
    if not text or '"' in text or "\\" in text or "\n" in text:
        raise ConfigError(f"{where}: the command {text!r} needs one line without double quotes and backslashes; put more into a script.")
    return f'"{text}"'


def raw_lines(value: Any, where: str) -> list[Line]:
    """Text as it was given, a line at a time; its braces must close, or they would swallow what follows."""
    lines = [line.strip() for line in str(value or "").splitlines() if line.strip()]
    # A brace that is no word of its own, such as that of ${_PWD}, opens nothing.
    opened = sum(text.split().count("{") for text in lines)
    closed = sum(text.split().count("}") for text in lines)
    if opened != closed:
        raise ConfigError(f"{where}: {opened} braces open, {closed} close; write each on its own and close every one.")
    return _indented(lines)


def _indented(lines: Sequence[str]) -> list[Line]:
    depth, found = 0, []
    for text in lines:
        depth -= text.split()[0] == "}"
        found.append(INDENT * max(depth, 0) + text)
        depth += text.split()[-1] == "{"
    return list(found)


def render(lines: Sequence[Line], depth: int = 0) -> list[str]:
    """Every line with its indentation."""
    found = []
    for line in lines:
        if isinstance(line, Block):
            found += [f"{INDENT * depth}{line.head} {{", *render(line.body, depth + 1), f"{INDENT * depth}}}"]
        else:
            found.append(f"{INDENT * depth}{line}" if line else "")
    return found

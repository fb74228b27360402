# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of directives: how they are printed, and how nginx takes what is printed apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._topology.scalars import Reject

__all__ = ["printed", "split"]

BLANK = " \t\r\n"
# Most values: nothing in them means anything but themselves.
PLAIN = re.compile(r"[^\"'#;{}\\]*")
RAW = "Put it in quotes where it is part of the value, or write the directive in raw."


def printed(value: Any) -> list[str]:
    """The arguments as text, one text for each line; none for false and null, which print nothing. Raises Reject."""
    if value is None or value is False:
        return []
    if value is True:
        return ["on"]
    if isinstance(value, (list, tuple)):
        return [line for item in value for line in printed(item)]
    if isinstance(value, Mapping):
        message = "A directive's value is a text, a number, true or false, or a list of them."
        raise Reject(message, "Write it as one text, as in nginx's files.")
    return [str(value)]


def split(text: str) -> list[str]:
    """The arguments that nginx reads from `text`. Raises Reject where they would not end with it, or where others would begin."""
    if PLAIN.fullmatch(text):
        return text.split()
    found: list[str] = []
    position = 0
    while position < len(text):
        if text[position] in BLANK:
            position += 1
            continue
        if text[position] in "\"'":
            argument, position = _quoted(text, position)
        else:
            argument, position = _bare(text, position)
        found.append(argument)
    return found


def _quoted(text: str, start: int) -> tuple[str, int]:
    quote, position, argument = text[start], start + 1, ""
    while position < len(text):
        if text[position] == quote:
            if text[position + 1 : position + 2].strip(BLANK):
                raise Reject("A blank is missing after a closing quote.", "Put the whole argument in quotes.")
            return argument, position + 1
        step = 2 if text[position] == "\\" else 1
        argument += text[position : position + step]
        position += step
    raise Reject(f"The quote {quote} is not closed.", "Close it, or put a backslash before it.")


def _bare(text: str, start: int) -> tuple[str, int]:
    """Up to the next blank. Quotes within are part of it, as is the brace of ${variable}."""
    position = start
    if text[position] == "#":
        raise Reject("# begins a comment here, which would swallow the rest of the line.", RAW)
    while position < len(text) and text[position] not in BLANK:
        if text[position] == "\\":
            if position + 1 == len(text):
                raise Reject("The last backslash would swallow the semicolon.", "Double it, or leave it out.")
            position += 2
        elif text.startswith("${", position) and "}" in text[position:]:
            position = text.index("}", position) + 1
        elif text[position] == ";" and not text[position + 1 :].strip():
            raise Reject("The semicolon at the end is one too many.", "Leave it out: it is added.")
        elif text[position] in ";{}":
            raise Reject(f"{text[position]} would end the directive, and what follows be read as another one.", RAW)
        else:
            position += 1
    return text[start:position], position

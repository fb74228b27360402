# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which value of the user's variables a complaint about a file is about. Pure; runs on the controller."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["explain", "part"]

# Paths of files, and for each the path of the value that its lines come from, from that line on to the next that is named.
Origins = Mapping[str, Mapping[int, str]]
MOST = 3
QUOTED = re.compile(r'"([^"\s]{2,})"')
SOCKET = re.compile(r"\bbind\(\) to (\S+?):(\d+) failed")
UNENDED = re.compile(r'unexpected (?:"[;{}]"|end of file)')
MISPLACED = re.compile(r"is outside location|is not allowed here|unexpected")
EVERY_ADDRESS = ("0.0.0.0", "*", "")


def part(files: Any) -> tuple[Any, dict[str, dict[int, str]]]:
    """The files as the host shall have them, without what only the controller needs, and that. What is no list of files is left alone."""
    if not isinstance(files, Sequence) or isinstance(files, (str, bytes)):
        return files, {}
    sent, origins = [], {}
    for item in files:
        if not isinstance(item, Mapping):
            sent.append(item)
            continue
        sent.append({key: value for key, value in item.items() if key != "origins"})
        if isinstance(item.get("origins"), Mapping):
            origins[item.get("path")] = _numbered(item["origins"])
    return sent, {path: lines for path, lines in origins.items() if isinstance(path, str)}


def _numbered(lines: Mapping[Any, Any]) -> dict[int, str]:
    """Data that came through JSON has its numbers as text."""
    return {int(number): str(origin) for number, origin in lines.items() if str(number).isdigit()}


def explain(files: Any, origins: Origins, file: str | None, line: int | None, output: str) -> list[str]:
    """The values that can have led to what a checker or a service said; none where that cannot be told."""
    lines = origins.get(file or "", {})
    if lines and line is not None:
        return _at_line(_text(files, file), lines, line, output)
    if len(set(lines.values())) == 1:
        return list(lines.values())[:1]
    # nginx does not always tell the place (an unknown variable, a certificate, an address in use), but it quotes the word.
    found = dict.fromkeys(origin for pattern in _patterns(file, output) for origin in _holding(files, origins, pattern))
    return list(found)[:MOST]


def _text(files: Any, file: str | None) -> list[str]:
    found = [item.get("content") for item in files if isinstance(item, Mapping) and item.get("path") == file]
    return found[0].splitlines() if found and isinstance(found[0], str) else []


def _at_line(text: list[str], lines: Mapping[int, str], line: int, output: str) -> list[str]:
    """The value of the line, and before it the one that nginx was still reading: what is not ended goes on into the next lines."""
    unbalanced = _unbalanced(text, lines) if MISPLACED.search(output) else []
    if unbalanced:
        return unbalanced
    words = [word for word in QUOTED.findall(output) if not word.startswith("/")]
    begins = _last(text, line, words) if not UNENDED.search(output) else _other(lines, line)
    named = (max((number for number in lines if number <= each), default=0) for each in (begins, line))
    return list(dict.fromkeys(lines[number] for number in named if number))


def _unbalanced(text: list[str], lines: Mapping[int, str]) -> list[str]:
    """Values that open more braces than they close, or the other way round."""
    balance: Counter[str] = Counter()
    for number, origin in lines.items():
        here = "".join(text[number - 1 : number])
        balance[origin] += here.count("{") - here.count("}")
    return [origin for origin, rest in balance.items() if rest]


def _last(text: list[str], line: int, words: list[str]) -> int:
    """The last line up to `line` that has one of the words which nginx quotes."""
    return next((number for number in range(min(line, len(text)), 0, -1) if any(word in text[number - 1] for word in words)), line)


def _other(lines: Mapping[int, str], line: int) -> int:
    """The last line before `line` that is of another value."""
    return next((number for number in range(line - 1, 0, -1) if lines.get(number, lines.get(line)) != lines.get(line)), line)


def _patterns(file: str | None, output: str) -> Iterator[re.Pattern[str]]:
    for address, port in SOCKET.findall(output):
        places = [f"{address}:{port}", *(f"{place}:{port}".lstrip(":") for place in EVERY_ADDRESS if address in EVERY_ADDRESS)]
        yield re.compile(rf"^\s*listen\s+(?:{'|'.join(map(re.escape, dict.fromkeys(places)))})[\s;]")
    for word in dict.fromkeys([*QUOTED.findall(output), *([file] if file else [])]):
        yield re.compile(rf"(?<![\w./-]){re.escape(word)}(?!\w)")


def _holding(files: Any, origins: Origins, pattern: re.Pattern[str]) -> Iterator[str]:
    """The origins of the lines in which the pattern is found."""
    for item in files:
        named = origins.get(item["path"], {}) if isinstance(item, Mapping) and isinstance(item.get("content"), str) else {}
        if not named:
            continue
        origin = None
        for number, text in enumerate(item["content"].splitlines(), 1):
            origin = named.get(number, origin)
            if origin is not None and pattern.search(text):
                yield origin

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How single settings are written, and which version of keepalived knows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Callable, Optional

from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.text import Block, ConfigError, Line, command, raw_lines, word

__all__ = [
    "Table",
    "Version",
    "blocks_of",
    "check_known",
    "check_script_interval",
    "commands",
    "flags",
    "lists",
    "parse_version",
    "settings",
    "switches",
    "words",
]

Version = Optional[tuple[int, ...]]
Writer = Callable[[str, Any, str], list[Line]]
# In the order in which they are written: a key of ours and how it is written.
Table = dict[str, tuple[str, Writer]]

# What came later than 2.1.5, the oldest supported version.
SINCE: Mapping[str, tuple[int, ...]] = {
    "down_timer_adverts": (2, 2, 3),
    "vrrp_down_timer_adverts": (2, 2, 3),
    "mcast_dst_ip": (2, 2, 5),
    "payload": (2, 2, 0),
    "min_reply_length": (2, 2, 0),
    "max_reply_length": (2, 2, 0),
}
FRACTION_OF_SCRIPT_INTERVAL = (2, 3, 2)


def parse_version(text: str) -> Version:
    """`2.2.7`, `v2.2.7` or a package's `1:2.2.7-1+b2` as numbers; nothing is judged where it is not known."""
    found = re.search(r"(?:^|:|v)(\d+(?:\.\d+)+)", text)
    if text and not found:
        raise ConfigError(f"{text!r} is not a version of keepalived; write it like 2.2.7.")
    return tuple(int(part) for part in found[1].split(".")) if found else None


def _word(keyword: str, value: Any, where: str) -> list[Line]:
    return [f"{keyword} {word(value, where)}"]


def _flag(keyword: str, value: Any, where: str) -> list[Line]:
    return [keyword] if value else []


def _switch(keyword: str, value: Any, where: str) -> list[Line]:
    return [f"{keyword} {'true' if value else 'false'}"]


def _command(keyword: str, value: Any, where: str) -> list[Line]:
    return [f"{keyword} {command(value, where)}"]


def _list(keyword: str, value: Any, where: str) -> list[Line]:
    """Each item is a line of words, an address with its options for example."""
    if not value:
        return []
    body: list[Line] = [" ".join(word(part, where) for part in str(item).split()) for item in value]
    return [Block(keyword, body)]


def _table(writer: Writer, keys: tuple[str, ...], renamed: Mapping[str, str]) -> Table:
    return {**{key: (key, writer) for key in keys}, **{key: (keyword, writer) for key, keyword in renamed.items()}}


def words(*keys: str, **renamed: str) -> Table:
    """`keyword value`."""
    return _table(_word, keys, renamed)


def flags(*keys: str, **renamed: str) -> Table:
    """`keyword` where it is true."""
    return _table(_flag, keys, renamed)


def switches(*keys: str, **renamed: str) -> Table:
    """`keyword true`, `keyword false`, or nothing where it is not said."""
    return _table(_switch, keys, renamed)


def commands(*keys: str, **renamed: str) -> Table:
    """`keyword "command line"`."""
    return _table(_command, keys, renamed)


def lists(*keys: str, **renamed: str) -> Table:
    """A block with a line for each item."""
    return _table(_list, keys, renamed)


def settings(item: Mapping[str, Any], table: Table, where: str, version: Version) -> list[Line]:
    """The lines of those keys of the table that have a value."""
    found: list[Line] = []
    for key, (keyword, writer) in table.items():
        value = item.get(key)
        if value is None or value == []:
            continue
        lines = writer(keyword, value, f"{where}.{key}")
        if lines:
            check_known(keyword, f"{where}.{key}", version)
        found += lines
    return found


def check_known(keyword: str, where: str, version: Version) -> None:
    needed = SINCE.get(keyword)
    if version and needed and version < needed:
        came = _dotted(needed)
        raise ConfigError(f"{where}: keepalived {_dotted(version)} does not know {keyword}, which came with {came}; leave it out.")


def check_script_interval(value: float, where: str, version: Version) -> None:
    """Older versions would fall back to a second, with no more than a warning."""
    if value != int(value) and version and version < FRACTION_OF_SCRIPT_INTERVAL:
        raise ConfigError(
            f"{where}: keepalived {_dotted(version)} runs scripts at whole seconds only, fractions came with "
            f"{_dotted(FRACTION_OF_SCRIPT_INTERVAL)}; write {max(1, round(value))} instead of {value:g}."
        )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def blocks_of(keyword: str, items: Any, where: str, write: Callable[[Mapping[str, Any], str], list[Line]]) -> list[Line]:
    """A block `keyword name { ... }` for each item, with the item's raw text at its end."""
    found: list[Line] = []
    for index, item in enumerate(items or []):
        place = f"{where}[{index}]"
        body = write(item, place) + raw_lines(item.get("raw"), f"{place}.raw")
        found += ["", Block(f"{keyword} {word(item['name'], place + '.name')}", body)]
    return found

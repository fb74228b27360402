# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of named items that are written in several places, NAME and NAME__ANYTHING, as one list.

The variables are taken in the order of their names, NAME itself first; which group a variable comes from plays no part. An item that
has the name of an earlier one is merged into it, in its place: mappings key by key, and of anything else (lists included) the later one
wins. An item with `state: absent` takes the earlier ones of its name away. Items without a name are all kept: what is wrong with them is
said where items are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._topology.problems import Problems, closest, listed

__all__ = ["MERGED", "merge"]

# The lists that may be written in several places.
MERGED = (
    "nginx_caches",
    "nginx_certificates",
    "nginx_maps",
    "nginx_servers",
    "nginx_stream_servers",
    "nginx_stream_upstreams",
    "nginx_upstreams",
)
SEPARATOR = "__"
STATES = ("present", "absent")


def merge(variables: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """The variables, with every NAME__ANYTHING merged into NAME. The input is not changed."""
    merged = {name: value for name, value in variables.items() if SEPARATOR not in name}
    for name in MERGED:
        parts = [part for part in sorted(variables) if part.startswith(f"{name}{SEPARATOR}")]
        if parts:
            merged[name] = _merge_parts(variables, [name, *parts], problems)
    for name in sorted(variables):
        base = name.split(SEPARATOR)[0]
        if SEPARATOR in name and base not in MERGED:
            meant = closest(base, MERGED)
            message = f"{base} is no list that can be written in several places."
            remedy = f"Write {meant}__... instead." if meant else f"Those that can are {listed(MERGED)}."
            problems.add(name, None, message, remedy)
    return merged


def _merge_parts(variables: Mapping[str, Any], parts: list[str], problems: Problems) -> list[Any]:
    named: dict[Any, Any] = {}
    for part in parts:
        value = variables.get(part)
        if value is None:
            continue
        if not isinstance(value, (list, tuple)):
            problems.add(part, None, "This must be a list of named items.", "Write a list, even for a single item.")
            continue
        seen: set[Any] = set()
        for index, item in enumerate(value):
            _merge_item(named, item, f"{part}[{index}]", seen, problems)
    return list(named.values())


def _merge_item(named: dict[Any, Any], item: Any, path: str, seen: set[Any], problems: Problems) -> None:
    name = item.get("name") if isinstance(item, Mapping) else None
    if not isinstance(name, str):
        named[(path,)] = item
        return
    if name in seen:
        problems.add(path, name, "The list has an item of this name already.", "Give each item of one list a name of its own.")
    seen.add(name)
    rest = {key: value for key, value in item.items() if key != "state"}
    state = item.get("state", "present")
    if state not in STATES:
        problems.add(f"{path}.state", state, "This must be present or absent.", "Write absent, or leave it out.")
    if state == "absent":
        named.pop(name, None)
    else:
        named[name] = _deep(named.get(name), rest)


def _deep(earlier: Any, later: Any) -> Any:
    if not isinstance(earlier, Mapping) or not isinstance(later, Mapping):
        return later
    return {**earlier, **{key: _deep(earlier.get(key), value) for key, value in later.items()}}

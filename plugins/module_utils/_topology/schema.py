# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads nested structures by a table of fields, and reports everything that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

from .problems import HIDDEN, Problems, report_unknown_key
from .scalars import Reject

__all__ = ["Field", "Item", "Section", "list_of", "nested", "read_section"]


@dataclass(frozen=True)
class Item:
    """A value and where it stands in the inventory."""

    path: str
    value: Any


@dataclass(frozen=True)
class Field:
    """One key: how its value is read, and what stands for it when it is left out."""

    read: Callable[[Any], Any] | None = None
    required: bool = False
    default: Any = None
    secret: bool = False
    # For values with keys or items of their own; takes the path and the collector too.
    structure: Callable[[Any, str, Problems], Any] | None = None


@dataclass(frozen=True)
class Section:
    """The keys of one mapping. `shorthand` names the key that a plain text stands for."""

    fields: Mapping[str, Field]
    example: str
    shorthand: str | None = None
    # Keys that people know from elsewhere, and why they are not keys here.
    advice: Mapping[str, str] = field(default_factory=dict)


def read_section(value: Any, section: Section, path: str, problems: Problems) -> dict[str, Any] | None:
    """The mapping with every default filled in. A key whose value is wrong is left out, so rules look with `get`."""
    if section.shorthand and isinstance(value, str):
        value = {section.shorthand: value}
    if not isinstance(value, Mapping):
        secret = any(each.secret for each in section.fields.values())
        shown = HIDDEN if secret else value
        problems.add(path, shown, "This must be a mapping of keys to values.", f"Write it like {section.example}.")
        return None
    for key in value:
        if key not in section.fields:
            _report_unknown_key(str(key), value[key], section, path, problems)
    data: dict[str, Any] = {}
    for key, each in section.fields.items():
        given = value.get(key)
        if given is not None:
            _read_field(data, key, each, given, f"{path}.{key}", problems)
        elif each.required:
            message = "This key is required." if key not in value else "This value is empty."
            problems.add(f"{path}.{key}", None, message, f"Add it, like in {section.example}.")
        else:
            data[key] = each.default
    return data


def _read_field(data: dict[str, Any], key: str, each: Field, given: Any, path: str, problems: Problems) -> None:
    try:
        if each.structure is not None:
            found = each.structure(given, path, problems)
            if found is not None:
                data[key] = found
        elif each.read is not None:
            data[key] = each.read(given)
    except Reject as reject:
        problems.add(path, HIDDEN if each.secret else given, reject.message, reject.remedy)


def _report_unknown_key(key: str, value: Any, section: Section, path: str, problems: Problems) -> None:
    if key in section.advice:
        problems.add(f"{path}.{key}", value, section.advice[key], "Remove the key.")
        return
    secret = [name for name, each in section.fields.items() if each.secret]
    report_unknown_key(key, value, section.fields, secret, path, problems)


def nested(section: Section) -> Callable[[Any, str, Problems], Any]:
    def read(value: Any, path: str, problems: Problems) -> dict[str, Any] | None:
        return read_section(value, section, path, problems)

    return read


def list_of(read_item: Callable[[Any], Any] | Section, example: str, empty: str | None = None) -> Callable[[Any, str, Problems], Any]:
    """Reads a list into `Item`s. `empty` says why an empty one is an error; without it, empty is fine."""

    def read(value: Any, path: str, problems: Problems) -> list[Item] | None:
        if not isinstance(value, (list, tuple)):
            problems.add(path, value, "This must be a list.", f"Write it like {example}.")
            return None
        if empty and not value:
            problems.add(path, value, empty, f"Write it like {example}.")
            return None
        items = []
        for index, each in enumerate(value):
            where = f"{path}[{index}]"
            try:
                found = read_section(each, read_item, where, problems) if isinstance(read_item, Section) else read_item(each)
            except Reject as reject:
                problems.add(where, each, reject.message, reject.remedy)
                continue
            if found is not None:
                items.append(Item(where, found))
        return items

    return read

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reader: an argument specification, made ready once, then applied to any number of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from .._topology.problems import HIDDEN, Problems, join_names, report_unknown_key
from .._topology.scalars import Reject
from .relations import RELATIONS, check_relations
from .values import READERS, Read, one_of, sequence

__all__ = ["Specification", "item_path", "read"]

UNDERSTOOD = {"description", "version_added", "type", "elements", "options", "choices", "default", "required", "no_log", *RELATIONS}

# Stands for a value that was refused; its problem has been noted.
WRONG = object()

ReadAt = Callable[[Any, str, Problems], Any]


def item_path(path: str, index: int, item: Any) -> str:
    """Where an item of a list stands: under its own name or path, which outlasts a change of the order, else under its index."""
    if isinstance(item, Mapping):
        for key in ("name", "path"):
            found = item.get(key)
            if isinstance(found, (str, int)) and not isinstance(found, bool) and found != "":
                return f"{path}[{found}]"
    return f"{path}[{index}]"


def read(values: Any, options: Mapping[str, Any], path: str, problems: Problems) -> dict[str, Any] | None:
    """`values` completed by `options` (name: option, as under `options:` of an argument specification).

    Every key of the specification is present: as written and converted to its type, else its default, else None. A null counts
    as not written. What is wrong is added to `problems`, all of it; the result then has the default in its place, a list is
    without the item, and None stands for what is no mapping at all. `path` is where the values stand, "" for a role's variables.
    """
    return Specification(options).read(values, path, problems)


def _fresh(value: Any) -> Any:
    """A copy of a default, so that nobody changes it for the next one."""
    if isinstance(value, dict):
        return {key: _fresh(each) for key, each in value.items()} if value else {}
    if isinstance(value, list):
        return [_fresh(each) for each in value] if value else []
    return value


class Specification:
    """The keys of one mapping."""

    def __init__(self, options: Mapping[str, Any], relations: Mapping[str, Any] | None = None, secret: bool = False) -> None:
        """`relations`: the option that has these options, for what it says of them together. `secret`: all of it is."""
        relations = relations or {}
        self._relations = {name: relations[name] for name in RELATIONS if relations.get(name)}
        self._secret = {name for name, option in options.items() if secret or option.get("no_log")}
        self._readers: dict[str, ReadAt] = {name: _reader(option, name in self._secret) for name, option in options.items()}
        self._required = [name for name, option in options.items() if option.get("required")]
        self._defaults: dict[str, Any] = {}
        for name, option in options.items():
            default = option.get("default")
            self._defaults[name] = None if default is None else _own_default(name, default, self._readers[name])
        self._containers = [name for name, default in self._defaults.items() if isinstance(default, (dict, list))]

    def read(self, values: Any, path: str, problems: Problems) -> dict[str, Any] | None:
        """See `read` of this module."""
        if not isinstance(values, Mapping):
            shown = HIDDEN if self._secret else values
            problems.add(path, shown, "This must be a mapping of keys to values.", f"The keys here are {join_names(self._readers)}.")
            return None
        inside = f"{path}." if path else ""
        data = self._defaults.copy()
        given = set()
        for key, value in values.items():
            reader = self._readers.get(key)
            if reader is None:
                report_unknown_key(str(key), value, self._readers, self._secret, path, problems)
            elif value is not None:
                given.add(key)
                found = reader(value, f"{inside}{key}", problems)
                if found is not WRONG:
                    data[key] = found
        for key in self._containers:
            if data[key] is self._defaults[key]:
                data[key] = _fresh(data[key])
        for key in self._required:
            if key not in given:
                message = "This value is empty." if key in values else "This key is required."
                problems.add(f"{inside}{key}", None, message, "Add it.")
        if self._relations:
            check_relations(self._relations, data, given, path, problems)
        return data

    def read_variable(self, name: str, value: Any, problems: Problems) -> Any:
        """One of the keys alone: its completed value, None where it is wrong. Raises KeyError where there is no such key."""
        found = self._readers[name](value, name, problems)
        return None if found is WRONG else found


def _own_default(name: str, default: Any, reader: ReadAt) -> Any:
    problems = Problems()
    found = reader(default, name, problems)
    if len(problems):
        raise ValueError("; ".join(str(problem) for problem in problems))
    return found


def _reader(option: Mapping[str, Any], secret: bool) -> ReadAt:
    unknown = [key for key in option if key not in UNDERSTOOD]
    if unknown:
        raise ValueError(f"an option has {join_names(unknown)}, which is not understood here")
    kind = option.get("type", "str")
    return _list_reader(option, secret) if kind == "list" else _item_reader(option, kind, secret)


def _item_reader(option: Mapping[str, Any], kind: str, secret: bool) -> ReadAt:
    """For a value that is no list, or for the items of one."""
    if kind == "dict" and option.get("options") is not None:
        return _section_reader(Specification(option["options"], option, secret))
    read_value = READERS[kind]
    return _leaf_reader(one_of(option["choices"], read_value) if option.get("choices") else read_value, secret)


def _section_reader(section: Specification) -> ReadAt:
    def read_section(value: Any, path: str, problems: Problems) -> Any:
        found = section.read(value, path, problems)
        return WRONG if found is None else found

    return read_section


def _leaf_reader(read_value: Read, secret: bool) -> ReadAt:
    def read_leaf(value: Any, path: str, problems: Problems) -> Any:
        try:
            return read_value(value)
        except Reject as reject:
            problems.add(path, HIDDEN if secret else value, reject.message, reject.remedy)
            return WRONG

    return read_leaf


def _list_reader(option: Mapping[str, Any], secret: bool) -> ReadAt:
    kind = option.get("elements", "raw")
    read_item = _item_reader(option, kind, secret)
    of_texts = kind in ("str", "path", "int", "float")

    def read_list(value: Any, path: str, problems: Problems) -> Any:
        try:
            items = sequence(value, of_texts)
        except Reject as reject:
            problems.add(path, HIDDEN if secret else value, reject.message, reject.remedy)
            return WRONG
        found = [read_item(item, item_path(path, index, item), problems) for index, item in enumerate(items)]
        return [item for item in found if item is not WRONG]

    return read_list

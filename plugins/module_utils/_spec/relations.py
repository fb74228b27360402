# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keys of one mapping have to do with each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._topology.problems import Problems, join_names

__all__ = ["RELATIONS", "check_relations"]

RELATIONS = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")


def _groups(names: Iterable[Any]) -> list[list[str]]:
    """Ansible allows one group to be written without the outer list."""
    found = list(names)
    return [found] if found and isinstance(found[0], str) else found


def check_relations(option: Mapping[str, Any], data: Mapping[str, Any], given: set[str], path: str, problems: Problems) -> None:
    """`given`: the keys that were written; `data`: the values with defaults."""
    inside = f"{path}." if path else ""
    for group in _groups(option.get("mutually_exclusive") or ()):
        both = [name for name in group if name in given]
        if len(both) > 1:
            problems.add(path, None, f"{join_names(both)} exclude each other.", "Keep one of them.")
    for group in _groups(option.get("required_one_of") or ()):
        if not given.intersection(group):
            problems.add(path, None, f"One of {join_names(group)} is required.", "Add one of them.")
    for name, why in _required(option, data, given):
        if name not in given:
            problems.add(f"{inside}{name}", None, f"This key is required {why}.", "Add it.")


def _required(option: Mapping[str, Any], data: Mapping[str, Any], given: set[str]) -> Iterable[tuple[str, str]]:
    """Each key that others make necessary, and why."""
    for group in _groups(option.get("required_together") or ()):
        if given.intersection(group):
            yield from ((name, f"together with {join_names(each for each in group if each in given)}") for name in group)
    for key, names in (option.get("required_by") or {}).items():
        if key in given:
            yield from ((name, f"together with {key}") for name in ([names] if isinstance(names, str) else names))
    for key, value, names, *any_of in option.get("required_if") or ():
        if data.get(key) == value and not (any(any_of) and given.intersection(names)):
            yield from ((name, f"where {key} is {value}") for name in names)

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single values by their type: each is returned converted, or refused with what to write instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from .._topology.problems import listed
from .._topology.scalars import Reject, as_number, choice

__all__ = ["READERS", "Read", "one_of", "sequence"]

Read = Callable[[Any], Any]

# The words that Ansible takes for a boolean.
TRUE = ("true", "yes", "on", "y", "t", "1")
FALSE = ("false", "no", "off", "n", "f", "0")
# What YAML makes a boolean of, where it was meant as a word.
BARE_WORDS = {True: ("on", "yes"), False: ("off", "no")}


def text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        raise Reject("This must be a text, not true or false.", "Write it in quotes.")
    if not isinstance(value, (int, float)):
        raise Reject("This must be a text.", "Write one text, in quotes where it looks like something else.")
    return str(value)


def integer(value: Any) -> int:
    found = as_number(value)
    if not isinstance(found, int):
        raise Reject("This must be a whole number.", "Write digits only, for example 80.")
    return found


def number(value: Any) -> float:
    found = as_number(value)
    if found is None:
        raise Reject("This must be a number.", "Write a number, for example 0.5.")
    return found


def boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower() if isinstance(value, (str, int)) else ""
    if word not in TRUE + FALSE:
        raise Reject("This must be true or false.", "Write true or false, without quotes.")
    return word in TRUE


def mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Reject("This must be a mapping of keys to values.", "Write it like {key: value}.")
    return {str(key): each for key, each in value.items()}


def raw(value: Any) -> Any:
    return value


READERS: dict[str, Read] = {
    "str": text,
    "path": text,
    "int": integer,
    "float": number,
    "bool": boolean,
    "dict": mapping,
    "raw": raw,
}


def sequence(value: Any, of_texts: bool) -> Sequence[Any]:
    """A list as it is; where its items are single values, a lone one and a text with commas too, as Ansible does."""
    if isinstance(value, (list, tuple)):
        return value
    if of_texts and isinstance(value, str):
        return [part.strip() for part in value.split(",")] if value else []
    if of_texts and isinstance(value, (int, float)) and not isinstance(value, bool):
        return [value]
    raise Reject("This must be a list.", "Write it as a list, even if it has one item only: [item].")


def one_of(choices: Sequence[Any], read: Read) -> Read:
    """The same value, if it is among the choices."""
    by_text = {str(each): each for each in choices}
    known = choice(tuple(by_text))
    words = {truth: [word for word in spellings if word in by_text] for truth, spellings in BARE_WORDS.items()}

    def chosen(value: Any) -> Any:
        if isinstance(value, bool) and value not in choices:
            value = next(iter(words[value]), str(value).lower())
        if isinstance(value, (Mapping, list, tuple)):
            raise Reject("Exactly one can be chosen here.", f"Write one of: {listed(by_text)}.")
        found = read(value)
        return found if found in choices else by_text[known(str(found))]

    return chosen

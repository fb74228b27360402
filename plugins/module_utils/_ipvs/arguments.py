# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of ipvs_table, held against their options.

Ansible's own check of nested options takes longer for ten thousand real servers than to read them all from the kernel. So
it is asked only where something is not plainly right: then it converts what can be, and tells what is wrong in its own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import spec
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import InvalidValue

__all__ = ["services"]

_TYPES = {"str": str, "int": int, "bool": bool}

_Check = Callable[[Any], bool]


def services(given: list[Any]) -> list[dict[str, Any]]:
    """Options that are not given may be missing from the answer: normalise knows their defaults."""
    if all(map(_is_service, given)):
        return given
    result = ArgumentSpecValidator({"services": _SERVICES}).validate({"services": given})
    if result.error_messages:
        raise InvalidValue(f"Invalid option: {result.error_messages[0]}", "services")
    found: list[dict[str, Any]] = result.validated_parameters["services"]
    return found


def _check(option: Mapping[str, Any]) -> _Check:
    """Whether a value is of exactly the type of this option and one of its choices, with nothing to convert."""
    if "options" in option:
        return _list_of(_mapping(option["options"]))
    if option["type"] == "list":
        return _list_of(_check({"type": option["elements"]}))
    kind, choices = _TYPES[option["type"]], option.get("choices")
    # The class itself: a bool is an int, too, and would have to be converted.
    return lambda value: value.__class__ is kind and (choices is None or value in choices)


def _list_of(check: _Check) -> _Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _mapping(options: Mapping[str, Any]) -> _Check:
    checks = {name: _check(option) for name, option in options.items()}
    required = [name for name, option in options.items() if option.get("required")]

    def check(value: Any) -> bool:
        if not isinstance(value, dict) or any(name not in value for name in required):
            return False
        return all(name in checks and checks[name](item) for name, item in value.items())

    return check


_SERVICES = {"type": "list", "elements": "dict", "required": True, "options": spec.service()}
_is_service = _mapping(spec.service())

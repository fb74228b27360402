# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that follow from others."""

from __future__ import annotations

import re

from .context import Context
from .tree import Block, quoted, word

__all__ = ["print_maps"]

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Words with a meaning of their own inside a map; as values of the source they follow a backslash.
SPECIAL = ("hostnames", "include", "volatile")


def print_maps(file: Block, context: Context) -> None:
    """The user's maps, and after them those that other features need."""
    context.check_names("nginx_maps", VARIABLE)
    for given in context.values["nginx_maps"]:
        if given["name"] is None or given["source"] is None:
            continue
        path = f"nginx_maps[{given['name']}]"
        file.gap()
        block = file.block(f"map {word(given['source'])} ${given['name']}", path)
        for flag in ("hostnames", "volatile"):
            if given[flag]:
                block.add(flag, origin=f"{path}.{flag}")
        block.put("default", _value(given["default"]), f"{path}.default")
        for source, value in given["values"].items():
            key = f"\\{source}" if source in SPECIAL else word(source)
            block.put(key, _value(value), f"{path}.values.{source}")
    for variable in sorted(context.maps):
        file.gap()
        file.attach(context.maps[variable])


def _value(value: object) -> str:
    if value is None or value is False:
        return '""'
    text = "1" if value is True else str(value)
    return word(text) if text else quoted(text)

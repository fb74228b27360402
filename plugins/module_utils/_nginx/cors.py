# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pages of other origins may read answers (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol).

The origin is looked up in a map, so that a stranger gets no header at all. A preflight is answered by nginx itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .context import Context
from .headers import Header
from .tree import Block, word

__all__ = ["check_cors", "cors_headers", "print_preflight"]

PREFLIGHT = "$edge_cors_preflight"
ORIGIN = re.compile(r"null|[A-Za-z][A-Za-z0-9+.-]*://(?:[A-Za-z0-9._~-]|\*|%[0-9A-Fa-f]{2}|\[[0-9a-fA-F:.]+\])+(?::\d{1,5})?")
# What a * in a host's name stands for.
ANY_NAME = "[a-z0-9.-]+"


def check_cors(context: Context, cors: Mapping[str, Any], path: str) -> None:
    origins = cors["origins"] or []
    problems = context.problems
    if not origins:
        problems.add(f"{path}.origins", None, "No origin is allowed.", "Write at least one, or take cors off.")
    if "*" in origins and len(origins) > 1:
        problems.add(f"{path}.origins", origins, "* is everybody, so the others say nothing.", "Write * alone, or leave it out.")
    if "*" in origins and cors["credentials"]:
        remedy = "List the origins that may send them, or leave credentials out."
        problems.add(f"{path}.credentials", True, "Browsers reject credentials where the origin is *.", remedy)
    for index, origin in enumerate(origins):
        if origin != "*" and not origin.startswith("~") and not ORIGIN.fullmatch(origin):
            remedy = "Write scheme, host and perhaps a port, without a path or a slash at the end: https://shop.example.com."
            problems.add(f"{path}.origins[{index}]", origin, "This is no origin.", remedy)


def cors_headers(context: Context, cors: Mapping[str, Any], path: str) -> dict[str, Header]:
    """What the answers say. nginx leaves a header out whose value is empty: what strangers get, and what is for preflights alone."""
    everybody = "*" in cors["origins"]
    origin = "*" if everybody else _origin(context, cors["origins"], path)
    preflight = _preflight(context) if everybody else _preflight_of(context, origin)
    found = {"Access-Control-Allow-Origin": Header(origin, True, f"{path}.origins")}
    if not everybody:
        # A shared cache must not give the answer for one origin to another one.
        found["Vary"] = Header("Origin", True, f"{path}.origins")
    values = {
        "credentials": ("Allow-Credentials", "true" if cors["credentials"] else "", "" if everybody else origin),
        "expose_headers": ("Expose-Headers", ", ".join(cors["expose_headers"]), "" if everybody else origin),
        "methods": ("Allow-Methods", ", ".join(cors["methods"]), preflight),
        "headers": ("Allow-Headers", ", ".join(cors["headers"]), preflight),
        "max_age": ("Max-Age", str(cors["max_age"]), preflight),
    }
    for key, (name, value, condition) in values.items():
        if value:
            found[f"Access-Control-{name}"] = Header(_where(context, condition, value) if condition else value, True, f"{path}.{key}")
    return found


def print_preflight(block: Block, path: str) -> None:
    """A block without headers of its own has those of the location."""
    block.block(f"if ({PREFLIGHT})", path).put("return", "204", path)


def _preflight(context: Context) -> str:
    """The variable that is empty unless the request is a preflight."""
    if PREFLIGHT not in context.maps:
        asked = context.maps[PREFLIGHT] = Block(f'map "$request_method $http_origin $http_access_control_request_method" {PREFLIGHT}')
        asked.put("default", '""')
        asked.put('"~^OPTIONS [^ ]+ [^ ]+$"', "1")
    return PREFLIGHT


def _preflight_of(context: Context, origin: str) -> str:
    """The variable that is empty unless the request is a preflight for one of the origins that the variable `origin` knows."""
    asked = _preflight(context)
    variable = origin.replace("$edge_cors_", "$edge_asked_")
    if variable not in context.maps:
        block = context.maps[variable] = Block(f'map "{asked} {origin}" {variable}')
        block.put("default", '""')
        block.put('"~^1 ."', "1")
    return variable


def _where(context: Context, condition: str, value: str) -> str:
    """A variable that has `value` where the variable `condition` is not empty, and is empty elsewhere."""
    variable = f"{condition}_{_digest(value)}"
    if variable not in context.maps:
        block = context.maps[variable] = Block(f"map {condition} {variable}")
        block.put('""', '""')
        block.add("default", value)
    return variable


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _origin(context: Context, origins: Sequence[str], path: str) -> str:
    """The variable that holds the request's origin if it is one of these; one map serves all who list the same."""
    variable = f"$edge_cors_{_digest(chr(10).join(origins))}"
    if variable not in context.maps:
        allowed = context.maps[variable] = Block(f"map $http_origin {variable}", f"{path}.origins")
        allowed.put("default", '""')
        for index, origin in enumerate(dict.fromkeys(origins)):
            allowed.put(word(_pattern(origin)), "$http_origin", f"{path}.origins[{index}]")
    return variable


def _pattern(origin: str) -> str:
    if origin.startswith("~") or "*" not in origin:
        return origin
    return f"~^{ANY_NAME.join(re.escape(part) for part in origin.split('*'))}$"

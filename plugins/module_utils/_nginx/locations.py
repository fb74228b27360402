# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locations, and what a server has in common with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._spec import item_path
from . import caches, cors, logs
from .context import Context
from .headers import Header, print_headers, print_requests, with_headers
from .tree import Block, word, words

__all__ = ["Surroundings", "enter", "print_common", "print_location", "read_nested"]

# How nginx writes the kinds of location.
MARKS = {"prefix": "", "prefix_final": "^~ ", "exact": "= ", "regex": "~ ", "regex_nocase": "~* "}


@dataclass(frozen=True)
class Surroundings:
    """What a block hands down to those inside it."""

    # Headers that are set here, and those that nginx really hands down, which those of CORS belong to.
    headers: Mapping[str, Header]
    printed: Mapping[str, Header]
    requests: Mapping[str, Header]
    access_log: Mapping[str, Any]
    # CORS and referers with their paths: nginx does not hand down what makes them, so every location prints its own.
    cors: tuple[Mapping[str, Any], str] | None = None
    referers: tuple[Mapping[str, Any], str] | None = None


def read_nested(context: Context, locations: list[dict[str, Any]], path: str) -> None:
    """Completes locations in locations, to any depth, by the specification of the outer ones; in place."""
    for location in locations:
        where = f"{item_path(path, 0, location)}.locations"
        inner = enumerate(location["locations"])
        found = [context.location.read(item, item_path(where, index, item), context.problems) for index, item in inner]
        location["locations"] = [each for each in found if each is not None]
        read_nested(context, location["locations"], where)


def enter(outer: Surroundings, block: Mapping[str, Any], path: str, own: Mapping[str, Header] | None = None) -> Surroundings:
    """What holds inside `block`. `own`: headers that follow from its other settings."""
    headers = dict(outer.headers)
    if block["cache_control"]:
        # Good answers only: an error that browsers keep outlives its cause.
        headers["Cache-Control"] = Header(block["cache_control"], False, f"{path}.cache_control")
    headers = with_headers({**headers, **(own or {})}, block["add_headers"], f"{path}.add_headers")
    return replace(
        outer,
        headers=headers,
        printed=headers,
        requests=with_headers(outer.requests, block["proxy_set_headers"], f"{path}.proxy_set_headers"),
        access_log=logs.settled(outer.access_log, block["access_log"]),
        cors=(block["cors"], f"{path}.cors") if block["cors"] else outer.cors,
        referers=(block["referers"], f"{path}.referers") if block["referers"] else outer.referers,
    )


def print_common(block: Block, context: Context, given: Mapping[str, Any], inside: Surroundings, outer: Surroundings, path: str) -> None:
    """What can be written in servers and locations alike."""
    _print_allow(block, context, given, path)
    if given["root"]:
        block.add("root", given["root"], origin=f"{path}.root")
    if given["index"]:
        block.put("index", words(given["index"]), f"{path}.index")
    if given["expires"]:
        block.put("expires", context.notation(given["expires"], f"{path}.expires"), f"{path}.expires")
    if dict(inside.printed) != dict(outer.printed):
        print_headers(block, inside.printed)
    if given["proxy_set_headers"]:
        print_requests(block, inside.requests)
    for index, page in enumerate(given["error_pages"]):
        _print_error_page(block, page, f"{path}.error_pages[{index}]")
    if given["access_log"]:
        logs.check_formats(context, given["access_log"], f"{path}.access_log")
        logs.print_access_log(block, context, inside.access_log, f"{path}.access_log")


def _print_allow(block: Block, context: Context, given: Mapping[str, Any], path: str) -> None:
    if given["allow"] and given["return"]:
        message = "return answers everybody: nginx obeys it before it looks at allow."
        context.problems.add(f"{path}.allow", given["allow"], message, "Take one of them off.")
    for index, address in enumerate(given["allow"]):
        block.add("allow", address, origin=f"{path}.allow[{index}]")
    if given["allow"]:
        block.put("deny", "all", f"{path}.allow")


def _print_error_page(block: Block, page: Mapping[str, Any], path: str) -> None:
    response = page["response"]
    change = [] if response is None else ["=" if response == 0 else f"={response}"]
    block.add("error_page", *(page["status"] or []), *change, page["uri"] or "", origin=path)


def print_location(block: Block, context: Context, location: Mapping[str, Any], outer: Surroundings, path: str) -> None:
    target = location.get("path")
    if target is None:
        return
    block.gap()
    inner = block.block(f"location {MARKS[location['match']]}{word(target)}", path)
    cache = location["proxy_cache"]
    inside = enter(outer, location, path, caches.status_header(cache, f"{path}.proxy_cache"))
    if inside.cors:
        found = cors.cors_headers(context, *inside.cors)
        inside = replace(inside, printed=_joined(inside.headers, found))
    if location["internal"]:
        inner.add("internal", origin=f"{path}.internal")
    _print_guards(inner, inside)
    print_common(inner, context, location, inside, outer, path)
    _print_source(inner, context, location, path)
    if cache:
        caches.print_cache(inner, context, cache, f"{path}.proxy_cache")
    context.directives(inner, location["directives"], "location", f"{path}.directives")
    inner.raw(location["raw"], f"{path}.raw")
    _print_return(inner, location, path)
    for each in location["locations"]:
        print_location(inner, context, each, inside, item_path(f"{path}.locations", 0, each))


def _joined(headers: Mapping[str, Header], more: Mapping[str, Header]) -> dict[str, Header]:
    """Both; where they name the same header `more` has it, but Vary says both."""
    found = dict(more)
    for name, header in headers.items():
        if name.lower() == "vary" and "Vary" in found:
            found["Vary"] = replace(found["Vary"], value=f"{header.value}, {found['Vary'].value}")
    names = {name.lower() for name in more}
    return {**{name: header for name, header in headers.items() if name.lower() not in names}, **found}


def _print_guards(block: Block, inside: Surroundings) -> None:
    """First in a location: both leave it at once."""
    if inside.cors:
        cors.print_preflight(block, inside.cors[1])
    if inside.referers:
        given, path = inside.referers
        block.put("valid_referers", words(given["allowed"]), f"{path}.allowed")
        refused = block.block("if ($invalid_referer)", path)
        replacement = given["replacement"]
        if not replacement:
            refused.add("return", given["status"], origin=f"{path}.status")
        elif "://" in replacement:
            refused.add("return", 302, replacement, origin=f"{path}.replacement")
        else:
            # The replacement itself is let through: where it lies here too, it would be replaced again and again.
            own = re.escape(replacement.split("?")[0])
            refused.add("rewrite", f"^(?!{own}$)", replacement, "last", origin=f"{path}.replacement")


def _print_source(block: Block, context: Context, location: Mapping[str, Any], path: str) -> None:
    if location["alias"]:
        block.add("alias", location["alias"], origin=f"{path}.alias")
    if location["try_files"]:
        block.put("try_files", words(location["try_files"]), f"{path}.try_files")
    if location["proxy_pass"]:
        block.add("proxy_pass", location["proxy_pass"], origin=f"{path}.proxy_pass")
    elif location["proxy_cache"]:
        message = "There is nothing to be kept: the location has no proxy_pass."
        context.problems.add(f"{path}.proxy_cache", None, message, "Add proxy_pass, or take proxy_cache off.")
    if location["stub_status"]:
        block.add("stub_status", origin=f"{path}.stub_status")


def _print_return(block: Block, given: Mapping[str, Any], path: str) -> None:
    if given["return"] and given["return"]["status"] is not None:
        text = given["return"]["text"]
        block.add("return", given["return"]["status"], *([] if text is None else [text]), origin=f"{path}.return")

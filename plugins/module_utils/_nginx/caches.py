# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stores for the answers of upstreams, and which answers a location keeps there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from .context import Context
from .headers import Header
from .tree import Block, word, words

__all__ = ["print_cache", "print_stores", "status_header"]


def _path(cache: Mapping[str, Any]) -> str:
    return cache["path"] or f"/var/cache/nginx-{cache['name']}"


def _zone(cache: Mapping[str, Any]) -> str:
    """Upstreams have zones too, under their own names. A reload refuses a zone that has moved, so each place has a zone of its own."""
    place = f"{_path(cache)} {cache['levels']}"
    return f"cache_{cache['name']}_{hashlib.sha256(place.encode()).hexdigest()[:8]}"


def print_stores(block: Block, context: Context) -> None:
    context.check_names("nginx_caches")
    for cache in context.values["nginx_caches"]:
        name = cache["name"]
        if name is None:
            continue
        path = f"nginx_caches[{name}]"
        sizes = [f"levels={cache['levels']}", f"keys_zone={_zone(cache)}:{cache['keys_size']}", f"max_size={cache['max_size']}"]
        arguments = [_path(cache), *sizes, f"inactive={cache['inactive']}", "use_temp_path=off"]
        extra = f" {context.notation(cache['parameters'], f'{path}.parameters')}" if cache["parameters"] else ""
        block.put("proxy_cache_path", words(arguments) + extra, path)


def status_header(cache: Mapping[str, Any] | None, path: str) -> dict[str, Header]:
    if not cache or not cache["status_header"]:
        return {}
    return {cache["status_header"]: Header("$upstream_cache_status", True, f"{path}.status_header")}


def print_cache(block: Block, context: Context, cache: Mapping[str, Any], path: str) -> None:
    name = cache["cache"]
    if name is None or not context.known(name, "nginx_caches", f"{path}.cache"):
        return
    store = next(item for item in context.values["nginx_caches"] if item["name"] == name)

    def put(key: str, text: str, directive: str | None = None) -> None:
        block.put(f"proxy_cache_{directive or key}", text, f"{path}.{key}")

    block.put("proxy_cache", word(_zone(store)), f"{path}.cache")
    put("key", word(f"{store['version']}:{cache['key']}"))
    for index, valid in enumerate(cache["valid"]):
        block.put("proxy_cache_valid", context.notation(valid, f"{path}.valid[{index}]"), f"{path}.valid[{index}]")
    put("methods", words(cache["methods"]))
    put("min_uses", str(cache["min_uses"]))
    for key in ("lock", "background_update", "revalidate"):
        put(key, "on" if cache[key] else "off")
    put("stale", words(cache["stale"] or ["off"]), "use_stale")
    if cache["bypass"]:
        put("bypass", words(cache["bypass"]))
        block.put("proxy_no_cache", words(cache["bypass"]), f"{path}.bypass")

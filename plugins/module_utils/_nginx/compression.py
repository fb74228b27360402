# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compression of answers."""

from __future__ import annotations

from .context import Context
from .tree import Block, word, words

__all__ = ["print_gzip"]


def print_gzip(block: Block, context: Context) -> None:
    given = context.values["nginx_gzip"]
    if given["static"] != "off":
        block.add("gzip_static", given["static"], origin="nginx_gzip.static")
    if not given["enabled"]:
        block.put("gzip", "off", "nginx_gzip.enabled")
        return
    block.put("gzip", "on", "nginx_gzip.enabled")
    for key in ("comp_level", "min_length", "http_version"):
        block.add(f"gzip_{key}", given[key], origin=f"nginx_gzip.{key}")
    block.put("gzip_vary", "on" if given["vary"] else "off", "nginx_gzip.vary")
    for key in ("proxied", "types", "disable"):
        if given[key]:
            block.put(f"gzip_{key}", words(given[key]), f"nginx_gzip.{key}")
    if given["buffers"]:
        block.put("gzip_buffers", " ".join(word(part) for part in given["buffers"].split()), "nginx_gzip.buffers")

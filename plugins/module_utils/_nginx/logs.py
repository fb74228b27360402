# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where requests are logged, and what a line says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .context import Context
from .tree import Block, quoted, word

__all__ = ["FORMATS", "check_formats", "print_access_log", "print_formats", "settled"]

# The combined format, and after it whose answer it was and how long each part took.
FORMATS: dict[str, Any] = {
    "edge": (
        '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" '
        "host=$host rt=$request_time ua=$upstream_addr us=$upstream_status uct=$upstream_connect_time "
        "uht=$upstream_header_time urt=$upstream_response_time ucs=$upstream_cache_status"
    ),
    # One object a line. All values are texts: nginx writes "-", nothing or "0.001, 0.002" where others write a number.
    "edge_json": {
        "time": "$time_iso8601",
        "remote_addr": "$remote_addr",
        "remote_user": "$remote_user",
        "host": "$host",
        "method": "$request_method",
        "uri": "$request_uri",
        "protocol": "$server_protocol",
        "status": "$status",
        "bytes_sent": "$body_bytes_sent",
        "request_length": "$request_length",
        "request_time": "$request_time",
        "request_id": "$request_id",
        "referer": "$http_referer",
        "user_agent": "$http_user_agent",
        "upstream_addr": "$upstream_addr",
        "upstream_status": "$upstream_status",
        "upstream_connect_time": "$upstream_connect_time",
        "upstream_header_time": "$upstream_header_time",
        "upstream_response_time": "$upstream_response_time",
        "upstream_cache_status": "$upstream_cache_status",
    },
}
# Known to nginx without being described.
BUILT_IN = ("combined",)


def print_formats(block: Block, context: Context) -> None:
    given = context.values["nginx_log_formats"]
    for name, pattern in {**FORMATS, **given}.items():
        origin = f"nginx_log_formats.{name}" if name in given else None
        if pattern is None or pattern is False:
            continue
        if isinstance(pattern, Mapping):
            block.put("log_format", f"{word(name)} escape=json {_object(pattern)}", origin)
        else:
            block.put("log_format", f"{word(name)} {quoted(str(pattern))}", origin)


def _object(fields: Mapping[str, Any]) -> str:
    """One JSON object, a field a line; nginx joins the pieces."""
    pieces = [f"{json.dumps(str(key))}:{json.dumps(str(value))}" for key, value in fields.items()]
    return "\n        ".join([quoted("{" + ",".join(pieces[:1])), *(quoted(f",{piece}") for piece in pieces[1:]), "'}'"])


def settled(outer: Mapping[str, Any], given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings of a block: those around it, and its own where it has any."""
    return {**outer, **{key: value for key, value in (given or {}).items() if value is not None}}


def check_formats(context: Context, settings: Mapping[str, Any] | None, path: str) -> None:
    known = [*FORMATS, *BUILT_IN, *context.values["nginx_log_formats"]]
    if settings and settings.get("format") and settings["format"] not in known:
        context.problems.add(f"{path}.format", settings["format"], "There is no such format.", f"Write one of: {', '.join(known)}.")


def print_access_log(block: Block, context: Context, settings: Mapping[str, Any], origin: str) -> None:
    if not settings["enabled"]:
        block.put("access_log", "off", origin)
        return
    path = settings["path"] or f"{context.host.log_directory}/access.log"
    words = [word(path), word(settings["format"])]
    # nginx buffers neither what goes to syslog nor files whose names have variables.
    if settings["buffer"] and not path.startswith("syslog:") and "$" not in path:
        words += [word(f"buffer={settings['buffer']}"), *([word(f"flush={settings['flush']}")] if settings["flush"] else [])]
    if settings["condition"]:
        words.append(word(f"if={settings['condition']}"))
    block.put("access_log", " ".join(words), origin)

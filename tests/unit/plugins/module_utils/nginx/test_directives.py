# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directives judged by the table: one row for each way of being wrong, and what must not be refused."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._nginx.directives import CONTEXTS, PLACES, check
from ansible_collections.steadfast.edge.plugins.module_utils._nginx.known import find, names_in, version_of
from ansible_collections.steadfast.edge.plugins.module_utils._nginx.table import NEWEST, TABLE
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import Problems


def judged(name: str, value: Any, context: str = "location", version: str | None = None, third_party: tuple[str, ...] = ()) -> str:
    problems = Problems()
    check(name, value, context, f"here.{name}", version, problems, third_party)
    assert len(problems) <= 1
    assert all(problem.path == f"here.{name}" and problem.value is value for problem in problems)
    return " ".join(f"{problem.message} {problem.remedy}" for problem in problems)


WRONG = [
    ("proxy_bufering", "off", "location", None, "Did you mean proxy_buffering? Write proxy_buffering instead"),
    ("completely_else", "off", "location", None, "no directive of this name. Correct the name; if a module"),
    ("misspelt", False, "location", None, "no directive of this name"),
    ("slow_start", "30s", "upstream", None, "a parameter of server, not a directive"),
    ("worker_connections", 9, "http", None, "does not take it in http; it belongs in events. Move it there."),
    ("proxy_pass", "http://x", "server", None, "it belongs in a location, in an if of a location, in limit_except or in a stream server"),
    ("proxy_buffering", "maybe", "location", None, "either on or off"),
    ("proxy_buffering", "", "location", None, "either on or off"),
    ("proxy_buffering", "on off", "location", None, "either on or off"),
    ("proxy_read_timeout", "1 2", "location", None, "This takes 1 argument, not 2 arguments."),
    ("add_header", ["X 1", "Y"], "server", None, "This takes 2 or 3 arguments, not 1 argument."),
    ("try_files", "x", "server", None, "This takes 2 or more arguments, not 1 argument."),
    ("map_hash_max_size", [], "location", None, ""),
    ("ip_hash", True, "upstream", None, 'This takes no argument, and true prints one. Write an empty text, "".'),
    ("ip_hash", "x", "upstream", None, "This takes no argument, not 1 argument."),
    ("queue", 5, "upstream", None, "commercial edition"),
    ("health_check", "uri=/x", "location", None, "commercial edition"),
    ("server", "a slow_start=3s", "upstream", None, "The parameter slow_start belongs to nginx's commercial edition"),
    ("proxy_cache_path", "/x keys_zone=a:1m purger=on", "http", None, "The parameter purger belongs"),
    ("server", "a resolve", "upstream", "1.27.2", "knows the parameter resolve since 1.27.3 only; the host has 1.27.2."),
    ("server", "a drain", "stream_upstream", "1.27.2", ""),
    ("listen", "443 quic", "server", "1.22.1", "quic since 1.25.0 only"),
    ("http2", True, "server", "1.25.0", "since 1.25.1 only; the host has 1.25.0. Remove it, or install nginx 1.25.1 or newer."),
    ("resolver", "192.0.2.53", "upstream", "1.22.1", "since 1.27.3 only"),
    ("ssl", True, "server", "1.26.0", "no more since 1.25.1; the host has 1.26.0. Remove it."),
    ("sticky", "cookie x", "upstream", "1.22.1", "since 1.29.6 only"),
    ("if", "x", "location", None, "if is a block. Write it in raw."),
    ("types", "x", "http", None, "types is a block. Write it in raw."),
    ("limit_except", "GET", "location", None, "Write it in raw."),
    ("map", "x", "http", None, "Describe it by nginx_maps."),
    ("location", "/x", "server", None, "Describe it by locations."),
    ("server", "", "http", None, "Describe it by nginx_servers."),
    ("upstream", "x", "stream", None, "Describe it by nginx_stream_upstreams."),
    ("return", "200; root /", "server", None, "would end the directive"),
    ("deny", {"all": True}, "http", None, "a text, a number"),
]

RIGHT = [
    ("proxy_buffering", True, "location", "1.22.1"),
    ("proxy_buffering", "OFF", "location", "1.22.1"),
    ("proxy_buffering", False, "location", "1.22.1"),
    ("ssl", True, "server", "1.22.1"),
    ("ssl", True, "server", None),
    ("ssl", False, "server", "1.26.0"),
    ("http2", True, "server", None),
    ("http2", True, "server", "1.25.1"),
    ("server", "a resolve", "upstream", "1.27.3"),
    ("server", "a resolve slow", "upstream", None),
    ("server", "drain weight=2", "upstream", "1.22.1"),
    ("resolver", ["192.0.2.53 valid=1s"], "upstream", None),
    ("ip_hash", "", "upstream", "1.22.1"),
    ("include", "x.conf", "upstream", "1.22.1"),
    ("add_header", ["X 1", 'Y "a b" always'], "location", "1.22.1"),
    ("js_import", "x.js", "http", "1.22.1"),
    ("try_files", "$uri =404", "location", "1.14.0"),
    ("server", "192.0.2.1:1", "stream_upstream", "1.22.1"),
    ("ssl_preread", True, "stream_server", "1.22.1"),
    ("debug_points", "abort", "main", "1.22.1"),
    ("multi_accept", True, "events", "1.22.1"),
    ("proxy_cache_valid", ["200 10m", "any 1m"], "http", "1.22.1"),
    ("error_log", "json", "http", "1.22.1"),
]


@pytest.mark.parametrize(("name", "value", "context", "version", "words"), WRONG)
def test_what_nginx_would_refuse(name: str, value: Any, context: str, version: str | None, words: str) -> None:
    assert words in judged(name, value, context, version)


@pytest.mark.parametrize(("name", "value", "context", "version"), RIGHT)
def test_what_nginx_takes(name: str, value: Any, context: str, version: str | None) -> None:
    assert judged(name, value, context, version) == ""


def test_directives_of_other_modules() -> None:
    allowed = ("more_*", "queue", "set_misc")
    assert judged("more_set_headers", "'X: 1'", third_party=allowed) == ""
    assert judged("queue", "5", "upstream", third_party=allowed) == ""
    assert "would end the directive" in judged("more_set_headers", "a; b", third_party=allowed)
    assert "no directive" in judged("more; root", "/", third_party=allowed)
    assert "either on or off" in judged("proxy_buffering", "x", third_party=allowed)


def test_the_table_is_whole_and_in_order() -> None:
    lines = TABLE.strip().splitlines()
    assert len(lines) > 900
    assert lines == sorted(lines, key=lambda line: (line.split()[0], re.split("[!@<]", line.split()[1])[0]))
    assert version_of(NEWEST) >= (1, 31)  # type: ignore[operator]
    for name in names_in():
        for directive in find(name):
            assert directive.contexts
            assert {*directive.contexts} <= {*PLACES, "any"}, name
    assert all(names_in(context) for context in CONTEXTS)


def test_versions() -> None:
    assert [version_of(each) for each in ("1.22.1", "1.29", "1.25.3-beta", "", None, "new")] == [
        (1, 22, 1), (1, 29), (1, 25, 3), None, None, None,
    ]  # fmt: skip


def test_thousands_are_judged_in_no_time() -> None:
    begin = time.process_time()
    for number in range(10_000):
        judged("proxy_set_header", f'X-{number} "$host {number}"', version="1.22.1")
    assert time.process_time() - begin < 1.5

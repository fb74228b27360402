# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the role itself prints is in the table, where and as it stands: table and role judge each other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils import _nginx
from ansible_collections.steadfast.edge.plugins.module_utils._nginx.directives import check
from ansible_collections.steadfast.edge.plugins.module_utils._nginx.known import find, names_in, version_of
from ansible_collections.steadfast.edge.plugins.module_utils._nginx.web import DEFAULTS
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import Problems
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.nginx.printing import files

SOURCES = sorted(Path(str(_nginx.__file__)).parent.glob("*.py"))

PEM = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"
MEMBERS = [{"address": "192.0.2.31", "port": 8080, "max_conns": 5}, {"address": "192.0.2.32", "port": 8080, "down": True}]
# A bit of everything.
VARIABLES: dict[str, Any] = {
    "nginx_resolvers": ["192.0.2.53"],
    "nginx_certificates": [
        {"name": "shop", "certificate": PEM, "key": KEY},
        {"name": "own", "self_signed": True, "names": ["shop.example.com"]},
    ],
    "nginx_maps": [{"name": "kind", "source": "$uri", "values": {"~x": "y"}, "hostnames": True}],
    "nginx_caches": [{"name": "pages", "version": 2}],
    "nginx_status": {"enabled": True},
    "nginx_upstreams": [
        {"name": method, "method": method, "key": "$uri" if method == "hash" else None, "servers": MEMBERS}
        for method in ("round_robin", "least_conn", "ip_hash", "random", "hash")
    ],
    "nginx_stream_upstreams": [{"name": "db", "servers": [{"address": "192.0.2.31", "port": 5432}]}],
    "nginx_stream_servers": [{"name": "db", "listen": [{"port": 5432}], "proxy_pass": "db"}],
    "nginx_servers": [
        {
            "name": "shop",
            "listen": [{"port": 80}, {"port": 443}],
            "server_names": ["shop.example.com"],
            "root": "/srv/shop",
            "index": ["index.html"],
            "add_headers": {"X-A": "b"},
            "tls": {"certificate": ["shop"], "hsts": {"max_age": 60}, "ocsp_stapling": True},
            "cors": {"origins": ["https://a.example.com"]},
            "locations": [
                {"path": "/api/", "proxy_pass": "http://hash", "proxy_set_headers": {"X": "y"}, "proxy_cache": {"cache": "pages"}},
                {"path": "/pictures/", "referers": {"allowed": ["server_names"]}, "expires": "1d"},
                {"path": "/old", "return": {"status": 301, "text": "/new"}},
                {"path": "/files/", "alias": "/srv/files/", "try_files": ["$uri", "=404"], "internal": True},
                {"path": "/open/", "cors": {"origins": "*"}},
            ],
        }
    ],
}
# Contexts of files, and of blocks within others. What is inside of all other blocks is no directive.
FILES = {"nginx.conf": "main", "streams": "stream", "stream_upstreams.conf": "stream"}
INSIDE = {
    ("main", "events"): "events",
    ("main", "http"): "http",
    ("main", "stream"): "stream",
    ("http", "server"): "server",
    ("http", "upstream"): "upstream",
    ("server", "location"): "location",
    ("location", "location"): "location",
    ("server", "if"): "server_if",
    ("location", "if"): "location_if",
    ("location", "limit_except"): "limit_except",
    ("stream", "server"): "stream_server",
    ("stream", "upstream"): "stream_upstream",
}


def statements(text: str, context: str | None) -> Iterator[tuple[str | None, str, str, bool]]:
    """Context, name, arguments of each directive, and whether it is a block. Printed text has each on lines of its own."""
    contexts = [context]
    begun = ""
    for line in text.splitlines():
        if line.strip().startswith("#"):
            continue
        begun = f"{begun} {line.strip()}".strip()
        if begun == "}":
            contexts.pop()
        elif begun.endswith((";", "{")):
            name, _blank, arguments = begun[:-1].strip().partition(" ")
            if contexts[-1]:
                yield contexts[-1], name, arguments, begun[-1] == "{"
            if begun[-1] == "{":
                contexts.append(INSIDE.get((contexts[-1] or "", name)))
        else:
            continue
        begun = ""


@pytest.mark.parametrize("version", ["1.18.0", "1.22.1", "1.26.2", "1.31.4", None])
def test_everything_that_is_printed_can_stand_there(version: str | None) -> None:
    seen = set()
    for path, text in files(VARIABLES, version).items():
        if not path.endswith(".conf"):
            continue
        for context, name, arguments, block in statements(text, FILES.get(path.split("/", maxsplit=1)[0], "http")):
            assert context
            seen.add((context, name))
            if block:
                meanings = [each for each in find(name) if each.block and each.span(context)]
                assert any(each.span(context).has(version_of(version)) for each in meanings), (context, name)  # type: ignore[union-attr]
                continue
            problems = Problems()
            check(name, arguments, context, path, version, problems)
            assert not problems.found, (context, name, str(problems.found[0]))
    assert len(seen) > 100


# Written as directives are, but they are the values that a map tells apart.
IN_MAPS = {"default", "on"}


def _literals() -> Iterator[str]:
    """Names that the sources hand to add() and put() of blocks."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in ("add", "put"):
                continue
            first = node.args[0] if len(node.args) > 1 else None
            owner = ast.unparse(node.func.value)
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and not owner.endswith("problems"):
                yield first.value


def test_the_table_has_every_name_that_the_role_can_print() -> None:
    names = {name for name in {*_literals(), *DEFAULTS} - IN_MAPS if re.fullmatch(r"[a-z][a-z0-9_]*", name)}
    assert len(names) > 70
    assert names <= set(names_in()), names - set(names_in())

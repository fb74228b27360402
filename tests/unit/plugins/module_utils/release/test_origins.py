# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what nginx says to the value that it is about."""

from __future__ import annotations

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._release._origins import explain, part

SERVER = """\
# Managed by Ansible: "ghost"
server {
    listen 8080;
    listen 192.0.2.1:81;
    listen [::1]:82;
    ssl_certificate tls/a.pem;
    return 200 "$ghost/x";
    root /srv/a;
}
"""
FILES = [
    {"path": "server.conf", "content": SERVER, "origins": {
        2: "servers[a]", 3: "servers[a].listen[0]", 4: "servers[a].listen[1]", 5: "servers[a].listen[2]", 6: "servers[a].tls",
        7: "servers[a].return", "8": "servers[a].root", 9: "servers[a]"}},
    {"path": "tls/a.pem", "content": "x\ny\n", "origins": {"1": "certificates[a].certificate"}},
    {"path": "empty.conf", "content": "", "origins": {}},
    {"path": "on", "link": "server.conf", "origins": {1: "links[on]"}},
    {"path": "plain.conf", "content": "root /srv/a;\n"},
]


@pytest.mark.parametrize(("file", "line", "output", "expected"), [
    ("server.conf", 3, "", ["servers[a].listen[0]"]),
    ("server.conf", 8, "", ["servers[a].root"]),
    ("server.conf", 40, "", ["servers[a]"]),
    ("server.conf", 1, "", []),
    ("plain.conf", 1, "", []),
    ("tls/a.pem", None, 'cannot load certificate "/etc/app/tls/a.pem"', ["certificates[a].certificate"]),
    ("tls/b.pem", None, 'cannot load certificate "/etc/app/tls/b.pem"', []),
    (None, None, 'nginx: [emerg] unknown "ghost" variable', ["servers[a].return"]),
    (None, None, 'open() "/srv/a" failed', ["servers[a].root"]),
    (None, None, 'open() "srv/a" failed', []),
    (None, None, "bind() to 0.0.0.0:8080 failed (98: Address already in use)", ["servers[a].listen[0]"]),
    (None, None, "bind() to 0.0.0.0:80 failed", []),
    (None, None, "bind() to 192.0.2.1:81 failed", ["servers[a].listen[1]"]),
    (None, None, "bind() to [::1]:82 failed", ["servers[a].listen[2]"]),
    (None, None, "it printed nothing", []),
])
def test_where_it_comes_from(file: str | None, line: int | None, output: str, expected: list[str]) -> None:
    assert explain(FILES, part(FILES)[1], file, line, output) == expected


def test_words_of_many_values_name_the_first_ones() -> None:
    many = [{"path": f"{number}.conf", "content": 'x "$ghost";\n', "origins": {1: f"servers[{number}]"}} for number in range(5)]
    found = explain(many, part(many)[1], None, None, 'unknown "ghost" variable')
    assert found == ["servers[0]", "servers[1]", "servers[2]"]


UNENDED = """\
server {
    proxy_buffering off
    root /srv/a;
    index a;
}
"""


@pytest.mark.parametrize(("line", "output", "expected"), [
    (3, 'invalid number of arguments in "proxy_buffering" directive in x.conf:3', ["raw", "root"]),
    (4, 'unknown directive "index" in x.conf:4', ["index"]),
    (5, 'unexpected "}" in x.conf:5', ["index", "server"]),
    (4, 'host not found in "ghost" of "/etc/app/x.conf":4', ["index"]),
])
def test_what_is_not_ended_is_noticed_later(line: int, output: str, expected: list[str]) -> None:
    files = [{"path": "x.conf", "content": UNENDED, "origins": {1: "server", 2: "raw", 3: "root", 4: "index", 5: "server"}}]
    assert explain(files, part(files)[1], "x.conf", line, output) == expected


@pytest.mark.parametrize("raw", ["location /x {", "location /x { } }"])
def test_braces_without_their_like_are_found_wherever_nginx_notices(raw: str) -> None:
    content = f"server {{\n{raw}\n    index a;\n}}\n"
    files = [{"path": "x.conf", "content": content, "origins": {1: "server", 2: "raw", 3: "index", 4: "server"}}]
    for said, line in (('unexpected "}"', 4), ('location "/" is outside location "/x"', 3), ('unexpected end of file', 5)):
        assert explain(files, part(files)[1], "x.conf", line, f"{said} in x.conf:{line}") == ["raw"]

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the texts: they stay within their arguments, and every line leads to a value that exists."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._nginx.merge import merge
from ansible_collections.steadfast.edge.plugins.module_utils._nginx.tree import quoted, word
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import Problems
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.nginx.printing import built
from hypothesis import given, settings
from hypothesis import strategies as st

# Everything but what nginx cannot have in a file at all.
ANY_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
NASTY_TEXT = st.text(st.sampled_from(list(" ;{}\"'\\#$\n\t\ratrn-/.~*")), max_size=12)
TEXTS = st.one_of(ANY_TEXT, NASTY_TEXT)
FULL_TEXTS = TEXTS.filter(bool)

ESCAPES = {"t": "\t", "r": "\r", "n": "\n", '"': '"', "'": "'", "\\": "\\"}


def read_by_nginx(text: str) -> list[list[str]]:
    """The directives in `text` with their arguments, as ngx_conf_read_token reads them; blocks are directives of their own."""
    directives: list[list[str]] = []
    words: list[str] = []
    position = 0
    while position < len(text):
        char = text[position]
        if char in " \t\r\n":
            position += 1
        elif char in ";{}":
            if words or char != "}":
                directives.append([*words, char])
            words = []
            position += 1
        elif char == "#":
            position = text.index("\n", position)
        else:
            found, position = _read_word(text, position)
            words.append(found)
    assert not words, words
    return directives


def _read_word(text: str, start: int) -> tuple[str, int]:
    quote = text[start] if text[start] in "\"'" else ""
    position, raw = start + len(quote), ""
    while True:
        char = text[position]
        if char == "\\":
            raw += text[position : position + 2]
            position += 2
            continue
        if quote and char == quote:
            assert text[position + 1] in " \t\r\n;{)", text[position:]
            position += 1
            break
        if not quote and (char in " \t\r\n;" or (char == "{" and text[position - 1] != "$")):
            break
        raw += char
        position += 1
    return re.sub(r"\\(.)", lambda match: ESCAPES.get(match[1], match[0]), raw, flags=re.S), position


@given(FULL_TEXTS)
def test_a_word_is_read_as_it_was_meant(text: str) -> None:
    assert read_by_nginx(f"a {word(text)};") == [["a", text, ";"]]


@given(TEXTS)
def test_a_quoted_text_is_read_as_it_was_meant(text: str) -> None:
    assert read_by_nginx(f"a {quoted(text)} b;") == [["a", text, "b", ";"]]


LOCATIONS = st.fixed_dictionaries(
    {"path": FULL_TEXTS},
    optional={
        "match": st.sampled_from(["prefix", "exact", "regex", "prefix_final", "regex_nocase"]),
        "root": FULL_TEXTS,
        "proxy_pass": FULL_TEXTS,
        "index": st.lists(FULL_TEXTS, max_size=2),
        "try_files": st.lists(FULL_TEXTS, max_size=2),
        "return": st.fixed_dictionaries({"status": st.just(200)}, optional={"text": TEXTS}),
        "add_headers": st.dictionaries(FULL_TEXTS, TEXTS, max_size=2),
        "proxy_set_headers": st.dictionaries(FULL_TEXTS, TEXTS, max_size=2),
        "cache_control": FULL_TEXTS,
        "error_pages": st.lists(st.fixed_dictionaries({"status": st.just([404]), "uri": FULL_TEXTS}), max_size=1),
        "referers": st.fixed_dictionaries({"allowed": st.lists(FULL_TEXTS, min_size=1, max_size=2)}, optional={"replacement": FULL_TEXTS}),
        "cors": st.fixed_dictionaries({"origins": st.just(["https://a.example.com"]), "headers": st.lists(TEXTS, max_size=2)}),
    },
)
SERVERS = st.fixed_dictionaries(
    {"name": st.just("shop"), "locations": st.lists(LOCATIONS, max_size=3)},
    optional={
        "server_names": st.lists(FULL_TEXTS, max_size=2),
        "health_path": TEXTS,
        "add_headers": st.dictionaries(FULL_TEXTS, TEXTS, max_size=2),
        "cors": st.just({"origins": ["https://b.example.com"]}),
        "access_log": st.fixed_dictionaries({"path": FULL_TEXTS}),
        "raw": st.just("# raw {\n"),
    },
)


@settings(max_examples=200, deadline=None)
@given(SERVERS, st.dictionaries(FULL_TEXTS, TEXTS, max_size=3))
def test_no_text_becomes_a_directive_and_every_line_has_its_value(server: dict[str, Any], values: dict[str, str]) -> None:
    values = {key: value for key, value in values.items() if key not in ("default",)}
    variables = {"nginx_servers": [server], "nginx_maps": [{"name": "m", "source": "$uri", "values": values}]}
    files, problems = built(variables, None)
    assert not problems, [str(problem) for problem in problems]
    paths = set(every_path(merge(variables, Problems())))
    for file in files:
        directives = read_by_nginx(file["content"])
        if file["path"] == "servers/shop.conf":
            assert {words[0] for words in directives if len(words) > 1} <= DIRECTIVES
            assert sum(words[0] == "location" for words in directives) >= len(server["locations"])
        if file["path"] != "nginx.conf":
            assert set(file["origins"].values()) <= paths | DEFAULTED, file["origins"]
            assert max(file["origins"], default=0) <= file["content"].count("\n")


# What servers and locations of this test can print.
DIRECTIVES = {
    "server", "listen", "server_name", "root", "index", "add_header", "proxy_set_header", "access_log", "error_page", "location",
    "default_type", "return", "try_files", "proxy_pass", "valid_referers", "if", "rewrite",
}  # fmt: skip
# Values that nobody wrote, and that therefore are a variable's or a key's default.
DEFAULTED = {"nginx_health_path", "nginx_upstream_zone_size"}


def every_path(value: Any, path: str = "") -> list[str]:
    """The paths of a value and of all in it; items go by their name or path."""
    found = [path]
    if isinstance(value, dict):
        for key, each in value.items():
            found += every_path(each, f"{path}.{key}" if path else key)
        # A default has the path at which it would be written.
        found += [f"{path}.{key}" for key in ("listen[0]", "default", "status", "methods", "headers", "max_age", "allowed")]
        found += [f"{path}.listen[0]"]
    elif isinstance(value, list):
        for index, each in enumerate(value):
            named = each.get("name") or each.get("path") if isinstance(each, dict) else None
            found += every_path(each, f"{path}[{named or index}]")
    return found

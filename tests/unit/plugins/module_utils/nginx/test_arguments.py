# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How values become text, and how nginx takes the text apart."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._nginx.arguments import printed, split
from ansible_collections.steadfast.edge.plugins.module_utils._topology.scalars import Reject


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (None, []),
        (False, []),
        ([], []),
        (True, ["on"]),
        ("off", ["off"]),
        ("", [""]),
        (0, ["0"]),
        (1.5, ["1.5"]),
        ("a b", ["a b"]),
        (["a", 1, False, None, True], ["a", "1", "on"]),
    ],
)
def test_a_value_is_printed(value: Any, lines: list[str]) -> None:
    assert printed(value) == lines


@pytest.mark.parametrize("value", [{"a": 1}, ["x", {"a": 1}]])
def test_a_mapping_cannot_be_printed(value: Any) -> None:
    with pytest.raises(Reject, match="a text, a number"):
        printed(value)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("", []),
        ("  a\tb\n c ", ["a", "b", "c"]),
        ('"a;b {" c', ["a;b {", "c"]),
        ('\'a "b"\' "it\'s"', ['a "b"', "it's"]),
        ("a\"b c'd", ['a"b', "c'd"]),
        ("${host}/x $uri", ["${host}/x", "$uri"]),
        (r"~^/a\.b$ \;", [r"~^/a\.b$", r"\;"]),
        (r'"a\"b" c', [r"a\"b", "c"]),
        ("a#b", ["a#b"]),
        ('""', [""]),
    ],
)
def test_text_is_taken_apart_as_nginx_does(text: str, arguments: list[str]) -> None:
    assert split(text) == arguments


@pytest.mark.parametrize(
    ("text", "words", "remedy"),
    [
        ("200;", "semicolon at the end", "Leave it out"),
        ("200; return 403", "; would end the directive", "raw"),
        ("~ ^/x{2}$", "{ would end the directive", "quotes"),
        ("a }", "} would end the directive", "raw"),
        ("${host", "{ would end the directive", "quotes"),
        ('"a b', 'quote " is not closed', "Close it"),
        ("a 'b", "quote ' is not closed", "Close it"),
        ('"a\\"', 'quote " is not closed', "Close it"),
        ('"a"b', "A blank is missing", "whole argument"),
        ("a \\", "swallow the semicolon", "Double it"),
        ("a # b", "begins a comment", "raw"),
        ("#", "begins a comment", "raw"),
    ],
)
def test_text_that_would_reach_beyond_its_directive_is_refused(text: str, words: str, remedy: str) -> None:
    with pytest.raises(Reject) as raised:
        split(text)
    assert words in raised.value.message
    assert remedy in raised.value.remedy

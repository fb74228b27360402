# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Printing: quotes that nothing breaks out of, and lines that lead back to values."""

from __future__ import annotations

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._nginx.tree import Block, quoted, word


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("http://shop-app", "http://shop-app"),
        (8080, "8080"),
        ("$uri/", "$uri/"),
        (r"\.(gif|png)$", r"\.(gif|png)$"),
        ("", '""'),
        ("two words", '"two words"'),
        ("a;b", '"a;b"'),
        ("a{2}", '"a{2}"'),
        ("#", '"#"'),
        ("${uri}", '"${uri}"'),
        ('say "hi"', "'say \"hi\"'"),
        ("it's", '"it\'s"'),
        ("it's \"both\"", '"it\'s \\"both\\""'),
        ("line\nend", '"line\\nend"'),
        # nginx would make a tabulator of a bare one.
        (r"\t", '"\\\\t"'),
        ("end\\", '"end\\\\"'),
    ],
)
def test_a_value_is_one_argument(value: object, printed: str) -> None:
    assert word(value) == printed


def test_quoted_always_has_quotes() -> None:
    assert quoted("$host") == '"$host"'


def test_every_line_leads_to_its_value() -> None:
    file = Block()
    file.comment("Managed")
    server = file.block("server", "servers[a]")
    server.add("listen", 80, origin="servers[a].listen")
    server.put("log_format", "a 'b'\n        'c'", "formats.a")
    server.gap()
    server.raw("if ($a) {\n  return 204;\n}", "servers[a].raw")
    server.add("sendfile", "on")
    text, origins = file.render()
    assert text == (
        "# Managed\nserver {\n    listen 80;\n    log_format a 'b'\n        'c';\n\n"
        "if ($a) {\n  return 204;\n}\n    sendfile on;\n}\n"
    )  # fmt: skip
    assert origins == {
        2: "servers[a]", 3: "servers[a].listen", 4: "formats.a", 5: "formats.a",
        7: "servers[a].raw", 8: "servers[a].raw", 9: "servers[a].raw", 11: "servers[a]",
    }  # fmt: skip


def test_a_directive_without_arguments_and_one_that_is_dropped() -> None:
    file = Block()
    file.add("internal")
    file.add("gzip", "on")
    file.drop({"gzip"})
    assert file.render() == ("internal;\n", {})

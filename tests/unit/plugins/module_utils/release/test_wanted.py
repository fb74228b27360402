# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with the wanted files before anything is looked at."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import WantedError
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import LINK, Wanted
from ansible_collections.steadfast.edge.plugins.module_utils._release._wanted import parse_files

ACCOUNTS = {"root": 0, "web": 33}


def parse(*files: dict[str, Any]) -> tuple[Wanted, ...]:
    return parse_files(files, "/etc/app", ACCOUNTS.__getitem__, ACCOUNTS.__getitem__)


def test_an_entry_in_full_and_by_default() -> None:
    full, short, link = parse(
        {"path": "a/b", "content": "ä", "mode": "0640", "owner": "web", "group": "42", "secret": True},
        {"path": "c", "content": ""},
        {"path": "d", "link": "../a"},
    )
    assert full == Wanted("a/b", content="ä".encode(), mode=0o640, uid=33, gid=42, secret=True)
    assert short == Wanted("c", content=b"", mode=0o644)
    assert (link.kind, link.target) == (LINK, "../a")


def test_bytes_that_are_not_text_come_through() -> None:
    (item,) = parse({"path": "a", "content": b"\xff\n".decode("utf-8", "surrogateescape")})
    assert item.content == b"\xff\n"


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../../x", "a/./b", "a//b", "a/", ".", "..", "a\0b"])
def test_paths_that_do_not_name_a_file_below_the_tree(path: str) -> None:
    with pytest.raises(WantedError, match="is not a file below the tree; write it relative"):
        parse({"path": path, "content": ""})


@pytest.mark.parametrize(("entry", "problem"), [
    ({"path": ".edge-release", "content": ""}, "the module's own mark"),
    ({"path": "a"}, "exactly one of content and link"),
    ({"path": "a", "content": "", "link": "b"}, "exactly one of content and link"),
    ({"path": "a", "content": {"k": 1}}, "is a dict, not text"),
    ({"path": "a", "content": "", "mode": 420}, "quoted text"),
    ({"path": "a", "content": "", "mode": "u=rw"}, "quoted text"),
    ({"path": "a", "content": "", "mode": "999"}, "quoted text"),
    ({"path": "a", "content": "", "owner": "nobody-knows"}, "the owner 'nobody-knows' of 'a' does not exist"),
    ({"path": "a", "content": "", "group": "strangers"}, "the group 'strangers' of 'a' does not exist"),
    ({"path": "a", "link": "/etc/app/b"}, "write it relative"),
    ({"path": "a", "link": "/etc/app"}, "write it relative"),
    ({"path": "a", "link": ""}, "no usable target"),
])
def test_entries_that_cannot_be_right(entry: dict[str, Any], problem: str) -> None:
    with pytest.raises(WantedError, match=problem):
        parse(entry)


def test_a_link_out_of_the_tree_is_fine() -> None:
    assert parse({"path": "modules", "link": "/etc/application/modules"})[0].target == "/etc/application/modules"


def test_paths_that_exclude_each_other() -> None:
    with pytest.raises(WantedError, match="'a' is listed twice"):
        parse({"path": "a", "content": "1"}, {"path": "a", "content": "2"})
    with pytest.raises(WantedError, match="'a' is both a file and the folder of 'a/b/c'"):
        parse({"path": "a/b/c", "content": ""}, {"path": "a", "content": ""})

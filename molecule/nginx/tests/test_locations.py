# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of location, and directives and raw text that arrive as they were written."""

from __future__ import annotations

import pytest

from .remote import Remote

SITE = "http://locations.example.com"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "prefix"),
        ("/anything", "prefix"),
        ("/pictures/a", "longer prefix"),
        ("/exact", "exact"),
        ("/exact/", "prefix"),
        ("/pictures/a.gif", "regular expression of any case"),
        ("/a.PNG", "regular expression of any case"),
        ("/final/a.gif", "final prefix"),
        ("/code/XY", "regular expression"),
        ("/code/xy", "prefix"),
        ("/code/XYZ", "prefix"),
        ("/outer", "outer"),
        ("/outer/inner", "nested"),
        ("/outer/inner/most", "nested twice"),
        ("/outer/inner/most/not", "nested"),
        ("/tried/none", "named"),
        ("/shown", "hidden"),
    ],
)
def test_a_path_finds_its_location(client: Remote, path: str, kind: str) -> None:
    assert client.get(SITE + path).body == kind


def test_an_internal_location_is_not_for_clients(client: Remote) -> None:
    assert client.get(f"{SITE}/hidden").status == 404


def test_raw_text_is_passed_on_as_it_is(client: Remote) -> None:
    assert client.get(f"{SITE}/raw?arg=1&word=onetwo").body == "{onetwo}; 'single' \"double\" \\d /raw {# #}"
    assert client.get(f"{SITE}/raw?word=three").body == "another word"


def test_lists_print_once_each_and_false_prints_nothing(client: Remote) -> None:
    answer = client.get(f"{SITE}/printed")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, "one two", "text/x-printed")


def test_true_prints_on(client: Remote) -> None:
    listing = client.get(f"{SITE}/listed/").body
    assert '<a href="home.html">' in listing


def test_a_directive_holds_in_its_location_alone(client: Remote) -> None:
    assert client.get(f"{SITE}/posted", method="POST", body="x" * 1025).status == 413
    assert client.get(f"{SITE}/posted", method="POST", body="x" * 1024).status == 200
    assert client.get("http://api.example.com/", method="POST", body="x" * 1025).status == 200


@pytest.mark.parametrize(
    ("headers", "raw", "wanted"),
    [
        ({"User-Agent": "curl"}, "", "desktop none no"),
        ({"User-Agent": "some MOBILE thing"}, "", "mobile none no"),
        ({"User-Agent": "tablet", "X-Branch": "north.shop.example.com"}, "", "tablet shop no"),
        ({"User-Agent": "tablets", "X-Branch": "center.example.com"}, "?raw=yes", 'desktop center {raw; "http"}'),
    ],
)
def test_maps_make_variables(client: Remote, headers: dict[str, str], raw: str, wanted: str) -> None:
    assert client.get(f"{SITE}/mapped{raw}", headers=headers).body == wanted

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual servers: files, names, ports, error pages, the split between static and dynamic, and compression."""

from __future__ import annotations

import gzip

import pytest

from .remote import Answer, Remote

STATIC = "http://static.example.com"
COMPRESS = "http://compress.example.com"


@pytest.mark.parametrize(
    "url",
    [
        f"{STATIC}/",
        "http://www.static.example.com/",
        "http://north.assets.example.com/",
        f"{STATIC}:8088/",
    ],
)
def test_a_server_answers_for_all_its_names_and_ports(client: Remote, url: str) -> None:
    assert client.get(url).body == "the home page\n"


@pytest.mark.parametrize(
    "url",
    [
        "http://unknown.example.com/",
        "http://www.www.static.example.com/",
        "http://assets.example.com/",
        # This name is there, but not on this port.
        "http://192.0.2.21/",
    ],
)
def test_other_names_get_the_default_server(client: Remote, url: str) -> None:
    answer = client.get(url)
    assert (answer.status, answer.body) == (404, "no such site")


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/index.html", "not the first index\n"),
        ("/pages/", "the index of a folder\n"),
        ("/sub/page.html", "from the other root\n"),
        ("/media/hotlink.txt", "please visit us\n"),
    ],
)
def test_root_alias_and_index_lead_to_files(client: Remote, path: str, content: str) -> None:
    assert client.get(STATIC + path).body == content


def test_a_folder_is_told_from_a_file(client: Remote) -> None:
    answer = client.get(f"{STATIC}/pages")
    assert (answer.status, answer.headers["location"]) == (301, f"{STATIC}/pages/")


def test_error_pages(client: Remote) -> None:
    not_there = client.get(f"{STATIC}/none")
    assert (not_there.status, not_there.body) == (404, "our own page for what is not there\n")
    # What an origin answers is its own affair, unless nginx is told otherwise; then the page may change the status too.
    assert client.get(f"{STATIC}/from-origin").body == "the origin has no such page"
    broken = client.get(f"{STATIC}/our-error")
    assert (broken.status, broken.body) == (503, "our own page for what is broken\n")


def test_nginx_does_not_tell_its_version(client: Remote) -> None:
    answer = client.get("http://shop.example.com/none")
    assert answer.headers["server"] == "nginx"
    assert "nginx/" not in answer.body


def test_static_and_dynamic_are_split_by_host(client: Remote) -> None:
    assert client.get("http://shop.example.com/").body == "the home page\n"
    assert client.get("http://shop.example.com/orders?id=1").status == 404
    asked = client.get("http://api.example.com/orders?id=1").json
    assert (asked["uri"], asked["host"]) == ("/orders?id=1", "api.example.com")


def test_static_and_dynamic_are_split_by_path(client: Remote) -> None:
    assert client.get("http://center.example.com/").body == "the home page\n"
    assert client.get("http://center.example.com/api/orders?id=1").json["uri"] == "/v1/orders?id=1"


def test_origins_learn_who_asks(client: Remote) -> None:
    asked = client.get("http://api.example.com/", headers={"X-Forwarded-For": "203.0.113.7"}).json
    assert asked["forwarded_for"] == "203.0.113.7, 192.0.2.90"
    assert asked["forwarded_proto"] == "http"


def compressed(client: Remote, path: str, accept: str = "gzip") -> Answer:
    return client.get(COMPRESS + path, headers={"Accept-Encoding": accept})


@pytest.mark.parametrize(
    ("path", "size"), [("/style.css", 500 * 23), ("/script.js", 500 * 16), ("/data.json", 500 * 15), ("/large.txt", 10000 * 21)]
)
def test_texts_are_compressed(client: Remote, path: str, size: int) -> None:
    """Of files and of what an origin answers alike."""
    answer = compressed(client, path)
    assert answer.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["vary"]
    assert len(gzip.decompress(answer.body.encode("latin-1"))) == size
    assert len(answer.body) < size / 10


@pytest.mark.parametrize("path", ["/photo.jpg", "/photo.png", "/short.css"])
def test_what_would_not_get_smaller_is_not_compressed(client: Remote, path: str) -> None:
    assert "content-encoding" not in compressed(client, path).headers


def test_who_does_not_ask_for_it_gets_nothing_compressed(client: Remote) -> None:
    answer = compressed(client, "/style.css", accept="identity")
    assert "content-encoding" not in answer.headers
    assert len(answer.body) == 500 * 23
    # A cache between must not hand it to one who asks.
    assert "Accept-Encoding" in answer.headers["vary"]

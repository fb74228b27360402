# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What browsers are told: how long to keep answers, which pages may read them, which may embed them."""

from __future__ import annotations

import email.utils

import pytest

from .remote import Answer, Remote

EXPIRES = "http://expires.example.com"
CORS = "http://cors.example.com"
REFERERS = "http://referers.example.com"
SHOP = "https://shop.example.com"


def seconds(answer: Answer, since: str = "date") -> float:
    """From a date in the answer to the one at which it expires."""
    begin, end = (email.utils.parsedate_to_datetime(answer.headers[name]) for name in (since, "expires"))
    return (end - begin).total_seconds()


@pytest.mark.parametrize(
    ("path", "control", "lifetime"),
    [
        ("/home.html", "max-age=2592000", 30 * 24 * 3600),
        ("/time", "max-age=600", 600),
        ("/negative", "no-cache", -1),
        ("/variable?long=yes", "max-age=31536000", 365 * 24 * 3600),
    ],
)
def test_an_answer_expires_after_a_time(client: Remote, path: str, control: str, lifetime: int) -> None:
    answer = client.get(EXPIRES + path)
    assert answer.headers["cache-control"] == control
    assert seconds(answer) == lifetime


def test_an_answer_expires_at_a_time_of_day(client: Remote) -> None:
    answer = client.get(f"{EXPIRES}/day")
    assert answer.headers["expires"].split()[4] == "22:30:00"
    assert 0 < seconds(answer) <= 24 * 3600


def test_an_answer_expires_a_time_after_its_file_was_changed(client: Remote) -> None:
    assert seconds(client.get(f"{EXPIRES}/modified"), since="last-modified") == 3600


@pytest.mark.parametrize(
    ("path", "expires", "control"),
    [
        ("/epoch", "Thu, 01 Jan 1970 00:00:01 GMT", "no-cache"),
        ("/variable", "Thu, 01 Jan 1970 00:00:01 GMT", "no-cache"),
        ("/max", "Thu, 31 Dec 2037 23:55:55 GMT", "max-age=315360000"),
        ("/off", None, None),
    ],
)
def test_an_answer_expires_never_or_always(client: Remote, path: str, expires: str | None, control: str | None) -> None:
    answer = client.get(EXPIRES + path)
    assert (answer.headers.get("expires"), answer.headers.get("cache-control")) == (expires, control)


def test_cache_control_in_words(client: Remote) -> None:
    assert "public, immutable" in client.get(f"{EXPIRES}/control").headers["cache-control"]


@pytest.mark.parametrize("path", ["/none", "/control-none"])
def test_errors_are_not_to_be_kept(client: Remote, path: str) -> None:
    answer = client.get(EXPIRES + path)
    assert answer.status == 404
    assert not {"expires", "cache-control"} & answer.headers.keys()


def cors(answer: Answer) -> dict[str, str]:
    """The headers that browsers look at, without their common beginning."""
    begin = "access-control-"
    return {name.removeprefix(begin): value for name, value in answer.headers.items() if name.startswith(begin)}


def words(text: str) -> set[str]:
    return {word.strip() for word in text.split(",")}


def preflight(client: Remote, path: str, origin: str, method: str = "PUT") -> Answer:
    headers = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "X-Token"}
    return client.get(CORS + path, method="OPTIONS", headers=headers)


@pytest.mark.parametrize("origin", [SHOP, "https://north.partner.example.com"])
def test_pages_of_known_origins_may_read(client: Remote, origin: str) -> None:
    answer = client.get(f"{CORS}/", headers={"Origin": origin})
    assert answer.origin
    assert cors(answer) == {"allow-origin": origin, "allow-credentials": "true", "expose-headers": "X-Origin"}
    assert "Origin" in words(answer.headers["vary"])


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.net",
        "http://shop.example.com",
        "https://shop.example.com.evil.example.net",
        "https://shopxexample.com",
        "https://partner.example.com",
        "https://evil.example.net/.partner.example.com",
        "https://evil-partner.example.com",
        "https://SHOP.example.org",
        "null",
        "",
    ],
)
def test_pages_of_other_origins_may_not(client: Remote, origin: str) -> None:
    answer = client.get(f"{CORS}/", headers={"Origin": origin} if origin else {})
    assert answer.status == 200
    assert cors(answer) == {}
    # Otherwise a cache would hand this answer to the pages that may.
    assert "Origin" in words(answer.headers["vary"])


def test_a_preflight_is_answered_by_nginx(client: Remote) -> None:
    answer = preflight(client, "/", SHOP)
    assert (answer.status, answer.body, answer.origin) == (204, "", "")
    allowed = cors(answer)
    assert (allowed["allow-origin"], allowed["allow-credentials"], allowed["max-age"]) == (SHOP, "true", "600")
    assert words(allowed["allow-methods"]) >= {"GET", "PUT"}
    assert words(allowed["allow-headers"]) == {"X-Token", "Content-Type"}
    assert "Origin" in words(answer.headers["vary"])


def test_a_preflight_of_another_origin_allows_nothing(client: Remote) -> None:
    answer = preflight(client, "/", "https://evil.example.net")
    assert cors(answer) == {}
    assert answer.origin == ""


def test_options_that_are_no_preflight_go_to_the_origin(client: Remote) -> None:
    assert client.get(f"{CORS}/", method="OPTIONS").json["method"] == "OPTIONS"


def test_everybody_may_read_what_is_for_everybody(client: Remote) -> None:
    answer = client.get(f"{CORS}/everybody", headers={"Origin": "https://any.example.net"})
    assert cors(answer) == {"allow-origin": "*"}
    allowed = cors(preflight(client, "/everybody", "https://any.example.net", "POST"))
    assert allowed["allow-origin"] == "*"
    assert words(allowed["allow-methods"]) >= {"GET", "HEAD", "POST"}
    assert "allow-credentials" not in allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("https://abc.example.org", True), ("https://abcd.example.org", False), ("https://abc.example.org.evil.example.net", False)],
)
def test_origins_by_pattern(client: Remote, origin: str, allowed: bool) -> None:
    answer = client.get(f"{CORS}/pattern", headers={"Origin": origin})
    assert cors(answer) == ({"allow-origin": origin} if allowed else {})


def test_headers_of_a_location_leave_cors_and_the_servers_in_place(client: Remote) -> None:
    answer = client.get(f"{CORS}/own-headers", headers={"Origin": SHOP})
    assert (answer.headers["x-server"], answer.headers["x-location"]) == ("cors", "own")
    assert cors(answer)["allow-origin"] == SHOP


def test_errors_can_be_read_too(client: Remote) -> None:
    answer = client.get(f"{CORS}/broken", headers={"Origin": SHOP})
    assert (answer.status, cors(answer)["allow-origin"]) == (500, SHOP)


def test_a_kept_answer_has_the_headers_of_who_asks(client: Remote) -> None:
    asked = [cors(client.get(f"{CORS}/cached", headers={"Origin": origin})) for origin in (SHOP, "https://a.partner.example.com")]
    assert [headers["allow-origin"] for headers in asked] == [SHOP, "https://a.partner.example.com"]


@pytest.mark.parametrize(
    ("referer", "status"),
    [
        (None, 200),
        ("http://referers.example.com/page", 200),
        ("https://north.partner.example.com/", 200),
        ("https://www.friends.example.net/", 200),
        ("https://www.friends.example.com/", 403),
        ("https://evil.example.net/", 403),
        ("https://evil.example.net/referers.example.com", 403),
        # Not among the allowed ones there: a referer that a firewall has emptied.
        ("hidden", 403),
    ],
)
def test_pictures_are_for_known_pages(client: Remote, referer: str | None, status: int) -> None:
    headers = {} if referer is None else {"Referer": referer}
    assert client.get(f"{REFERERS}/pictures/face.jpg", headers=headers).status == status


def test_others_get_a_replacement(client: Remote) -> None:
    own = client.get(f"{REFERERS}/replaced/face.jpg", headers={"Referer": "http://referers.example.com/"})
    assert own.body.startswith("JPEG")
    other = client.get(f"{REFERERS}/replaced/face.jpg", headers={"Referer": "https://evil.example.net/"})
    assert (other.status, other.body) == (200, "please visit us\n")


def test_others_get_the_status_that_is_asked_for(client: Remote) -> None:
    assert client.get(f"{REFERERS}/teapot/face.jpg", headers={"Referer": "https://evil.example.net/"}).status == 418
    assert client.get(f"{REFERERS}/teapot/face.jpg", headers={"Referer": "hidden"}).status == 200

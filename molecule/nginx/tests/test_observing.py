# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counters and health for those who may ask, and logs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from labclient import Lab

from .remote import NoAnswer, Remote

BACK = "198.51.100.21"
COUNTERS = f"http://{BACK}:8090/counters"
SITE = "http://observing.example.com"


def test_counters_are_shown_on_the_right_side(client: Remote, from_host: Callable[[str], Remote]) -> None:
    def requests() -> int:
        shown = from_host("origin1").get(COUNTERS).body
        numbers = re.search(r"server accepts handled requests\n +\d+ +\d+ +(\d+)", shown)
        assert numbers, shown
        return int(numbers.group(1))

    before = requests()
    for _turn in range(20):
        client.get("http://shop.example.com/")
    assert requests() - before == 21


def test_counters_are_for_nobody_else(client: Remote, from_host: Callable[[str], Remote], lab: Lab) -> None:
    assert from_host("origin2").get(COUNTERS).status == 403
    with pytest.raises(NoAnswer, match="ConnectionRefused"):
        client.get("http://192.0.2.21:8090/counters")
    assert client.get("http://shop.example.com/counters").status == 404
    assert "Active connections" in lab.run("web1", "curl", "-sf", COUNTERS)


def metrics(remote: Remote) -> dict[str, float]:
    """What Prometheus would read, labels apart."""
    shown = remote.get(f"http://{BACK}:9113/metrics").body
    return {name: float(value) for name, value in re.findall(r"^(nginx_\w+) (\S+)$", shown, re.MULTILINE)}


def test_counters_go_to_prometheus(client: Remote, from_host: Callable[[str], Remote]) -> None:
    before = metrics(from_host("origin2"))
    for _turn in range(20):
        client.get("http://shop.example.com/")
    after = metrics(from_host("origin2"))
    assert (before["nginx_up"], after["nginx_up"]) == (1, 1)
    # The exporter asks once for each time that it is asked, over a connection that it may keep.
    assert after["nginx_http_requests_total"] - before["nginx_http_requests_total"] == 21
    assert after["nginx_connections_accepted"] - before["nginx_connections_accepted"] in (20, 21)


def test_prometheus_is_answered_on_the_right_side_only(client: Remote, lab: Lab) -> None:
    with pytest.raises(NoAnswer, match="ConnectionRefused"):
        client.get("http://192.0.2.21:9113/metrics")
    (listening,) = lab.run("web1", "ss", "-Htln", "sport", "=", ":9113").splitlines()
    assert listening.split()[3] == f"{BACK}:9113"


def test_health_is_shown_on_the_right_side(client: Remote, from_host: Callable[[str], Remote]) -> None:
    inside = from_host("origin2").get(f"http://{BACK}:8091/well")
    assert (inside.status, inside.body) == (200, "ok\n")
    with pytest.raises(NoAnswer, match="ConnectionRefused"):
        client.get("http://192.0.2.21:8091/well")
    assert client.get("http://outside.example.com/healthz").status == 404
    assert client.get("http://shop.example.com/healthz").body == "ok\n"


def lines(lab: Lab, log: str, word: str) -> list[str]:
    return lab.run("web1", "sed", "--quiet", f"/{word}/p", f"/var/log/nginx/{log}").splitlines()


def test_a_line_of_the_json_log_is_json_whatever_a_client_sends(client: Remote, lab: Lab) -> None:
    word = uuid4().hex
    nasty = f'"quoted" \\ {{"x": 1}} \t é {word}'
    client.get(SITE, headers={"User-Agent": nasty.encode().decode("latin-1")})
    (line,) = lines(lab, "observing.log", word)
    logged = json.loads(line)
    assert (logged["user_agent"], str(logged["status"])) == (nasty, "200")


def test_the_json_log_has_the_timings_of_the_upstream(client: Remote, lab: Lab) -> None:
    word = uuid4().hex
    client.get(f"{SITE}/second?{word}", timeout=20)
    (line,) = lines(lab, "observing.log", word)
    logged = json.loads(line)
    assert re.fullmatch(r"192\.0\.2\.3[123]:80", logged["upstream_addr"])
    assert str(logged["upstream_status"]) == "200"
    # The body takes more than a second; the header comes before it, and the connection before that.
    begun, header, response = (float(logged[f"upstream_{what}_time"]) for what in ("connect", "header", "response"))
    assert begun <= header <= response - 0.5
    assert float(logged["request_time"]) >= float(logged["upstream_response_time"])


def test_a_log_of_a_location_and_a_format_of_ones_own(client: Remote, lab: Lab, eventually: Callable[..., Any]) -> None:
    word = uuid4().hex
    client.get(f"{SITE}/short?note={word}")
    client.get(f"{SITE}/fields", headers={"User-Agent": f'"{word}"'})
    eventually(lambda: lines(lab, "short.log", word), [f"observing.example.com 200 {word}"])
    eventually(lambda: len(lines(lab, "fields.log", word)), 1)
    logged = json.loads(lines(lab, "fields.log", word)[0])
    assert logged.keys() == {"at", "agent", "status"}
    assert logged["agent"] == f'"{word}"'


def test_what_is_not_worth_a_line_gets_none(client: Remote, lab: Lab) -> None:
    word = uuid4().hex
    client.get(f"{SITE}/?quiet=yes&{word}-1")
    client.get(f"{SITE}/unlogged?{word}-2")
    client.get(f"{SITE}/?{word}-3")
    assert [word in line and f"{word}-3" in line for line in lines(lab, "observing.log", word)] == [True]


def test_other_requests_are_in_the_log_of_all(client: Remote, lab: Lab, eventually: Callable[..., Any]) -> None:
    word = uuid4().hex
    client.get(f"http://api.example.com/{word}")
    eventually(lambda: len(lines(lab, "access.log", word)), 1)
    (line,) = lines(lab, "access.log", word)
    assert re.search(r" ua=192\.0\.2\.3[123]:80 us=200 ", line)

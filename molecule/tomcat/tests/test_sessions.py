# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session sticks to its Tomcat, and outlives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from labclient import Lab

from .conftest import BASKET, SHOP

WAYS = {"replicated": (SHOP, "shop"), "stored": (BASKET, "basket")}


def visits(answers: list[dict[str, Any]]) -> list[int]:
    return [answer.get("visits", answer) for answer in answers]


@pytest.mark.parametrize(("url", "instance"), WAYS.values(), ids=WAYS)
def test_a_session_sticks_to_its_tomcat(visitor_of: Callable[..., Any], url: str, instance: str) -> None:
    for host in ("app1", "app2"):
        route = f"{host}-{instance}"
        answers = visitor_of(url, route).visit(*[url] * 10)
        assert [answer["route"] for answer in answers] == [route] * 10
        assert visits(answers) == list(range(2, 12))


def test_without_a_session_requests_go_to_all(visitor: Callable[[], Any]) -> None:
    answers = [visitor().once(SHOP) for _turn in range(4)]
    assert {answer["route"] for answer in answers} == {"app1-shop", "app2-shop"}
    assert visits(answers) == [1] * 4


def test_a_cookie_that_leads_nowhere_is_a_new_visitor(visitor: Callable[[], Any]) -> None:
    stranger = visitor()
    stranger.cookies["JSESSIONID"] = "0123456789ABCDEF.app9-shop"
    assert visits([stranger.once(SHOP)]) == [1]


@pytest.mark.parametrize(("url", "instance"), WAYS.values(), ids=WAYS)
def test_a_session_survives_the_death_of_its_tomcat(
    lab: Lab, visitor_of: Callable[..., Any], eventually: Callable[..., None], url: str, instance: str
) -> None:
    visitor = visitor_of(url, f"app2-{instance}")
    before = visitor.visit(url, url)
    # Held down, so that it is not back before it is missed.
    lab.run("app2", "systemctl", "kill", "--signal=KILL", f"tomcat-{instance}")
    lab.run("app2", "systemctl", "stop", f"tomcat-{instance}")
    try:
        after = visitor.visit(url, url)
    finally:
        lab.run("app2", "systemctl", "start", f"tomcat-{instance}")
    assert visits(before + after) == [2, 3, 4, 5]
    assert [answer["route"] for answer in after] == [f"app1-{instance}"] * 2
    eventually(lambda: visitor.once(f"http://192.0.2.32:{8080 if instance == 'shop' else 8081}/.edge/state", host="app1")["status"], 200)
    # And on the one that came back, which has heard of it.
    direct = f"http://192.0.2.32:{8080 if instance == 'shop' else 8081}/"
    assert visits([visitor.once(direct, host="app1")]) == [6]


@pytest.mark.parametrize(("url", "instance"), WAYS.values(), ids=WAYS)
def test_a_session_survives_a_redeployment(
    lab: Lab, visitor_of: Callable[..., Any], version: Callable[..., str], arguments: Callable[..., list[str]], url: str, instance: str
) -> None:
    visitor = visitor_of(url, f"app2-{instance}")
    direct = f"http://127.0.0.1:{8080 if instance == 'shop' else 8081}/"
    try:
        lab.playbook(*arguments("deploy", {"ROOT": version("5")}, instance))
        answer = visitor.once(direct, host="app2")
        assert (answer.get("version"), answer.get("visits")) == ("5", 2)
        assert visits([visitor.once(url)]) == [3]
    finally:
        lab.playbook(*arguments("deploy"))
    assert visits([visitor.once(url)]) == [4]


def test_sessions_survive_the_power_cut_of_their_host(
    lab: Lab, visitor_of: Callable[..., Any], visitor: Callable[[], Any], eventually: Callable[..., None]
) -> None:
    shop, basket = visitor_of(SHOP, "app1-shop"), visitor_of(BASKET, "app1-basket")
    lab.verb("power-off", "app1")
    try:
        answers = [shop.once(SHOP), basket.once(BASKET)]
    finally:
        lab.verb("power-on", "app1")
    assert [answer.get("route") for answer in answers] == ["app2-shop", "app2-basket"]
    assert visits(answers) == [2, 2]
    # The host boots with both of its Tomcats, and they have what happened meanwhile.
    for port, owner in ((8080, shop), (8081, basket)):
        eventually(lambda port=port: visitor().once(f"http://127.0.0.1:{port}/.edge/state", host="app1")["status"], 200, 120)
        assert visits([owner.once(f"http://127.0.0.1:{port}/", host="app1")]) == [3]


def test_stored_sessions_survive_a_restart_of_the_store(lab: Lab, visitor_of: Callable[..., Any], eventually: Callable[..., None]) -> None:
    visitor = visitor_of(BASKET, "app2-basket")
    lab.run("web1", "systemctl", "restart", "redis-server")
    eventually(lambda: visitor.once(BASKET).get("visits", 0) > 1, True)

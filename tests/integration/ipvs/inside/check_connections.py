# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that keep talking, through every kind of change that should not break them; and the drains that are none."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside import oracle
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.edge import PORT, Chatter, Talker, address, asked
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.modules import ok, play
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.services import bystander, service, weighted

pytestmark = pytest.mark.usefixtures("edge", "clean")


EDITS: list[tuple[str, dict[str, Any]]] = [
    ("scheduler", {"servers": (21, 22), "scheduler": "wlc"}),
    ("flags", {"servers": (21, 22), "scheduler": "sh", "scheduler_flags": ["sh-fallback", "sh-port"]}),
    ("persistence", {"servers": (21, 22), "persistence_timeout": 60}),
    ("another server", {"servers": (21, 22, 23)}),
    ("weights", {"servers": ((21, 5), (22, 3))}),
    ("weight 0", {"servers": ((21, 0), (22, 0), (23, 1))}),
    ("thresholds", {"servers": ((21, 1, {"upper_threshold": 1}), (22, 1, {"upper_threshold": 1}))}),
    ("masquerading", {"servers": ((21, 1, {"forward": "masquerade"}), (22, 1, {"forward": "masquerade"}))}),
]


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(("name", "change"), EDITS, ids=[name for name, _change in EDITS])
def test_an_edit_breaks_no_connection(name: str, change: dict[str, Any], family: int) -> None:
    ok("ipvs_service", **service(21, 22, family=family))
    options = {key: value for key, value in change.items() if key != "servers"}
    servers = [
        item if isinstance(item, int) else weighted(item[0], item[1], family, **(item[2] if len(item) > 2 else {}))
        for item in change["servers"]
    ]
    talkers = [Talker(family) for _unused in range(4)]
    assert {talker.server for talker in talkers} == {"rs21", "rs22"}
    with Chatter(list(talkers)) as chatter:
        assert ok("ipvs_service", **service(*servers, family=family, **options))["changed"]
        assert ok("ipvs_service", **service(21, 22, family=family))["changed"]
    assert chatter.rounds > 2
    assert chatter.lost == []


@pytest.mark.parametrize("family", [4, 6])
def test_everything_else_changes(family: int) -> None:
    """Other services come and go, in both families, while this one talks: no family falls to zero, nobody is reset."""
    mine = service(21, 22, family=family)
    ok("ipvs_table", services=[mine, bystander(4), bystander(6)])
    with Chatter([Talker(family) for _unused in range(4)]) as chatter:
        ok("ipvs_table", services=[mine], purge=True)
        ok("ipvs_table", services=[mine, bystander(4), bystander(6), {"fwmark": 3}], purge=True)
        ok("ipvs_table", services=[{"fwmark": 4}, mine], purge=True)
    assert chatter.lost == []


def test_the_last_service_of_a_family_resets_its_connections_so_the_order_matters() -> None:
    """The trap itself: without the modules' order, replacing one service by another resets a third party's connections."""
    ok("ipvs_service", **service(21, 22))
    talker = Talker()
    oracle.ipvsadm("-C")
    assert not talker.alive()


@pytest.mark.parametrize("family", [4, 6])
def test_a_leaving_server_is_drained(family: int) -> None:
    ok("ipvs_service", **service(21, 22, family=family))
    talkers = [Talker(family) for _unused in range(4)]
    timers = [talker.close_after(1.5) for talker in talkers if talker.server == "rs21"]
    with Chatter([talker for talker in talkers if talker.server == "rs22"]) as chatter:
        start = time.monotonic()
        result = ok("ipvs_service", **service(22, family=family), drain_timeout=300)
    assert 1 < time.monotonic() - start < 200
    assert (result["remaining"], result["warnings"], chatter.lost) == ([], [], [])
    for timer in timers:
        timer.join()


def test_a_drain_that_takes_too_long() -> None:
    ok("ipvs_service", **service(21, 22))
    talkers = [Talker() for _unused in range(2)]
    staying = next(talker for talker in talkers if talker.server == "rs21")
    failed = play("ipvs_service", **service(22), drain_timeout=1, on_drain_timeout="fail")
    assert "Not drained within 1 s" in failed["msg"]
    assert staying.alive()
    result = ok("ipvs_service", **service(22), drain_timeout=1)
    assert [item["active"] for item in result["remaining"]] == [1]
    assert "1 real servers were removed with connections left" in result["warnings"][0]
    # The kernel says nothing more to a connection without a server.
    assert not staying.alive()


def test_a_black_holed_connection_comes_back_with_its_server() -> None:
    ok("ipvs_service", **service(21, 22))
    talker = next(talker for talker in [Talker(), Talker()] if talker.server == "rs21")
    talker.socket.settimeout(0.5)
    ok("ipvs_service", **service(22))
    assert not talker.alive()
    ok("ipvs_service", **service(21, 22))
    talker.socket.settimeout(5)
    assert talker.socket.recv(64).decode() == "rs21"


def test_with_expire_nodest_conn_the_client_is_told() -> None:
    ok("ipvs_settings", sysctls={"expire_nodest_conn": True}, persist=False)
    ok("ipvs_service", **service(21, 22))
    talker = next(talker for talker in [Talker(), Talker()] if talker.server == "rs21")
    ok("ipvs_service", **service(22))
    with pytest.raises(ConnectionResetError):
        talker.say()
        talker.say()


@pytest.mark.parametrize("family", [4, 6])
def test_drained_and_put_back(family: int) -> None:
    ok("ipvs_service", **service(weighted(21, 3, family), 22, family=family, scheduler="wrr"))
    talkers = [Talker(family) for _unused in range(4)]
    with Chatter([talker for talker in talkers if talker.server == "rs22"]) as chatter:
        waiting = play("ipvs_destination", address=address(21, family), state="drained", drain_timeout=1)
        assert (waiting["drained"], waiting["remaining"][0]["active"]) == (False, 3)
        assert asked(4, family) == ["rs22"] * 4
        assert all(talker.alive() for talker in talkers if talker.server == "rs21")
        for talker in talkers:
            if talker.server == "rs21":
                talker.close()
        done = ok("ipvs_destination", address=address(21, family), state="drained", drain_timeout=10)
        assert (done["changed"], done["drained"], done["warnings"]) == (False, True, [])
        back = ok("ipvs_destination", address=address(21, family))
        assert back["actions"] == [f"edit destination {back['after'][0]['service']} -> {_endpoint(family)} (weight 0 -> 3)"]
        assert sorted(asked(8, family)) == ["rs21"] * 6 + ["rs22"] * 2
    assert chatter.lost == []


def _endpoint(family: int) -> str:
    return f"{address(21)}:{PORT}" if family == 4 else f"[{address(21, 6)}]:{PORT}"


def test_a_persistent_drain_is_a_fiction_until_templates_expire() -> None:
    ok("ipvs_service", **service(21, 22, persistence_timeout=300))
    home = Talker()
    number = int(home.server[2:])
    home.close()
    result = ok("ipvs_destination", address=address(number), state="drained", drain_timeout=5)
    assert "expire_quiescent_template is 0" in result["warnings"][0]
    assert asked(3) == [home.server] * 3
    ok("ipvs_settings", sysctls={"expire_quiescent_template": True}, persist=False)
    assert ok("ipvs_destination", address=address(number), state="drained", drain_timeout=5)["warnings"] == []
    assert home.server not in asked(3)


@pytest.mark.parametrize("scheduler", ["sh", "mh"])
def test_a_hashing_drain_refuses_clients_without_fallback(scheduler: str) -> None:
    ok("ipvs_service", **service(21, 22, scheduler=scheduler))
    home = asked(1)[0]
    result = ok("ipvs_destination", address=address(int(home[2:])), state="drained", drain_timeout=5)
    assert f"without {scheduler}-fallback" in result["warnings"][0]
    assert asked(3) == ["refused"] * 3
    ok("ipvs_service", **service(21, 22, scheduler=scheduler, scheduler_flags=[f"{scheduler}-fallback"]))
    assert ok("ipvs_destination", address=address(int(home[2:])), state="drained", drain_timeout=5)["warnings"] == []
    assert set(asked(3)) == {"rs21", "rs22"} - {home}


def test_no_server_left_is_told_and_refuses() -> None:
    ok("ipvs_service", **service(21))
    assert "has no real server left" in ok("ipvs_destination", address=address(21), state="drained")["warnings"][0]
    assert asked(2) == ["refused"] * 2


def counted() -> list[list[int]]:
    """Totals of the service and its servers, as ipvs_info has them."""
    found = ok("ipvs_info")["services"][0]
    names = ("conns", "inpkts", "outpkts", "inbytes", "outbytes")
    return [[item["counters"][name] for name in names] for item in (found, *found["destinations"])]


def printed() -> list[list[int]]:
    """The same as ipvsadm has them."""
    lines = [line.split() for line in oracle.ipvsadm("-Ln", "--stats", "--exact").splitlines()[3:]]
    return [[int(word) for word in words[2:]] for words in lines]


def test_counters_are_those_of_the_connections() -> None:
    ok("ipvs_service", **service(21, 22))
    # The kernel adds up the counters every two seconds; a server that was removed and comes back keeps its own.
    time.sleep(5)
    before = [counts[0] for counts in counted()]
    talkers = [Talker() for _unused in range(4)]
    after, deadline = counted(), time.monotonic() + 60
    while [counts[0] - earlier for counts, earlier in zip(after, before, strict=True)] != [4, 2, 2]:
        assert time.monotonic() < deadline, (before, after)
        time.sleep(1)
        after = counted()
    assert after[0][1] >= 4 * 3
    assert after == printed()
    assert [server["connections"]["active"] for server in ok("ipvs_info")["services"][0]["destinations"]] == [2, 2]
    for talker in talkers:
        talker.close()

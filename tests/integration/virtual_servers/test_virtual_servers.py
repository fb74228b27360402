# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of virtual server that the role knows, by its effect on a live director. Needs a lab of its own (lab/lab)."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.steadfast.edge.tests.integration.virtual_servers.director import (
    CLIENT,
    CLIENTS,
    DIRECTOR,
    LAB,
    NOWHERE,
    SCHEDULERS,
    VIP,
    choices,
    eventually,
    judged,
    members,
    mend,
    options,
    reload_keepalived,
    served,
    served_by_udp,
    service,
    spoil,
    table,
    told,
)

BOTH = {"web1": 1, "web2": 1}
MARKED = "-f 7"


def test_every_scheduler_balances_but_one() -> None:
    assert NOWHERE in choices()
    ports = {scheduler: 9001 + index for index, scheduler in enumerate(SCHEDULERS)}
    assert [options(service(port)) for port in ports.values()] == [[f"-s {scheduler}"] for scheduler in ports]
    assert members(*map(service, ports.values())) == [BOTH] * len(ports)
    answers = served(*ports.values())
    assert len(answers) == len(ports)
    assert set(answers) <= set(BOTH)


def test_a_scheduler_that_the_kernel_has_not_is_refused() -> None:
    """keepalived would go on without the virtual server, and say that all is well."""
    if LAB.run(DIRECTOR, "sh", "-c", "test -e /lib/modules/$(uname -r) || echo none"):
        pytest.skip("a container does not see the modules of its kernel")
    code, said = judged(lambda text: text)
    assert code == 0, said
    code, said = judged(lambda text: text.replace("lvs_sched mh", f"lvs_sched {NOWHERE}"))
    assert (code, f"This kernel has no scheduler {NOWHERE};" in said) == (4, True), said


def test_tcp_and_udp_follow_who_listens() -> None:
    """TCP_CHECK and UDP_CHECK: one process is what both are about."""
    listening = (service(7000), service(7000, "u"), service(7001, "u"))
    eventually(lambda: members(*listening), [BOTH] * 3)
    assert Counter(served(7000, count=4)) == {"web1": 2, "web2": 2}
    LAB.run("web1", "systemctl", "stop", "speaker")
    eventually(lambda: members(*listening), [{"web2": 1}] * 3)
    assert served(7000, count=4) + served_by_udp(7000, sockets=4, datagrams=1) == ["web2"] * 8
    LAB.run("web1", "systemctl", "start", "speaker")
    eventually(lambda: members(*listening), [BOTH] * 3)


def test_udp_is_balanced_by_the_socket_or_by_the_packet() -> None:
    assert options(service(7000, "u")) == ["-s rr"]
    assert options(service(7001, "u")) == ["-s rr -o"]
    eventually(lambda: members(service(7000, "u"), service(7001, "u")), [BOTH] * 2)
    by_socket = served_by_udp(7000, sockets=4, datagrams=2)
    assert by_socket[::2] == by_socket[1::2]
    assert Counter(by_socket) == {"web1": 4, "web2": 4}
    by_packet = served_by_udp(7001, sockets=1, datagrams=8)
    assert set(by_packet[::2]) != set(by_packet[1::2])
    assert Counter(by_packet) == {"web1": 4, "web2": 4}


def test_a_wrong_status_by_tls_takes_a_server_away() -> None:
    """SSL_GET."""
    eventually(lambda: members(service(443)), [BOTH])
    assert Counter(served(443, count=4)) == {"web1": 2, "web2": 2}
    spoil("web1", 443)
    eventually(lambda: members(service(443)), [{"web2": 1}])
    assert served(443, count=4) == ["web2"] * 4
    mend("web1", 443)
    eventually(lambda: members(service(443)), [BOTH])


def test_a_script_decides_and_is_not_run_by_root() -> None:
    """MISC_CHECK: an exit code is a verdict, and with `dynamic` a weight (and two)."""
    eventually(lambda: members(service(80)), [BOTH])
    assert LAB.run(DIRECTOR, "stat", "--format=%U", "/tmp/asked").strip() == "keepalived_script"
    LAB.run(DIRECTOR, "sh", "-c", "echo 9 >/run/answer-web1; echo 9 >/run/answer-web2")
    eventually(lambda: members(service(80)), [{"web2": 7}])
    assert served(80, count=4) == ["web2"] * 4
    LAB.run(DIRECTOR, "sh", "-c", "rm /run/answer-web1; echo 1 >/run/answer-web2")
    eventually(lambda: members(service(80)), [{"web1": 1}])
    LAB.run(DIRECTOR, "rm", "/run/answer-web2")
    eventually(lambda: members(service(80)), [BOTH])


def test_a_sorry_server_answers_when_nobody_else_does() -> None:
    eventually(lambda: members(service(81)), [BOTH])
    assert Counter(served(81, count=4)) == {"web1": 2, "web2": 2}
    spoil("web1", 81)
    spoil("web2", 81)
    eventually(lambda: members(service(81)), [{"sorry1": 1}])
    assert served(81, count=4) == ["sorry1"] * 4
    mend("web2", 81)
    eventually(lambda: members(service(81)), [{"web2": 1}])
    assert served(81, count=4) == ["web2"] * 4
    mend("web1", 81)
    eventually(lambda: members(service(81)), [BOTH])


def test_a_quorum_is_lost_below_and_reached_above() -> None:
    """3, and 1 around it: a weight of 3 keeps the quorum that is there, and makes none."""
    above, at, lost = {"web1": 3, "web2": 1, "sorry1": 0}, {"web1": 3, "sorry1": 0}, {"sorry1": 1}
    eventually(lambda: members(service(82)), [above])
    LAB.run(DIRECTOR, "rm", "-f", "/tmp/told")
    spoil("web2", 82)
    eventually(lambda: members(service(82)), [at])
    assert served(82, count=4) == ["web1"] * 4
    spoil("web1", 82)
    eventually(lambda: members(service(82)), [lost])
    assert served(82, count=4) == ["sorry1"] * 4
    mend("web1", 82)
    eventually(told, ["down", "web1 is back"])
    assert members(service(82)) == [lost]
    assert served(82, count=4) == ["sorry1"] * 4
    mend("web2", 82)
    eventually(lambda: members(service(82)), [above])
    eventually(told, ["down", "web1 is back", "up"])
    assert set(served(82, count=4)) == {"web1", "web2"}


def test_a_failed_server_may_stay_with_weight_0() -> None:
    eventually(lambda: members(service(83)), [{"web1": 3, "web2": 1}])
    spoil("web1", 83)
    eventually(lambda: members(service(83)), [{"web1": 0, "web2": 1}])
    assert served(83, count=4) == ["web2"] * 4
    mend("web1", 83)
    eventually(lambda: members(service(83)), [{"web1": 3, "web2": 1}])


def test_a_scheduler_that_hashes_looks_further_than_a_server_of_weight_0() -> None:
    """Hence the vocabulary always sets the fallback: a drained real server keeps its share of the hashes."""
    eventually(lambda: members(service(89), service(90)), [BOTH] * 2)
    for port in (89, 90):
        spoil("web1", port)
    eventually(lambda: members(service(89), service(90)), [{"web1": 0, "web2": 1}] * 2)
    assert served(89, count=40) == ["web2"] * 40
    ask = f"curl --silent --header 'Connection: close' 'http://{VIP}:90/?[1-40]' || true"
    assert 0 < len(LAB.run(CLIENT, "sh", "-c", ask).split()) < 40
    for port in (89, 90):
        mend("web1", port)
    eventually(lambda: members(service(89), service(90)), [BOTH] * 2)


def test_weights_are_shares() -> None:
    eventually(lambda: members(service(84)), [{"web1": 3, "web2": 1}])
    assert Counter(served(84, count=40)) == {"web1": 30, "web2": 10}


def test_a_client_stays_with_its_server() -> None:
    eventually(lambda: members(service(85)), [BOTH])
    assert options(service(85)) == ["-s rr -p 300"]
    servers = [set(served(85, count=5, source=client)) for client in CLIENTS]
    assert sorted(servers, key=str) == [{"web1"}, {"web2"}]


def test_a_network_of_clients_stays_together() -> None:
    eventually(lambda: members(service(86)), [BOTH])
    assert options(service(86)) == ["-s rr -p 300 -M 255.255.255.0"]
    assert len({name for client in CLIENTS for name in served(86, count=5, source=client)}) == 1


def test_ports_of_one_mark_lead_a_client_to_one_server() -> None:
    eventually(lambda: members(MARKED), [BOTH])
    assert options(MARKED) == ["-s rr -p 300"]
    servers = [set(served(87, 88, 87, 88, source=client)) for client in CLIENTS]
    assert sorted(servers, key=str) == [{"web1"}, {"web2"}]


def test_a_reload_leaves_the_table_as_it_is() -> None:
    """What the checks have found by then stays: a weight, a sorry server, a quorum that is not reached yet, a weight of 0."""
    LAB.run(DIRECTOR, "sh", "-c", "rm -f /tmp/told; echo 9 >/run/answer-web2")
    for port in (81, 82, 83):
        spoil("web1", port)
        spoil("web2", port)
    found = {80: {"web1": 1, "web2": 7}, 81: {"sorry1": 1}, 82: {"sorry1": 1}, 83: {"web1": 0, "web2": 0}}
    eventually(lambda: members(*map(service, found)), list(found.values()))
    mend("web1", 82)
    eventually(lambda: told()[-1], "web1 is back")
    before = table()
    reload_keepalived()
    assert table() == before


def test_a_dynamic_script_that_says_0_loses_its_weight_with_a_reload() -> None:
    """keepalived's own fault, for which the role's documentation has a rule: weight and two, never 0."""
    LAB.run(DIRECTOR, "sh", "-c", "echo 0 >/run/answer-web2")
    eventually(lambda: members(service(80)), [BOTH])
    reload_keepalived()
    assert members(service(80)) == [{"web1": 1, "web2": 0}]
    LAB.run(DIRECTOR, "rm", "/run/answer-web2")
    eventually(lambda: members(service(80)), [BOTH])

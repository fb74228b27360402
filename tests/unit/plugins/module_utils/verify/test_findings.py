# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A healthy edge has no finding; one that is broken in one place has the one that names it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._topology import derive
from ansible_collections.steadfast.edge.plugins.module_utils._verify.findings import FORWARD, findings
from ansible_collections.steadfast.edge.plugins.module_utils._verify.wishes import looks
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.topology.cases import good, hostvars

SEEN = hostvars(good())
HOSTS = [host for host in SEEN if host != "client1"]
Look = dict[str, Any]


def healthy() -> dict[str, Look]:
    """What the hosts would say when all is well: shop is held by director1, center by director2."""
    found = {}
    for host in HOSTS:
        wanted = looks(SEEN, host)
        held = {"director1": {"eth0": ["192.0.2.150"]}, "director2": {"bond0": ["192.0.2.151"]}}.get(host, {})
        vips = derive.realserver_vips(SEEN, host)
        found[host] = {
            "addresses": {"lo": ["127.0.0.1", *vips], "eth0": [], **held},
            "arp": {name: {"arp_ignore": 1, "arp_announce": 2} for name in wanted["interfaces"]},
            "services": dict.fromkeys(wanted["services"], "active"),
            "ipvs": [_live(item) for item in derive.virtual_servers(SEEN, host)],
            "answers": [{"url": request["url"], "error": ""} for request in wanted["requests"]],
            "certificates": [{**item, "days": 60.0, "named": True, "error": ""} for item in wanted["certificates"]],
            "trees": {path: _tree() for path in wanted["trees"]},
            "unknown": {},
            "changed": False,
        }
    return copy.deepcopy(found)


def _tree(**changes: Any) -> dict[str, Any]:
    return {"release": "1-0", "edited": [], "interrupted": False, "drained": [], "yielded": "", **changes}


def _mark(member: str, by: str) -> dict[str, str]:
    return {"pool": "the upstream shop-app", "member": member, "by": by}


def _drained(edge: dict[str, Look]) -> None:
    """In the file and so in the table: that is one finding."""
    edge["director1"]["trees"]["/etc/keepalived"] = _tree(drained=[_mark("192.0.2.21:80", "roll")])
    edge["director1"]["ipvs"][0]["destinations"][0]["weight"] = 0


def _certificate(edge: dict[str, Look]) -> None:
    shown = {"address": "192.0.2.21", "port": 443, "named": True, "error": "", "days": 60.0}
    edge["web1"]["certificates"] = [
        {**shown, "name": "a.example.com", "days": -1.0},
        {**shown, "name": "b.example.com", "days": 3.2},
        {**shown, "name": "c.example.com", "named": False},
        {**shown, "name": "d.example.com", "error": "Connection refused"},
    ]


def _live(item: dict[str, Any]) -> dict[str, Any]:
    members = [{**server, "forward": FORWARD[item["forward"]]} for server in item["real_servers"]]
    same = {key: item[key] for key in ("address", "port", "scheduler", "persistence_timeout")}
    return {**same, "protocol": item["protocol"].lower(), "family": "ipv4", "destinations": members}


def test_a_healthy_edge_has_no_findings() -> None:
    assert findings(SEEN, healthy()) == []


def _unreachable(edge: dict[str, Look]) -> None:
    edge["app1"] = {"unreachable": True, "msg": "Connection refused\nmore"}


def _dead_holder(edge: dict[str, Look]) -> None:
    edge["director2"] = {"unreachable": True, "msg": "timed out"}


def _unread(edge: dict[str, Look]) -> None:
    edge["director1"].update(ipvs=[], unknown={"ipvs": "Not permitted"})


def _path(*steps: Any, value: Any) -> Callable[[dict[str, Look]], None]:
    def change(edge: dict[str, Look]) -> None:
        place: Any = edge
        for step in steps[:-1]:
            place = place[step]
        place[steps[-1]] = value

    return change


def _drop(*steps: Any) -> Callable[[dict[str, Look]], None]:
    def change(edge: dict[str, Look]) -> None:
        place: Any = edge
        for step in steps[:-1]:
            place = place[step]
        del place[steps[-1]]

    return change


def _foreign(edge: dict[str, Look]) -> None:
    edge["director1"]["ipvs"].append({**copy.deepcopy(edge["director1"]["ipvs"][0]), "port": 8080})
    edge["director2"]["ipvs"][0]["destinations"].append({"address": "192.0.2.99", "port": 80, "weight": 1, "forward": "route"})


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (_unreachable, [("app1", "It could not be looked at: Connection refused")]),
        (
            _dead_holder,
            [
                ("director2", "It could not be looked at: timed out"),
                ("director1 and director2", "Nobody holds the VIP 192.0.2.151, unless director2 does, which could not be looked at."),
            ],
        ),
        (_unread, [("director1", "Its ipvs could not be read: Not permitted")]),
        (_path("director1", "addresses", "eth0", value=[]), [("director1 and director2", "Nobody holds the VIP 192.0.2.150.")]),
        (_path("director2", "addresses", "eth0", value=["192.0.2.150"]), [("director1 and director2", "Both hold the VIP 192.0.2.150.")]),
        # On a real server's loopback it is at home, on another interface than its own it is not held.
        (
            _path("director1", "addresses", value={"eth1": ["192.0.2.150"]}),
            [("director1 and director2", "Nobody holds the VIP 192.0.2.150.")],
        ),
        (_path("web1", "services", "nginx", value="failed"), [("web1", "nginx is failed.")]),
        (_path("director1", "services", "keepalived", value="inactive"), [("director1", "keepalived is inactive.")]),
        (
            _path("web2", "answers", 0, "error", value="TimeoutError (connect)"),
            [("web2", "tcp://192.0.2.31:8080 does not answer it: TimeoutError (connect).")],
        ),
        (_drop("director1", "ipvs", 1), [("director1", "The table lacks the virtual service tcp 192.0.2.150:443.")]),
        (_path("director1", "ipvs", 0, "scheduler", value="rr"), [("director1", "tcp 192.0.2.150:80 has scheduler rr instead of wrr.")]),
        (
            _path("director2", "ipvs", 1, "persistence_timeout", value=0),
            [("director2", "tcp 192.0.2.150:443 has persistence_timeout 0 instead of 300.")],
        ),
        (_drop("director1", "ipvs", 0, "destinations", 1), [("director1", "tcp 192.0.2.150:80 has lost the real server 192.0.2.22:80.")]),
        (
            _path("director1", "ipvs", 0, "destinations", 0, "weight", value=0),
            [("director1", "tcp 192.0.2.150:80 sends nothing to 192.0.2.21:80: it is drained.")],
        ),
        (
            _path("director1", "ipvs", 0, "destinations", 1, "weight", value=1),
            [("director1", "tcp 192.0.2.150:80: 192.0.2.22:80 has weight 1 instead of 3.")],
        ),
        (
            _path("director1", "ipvs", 0, "destinations", 0, "forward", value="masquerade"),
            [("director1", "tcp 192.0.2.150:80: 192.0.2.21:80 is reached by masquerade instead of route.")],
        ),
        (
            _foreign,
            [
                ("director1", "The table has the virtual service tcp 192.0.2.150:8080, which the inventory does not know."),
                ("director2", "tcp 192.0.2.150:80 has the real server 192.0.2.99:80, which the inventory does not know."),
            ],
        ),
        (
            _path("web1", "addresses", "lo", value=["127.0.0.1"]),
            [("web1", "It does not have the VIP 192.0.2.150, so it drops what directors send to it.")],
        ),
        (
            _path("web2", "arp", "eth0", "arp_ignore", value=0),
            [("web2", "It may answer ARP for VIPs on eth0 (arp_ignore 0, arp_announce 2), and take them from the director.")],
        ),
        (
            _path("web2", "arp", "eth0", "arp_announce", value=1),
            [("web2", "It may answer ARP for VIPs on eth0 (arp_ignore 1, arp_announce 1), and take them from the director.")],
        ),
        (_drained, [("director1", "192.0.2.21:80 is drained in the upstream shop-app (by roll).")]),
        (
            _path("web1", "trees", "/etc/nginx", value=_tree(edited=["nginx.conf"], interrupted=True)),
            [("web1", "A release of /etc/nginx was interrupted."), ("web1", "Changed by hand in /etc/nginx: nginx.conf.")],
        ),
        (
            _path("director2", "trees", "/etc/keepalived", value=_tree(yielded="hand")),
            [("director2", "It yields its VIPs to others (by hand).")],
        ),
        (
            _certificate,
            [
                ("web1", "The certificate for a.example.com at 192.0.2.21:443 has expired."),
                ("web1", "The certificate for b.example.com at 192.0.2.21:443 expires in 3 days."),
                ("web1", "The certificate for c.example.com at 192.0.2.21:443 is for another name."),
                ("web1", "The certificate for d.example.com at 192.0.2.21:443 cannot be seen: Connection refused."),
            ],
        ),
    ],
)
def test_what_is_broken_is_found_and_nothing_else(breaks: Callable[[dict[str, Look]], None], said: list[tuple[str, str]]) -> None:
    edge = healthy()
    breaks(edge)
    found = findings(SEEN, edge)
    assert [(finding["where"], finding["what"]) for finding in found] == said
    assert all(finding["remedy"].endswith(".") for finding in found)


def test_a_finding_says_in_whose_name_somebody_is_out() -> None:
    edge = healthy()
    edge["web1"]["trees"]["/etc/nginx"] = _tree(drained=[_mark("192.0.2.31:8080", "roll"), _mark("192.0.2.32:8080", "hand")])
    edge["web1"]["services"]["nginx"] = "failed"
    assert [finding["by"] for finding in findings(SEEN, edge)] == ["", "roll", "hand"]


def test_a_drain_of_an_ipv6_real_server_is_one_finding_too() -> None:
    seen = hostvars(good("ipv6"))
    edge = {"director1": {**healthy()["director1"], "ipvs": [_live(item) for item in derive.virtual_servers(seen, "director1")]}}
    edge["director1"]["ipvs"][0]["destinations"][0]["weight"] = 0
    edge["director1"]["trees"]["/etc/keepalived"] = _tree(drained=[_mark("[2001:db8::21]:80", "roll")])
    assert [finding["by"] for finding in findings(seen, edge)] == ["roll"]


@pytest.mark.parametrize(("base", "remedy"), [("", "ipvs_destination"), ("standalone", "steadfast.edge.undrain with --limit")])
def test_a_weight_of_0_is_put_back_by_whoever_can(base: str, remedy: str) -> None:
    """Without keepalived the table is all there is, and a drain in it has no name. With it, undrain only knows of the files."""
    seen = hostvars(good(base))
    edge = {"director1": {**healthy()["director1"], "ipvs": [_live(item) for item in derive.virtual_servers(seen, "director1")]}}
    edge["director1"]["ipvs"][0]["destinations"][0]["weight"] = 0
    found = [finding for finding in findings(seen, edge) if "sends nothing to" in finding["what"]]
    assert [remedy in finding["remedy"] for finding in found] == [True]


def test_all_findings_come_at_once() -> None:
    edge = healthy()
    edge["web1"]["services"]["nginx"] = "failed"
    edge["web2"]["arp"]["eth0"]["arp_ignore"] = 0
    edge["director1"]["addresses"] = {}
    assert len(findings(SEEN, edge)) == 3


def test_hosts_that_were_left_out_are_not_judged() -> None:
    edge = healthy()
    assert findings(SEEN, {"web1": edge["web1"]}) == []
    # Of two holders one was not asked: it may well hold the VIP.
    assert findings(SEEN, {"director1": edge["director1"]}) == []


def test_a_sorry_server_stands_in_for_what_is_lost() -> None:
    inventory = good()
    service = inventory["all"]["edge_virtual_services"][0]
    service["sorry_server"] = {"name": "app1", "port": 80}
    seen = hostvars(inventory)
    edge = healthy()
    edge["director1"]["ipvs"][0]["destinations"] = [{"address": "192.0.2.31", "port": 80, "weight": 1, "forward": "route"}]
    edge = {"director1": edge["director1"]}
    assert [finding["what"] for finding in findings(seen, edge)] == [
        "tcp 192.0.2.150:80 has lost the real server 192.0.2.21:80.",
        "tcp 192.0.2.150:80 has lost the real server 192.0.2.22:80.",
    ]


@pytest.mark.parametrize(
    ("check", "of_servers", "of_vip"),
    [
        ({"type": "http", "path": "/x", "status": 204}, "http://192.0.2.21:80/x", "http://192.0.2.150:80/x"),
        ({"type": "https", "host": "shop.example.com"}, "https://shop.example.com:80/", "https://shop.example.com:80/"),
        ({"type": "http", "port": 8081}, "http://192.0.2.21:8081/", "tcp://192.0.2.150:80"),
        ({"type": "tcp"}, "tcp://192.0.2.21:80", "tcp://192.0.2.150:80"),
        ({"type": "ping"}, None, "tcp://192.0.2.150:80"),
    ],
)
def test_the_questions_are_those_of_keepalived(check: dict[str, Any], of_servers: str | None, of_vip: str) -> None:
    inventory = good()
    inventory["all"]["edge_virtual_services"] = [{"name": "shop", "vip": "shop", "port": 80, "real_servers": ["web1"], "check": check}]
    seen = hostvars(inventory)
    director, client = (looks(seen, host)["requests"] for host in ("director1", "app1"))
    assert [request["url"] for request in director] == ([of_servers] if of_servers else [])
    assert [request["url"] for request in client] == [of_vip]
    assert {request["connect_to"] for request in director} <= {"192.0.2.21"}
    assert client[0]["connect_to"] == "192.0.2.150"


def test_who_asks_whom() -> None:
    asked = {host: [request["url"] for request in looks(SEEN, host)["requests"]] for host in SEEN}
    assert asked["director1"] == asked["director2"]
    assert asked["director1"] == [
        "http://192.0.2.21:80/healthz",
        "http://192.0.2.22:80/healthz",
        "tcp://192.0.2.21:443",
        "tcp://192.0.2.22:443",
    ]
    # nginx asks its Tomcats; its own VIP it would answer itself.
    assert asked["web1"][0] == "tcp://192.0.2.31:8080"
    assert not [url for url in asked["web1"] if "192.0.2.150" in url]
    # Only those that are neither directors nor real servers see the VIP as clients do.
    assert asked["app1"] == ["http://192.0.2.150:80/healthz", "tcp://192.0.2.150:443"]
    assert looks(SEEN, "web1")["interfaces"] == ["eth0"]
    assert looks(SEEN, "director1")["services"] == ["keepalived"]

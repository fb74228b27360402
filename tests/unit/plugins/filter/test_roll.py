# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everybody who sends requests to a host is told, and what is waited for are its clients."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.steadfast.edge.plugins.filter.roll import FilterModule
from ansible_collections.steadfast.edge.plugins.module_utils._roll.part import leftovers, part
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.topology.cases import good, hostvars

SEEN = hostvars(good())


def told(found: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    return [(each["host"], each["balancer"], each["members"]) for each in found["balancers"]]


def test_a_web_server_is_a_real_server_on_every_director() -> None:
    found = part(SEEN, "web1")
    assert told(found) == [("director1", "keepalived", ["192.0.2.21"]), ("director2", "keepalived", ["192.0.2.21"])]
    assert found["waits"] == [{"ports": [80, 443], "addresses": ["192.0.2.150"], "peers": []}]
    assert {request["url"] for request in found["balancers"][0]["requests"]} == {"http://192.0.2.21:80/healthz", "tcp://192.0.2.21:443"}
    assert found["real_server"]
    assert (found["vips"], found["urls"]) == ([], [])


def test_a_director_without_this_real_server_is_not_asked_to_drain_it() -> None:
    """In whichever order: the first director has it, the second only another one."""
    inventory = good()
    inventory["all"]["edge_vips"] = [
        {"name": name, "address": f"192.0.2.{number}/24", "virtual_router_id": number, "holders": holders}
        for name, number, holders in (("shop", 150, ["director1"]), ("center", 151, ["director2"]))
    ]
    inventory["all"]["edge_virtual_services"] = [
        {"name": vip, "vip": vip, "port": 80, "real_servers": [web]} for vip, web in (("shop", "web1"), ("center", "web2"))
    ]
    seen = hostvars(inventory)
    assert told(part(seen, "web1")) == [("director1", "keepalived", ["192.0.2.21"])]
    assert told(part(seen, "web2")) == [("director2", "keepalived", ["192.0.2.22"])]


def test_a_tomcat_is_a_member_on_every_web_server() -> None:
    found = part(SEEN, "app1")
    assert told(found) == [(web, "nginx", ["192.0.2.31:8080", "192.0.2.31:8081", "192.0.2.31:8082"]) for web in ("web1", "web2")]
    assert found["waits"] == [{"ports": [8080, 8081, 8082], "addresses": [], "peers": ["192.0.2.21", "192.0.2.22"]}]
    assert found["urls"] == ["http://192.0.2.31:8080", "http://192.0.2.31:8081", "http://192.0.2.31:8082"]
    assert not found["real_server"]


def test_a_director_has_vips_that_others_can_hold() -> None:
    found = part(SEEN, "director1")
    assert (found["vips"], found["others"], found["balancers"]) == (["192.0.2.150", "192.0.2.151"], ["director2"], [])
    assert found["others_by_vip"] == {"192.0.2.150": ["director2"], "192.0.2.151": ["director2"]}


def test_others_are_those_of_each_vip() -> None:
    inventory = good()
    inventory["all"]["edge_vips"][1]["holders"] = ["director1", "web1"]
    found = part(hostvars(inventory), "director1")
    assert found["others"] == ["director2", "web1"]
    assert found["others_by_vip"] == {"192.0.2.150": ["director2"], "192.0.2.151": ["web1"]}


def test_who_takes_no_part_is_nobodys_member() -> None:
    found = part(SEEN, "client1")
    assert (found["balancers"], found["waits"], found["vips"]) == ([], [], [])


def test_what_was_left_is_put_back_where_it_lies() -> None:
    inventory = good()
    inventory["hosts"]["web2"].update(nginx_install="source", nginx_prefix="/opt/nginx")
    item = {"pool": "p", "member": "192.0.2.31:8080", "by": "roll"}
    looks: dict[str, dict[str, Any]] = {
        "director1": {"trees": {"/etc/keepalived": {"drained": [], "yielded": "roll"}}},
        "director2": {"trees": {"/etc/keepalived": {"drained": [{**item, "by": "hand"}], "yielded": ""}}},
        "web2": {"trees": {"/opt/nginx/conf": {"drained": [item], "yielded": ""}}},
        "app1": {"unreachable": True},
    }
    found = {each["host"]: each for each in leftovers(hostvars(inventory), looks, "roll")}
    assert list(found) == ["director1", "web2"]
    assert (found["director1"]["balancer"], found["director1"]["vips"], found["director1"]["members"]) == ("keepalived", True, [])
    assert (found["web2"]["balancer"], found["web2"]["members"], found["web2"]["binary"]) == (
        "nginx", ["192.0.2.31:8080"], "/opt/nginx/sbin/nginx",
    )  # fmt: skip


def test_the_filters_say_what_they_work_on() -> None:
    filters = FilterModule().filters()
    assert filters["part"](SEEN, "web1")["address"] == "192.0.2.21"
    with pytest.raises(AnsibleFilterError, match="works on hostvars"):
        filters["leftovers"]("web1", {}, "roll")
    with pytest.raises(AnsibleFilterError, match="not in the inventory"):
        filters["part"](SEEN, "web9")

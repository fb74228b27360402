# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is drained is drained in both languages, and what is put back is byte by byte as before."""

from __future__ import annotations

import re

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._drain import keepalived, nginx
from ansible_collections.steadfast.edge.plugins.module_utils._drain.balancer import Place, amended
from ansible_collections.steadfast.edge.plugins.module_utils._drain.members import DrainError, Wish
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.config import build
from ansible_collections.steadfast.edge.plugins.module_utils._topology import derive
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.topology.cases import good, hostvars

KEEPALIVED = Place("keepalived", "/etc/keepalived", "keepalived", "")
NGINX = Place("nginx", "/etc/nginx", "nginx", "/usr/sbin/nginx")

DIRECTOR = """global_defs {
    router_id director1
}

vrrp_instance shop {
    interface eth0
    virtual_ipaddress {
        192.0.2.150/32 dev eth0
    }
}

vrrp_instance center {
    interface eth0
}

# shop-http
virtual_server 192.0.2.150 80 {
    delay_loop 2
    quorum 1

    real_server 192.0.2.21 80 {
        weight 3
        HTTP_GET {
            url {
                path /healthz # the weight of this is in its name
            }
        }
    }

    real_server 192.0.2.22 80 {
        weight 1
    }

    real_server 192.0.2.23 80 {
        weight 0
    }
}
"""

UPSTREAMS = """upstream shop-app {
    zone shop-app 128k;
    server 192.0.2.31:8080 weight=1 max_fails=1 fail_timeout=10s;
    server 192.0.2.32:8080 weight=1 max_fails=1 fail_timeout=10s;
    server [2001:db8::33]:8080 weight=1 max_fails=1 fail_timeout=10s;
    server 192.0.2.34:8080 weight=1 max_fails=1 fail_timeout=10s down;
    # Where failures have put all members out at once, they are asked all the same instead of answering 502.
    server 192.0.2.31:8080 weight=1 max_fails=0 backup;
    keepalive 32;
}

server {
    server_name 192.0.2.31;
}
"""


def drain(place: Place, files: dict[str, str], *members: str, by: str = "roll", vips: str | None = None, least: int = 1) -> dict[str, str]:
    return amended(place, files, Wish(bool(members), members, by, least), vips)


def back(place: Place, files: dict[str, str], *members: str, by: str = "roll", vips: str | None = None) -> dict[str, str]:
    return amended(place, files, Wish(False, members or ("all",), by), vips)


def test_a_real_server_has_weight_0_and_gets_its_own_back() -> None:
    files = {"keepalived.conf": DIRECTOR}
    out = drain(KEEPALIVED, files, "192.0.2.21")
    assert out["keepalived.conf"] == DIRECTOR.replace("weight 3", "weight 0 # drained by roll, was 3")
    assert [one.serving for one in keepalived.members(out["keepalived.conf"])] == [False, True, False]
    assert drain(KEEPALIVED, out, "192.0.2.21") == out
    assert back(KEEPALIVED, out) == back(KEEPALIVED, out, "192.0.2.21") == files


def test_a_member_is_down_everywhere_and_comes_back() -> None:
    files = {"upstreams.conf": UPSTREAMS, "nginx.conf": "worker_processes auto;\n"}
    out = drain(NGINX, files, "192.0.2.31:8080")
    assert out["upstreams.conf"].count("down; # drained by roll") == 2
    assert out["nginx.conf"] == files["nginx.conf"]
    assert [one.name for one in nginx.members(out["upstreams.conf"]) if one.by] == ["192.0.2.31:8080", "192.0.2.31:8080"]
    assert back(NGINX, out) == files


@pytest.mark.parametrize("name", ["2001:db8::33", "[2001:db8::33]", "[2001:db8::33]:8080"])
def test_ipv6_members(name: str) -> None:
    out = drain(NGINX, {"upstreams.conf": UPSTREAMS}, name)
    assert "server [2001:db8::33]:8080 weight=1 max_fails=1 fail_timeout=10s down; # drained by roll" in out["upstreams.conf"]


@pytest.mark.parametrize(
    ("place", "files", "names", "said"),
    [
        (KEEPALIVED, {"keepalived.conf": DIRECTOR}, ("192.0.2.99",), "192.0.2.99 in /etc/keepalived, only the virtual server 192.0.2.150"),
        (NGINX, {"upstreams.conf": UPSTREAMS}, ("192.0.2.31:8081",), "192.0.2.31:8081 in /etc/nginx, only the upstream shop-app."),
        (NGINX, {"upstreams.conf": UPSTREAMS}, ("x", "192.0.2.31", "192.0.2.9"), "x, 192.0.2.9 in /etc/nginx, only the upstream shop-app."),
        (NGINX, {"nginx.conf": "events {}\n"}, ("192.0.2.31",), "192.0.2.31 in /etc/nginx, nor any pool."),
    ],
)
def test_nobody_is_drained_who_is_not_there(place: Place, files: dict[str, str], names: tuple[str, ...], said: str) -> None:
    with pytest.raises(DrainError, match=re.escape(said)):
        drain(place, files, *names)
    # Whoever is gone needs not be put back.
    assert back(place, files, *names) == files


def test_what_the_inventory_has_out_is_nobodys_drain() -> None:
    files = {"upstreams.conf": UPSTREAMS}
    assert drain(NGINX, files, "192.0.2.34:8080") == files
    assert drain(KEEPALIVED, {"keepalived.conf": DIRECTOR}, "192.0.2.23") == {"keepalived.conf": DIRECTOR}


def test_only_who_has_drained_a_member_puts_it_back() -> None:
    out = drain(KEEPALIVED, {"keepalived.conf": DIRECTOR}, "192.0.2.21", by="hand")
    assert drain(KEEPALIVED, out, "192.0.2.21") == out
    assert back(KEEPALIVED, out) == out
    assert back(KEEPALIVED, out, by="hand") == {"keepalived.conf": DIRECTOR}


def test_the_last_member_is_not_taken_out() -> None:
    out = drain(KEEPALIVED, {"keepalived.conf": DIRECTOR}, "192.0.2.21")
    with pytest.raises(DrainError, match=r"192\.0\.2\.150 80 would be left with 0 of its 2 members"):
        drain(KEEPALIVED, out, "192.0.2.22")
    assert drain(KEEPALIVED, out, "192.0.2.22", least=0) != out


@pytest.mark.parametrize(
    ("quorum", "name", "left"),
    [
        (2, "192.0.2.21", 1),  # of 3 and 1, the 1 is left
        (4, "192.0.2.22", 3),
        (5, "192.0.2.22", 3),  # there never were as many
    ],
)
def test_a_quorum_is_a_weight(quorum: int, name: str, left: int) -> None:
    strict = DIRECTOR.replace("quorum 1", f"quorum {quorum}")
    said = rf"192\.0\.2\.150 80 would be left with a weight of {left}, and its quorum is {quorum}"
    with pytest.raises(DrainError, match=said):
        drain(KEEPALIVED, {"keepalived.conf": strict}, name)
    assert drain(KEEPALIVED, {"keepalived.conf": strict}, name, least=0) != {"keepalived.conf": strict}


def test_one_heavy_real_server_may_be_a_quorum() -> None:
    strict = DIRECTOR.replace("quorum 1", "quorum 3")
    assert "drained by roll, was 1" in drain(KEEPALIVED, {"keepalived.conf": strict}, "192.0.2.22")["keepalived.conf"]


def test_vips_are_yielded_and_held_again() -> None:
    files = {"keepalived.conf": DIRECTOR}
    out = back(KEEPALIVED, files, vips="yielded")
    assert out["drained"] == "1\n"
    assert out["keepalived.conf"].count("        drained weight 0 # yielded by roll") == 2
    assert out["keepalived.conf"].index("vrrp_track_file drained") < out["keepalived.conf"].index("vrrp_instance shop")
    assert keepalived.yielded(out["keepalived.conf"]) == "roll"
    assert back(KEEPALIVED, out, vips="yielded") == out
    assert back(KEEPALIVED, out) == out
    assert back(KEEPALIVED, out, by="hand", vips="held") == out
    assert back(KEEPALIVED, out, vips="held") == files


def test_a_limit_on_those_that_are_out_counts_the_others() -> None:
    files = {"upstreams.conf": UPSTREAMS}
    wish = Wish(True, ("192.0.2.32:8080",), "roll", most_out=1)
    assert amended(NGINX, files, wish, None) != files
    with pytest.raises(DrainError, match="left with 1 of its 3 members, and 2 must"):
        amended(NGINX, drain(NGINX, files, "192.0.2.31", by="hand"), wish, None)


@pytest.mark.parametrize(("wish", "said"), [(Wish(True, ("all",), "roll"), "cannot be drained"), (Wish(False, (), "A b"), "no name")])
def test_a_wish_that_means_nothing(wish: Wish, said: str) -> None:
    with pytest.raises(DrainError, match=said):
        wish.check()


def test_what_the_roles_write_is_understood() -> None:
    """Every real server of the whole example, as the renderer writes it."""
    seen = hostvars(good())
    servers = derive.virtual_servers(seen, "director1")
    assert servers
    text = build({"router_id": "x", "vrrp_version": 3, "virtual_servers": servers, "global_defs": {}})
    found = keepalived.members(text)
    assert [(one.address, one.port, one.serving) for one in found] == [
        (server["address"], str(server["port"]), server["weight"] > 0) for item in servers for server in item["real_servers"]
    ]

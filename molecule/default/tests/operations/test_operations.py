# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify and rolling_reload, with things broken on purpose."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from labclient import Lab

Play = Callable[..., "tuple[bool, str]"]

PROBE = {"probe_host": "client1", "probe_url": "http://192.0.2.150/", "probe_rate": 100}

pytestmark = pytest.mark.usefixtures("as_before")


def servers(lab: Lab, change: str, timeout: str = "4s") -> list[dict[str, Any]]:
    """The lab's nginx_servers, each answer with a header that says which configuration it is from."""
    given = yaml.safe_load((lab.inventory / "group_vars/edge_web.yml").read_text(encoding="utf-8"))["nginx_servers"]
    found: list[dict[str, Any]] = copy.deepcopy(given)
    found[0]["add_headers"]["X-Change"] = change
    found[0]["locations"][0]["directives"]["proxy_read_timeout"] = timeout
    return found


def live(lab: Lab, host: str) -> str:
    """Which configuration answers."""
    shown = lab.run("client1", "curl", "--silent", "--head", f"http://{host}/healthz")
    return dict(line.split(": ", 1) for line in shown.splitlines() if ": " in line).get("X-Change", "")


def test_a_healthy_edge_is_said_to_be_healthy(play: Play) -> None:
    healthy, said = play("verify")
    assert healthy
    assert "The edge is healthy: 7 hosts are as the inventory says." in said
    assert "changed=0" in said
    assert not re.search(r"changed=[1-9]", said)


def test_everything_that_is_broken_is_named_at_once_and_nothing_is_reloaded_then(lab: Lab, play: Play) -> None:
    lab.run("director1", "ipvsadm", "-e", "-t", "192.0.2.150:80", "-r", "192.0.2.21", "-g", "-w", "0")
    lab.run("director2", "ipvsadm", "-A", "-t", "192.0.2.150:81", "-s", "rr")
    lab.run("web2", "ip", "address", "delete", "192.0.2.150/32", "dev", "lo")
    lab.run("web2", "sysctl", "--write", "net.ipv4.conf.all.arp_ignore=0", "net.ipv4.conf.eth0.arp_ignore=0")
    lab.run("web2", "sed", "-i", "s/^worker_processes.*/& # a hand/", "/etc/nginx/nginx.conf")
    lab.verb("power-off", "app3")
    try:
        healthy, said = play("rolling_reload", nginx_servers=servers(lab, "unwanted"))
        assert not healthy
        for finding in (
            "director1: tcp 192.0.2.150:80 sends nothing to 192.0.2.21:80: it is drained.",
            "director2: The table has the virtual service tcp 192.0.2.150:81, which the inventory does not know.",
            "web2: It does not have the VIP 192.0.2.150",
            "web2: It may answer ARP for VIPs on eth0 (arp_ignore 0, arp_announce 2)",
            "web2: Changed by hand in /etc/nginx: nginx.conf.",
            "web1: http://192.0.2.33:8080/healthz does not answer it",
            "app3: It could not be looked at",
        ):
            assert finding in said
        assert live(lab, "192.0.2.21") == ""
    finally:
        lab.run("director1", "ipvsadm", "-e", "-t", "192.0.2.150:80", "-r", "192.0.2.21", "-g", "-w", "1")
        lab.run("director2", "ipvsadm", "-D", "-t", "192.0.2.150:81")
        lab.run("web2", "sysctl", "--write", "net.ipv4.conf.all.arp_ignore=1")
        lab.run("web2", "ip", "address", "add", "192.0.2.150/32", "dev", "lo", "scope", "host")
        lab.run("web2", "sed", "-i", "s/ # a hand$//", "/etc/nginx/nginx.conf")
        lab.verb("power-on", "app3")


def test_a_bad_configuration_on_the_second_host_stops_the_roll_and_the_next_run_goes_on(
    lab: Lab, play: Play, eventually_healthy: None
) -> None:
    bad = servers(lab, "one", timeout="{{ 'never' if inventory_hostname == 'web2' else '4s' }}")
    done, said = play("rolling_reload", nginx_servers=bad, **PROBE)
    assert not done
    assert "web1 serves and is proven (1 of 2)." in said
    assert "web2 failed, and no further host is touched" in said
    assert re.search(r"[0-9]{3,} requests: 0 lost", said)
    assert [live(lab, host) for host in ("192.0.2.21", "192.0.2.22")] == ["one", ""]
    done, said = play("rolling_reload", nginx_servers=servers(lab, "one"), **PROBE)
    assert done
    assert "web2 serves and is proven (2 of 2)." in said
    assert re.search(r"No request was lost: [0-9]{3,} requests: 0 lost", said)
    assert [live(lab, host) for host in ("192.0.2.21", "192.0.2.22")] == ["one", "one"]


def test_a_lost_request_is_a_failure(lab: Lab, play: Play) -> None:
    """What the probe says counts: this URL never has a good answer."""
    probe = {**PROBE, "probe_url": "http://192.0.2.150:81/"}
    done, said = play("rolling_reload", limit="web1", nginx_servers=servers(lab, "one"), **probe)
    assert not done
    assert "The probe lost requests" in said

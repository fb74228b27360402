# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets reach the real servers through tunnels, and answers go past the director."""

from __future__ import annotations

import json
import re

import pytest
from balancing import Balancing
from labclient import Lab

WEB = ["web1", "web2"]


def packets(lab: Lab, host: str) -> int:
    """That have come out of tunnels."""
    (link,) = json.loads(lab.run(host, "ip", "-json", "-statistics", "link", "show", "dev", "tunl0"))
    received: int = link["stats64"]["rx"]["packets"]
    return received


def test_a_thousand_requests_come_out_of_tunnels_and_are_shared(lab: Lab, balancing: Balancing) -> None:
    before = {host: packets(lab, host) for host in WEB}
    assert balancing.beside({"web1": 500, "web2": 500}) == {}
    # At least a connection's beginning, the request and its end.
    assert all(packets(lab, host) - before[host] >= 500 * 3 for host in WEB)


def test_answers_go_past_the_director(balancing: Balancing) -> None:
    carried = balancing.carried(["director1", *WEB])
    assert carried["director1"] < 0.2, carried
    assert carried["web1"] + carried["web2"] >= 1, carried


def test_only_the_director_answers_for_the_vip(lab: Lab, balancing: Balancing) -> None:
    answered = lab.run("client1", "arping", "-b", "-c", "5", "-w", "10", "-I", "eth0", balancing.vip)
    macs = {mac.lower() for mac in re.findall(r"\[([0-9A-Fa-f:]{17})\]", answered)}
    assert macs == {lab.run("director1", "cat", "/sys/class/net/eth0/address").strip()}


@pytest.mark.parametrize("host", WEB)
def test_a_real_server_lets_tunnels_through(lab: Lab, balancing: Balancing, host: str) -> None:
    assert balancing.vip in lab.addresses(host, "tunl0")
    assert balancing.vip not in lab.addresses(host, "lo")
    values = lab.run(host, "sysctl", "--values", "net.ipv4.conf.tunl0.rp_filter", "net.ipv4.conf.all.arp_ignore")
    assert values.split() == ["2", "1"]


def test_clients_are_told_to_leave_room_for_the_tunnel(lab: Lab, balancing: Balancing) -> None:
    """A path of 1500 bytes less the outer header: what the server offers the VIP's clients, and what it offers on its own address."""
    ask = "import socket,sys; s=socket.create_connection((sys.argv[1],80)); print(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))"
    # With time stamps, which take 12 of them.
    assert lab.run("client1", "python3", "-c", ask, balancing.vip).strip() == str(1440 - 12)
    assert lab.run("client1", "python3", "-c", ask, "192.0.2.21").strip() == str(1460 - 12)


def test_a_large_upload_fits_into_the_tunnel(lab: Lab, balancing: Balancing) -> None:
    """Nobody is asked for smaller packets on the way."""
    lab.run("client1", "truncate", "--size", "500K", "/tmp/upload")
    sent = lab.run("client1", "curl", "--silent", "--fail", "--data-binary", "@/tmp/upload", "--header", "Expect:", balancing.url())
    assert sent.strip() in WEB
    assert "mtu" not in lab.run("client1", "ip", "route", "get", balancing.vip)

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module vip_address on a kernel: a neighbour that knows another host for a VIP turns to this one as soon as the VIP is here."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from ansible_collections.steadfast.edge.tests.integration.realserver.two_hosts import (
    DIRECTOR_MAC,
    VIP,
    VIP6,
    Host,
    Wire,
    start,
)

WHOLE = {VIP: f"{VIP}/32", VIP6: f"{VIP6}/128"}
LATE_UNIT = "/etc/systemd/system/steadfast-vip-late.service"


def told(host: Host, *vips: str, check: bool = False) -> tuple[dict[str, Any], str]:
    """Runs the module; its answer and its warnings."""
    given = {"addresses": list(vips), "interface": "eth0"}
    command = ["env", "ANSIBLE_CALLBACK_RESULT_FORMAT=json", "ansible", "localhost", *["--check"] * check]
    where = ["-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
    done = host.run(*command, *where, "-m", "steadfast.edge.vip_address", "-a", json.dumps(given), check=False)
    return json.loads(done.stdout.partition(" => ")[2]), " ".join(done.stderr.split())


def hold(host: Host, *vips: str, check: bool = False) -> dict[str, Any]:
    return told(host, *vips, check=check)[0]


def mac(host: Host) -> str:
    return str(json.loads(host.run("ip", "-json", "link", "show", "dev", "eth0").stdout)[0]["address"])


def know(wire: Wire, vip: str, state: str) -> None:
    """The client has the director in its cache. Unlike `learn` this leaves it as choosy as it is."""
    wire.client.run("ip", "neigh", "replace", vip, "lladdr", DIRECTOR_MAC, "dev", "eth0", "nud", state)


def reaches(host: Host, vip: str) -> bool:
    """Whether anybody answers within a second; a refusal is an answer."""
    script = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 9), timeout=1)
except ConnectionRefusedError:
    print("answered")
except TimeoutError:
    print("silence")
"""
    return host.run(sys.executable, "-c", script, vip).stdout == "answered\n"


@pytest.mark.parametrize("state", ["reachable", "stale"])
@pytest.mark.parametrize("vip", [VIP, VIP6])
def test_a_neighbour_that_knows_another_host_turns_to_this_one(wire: Wire, vip: str, state: str) -> None:
    know(wire, vip, state)
    predicted = hold(wire.server, vip, check=True)
    assert wire.known(vip) == DIRECTOR_MAC
    assert hold(wire.server, vip) == predicted
    assert predicted["announced"] == [WHOLE[vip]]
    assert wire.known(vip) == mac(wire.server)
    assert reaches(wire.client, vip)
    again = hold(wire.server, vip)
    assert (again["changed"], again["announced"]) == (False, [])


@pytest.mark.parametrize("state", ["reachable", "stale"])
@pytest.mark.parametrize("vip", [VIP, VIP6])
def test_unannounced_it_goes_on_with_the_other_one(wire: Wire, vip: str, state: str) -> None:
    """The control: a VIP that comes by hand, in the same place."""
    know(wire, vip, state)
    wire.server.run("ip", "address", "add", WHOLE[vip], "dev", "eth0", *["nodad"] * (vip == VIP6))
    assert not reaches(wire.client, vip)
    assert wire.known(vip) == DIRECTOR_MAC


def test_what_the_host_does_not_answer_for_is_not_announced(wire: Wire) -> None:
    wire.server.run("sysctl", "-qw", "net.ipv4.conf.eth0.arp_ignore=8")
    know(wire, VIP, "stale")
    know(wire, VIP6, "stale")
    assert hold(wire.server, VIP, VIP6)["announced"] == [WHOLE[VIP6]]
    assert (wire.known(VIP), wire.known(VIP6)) == (DIRECTOR_MAC, mac(wire.server))


def test_what_comes_back_at_boot_is_not_announced(wire: Wire) -> None:
    hold(wire.server, VIP)
    wire.server.run("ip", "address", "delete", WHOLE[VIP], "dev", "eth0")
    know(wire, VIP, "stale")
    assert start(wire.server, LATE_UNIT) == 0
    assert VIP in wire.server.addresses("eth0")
    assert wire.known() == DIRECTOR_MAC


def test_an_address_that_another_host_still_has_is_refused_by_name(wire: Wire) -> None:
    wire.client.run("ip", "address", "add", WHOLE[VIP6], "dev", "eth0", "nodad")
    refused = hold(wire.server, VIP, VIP6)
    assert f"another host has {WHOLE[VIP6]} dev eth0" in refused["msg"]
    wire.client.run("ip", "address", "delete", WHOLE[VIP6], "dev", "eth0")
    know(wire, VIP6, "reachable")
    assert hold(wire.server, VIP, VIP6)["announced"] == [WHOLE[VIP6]]
    assert reaches(wire.client, VIP6)


def test_an_interface_that_is_down_holds_the_vip_and_says_so(wire: Wire) -> None:
    wire.server.run("ip", "link", "set", "eth0", "down")
    _answer, warned = told(wire.server, VIP)
    assert f"eth0 holds {VIP}, but neighbours cannot be told: Network is down" in warned
    assert VIP in wire.server.addresses("eth0")

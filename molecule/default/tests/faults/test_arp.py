# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers never answer for the VIP: not while they reboot, not while the VIP is taken from them and given back."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from labclient import Lab
from topology import DIRECTORS, VIP

pytestmark = pytest.mark.usefixtures("settled")


@contextmanager
def listening(lab: Lab) -> Iterator[set[str]]:
    """Ask for the VIP by broadcast, again and again; the MAC addresses that answered are there afterwards."""
    answered: set[str] = set()
    command = lab.command("exec", "client1", "--", "timeout", "--signal=INT", "600", "arping", "-b", "-I", "eth0", VIP)
    asking = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield answered
        lab.run("client1", "pkill", "--signal", "INT", "arping")
        output = asking.communicate(timeout=30)[0]
        assert output.count("reply from") >= 5, output
        answered |= {mac.lower() for mac in re.findall(r"\[([0-9A-Fa-f:]{17})\]", output)}
    finally:
        asking.terminate()
        asking.wait()


def mac_of(lab: Lab, host: str) -> str:
    return lab.run(host, "cat", "/sys/class/net/eth0/address").strip()


@pytest.mark.parametrize("what", ["reboot", "removal and return"])
def test_a_real_server_keeps_silent(lab: Lab, what: str) -> None:
    with listening(lab) as answered:
        if what == "reboot":
            lab.verb("reboot", "web1")
        else:
            lab.playbook("playbooks/web.yml", "--limit", "web1", "-e", '{"lvs_realserver_vips": []}')
            assert VIP not in lab.addresses("web1", "lo")
            lab.playbook("playbooks/web.yml", "--limit", "web1")
    assert VIP in lab.addresses("web1", "lo")
    director = mac_of(lab, DIRECTORS[0])
    assert answered == {director}
    neighbour = lab.run("client1", "ip", "neigh", "show", VIP)
    assert director in neighbour, neighbour

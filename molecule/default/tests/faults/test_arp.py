# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers never answer for the VIP: not while they reboot, not while the VIP is taken from them and given back."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import pytest
from labclient import Lab
from topology import DIRECTORS, VIP

# More answers than can have piled up unread while the body ran: some are from after it.
ENOUGH = 20

pytestmark = pytest.mark.usefixtures("settled")


@contextmanager
def listening(lab: Lab) -> Iterator[set[str]]:
    """Ask for the VIP by broadcast, again and again; the MAC addresses that answered are there afterwards."""
    answered: set[str] = set()
    command = lab.command("exec", "client1", "--", "timeout", "--signal=INT", "600", "arping", "-b", "-I", "eth0", VIP)
    asking = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert asking.stdout is not None
    try:
        # Answers before, during and after what the body does.
        output = [_answer(asking.stdout)]
        yield answered
        output += [_answer(asking.stdout) for _turn in range(ENOUGH)]
        lab.run("client1", "pkill", "--signal", "INT", "arping")
        output.append(asking.communicate(timeout=30)[0])
        answered |= {mac.lower() for mac in re.findall(r"\[([0-9A-Fa-f:]{17})\]", "".join(output))}
    finally:
        asking.terminate()
        asking.wait()


def _answer(stream: IO[str]) -> str:
    for line in stream:
        if "reply from" in line:
            return line
    raise AssertionError("nobody answers for the VIP any more")


def mac_of(lab: Lab, host: str) -> str:
    return lab.run(host, "cat", "/sys/class/net/eth0/address").strip()


@pytest.mark.parametrize("what", ["reboot", "removal and return"])
def test_a_real_server_keeps_silent(lab: Lab, eventually: Callable[..., Any], what: str) -> None:
    with listening(lab) as answered:
        if what == "reboot":
            lab.verb("reboot", "web1")
            eventually(lambda: VIP in lab.addresses("web1", "lo"), True)
        else:
            # By force: web.yml itself takes nothing for which directors may still send packets.
            lab.playbook("playbooks/web.yml", "--limit", "web1", "-e", '{"lvs_realserver_vips": [], "lvs_realserver_purge": true}')
            assert VIP not in lab.addresses("web1", "lo")
            lab.playbook("playbooks/web.yml", "--limit", "web1")
    assert VIP in lab.addresses("web1", "lo")
    director = mac_of(lab, DIRECTORS[0])
    assert answered == {director}
    neighbour = lab.run("client1", "ip", "neigh", "show", VIP)
    assert director in neighbour, neighbour

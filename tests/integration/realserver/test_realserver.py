# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role lvs_realserver on a kernel: a third party never hears of the VIP, and traffic for it is served all the same."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.tests.integration.realserver.two_hosts import (
    DIRECTOR_MAC,
    NOBODY,
    OTHER_VIP,
    SERVER6,
    VIP,
    VIP6,
    Host,
    Wire,
    start,
)

UNIT = "/etc/systemd/system/steadfast-vip.service"
TRACES = ("/etc/steadfast-edge/vip", "/etc/sysctl.d", "/etc/systemd/system", "/var/lib/steadfast-edge", "/usr/local/lib/steadfast-edge")


def power_cycle(host: Host) -> None:
    """The kernel forgets: what a boot finds before any file is read."""
    host.run("ip", "address", "flush", "dev", "lo")
    keys = [f"net.ipv4.conf.{device}.{name}" for device in ("all", "eth0") for name in ("arp_ignore", "arp_announce")]
    host.run("sysctl", "-qw", *(f"{key}=0" for key in keys))


def speak_as(host: Host, vip: str) -> None:
    """The host sends from the VIP to a neighbour that it does not know, and so has to ask for it."""
    script = f"import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('{vip}', 0)); s.sendto(b'x', ('{NOBODY}', 9))"
    host.run(sys.executable, "-c", script)


def test_the_prober_hears_a_host_without_the_posture(wire: Wire) -> None:
    """The control of all other tests: the wire, the probes and the counting work."""
    with wire.probed() as heard:
        wire.server.run("ip", "address", "add", f"{VIP}/32", "dev", "lo")
        answers = heard()
    assert answers["said"] > 5
    assert answers["control"] > 5


def test_a_host_without_arp_announce_names_the_vip(wire: Wire) -> None:
    wire.server.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=1")
    wire.server.run("ip", "address", "add", f"{VIP}/32", "dev", "lo")
    wire.learn()
    with wire.probed() as heard:
        speak_as(wire.server, VIP)
        assert heard()["said"] > 0
    assert wire.known() not in ("", DIRECTOR_MAC)


@pytest.mark.parametrize("set_on", ["all", "interface"])
def test_no_one_hears_of_the_vip_from_first_converge_to_removal(wire: Wire, set_on: str) -> None:
    host = wire.server
    wire.learn()
    with wire.probed() as heard:
        assert "changed=2" in host.role(lvs_realserver_vips=[VIP, VIP6], lvs_realserver_arp_set_on=set_on)
        assert host.addresses("lo") >= {VIP, VIP6}
        assert host.arp() == (1, 2)
        speak_as(host, VIP)
        assert "changed=0" in host.role(lvs_realserver_vips=[VIP, VIP6], lvs_realserver_arp_set_on=set_on)
        assert "changed=1" in host.role(lvs_realserver_vips=[OTHER_VIP, VIP], lvs_realserver_arp_set_on=set_on)
        assert VIP6 not in host.addresses("lo")
        predicted = host.role("--check", lvs_realserver_vips=[])
        assert host.role(lvs_realserver_vips=[]) == predicted
        assert "changed=0" in host.role(lvs_realserver_vips=[])
        answers = heard()
    assert host.addresses("lo") == {"127.0.0.1", "::1"}
    assert host.arp() == (0, 0)
    assert answers["asked"] > 100
    assert answers["control"] > 100
    assert answers["said"] == 0
    assert wire.known() == DIRECTOR_MAC


def test_nothing_is_left_on_disk(wire: Wire) -> None:
    def files() -> str:
        return wire.server.run("sh", "-c", f"find {' '.join(TRACES)} -type f -o -type l 2>/dev/null || true").stdout

    before = files()
    wire.server.role(lvs_realserver_vips=[VIP])
    assert UNIT in files()
    wire.server.role(lvs_realserver_vips=[])
    assert files() == before


def test_a_boot_brings_the_posture_and_then_the_vip(wire: Wire) -> None:
    host = wire.server
    host.role(lvs_realserver_vips=[VIP])
    wire.learn()
    with wire.probed() as heard:
        power_cycle(host)
        # Nothing but the unit has run: not even systemd-sysctl came before it.
        assert start(host, UNIT) == 0
        speak_as(host, VIP)
        answers = heard()
    assert host.addresses("lo") >= {VIP}
    assert host.arp() == (1, 2)
    assert (answers["said"], answers["control"] > 5) == (0, True)
    assert wire.known() == DIRECTOR_MAC
    assert "changed=0" in host.role(lvs_realserver_vips=[VIP])


def test_a_boot_without_the_posture_brings_no_vip(wire: Wire) -> None:
    host = wire.server
    host.role(lvs_realserver_vips=[VIP])
    power_cycle(host)
    host.run("rm", "/etc/sysctl.d/90-steadfast-edge-arp.conf")
    assert start(host, UNIT) == 1
    assert VIP not in host.addresses("lo")


def test_a_manager_that_drops_foreign_addresses_is_followed(wire: Wire) -> None:
    wire.server.role(lvs_realserver_vips=[VIP])
    wire.server.run("ip", "address", "del", f"{VIP}/32", "dev", "lo")
    assert start(wire.server, UNIT.replace("vip.service", "vip-late.service")) == 0
    assert VIP in wire.server.addresses("lo")


@pytest.mark.parametrize("vip", [VIP, VIP6])
def test_traffic_that_a_director_forwards_is_served(wire: Wire, vip: str) -> None:
    """The scope of the VIP keeps it out of source selection, not from being served: a frame sent to the server is answered."""
    wire.server.role(lvs_realserver_vips=[VIP, VIP6])
    mac = json.loads(wire.server.run("ip", "-json", "link", "show", "dev", "eth0").stdout)[0]["address"]
    wire.client.run("ip", "neigh", "replace", vip, "lladdr", mac, "dev", "eth0", "nud", "permanent")
    listen = "import socket, sys; v = sys.argv[1]; s = socket.create_server((v, 80), family=socket.AF_INET6 if ':' in v else 2)"
    serve = f"{listen}; s.settimeout(20); print('ready', flush=True); c, _ = s.accept(); c.sendall(b'served'); c.close()"
    ask = "import socket, sys; print(socket.create_connection((sys.argv[1], 80), timeout=5).recv(99).decode())"
    with subprocess.Popen(wire.server.argv(sys.executable, "-c", serve, vip), stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        assert wire.client.run(sys.executable, "-c", ask, vip).stdout == "served\n"


def test_the_vip_is_no_source_of_the_hosts_own_connections(wire: Wire) -> None:
    wire.server.role(lvs_realserver_vips=[VIP, VIP6])
    wire.server.run("ip", "address", "flush", "dev", "eth0", "scope", "global")
    wire.server.run("ip", "route", "add", "198.51.100.0/24", "dev", "eth0")
    assert VIP not in wire.server.run("ip", "route", "get", "198.51.100.1", check=False).stdout


@pytest.mark.parametrize(("vip", "known"), [(VIP6, False), (SERVER6, True)])
def test_ipv6_needs_no_posture(wire: Wire, vip: str, known: bool) -> None:
    wire.server.role(lvs_realserver_vips=[VIP6])
    ask = "import socket, sys; s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.sendto(b'x', (sys.argv[1], 9))"
    wire.client.run(sys.executable, "-c", ask, vip)
    # Known, or given up after having asked three times.
    deadline = time.monotonic() + 60
    while not (found := re.search("lladdr|FAILED", wire.client.run("ip", "-6", "neigh", "show", vip).stdout)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert (found[0] == "lladdr") is known


def test_the_posture_is_not_taken_from_under_a_vip(wire: Wire) -> None:
    wire.server.role(lvs_realserver_vips=[VIP])
    arguments = "interfaces=eth0 state=absent"
    done = wire.server.run("ansible", "localhost", "-c", "local", "-m", "steadfast.edge.sysctl_arp", "-a", arguments, check=False)
    assert done.returncode == 2
    assert f"{VIP} still on this host would be answered for on eth0" in re.sub(r"\s+", " ", done.stdout + done.stderr)
    assert wire.server.arp() == (1, 2)


def test_a_contradicting_file_is_named_and_nothing_changed(wire: Wire) -> None:
    wire.server.run("sh", "-c", "echo 'net.ipv4.conf.all.arp_ignore = 0' > /etc/sysctl.d/95-old.conf")
    with pytest.raises(AssertionError, match=r"95-old\.conf:1"):
        wire.server.role(lvs_realserver_vips=[VIP])
    assert wire.server.arp() == (0, 0)
    assert VIP not in wire.server.addresses("lo")


def test_this_machine_is_untouched() -> None:
    assert not Path(UNIT).exists()

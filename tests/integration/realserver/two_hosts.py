# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real server and a client on one wire, each in namespaces that die with their holder; no file of this machine is written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
VIP, OTHER_VIP, VIP6 = "192.0.2.150", "192.0.2.151", "2001:db8::150"
SERVER, CLIENT, NOBODY = "192.0.2.21", "192.0.2.90", "192.0.2.99"
SERVER6, CLIENT6 = "2001:db8::21", "2001:db8::90"
PLAY = "[{hosts: localhost, gather_facts: false, roles: [steadfast.edge.lvs_realserver]}]\n"
# What the role writes to, each under a layer of its own that lives in the namespace's memory.
WRITTEN = ("/etc", "/var/lib", "/usr/local")


@dataclass
class Host:
    """A network and mount namespace, held by a sleeping process."""

    holder: subprocess.Popen[bytes]
    scratch: Path

    def argv(self, *command: str) -> list[str]:
        return ["nsenter", f"--target={self.holder.pid}", "--net", "--mount", "--", *command]

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(self.argv(*command), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
        assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
        return done

    def role(self, *arguments: str, **variables: Any) -> str:
        """Runs the role; the line of the recap."""
        play = self.scratch / "play.yml"
        play.write_text(PLAY, encoding="utf-8")
        given = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, **variables}
        done = self.run("ansible-playbook", "-i", "localhost,", "-e", json.dumps(given), str(play), *arguments)
        return done.stdout.strip().splitlines()[-1]

    def addresses(self, interface: str) -> set[str]:
        links = json.loads(self.run("ip", "-json", "address", "show", "dev", interface).stdout)
        return {info["local"] for link in links for info in link["addr_info"] if info.get("scope") != "link"}

    def arp(self, interface: str = "eth0") -> tuple[int, int]:
        """The effective values, read without the collection's help."""
        conf = "/proc/sys/net/ipv4/conf"
        text = self.run("cat", *(f"{conf}/{i}/{n}" for n in ("arp_ignore", "arp_announce") for i in ("all", interface))).stdout.split()
        return max(map(int, text[:2])), max(map(int, text[2:]))


@contextmanager
def namespaces(scratch: Path) -> Iterator[Host]:
    scratch.mkdir()
    holder = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", "echo up; exec sleep 600"], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        if holder.stdout.readline() != b"up\n":
            pytest.skip("this machine does not allow network namespaces")
        yield Host(holder, scratch)
    finally:
        holder.kill()
        holder.wait()


def cover(host: Host) -> None:
    """The folders the role writes to are this machine's, with a writable layer on top."""
    layers = "/run/layers"
    host.run("mount", "-t", "tmpfs", "tmpfs", "/run")
    for folder in WRITTEN:
        upper, work = f"{layers}{folder}/upper", f"{layers}{folder}/work"
        host.run("mkdir", "-p", upper, work)
        host.run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={folder},upperdir={upper},workdir={work}", folder)


def start(host: Host, unit: str) -> int:
    """What systemd does with our unit, command by command: the exit code of the one that ended it."""
    for line in host.run("cat", unit).stdout.splitlines():
        found = re.fullmatch(r"ExecStart(?:Pre)?=(-?)(.*)", line)
        if found:
            code = host.run(*found.group(2).split(), check=False).returncode
            if code and not found.group(1):
                return code
    return 0


# The MAC address at which the client knows the VIP: that of the director, which is not on this wire.
DIRECTOR_MAC = "02:00:00:00:00:11"


@dataclass
class Wire:
    """The two hosts, and the means to watch what the server says on the wire."""

    server: Host
    client: Host

    def learn(self, vip: str = VIP) -> None:
        """The client knows the VIP as a neighbour that has heard its director before: whoever claims it next is believed, at once."""
        self.client.run("sysctl", "-qw", "net.ipv4.neigh.eth0.locktime=0")
        self.client.run("ip", "neigh", "replace", vip, "lladdr", DIRECTOR_MAC, "dev", "eth0", "nud", "stale")

    def known(self, vip: str = VIP) -> str:
        """The MAC address at which the client knows the VIP."""
        neighbours = json.loads(self.client.run("ip", "-json", "neigh", "show", "to", vip, "dev", "eth0").stdout)
        return str(neighbours[0].get("lladdr")) if neighbours else ""

    @contextmanager
    def probed(self, vip: str = VIP) -> Iterator[Callable[[], dict[str, int]]]:
        """ARP probes from the client for as long as the block lasts; the callable ends them, after some more, and says what was heard."""
        command = self.client.argv(sys.executable, str(Path(__file__).with_name("arp_prober.py")), "eth0", CLIENT, vip, SERVER)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as prober:
            assert prober.stdout is not None
            assert prober.stdout.readline() == "ready\n"

            def heard() -> dict[str, int]:
                out, _err = prober.communicate(timeout=120)
                found: dict[str, int] = json.loads(out)
                return found

            try:
                yield heard
            finally:
                prober.kill()

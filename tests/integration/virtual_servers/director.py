# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A director with a virtual server of every kind, in a lab of its own: what its table holds, and what a client of it sees."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT / "tools")]

from labclient import Lab
from labnames import lab_name

LAB = Lab(lab_name("virtual"), HERE / "inventory")
DIRECTOR, CLIENT = "director1", "client1"
VIP = "192.0.2.150"
NAMES = {"192.0.2.21": "web1", "192.0.2.22": "web2", "192.0.2.23": "sorry1"}
# The second one is given to the client here.
CLIENTS = ("192.0.2.90", "192.0.2.91")
MARK = f"-t mangle -A PREROUTING -d {VIP} -p tcp -m multiport --dports 87,88 -j MARK --set-mark 7"
# Kernels of Debian are built without it, that of the lab's guests too.
NOWHERE = "twos"
ASK_BY_UDP = """
import socket, sys
vip, port, sockets, datagrams = sys.argv[1], *map(int, sys.argv[2:])
for _ in range(sockets):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(10)
        asking.connect((vip, port))
        for _ in range(datagrams):
            asking.send(b"?")
            print(asking.recv(99).decode())
"""


def choices() -> list[str]:
    """The schedulers that the role takes."""
    spec = yaml.safe_load((ROOT / "roles/keepalived/meta/argument_specs.yml").read_text(encoding="utf-8"))
    options = spec["argument_specs"]["main"]["options"]["keepalived_virtual_servers"]["options"]
    found: list[str] = options["scheduler"]["choices"]
    return found


SCHEDULERS = [scheduler for scheduler in choices() if scheduler != NOWHERE]


def converge(*limits: str) -> None:
    """The hosts of these groups at the same time, for they do not wait for one another."""
    schedulers = json.dumps({"schedulers": SCHEDULERS})
    argv = ["ansible-playbook", "-i", str(LAB.inventory), str(HERE / "converge.yml"), "-e", schedulers]
    environment = {**LAB.environment, "ANSIBLE_HOME": str(ROOT / ".ansible"), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}

    def run(limit: str) -> subprocess.CompletedProcess[str]:
        command = [*argv, "--limit", limit]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=400)

    with ThreadPoolExecutor() as pool:
        for done in pool.map(run, limits):
            assert done.returncode == 0, done.stdout + done.stderr


def table() -> list[str]:
    return LAB.run(DIRECTOR, "ipvsadm", "-Sn").splitlines()


def service(port: int, protocol: str = "t") -> str:
    """How the table names a virtual server."""
    return f"-{protocol} {VIP}:{port}"


def options(name: str) -> list[str]:
    """Of a virtual server, as the kernel has them."""
    return [line.removeprefix(f"-A {name} ") for line in table() if line.startswith(f"-A {name} ")]


def members(*names: str) -> list[dict[str, int]]:
    """The real servers of these virtual servers at one moment, with their weights."""
    lines = table()
    found = [[re.fullmatch(rf"-a {re.escape(name)} -r ([\d.]+):\d+ -g -w (\d+).*", line) for line in lines] for name in names]
    return [{NAMES[match[1]]: int(match[2]) for match in each if match} for each in found]


def served(*ports: int, count: int = 1, source: str = CLIENTS[0]) -> list[str]:
    """Who answers the client, each time on a new connection. One that fails is an error."""
    argv = ["curl", "--silent", "--show-error", "--fail", "--fail-early", "--max-time", "10", "--insecure", "--http1.1"]
    urls = [f"{'https' if port == 443 else 'http'}://{VIP}:{port}/?[1-{count}]" for port in ports]
    return LAB.run(CLIENT, *argv, "--header", "Connection: close", "--interface", source, *urls).split()


def served_by_udp(port: int, sockets: int, datagrams: int) -> list[str]:
    """Who answers so many datagrams of each of so many sockets."""
    return LAB.run(CLIENT, "python3", "-c", ASK_BY_UDP, VIP, str(port), str(sockets), str(datagrams)).split()


def eventually(ask: Callable[[], Any], wanted: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while (answer := ask()) != wanted:
        assert time.monotonic() < deadline, f"after {seconds} s still {answer!r}, wanted {wanted!r}"
        time.sleep(0.1)


def told() -> list[str]:
    """What the director's hooks have noted."""
    return LAB.run(DIRECTOR, "sh", "-c", "cat /tmp/told 2>/dev/null || true").splitlines()


def judged(change: Callable[[str], str]) -> tuple[int, str]:
    """What the role's checker says on the director of its configuration after a change."""
    text = change(LAB.run(DIRECTOR, "cat", "/etc/keepalived/keepalived.conf"))
    copy = "rm -rf /run/judged && cp -r /etc/keepalived /run/judged && cd /run/judged && cat >keepalived.conf"
    command = LAB.reach(DIRECTOR, "sh", "-c", f"{copy} && scripts/check-config /run/judged/keepalived.conf")
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def activations() -> int:
    """How often the check of the last real server has been started: what a reload ends with."""
    ask = "journalctl --quiet --unit keepalived | grep --count 'Activating healthchecker for service .* for VS FWM 7' || true"
    return int(LAB.run(DIRECTOR, "sh", "-c", ask))


def reload_keepalived() -> None:
    before = activations()
    LAB.run(DIRECTOR, "systemctl", "reload", "keepalived")
    eventually(lambda: activations() > before, True)


def spoil(host: str, port: int) -> None:
    """Have the host answer 503 on that port."""
    LAB.run(host, "sh", "-c", f"mkdir -p /run/down && touch /run/down/{port}")


def mend(host: str, port: int) -> None:
    LAB.run(host, "rm", f"/run/down/{port}")


@contextmanager
def made() -> Iterator[None]:
    kept = "KEEP_LAB" in os.environ  # for work on the tests themselves
    if not kept:
        LAB.verb("down")
    try:
        LAB.verb("up")
        LAB.run(CLIENT, "ip", "address", "replace", f"{CLIENTS[1]}/32", "dev", "eth0")
        converge("servers", "directors")
        # A kernel without nf_tables for IP needs the older program.
        LAB.run(DIRECTOR, "sh", "-c", f"iptables {MARK} || iptables-legacy {MARK}")
        yield
    finally:
        if not kept:
            LAB.verb("down")

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client of a balanced service sees, and which way the packets went. For scenarios of LVS."""

from __future__ import annotations

import json
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import yaml
from labclient import ROOT, Lab

# Much more than the headers of all packets that ask for it and acknowledge it.
LARGE = 20 * 1024 * 1024
FILE = "/var/www/html/large"


class Balancing:
    """The first service of the lab's inventory, asked by client1."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        edge = yaml.safe_load((lab.inventory / "group_vars/all/edge.yml").read_text(encoding="utf-8"))
        service = edge["edge_virtual_services"][0]
        self.vip: str = next(vip["address"].partition("/")[0] for vip in edge["edge_vips"] if vip["name"] == service["vip"])
        self.port: int = service["port"]
        listed = subprocess.run(lab.command("status"), capture_output=True, text=True, check=True).stdout
        names = [line.split()[0] for line in listed.splitlines()[2:]]
        self.members = [name for name in names if not name.startswith("client")]
        self.web = [name for name in names if name.startswith("web")]
        self.directors = [name for name in names if name.startswith("director")]

    def url(self, port: int = 0, path: str = "") -> str:
        address = f"[{self.vip}]" if ":" in self.vip else self.vip
        return f"http://{address}:{port or self.port}/{path}"

    def served(self, count: int, port: int = 0) -> dict[str, int]:
        """By whom so many requests, each with a connection of its own, were answered. One that fails is an error."""
        ask = ["curl", "--silent", "--show-error", "--fail", "--fail-early", "--max-time", "10", "--header", "Connection: close"]
        url = self.url(port, f"?[1-{count}]")
        shown = self.lab.run("client1", *ask, "--output", "/dev/null", "--write-out", "%header{x-edge-web}\n", url)
        return dict(Counter(shown.split()))

    def beside(self, shares: Mapping[str, int]) -> dict[str, int]:
        """Who did not answer the share that he should, within 10 %: a connection that a client tries again counts twice."""
        answered = self.served(sum(shares.values()))
        found = {host: (answered.get(host, 0), shares.get(host, 0)) for host in {*shares, *answered}}
        return {host: count for host, (count, share) in found.items() if abs(count - share) > share / 10}

    @contextmanager
    def asking(self) -> Iterator[Counter[str]]:
        """One request after the other while the body runs. One that failed is an error afterwards."""
        answered: Counter[str] = Counter()
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                answered.update(self.served(40))

        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(ask)
            try:
                yield answered
            finally:
                done.set()
            asked.result()

    def bytes_sent(self, host: str) -> int:
        """By all cards of a host."""
        shown = json.loads(self.lab.run(host, "ip", "-json", "-statistics", "link", "show"))
        return sum(link["stats64"]["tx"]["bytes"] for link in shown if link["ifname"].startswith("eth"))

    def carried(self, hosts: Sequence[str]) -> dict[str, float]:
        """How often each of the hosts sent a large page on its way from a real server to the client."""
        for host in self.web:
            self.lab.run(host, "truncate", "--size", str(LARGE), FILE)
        before = {host: self.bytes_sent(host) for host in hosts}
        fetch = ["curl", "--silent", "--fail", "--output", "/dev/null", "--write-out", "%{size_download}"]
        assert int(self.lab.run("client1", *fetch, self.url(path="large"))) == LARGE
        return {host: (self.bytes_sent(host) - before[host]) / LARGE for host in hosts}

    def table(self, director: str) -> list[str]:
        return sorted(self.lab.run(director, "ipvsadm", "-Sn").splitlines())

    def verify(self) -> tuple[bool, str]:
        """Whether verify.yml finds nothing, and what it printed, on one line."""
        argv = ["ansible-playbook", "-i", str(self.lab.inventory), "playbooks/verify.yml"]
        done = subprocess.run(argv, cwd=ROOT, env=self.lab.environment, capture_output=True, text=True, check=False)
        return done.returncode == 0, " ".join((done.stdout + done.stderr).split())

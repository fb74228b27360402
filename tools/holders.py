# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds the VIPs of a scenario's inventory, and who should. For scenarios that lose holders on purpose."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import yaml
from labclient import ROOT, Lab, LabError, Probing


class Holders:
    """The VIPs of the lab's inventory and the hosts that may hold them."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        edge = yaml.safe_load((lab.inventory / "group_vars/all/edge.yml").read_text(encoding="utf-8"))
        self.vips: list[dict[str, Any]] = edge["edge_vips"]
        self.addresses: dict[str, str] = {vip["name"]: vip["address"].partition("/")[0] for vip in self.vips}
        self.hosts: list[str] = sorted({host for vip in self.vips for host in vip["holders"]})
        listed = subprocess.run(lab.command("status"), capture_output=True, text=True, check=True).stdout
        self.members: list[str] = [line.split()[0] for line in listed.splitlines()[2:] if not line.split()[0].startswith("client")]

    def url(self, vip: str) -> str:
        address = self.addresses[vip]
        return f"http://[{address}]/" if ":" in address else f"http://{address}/"

    def wanted(self, without: Sequence[str] = ()) -> dict[str, list[str]]:
        """For each VIP the holder that it should have while some are lost: the first of those that are left."""
        return {vip["name"]: [host for host in vip["holders"] if host not in without][:1] for vip in self.vips}

    def now(self, without: Sequence[str] = ()) -> dict[str, list[str]]:
        """For each VIP the hosts that have it; hosts that cannot be asked are left out by the caller."""
        held = {host: self.lab.addresses(host, "eth0") for host in self.hosts if host not in without}
        return {vip: [host for host, addresses in held.items() if address in addresses] for vip, address in self.addresses.items()}

    def settle(self, without: Sequence[str] = (), lost: Sequence[str] = (), seconds: float = 90) -> None:
        """Wait until every VIP is where it should be: `without` cannot hold one, `lost` cannot even be asked."""
        wanted, deadline = self.wanted([*without, *lost]), time.monotonic() + seconds
        while (found := self._ask(lost)) != wanted:
            assert time.monotonic() < deadline, f"after {seconds} s {found}, wanted {wanted}"
            time.sleep(0.2)

    def _ask(self, lost: Sequence[str]) -> Any:
        try:
            return self.now(lost)
        except LabError as error:  # a host that is starting, for one
            return str(error)

    @contextmanager
    def load(self, vips: Sequence[str], seconds: float, rate: float = 40, timeout: float = 1, retries: int = 15) -> Iterator[Loads]:
        """A client for each of the VIPs, which asks for so many seconds, or with 0 as long as the body runs."""
        with ExitStack() as stack:
            yield Loads({vip: stack.enter_context(self.lab.probing(self.url(vip), seconds, rate, timeout, retries)) for vip in vips})

    def play(self, playbook: str, *options: str, **variables: Any) -> tuple[bool, str]:
        """Run a playbook with these variables; whether it succeeded, and what it printed."""
        argv = ["ansible-playbook", "-i", str(self.lab.inventory), f"playbooks/{playbook}.yml", *options, "-e", json.dumps(variables)]
        done = subprocess.run(argv, cwd=ROOT, env=self.lab.environment, capture_output=True, text=True, check=False)
        return done.returncode == 0, done.stdout + done.stderr

    def converge(self, playbook: str = "site", **variables: Any) -> int:
        """Run site.yml, or a part of it, and say how many tasks have changed something."""
        succeeded, said = self.play(playbook, **variables)
        assert succeeded, said
        changed = re.findall(r"changed=(\d+)", said)
        assert changed, said
        return sum(map(int, changed))


class Loads:
    """What the clients of some VIPs saw."""

    def __init__(self, probings: dict[str, Probing]) -> None:
        self.probings = probings

    def show(self, title: str) -> None:
        for vip, probing in self.probings.items():
            figures = probing.summary
            print(f"{title}, {vip}: 0 s |{probing.timeline()}| {probing.seconds:g} s")
            print(f"  {figures.requests} requests, {figures.retried} retried, {figures.lost} lost, longest gap {figures.longest_gap:.3f} s")

    def require_none_lost(self) -> None:
        """Nobody who tried again went without an answer."""
        for vip, probing in self.probings.items():
            assert probing.summary.lost == 0, (vip, probing.summary.errors)

    def require_undisturbed(self) -> None:
        """Nobody even had to try again."""
        for vip, probing in self.probings.items():
            assert (probing.summary.lost, probing.summary.retried) == (0, 0), (vip, probing.summary.errors)

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives a lab from Python: its verbs, and a client in it that reports what it saw. Used by the demo, the scenarios and the benchmark."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._probe import client, figures

ROOT = Path(__file__).resolve().parent.parent
PROBE = ROOT / "plugins/module_utils/_probe/client.py"
# Response headers that the lab's shop sends: which nginx and which Tomcat answered.
SERVED_BY = ("X-Edge-Web", "X-Edge-App")


class LabError(Exception):
    """A verb of the lab, or a command on one of its hosts, failed."""


class Lab:
    """One lab by name."""

    def __init__(self, name: str = "", inventory: Path = ROOT / "inventories/lab") -> None:
        self.name = name or os.environ.get("LAB_NAME", "edge")
        self.inventory = inventory
        self._command = [str(ROOT / "lab/lab"), "--name", self.name, "--inventory", str(inventory)]
        state = os.environ.get("STEADFAST_LAB_STATE", "/var/lib/steadfast-lab")
        self.ssh_config = Path(state) / self.name / "ssh/config"
        self.environment = {**os.environ, "LAB_NAME": self.name}

    def command(self, *argv: str) -> list[str]:
        """The command line of a verb, for whoever runs it in a way of his own."""
        return [*self._command, *argv]

    def verb(self, *argv: str) -> None:
        """Run a verb (up, down, power-off HOST, ...), showing what it prints."""
        done = subprocess.run(self.command(*argv), check=False)
        if done.returncode:
            raise LabError(f"lab {' '.join(argv)}: exit code {done.returncode}")

    def run(self, host: str, *argv: str) -> str:
        """Run a command on a host and return what it printed."""
        done = subprocess.run(self.command("exec", host, "--", *argv), capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(f"{host}: {' '.join(argv)}: exit code {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def addresses(self, host: str, interface: str) -> list[str]:
        """The addresses on an interface of a host."""
        shown = json.loads(self.run(host, "ip", "-json", "address", "show", "dev", interface))
        return [address["local"] for link in shown for address in link.get("addr_info", [])]

    def holders(self, vip: str, candidates: Sequence[str], interface: str = "eth0") -> list[str]:
        """Which of the candidates hold the VIP."""
        return [host for host in candidates if vip in self.addresses(host, interface)]

    def playbook(self, *argv: str) -> None:
        """Run ansible-playbook on the lab's inventory."""
        done = subprocess.run(self._ansible(argv), cwd=ROOT, env=self.environment, check=False)
        if done.returncode:
            raise LabError(f"ansible-playbook {' '.join(argv)}: exit code {done.returncode}")

    def playbook_fails(self, *argv: str) -> str:
        """Run an ansible-playbook that must fail, and return what it printed."""
        done = subprocess.run(self._ansible(argv), cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        if not done.returncode:
            raise LabError(f"ansible-playbook {' '.join(argv)} should have failed:\n{done.stdout}")
        return done.stdout + done.stderr

    def _ansible(self, argv: Sequence[str]) -> list[str]:
        return ["ansible-playbook", "-i", str(self.inventory), *argv]

    @contextmanager
    def probing(
        self, url: str, seconds: float, rate: float = 50, timeout: float = 0.5, retries: int = 0, host: str = "client1"
    ) -> Iterator[Probing]:
        """A client that asks `url` while the body of the `with` runs; its figures are ready afterwards."""
        plan = client.Plan(url, rate, seconds, timeout, retries, served_by=SERVED_BY)
        command = self.command("exec", host, "--", "python3", "-", json.dumps(asdict(plan)))
        # A stderr of its own: ssh makes the one that it is given non-blocking, which Ansible beside it refuses to share.
        with PROBE.open("rb") as script:
            process = subprocess.Popen(command, stdin=script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        probing = Probing(process, plan)
        try:
            yield probing
            probing.finish()
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait()


class Probing:
    """A probe that is running, or has ended."""

    def __init__(self, process: subprocess.Popen[str], plan: client.Plan) -> None:
        self._process = process
        self._plan = plan
        self.answers: list[client.Answer] = []

    def until(self, seconds: float) -> None:
        """Read on until a request that was sent `seconds` after the probe began has been answered."""
        while not self.answers or self.answers[-1].sent < seconds:
            if not self._read():
                raise LabError(f"the probe ended before {seconds} s")

    def finish(self) -> None:
        while self._read():
            pass
        self.answers.sort(key=lambda answer: answer.number)
        if len(self.answers) != self._plan.requests:
            assert self._process.stderr is not None
            said = self._process.stderr.read().strip()
            raise LabError(f"the probe reported {len(self.answers)} requests instead of {self._plan.requests}: {said}")

    def _read(self) -> bool:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            return False
        record: dict[str, Any] = json.loads(line)
        self.answers.append(client.Answer(**{**record, "servers": tuple(record["servers"])}))
        return True

    @property
    def seconds(self) -> float:
        return self._plan.seconds

    @property
    def summary(self) -> figures.Summary:
        return figures.summarise(self.answers, interval=self.seconds / 60)

    def timeline(self) -> str:
        """What the client saw; see figures.chart."""
        return figures.chart(self.summary.timeline)

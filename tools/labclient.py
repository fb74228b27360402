# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives a lab from Python: its verbs, and a client in it that reports what it saw. Used by the demo, the scenarios and the benchmark."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import threading
import time
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
# Notes its number, so that it can be told to end; the program follows on standard input.
PROBING = 'echo $$ >"$0"; exec python3 - "$1"'
# Longer than anything that a client is to see from its beginning to its end.
LONGEST = 1800.0
PATIENCE = 60.0


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
        self.control_path = str(Path(state) / self.name / "cp/%h-%r")
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
        done = subprocess.run(self.reach(host, *argv), capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(f"{host}: {' '.join(argv)}: exit code {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def reach(self, host: str, *argv: str) -> list[str]:
        """The command line that runs a command on a host, over a connection that is kept for the next one, and for Ansible.

        That takes a hundredth of the time of a connection of its own. Verbs that end a host's power end its connections too.
        """
        kept = ["-o", "ControlMaster=auto", "-o", f"ControlPath={self.control_path}", "-o", "ControlPersist=60s"]
        return ["ssh", "-F", str(self.ssh_config), *kept, host, "--", shlex.join(argv)]

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
        self, url: str, seconds: float = 0, rate: float = 50, timeout: float = 0.5, retries: int = 0, host: str = "client1"
    ) -> Iterator[Probing]:
        """A client that asks `url` while the body of the `with` runs; its figures are ready afterwards.

        It asks for so many seconds, or, where none are given, as long as the body runs.
        """
        plan = client.Plan(url, rate, seconds or LONGEST, timeout, retries, served_by=SERVED_BY)
        note = f"/run/probing-{time.monotonic_ns()}"
        command = self.command("exec", host, "--", "sh", "-c", PROBING, note, json.dumps(asdict(plan)))
        # A stderr of its own: ssh makes the one that it is given non-blocking, which Ansible beside it refuses to share.
        with PROBE.open("rb") as script:
            process = subprocess.Popen(command, stdin=script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        probing = Probing(process, plan)
        try:
            yield probing
            if not seconds:
                probing.until(0)
                probing.cut_short = True
                self.run(host, "sh", "-c", f"kill $(cat {note})")
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
        self.cut_short = False  # it was told to end
        self.answers: list[client.Answer] = []
        # Answers are taken as they come: a client that cannot get rid of them would stand still.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def until(self, seconds: float) -> None:
        """Wait until a request that was sent `seconds` after the probe began has been answered."""
        deadline = time.monotonic() + seconds + self._plan.patience + PATIENCE
        while not any(answer.sent >= seconds for answer in self.answers[-20:]):
            if not self._reader.is_alive():
                raise LabError(f"the probe ended before {seconds} s")
            if time.monotonic() > deadline:
                raise LabError(f"no request that was sent {seconds} s after the probe began has been answered")
            time.sleep(0.02)

    def go_on(self, seconds: float) -> None:
        """Let it ask for so long from now on."""
        self.until(self.answers[-1].sent + seconds)

    def finish(self) -> None:
        self._reader.join()
        self.answers.sort(key=lambda answer: answer.number)
        wanted = len(self.answers) if self.cut_short else self._plan.requests
        if not wanted or [answer.number for answer in self.answers] != list(range(wanted)):
            assert self._process.stderr is not None
            said = self._process.stderr.read().strip()
            raise LabError(f"the probe reported {len(self.answers)} requests instead of {wanted}: {said}")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            record: dict[str, Any] = json.loads(line)
            self.answers.append(client.Answer(**{**record, "servers": tuple(record["servers"])}))

    @property
    def seconds(self) -> float:
        return self.answers[-1].done if self.cut_short and self.answers else self._plan.seconds

    @property
    def summary(self) -> figures.Summary:
        return figures.summarise(self.answers, interval=self.seconds / 60)

    def timeline(self) -> str:
        """What the client saw; see figures.chart."""
        return figures.chart(self.summary.timeline)

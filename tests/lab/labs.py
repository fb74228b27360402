"""What the tests see of a lab: its command line, and the traces that it leaves on this machine."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from machine_room.cgroup import Group
from machine_room.paths import LabPaths

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
LAUNCHER = CHECKOUT / "lab" / "lab"


class Lab:
    """lab/lab, for one lab, as a person calls it."""

    def __init__(self, name: str, inventory: Path) -> None:
        self.name = name
        self.inventory = inventory
        self.paths = LabPaths(name)

    def argv(self, *words: str) -> list[str]:
        return [str(LAUNCHER), "--name", self.name, "--inventory", str(self.inventory), *words]

    def __call__(self, *words: str, text: str = "", rc: int | None = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.argv(*words), input=text, capture_output=True, text=True, timeout=400, env={**os.environ, **environment}, check=False
        )
        assert rc is None or done.returncode == rc, f"{words}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def on(self, host: str, script: str, rc: int | None = 0) -> str:
        """The output of a shell script on a host."""
        return self("exec", host, "--", "sh", "-c", script, rc=rc).stdout.strip()

    def condition(self, host: str) -> str:
        lines = [line.split() for line in self("status").stdout.splitlines()]
        return next(words[2] for words in lines if words and words[0] == host)

    def becomes(self, host: str, condition: str) -> bool:
        """On a busy machine a host that runs may be slow to greet."""
        return eventually(lambda: self.condition(host) == condition, seconds=30)

    def hold_connection(self, host: str) -> None:
        """As Ansible does: a shared connection that stays, and would keep the lab's network alive."""
        control = self.paths.control / f"{self.on(host, 'hostname -I').split()[0]}-root"
        options = [
            "-F",
            str(self.paths.ssh / "config"),
            "-o",
            f"ControlPath={control}",
            "-o",
            "ControlMaster=yes",
            "-o",
            "ControlPersist=600",
        ]
        quiet = subprocess.DEVNULL
        subprocess.run(["ssh", *options, host, "true"], check=True, stdin=quiet, stdout=quiet, stderr=quiet)
        assert control.exists()

    def kill_while(self, verb: str, reached: Callable[[], bool], **environment: str) -> None:
        """Starts a verb and kills it, and only it, as soon as something can be seen."""
        quiet = subprocess.DEVNULL
        with subprocess.Popen(self.argv(verb), stdout=quiet, stderr=quiet, env={**os.environ, **environment}) as process:
            deadline = time.monotonic() + 60
            while not reached():
                assert process.poll() is None, f"`{verb}` ended before it could be killed"
                assert time.monotonic() < deadline
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)

    def traces(self) -> list[str]:
        """Everything on this machine that belongs to the lab."""
        found = [str(path) for path in (self.paths.folder, self.paths.lock, self.paths.namespace_file) if path.exists()]
        for top in Path("/sys/fs/cgroup").glob("**/steadfast-lab"):
            found += [str(path) for path in top.glob(self.name)]
        for process in Path("/proc").glob("[0-9]*"):
            found += self._traces_of(process)
        return found

    def _traces_of(self, process: Path) -> list[str]:
        if process.name == str(os.getpid()):
            return []
        try:
            words = (process / "cmdline").read_text(errors="replace").split("\0")
            mounts = (process / "mountinfo").read_text(errors="replace")
        except OSError:
            return []
        found = []
        if any(f"/{self.name}/" in word or self.paths.namespace in word for word in words):
            found.append(f"process {process.name}: {' '.join(words)[:200]}")
        if f"{self.paths.folder}/" in mounts or self.paths.namespace in mounts:
            found.append(f"mounts of process {process.name}")
        return found


class Life:
    """All that lives of a lab at one moment, in its control group or in a namespace of its own, and what of it still does later.

    Numbers of namespaces prove nothing later: the kernel gives them to the next ones at once. A process is known by its
    number and its start. The network is known by a number that is given to it here, and that it loses when it ends.
    """

    def __init__(self, lab: Lab) -> None:
        own = _namespaces("self")
        members = " ".join(path.read_text() for path in Group(lab.name).path.rglob("cgroup.procs")).split()
        network = {f"net:[{lab.paths.namespace_file.stat().st_ino}]"}
        self.namespaces = network.union(*(_namespaces(process) for process in members)) - own
        everything = [path.name for path in Path("/proc").glob("[0-9]*")]
        inside = {process for process in everything if _namespaces(process) & self.namespaces}
        self.processes = {process: _start(process) for process in inside.union(members)}
        self._network = str(random.randrange(10**6, 2**31))
        subprocess.run(["ip", "netns", "set", lab.paths.namespace, self._network], check=True)

    def rest(self) -> list[str]:
        """What has not ended."""
        listed = subprocess.check_output(["ip", "netns", "list-id"], text=True)
        networks = [f"network: {line}" for line in listed.splitlines() if line.split()[1] == self._network]
        return networks + [f"process {process}" for process, start in self.processes.items() if start and _start(process) == start]

    def ends(self) -> bool:
        """The kernel takes its time to clean up."""
        return eventually(lambda: not self.rest(), seconds=60)


def _namespaces(process: str) -> set[str]:
    try:
        return {str(link.readlink()) for link in Path("/proc", process, "ns").iterdir()}
    except OSError:
        return set()


def _start(process: str) -> str:
    """When a process started, in ticks since the boot; nothing for one that is dead, also where nobody has waited for it yet."""
    try:
        state, *fields = Path("/proc", process, "stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return ""
    return "" if state == "Z" else fields[18]


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.1)
    return holds()

"""Waits until hosts answer over ssh."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence

from machine_room import ssh
from machine_room.cgroup import Group
from machine_room.errors import LabError
from machine_room.kernel import enter_network
from machine_room.model import Host
from machine_room.paths import LabPaths

READY_SECONDS = 180.0
PORT = 22


def speaks_ssh(address: str, seconds: float = 1.0) -> bool:
    """Whether an ssh server greets, from within the namespace of the calling thread."""
    try:
        with socket.create_connection((address, PORT), seconds) as connection:
            connection.settimeout(seconds)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def greets(paths: LabPaths, hosts: Sequence[Host]) -> dict[str, bool]:
    """Asks all hosts at once."""
    found: dict[str, bool] = {}

    def ask(host: Host) -> None:
        enter_network(paths.namespace_file)
        found[host.name] = speaks_ssh(host.address, seconds=3.0)

    _each(hosts, ask)
    return {host.name: found.get(host.name, False) for host in hosts}


def wait(paths: LabPaths, hosts: Sequence[Host], seconds: float = READY_SECONDS) -> dict[str, float]:
    """Waits for a login on every host at once; returns after how many seconds each one answered."""
    began = time.monotonic()
    ready: dict[str, float] = {}
    failed: dict[str, str] = {}

    def watch(host: Host) -> None:
        # Namespaces belong to threads: only this one, and the ssh that it starts, are inside the lab.
        enter_network(paths.namespace_file)
        while time.monotonic() - began < seconds:
            if speaks_ssh(host.address) and ssh.answers(paths, host):
                ready[host.name] = time.monotonic() - began
                return
            if not Group(paths.name, host.name).populated:
                failed[host.name] = "it ended while it was booting"
                return
            time.sleep(0.2)
        failed[host.name] = f"no login over ssh within {seconds:.0f} s"

    _each(hosts, watch)
    if failed:
        told = "; ".join(f"{name}: {why}, its console says: {_last_words(paths, name)}" for name, why in sorted(failed.items()))
        raise LabError(f"not all hosts came up: {told}")
    return ready


def _last_words(paths: LabPaths, name: str) -> str:
    """The end of a host's console, where the reason of a failed boot stands, and where the rest is."""
    console = paths.host(name).console
    lines = console.read_text(errors="replace").splitlines() if console.exists() else []
    return " | ".join(line.strip() for line in lines[-8:]) + f" ({console})"


def _each(hosts: Sequence[Host], work: Callable[[Host], None]) -> None:
    threads = [threading.Thread(target=work, args=(host,), daemon=True) for host in hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

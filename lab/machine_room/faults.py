"""What can happen to a host: loss of power, a reboot, a hang, a cut cable."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress

from machine_room import lifecycle, readiness, ssh
from machine_room.cgroup import Group
from machine_room.errors import LabError
from machine_room.fabric import Fabric
from machine_room.model import Host
from machine_room.paths import LabPaths
from machine_room.progress import say, step

REBOOT_SECONDS = 90.0
_BOOT_ID = ["cat", "/proc/sys/kernel/random/boot_id"]


def power_off(paths: LabPaths, hosts: Sequence[Host]) -> None:
    """A power cut: every process of the host is killed at once; its disk stays as it is at that instant."""
    for host in hosts:
        Group(paths.name, host.name).kill()
        Fabric(paths).unplug(host)
        ssh.forget_connections(paths, host)
        say(f"{host.name} is off")


def power_on(paths: LabPaths, hosts: Sequence[Host]) -> None:
    lifecycle.start(paths, [host for host in hosts if not Group(paths.name, host.name).populated])


def reboot(paths: LabPaths, hosts: Sequence[Host]) -> None:
    """An orderly reboot; done when the host answers again with another boot id."""
    for host in hosts:
        _require_running(paths, host)
    before = {host.name: ssh.ask(paths, host, _BOOT_ID) for host in hosts}
    with step(f"rebooting {', '.join(host.name for host in hosts)}"):
        for host in hosts:
            # It may end the connection before the answer is through; the boot id tells.
            with suppress(LabError):
                ssh.ask(paths, host, ["systemctl", "reboot", "--no-block"])
        deadline = time.monotonic() + REBOOT_SECONDS
        for host in hosts:
            _wait_until_down(paths, host, before[host.name], deadline)
            ssh.forget_connections(paths, host)
        readiness.wait(paths, hosts)


def _wait_until_down(paths: LabPaths, host: Host, boot: str, deadline: float) -> None:
    while time.monotonic() < deadline:
        if not readiness.greets(paths, [host])[host.name]:
            return
        try:
            if ssh.ask(paths, host, _BOOT_ID) != boot:
                return
        except LabError:
            return
        time.sleep(0.2)
    raise LabError(f"{host.name} has not shut down within {REBOOT_SECONDS:.0f} s: its console is {paths.host(host.name).console}")


def freeze(paths: LabPaths, hosts: Sequence[Host]) -> None:
    """Every process of the host stands still, as on a machine that hangs; `thaw` lets them go on."""
    for host in hosts:
        _require_running(paths, host)
        Group(paths.name, host.name).freeze(True)
        say(f"{host.name} is frozen")


def thaw(paths: LabPaths, hosts: Sequence[Host]) -> None:
    for host in hosts:
        _require_running(paths, host)
        Group(paths.name, host.name).freeze(False)
        say(f"{host.name} runs again")


def cut(paths: LabPaths, hosts: Sequence[Host]) -> None:
    """The network between the host and every other one is gone; the lab's own way in stays."""
    for host in hosts:
        Fabric(paths).cut(host)
        say(f"{host.name} is cut off from every other host; `lab/lab exec` still reaches it")


def heal(paths: LabPaths, hosts: Sequence[Host]) -> None:
    for host in hosts:
        Fabric(paths).heal(host)
        say(f"{host.name} is connected again")


def _require_running(paths: LabPaths, host: Host) -> None:
    if not Group(paths.name, host.name).populated:
        raise LabError(f"{host.name} is off: `lab/lab --name {paths.name} power-on {host.name}` starts it")

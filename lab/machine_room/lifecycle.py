"""Bringing a lab up and taking it down."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from machine_room import features, images, readiness, requirements, seed, ssh, state, supervisor
from machine_room.cgroup import Group
from machine_room.errors import LabError
from machine_room.fabric import Fabric
from machine_room.model import UML, Host, Lab
from machine_room.paths import LabPaths
from machine_room.progress import say, step, table
from machine_room.state import BUILDING, UP, State


def up(paths: LabPaths, described: Lab) -> None:
    """Builds the lab, or starts what is missing of one that is there. Whatever a killed run has left is removed first."""
    began = time.monotonic()
    with step("choosing container or guest for every host"):
        lab = replace(described, hosts=features.choose(described.hosts))
    with step("checking what the machine has"):
        requirements.check(lab.hosts)
    known = _known(paths, lab)
    if known is None:
        lab = replace(lab, layers=images.ensure(lab.hosts))
        _build(paths, lab)
    elif known != replace(lab, layers=known.layers):
        ending = f"`lab/lab --name {lab.name} down` ends the old one, then bring it up again"
        raise LabError(f"the inventory of lab '{lab.name}' has changed since it was brought up: {ending}")
    elif not Fabric(paths).exists:
        # The machine itself was rebooted: the disks of the hosts are still there.
        Fabric(paths).create(lab)
    ready = start(paths, [host for host in lab.hosts if not Group(paths.name, host.name).populated])
    _report(lab, ready)
    say(f"lab '{lab.name}' is up after {time.monotonic() - began:.1f} s")


def _known(paths: LabPaths, lab: Lab) -> Lab | None:
    """The lab of that name if it is complete; its remains, if it is not, are removed."""
    try:
        found = state.load(paths)
    except (LabError, ValueError, KeyError):
        _remove_remains(paths)
        return None
    other = found.lab.inventory
    if found.phase == UP and other != lab.inventory and Path(other).exists():
        raise LabError(
            f"lab '{lab.name}' belongs to the inventory {other}: take another name (--name or LAB_NAME), "
            f"or end that one with `lab/lab --name {lab.name} down`"
        )
    if found.phase != UP or other != lab.inventory:
        _remove_remains(paths)
        return None
    return found.lab


def _remove_remains(paths: LabPaths) -> None:
    if paths.folder.exists() or Fabric(paths).exists or Group(paths.name).path.exists():
        say("  found what is left of a run that did not end, or of a checkout that is gone: removing it")
        _remove(paths)


def _build(paths: LabPaths, lab: Lab) -> None:
    with step("making keys, disks and the network"):
        state.save(paths, State(BUILDING, lab))
        ssh.prepare(paths, lab)
        for host in lab.hosts:
            seed.prepare(paths, lab, host)
        Fabric(paths).create(lab)
        state.save(paths, State(UP, lab))


def start(paths: LabPaths, hosts: list[Host]) -> dict[str, float]:
    """Starts hosts that are off, the slow ones first, and waits until all answer."""
    if not hosts:
        return {}
    with step(f"starting {', '.join(host.name for host in hosts)}"):
        for host in sorted(hosts, key=lambda host: host.kind != UML):
            ssh.forget_connections(paths, host)
            supervisor.launch(paths, host)
        return readiness.wait(paths, hosts)


def _report(lab: Lab, ready: dict[str, float]) -> None:
    rows = [
        (host.name, host.kind, host.address, f"{ready[host.name]:.1f} s" if host.name in ready else "was running", host.why)
        for host in lab.hosts
    ]
    table(("HOST", "KIND", "ADDRESS", "READY AFTER", "WHY THIS KIND"), rows)


def down(paths: LabPaths) -> None:
    """Ends a lab and removes all of it; one that is not there is no error."""
    if not (paths.folder.exists() or Fabric(paths).exists or Group(paths.name).path.exists()):
        say(f"lab '{paths.name}' is not up: nothing to do")
        return
    with step(f"taking lab '{paths.name}' down"):
        _remove(paths)


def _remove(paths: LabPaths) -> None:
    with suppress(LabError, ValueError, KeyError):
        # From here on it is no lab any more, even if this process is killed half-way.
        state.save(paths, replace(state.load(paths), phase=BUILDING))
    ssh.forget_connections(paths)
    group = Group(paths.name)
    group.kill()
    group.remove()
    Fabric(paths).destroy()
    shutil.rmtree(paths.folder, ignore_errors=True)
    if paths.folder.exists():
        raise LabError(f"{paths.folder} cannot be removed: is something of yours mounted or running in it?")

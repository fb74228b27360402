"""Keeps one host running: a reboot starts it again, a power-off ends it. One such process per host, in the host's group.

The root of a container is mounted in a mount namespace that only this process and the container have, and its network
namespace has no name: whatever kills them, nothing of them stays behind.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from machine_room import cache, guests, kernel, state
from machine_room.cgroup import Group
from machine_room.errors import LabError
from machine_room.fabric import Fabric
from machine_room.model import CONTAINER, Host
from machine_room.paths import CHECKOUT, LabPaths
from machine_room.run import environment, run

# A host that ends sooner than this has not booted: starting it again and again would only hide the reason.
SHORTEST_BOOT_SECONDS = 1.0


def launch(paths: LabPaths, host: Host) -> None:
    """Starts the supervisor of a host, detached from the caller's terminal and session."""
    group = Group(paths.name, host.name)
    group.create()
    # A host that was frozen when its power was cut is not frozen when it comes back.
    group.freeze(False)
    with Path(paths.host(host.name).console).open("ab") as log:
        subprocess.Popen(
            ["/usr/bin/python3", "-I", "-S", str(CHECKOUT / "lab" / "machine_room"), "supervise", paths.name, host.name],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/", env=environment(), preexec_fn=group.enter,
        )  # fmt: skip


def main(argv: list[str]) -> int:
    """`supervise LAB HOST`."""
    paths = LabPaths(argv[1])
    try:
        lab = state.load(paths).lab
        host = lab.host(argv[2])
        if host is None:
            raise LabError(f"lab '{lab.name}' has no host '{argv[2]}'")
        kernel.unshare(kernel.CLONE_NEWNS)
        # Unmounts of the machine reach this namespace, mounts of this namespace never reach the machine.
        run(["mount", "--make-rslave", "/"])
        _keep_running(paths, host, cache.layer(lab.layers[host.release]))
    except (LabError, OSError) as error:
        print(f"lab: {argv[2]}: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def _keep_running(paths: LabPaths, host: Host, layer: cache.Layer) -> None:
    while True:
        if host.kind == CONTAINER:
            # A new network at every boot: addresses and sysctls must not survive a reboot here, as they do not elsewhere.
            kernel.unshare(kernel.CLONE_NEWNET)
        began = time.monotonic()
        code = guests.start(paths, host, layer).wait()
        # A guest kernel that is gone may leave processes of its programs behind.
        Group(paths.name, host.name).kill_others()
        print(f"lab: {host.name} ended with code {code}", flush=True)
        if code != guests.REBOOT:
            break
        if time.monotonic() - began < SHORTEST_BOOT_SECONDS:
            raise LabError(f"it ended with code {code} at once: the lines above say why")
    Fabric(paths).unplug(host)

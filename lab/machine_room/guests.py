"""How one boot of a host is started, for a container and for a User Mode Linux guest."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from machine_room import kernel, uml
from machine_room.cache import Layer
from machine_room.fabric import Fabric, address_commands
from machine_room.model import UML, Host
from machine_room.paths import CHECKOUT, HostPaths, LabPaths
from machine_room.run import environment, run

# Ends with this code: nspawn of a container that asks for a reboot (meant for RestartForceExitStatus=), and uml-reboot.
REBOOT = 133
UML_ARGV0 = CHECKOUT / "lab" / "machine_room" / "uml-reboot"
# Capabilities that real hosts of an edge have and nspawn leaves out.
CAPABILITIES = "CAP_NET_ADMIN,CAP_NET_RAW"


def start(paths: LabPaths, host: Host, layer: Layer) -> subprocess.Popen[bytes]:
    """Starts one boot of a host; the caller is its supervisor, in namespaces of its own."""
    Fabric(paths).plug(host)
    return _start_uml(paths, host, layer) if host.kind == UML else _start_container(paths, host, layer)


def _start_container(paths: LabPaths, host: Host, layer: Layer) -> subprocess.Popen[bytes]:
    here = paths.host(host.name)
    run(["ip", "-batch", "-"], text="\n".join(address_commands(host)) + "\n")
    if not os.path.ismount(here.root):
        options = f"lowerdir={layer.archive}:{layer.base},upperdir={here.upper},workdir={here.work}"
        run(["mount", "-t", "overlay", "overlay", "-o", options, here.root])
    argv = [
        "systemd-nspawn", f"--directory={here.root}", "--boot", "--quiet", "--register=no", "--keep-unit", "--link-journal=no",
        "--resolv-conf=off", "--timezone=off", "--network-namespace-path=/proc/self/ns/net", f"--capability={CAPABILITIES}",
        f"--machine={paths.name}-{host.name}", f"--hostname={host.name}",
    ]  # fmt: skip
    # Without the first, /proc/sys/net is read-only, and no role could set a sysctl of its own network. Without the second,
    # a machine with cgroup v1 beside v2 hands v1 down, which systemd of Debian 13 refuses.
    return _spawn(argv, here, SYSTEMD_NSPAWN_API_VFS_WRITABLE="network", UNIFIED_CGROUP_HIERARCHY="1")


def _start_uml(paths: LabPaths, host: Host, layer: Layer) -> subprocess.Popen[bytes]:
    here = paths.host(host.name)
    shutil.rmtree(here.uml, ignore_errors=True)
    here.uml.mkdir()
    argv = [
        str(UML_ARGV0), f"mem={host.memory}M", f"uml_dir={here.uml}", "umid=guest", f"ubd0={here.disk},{layer.image}", f"ubd1r={here.seed}",
        "root=/dev/ubda", "rw", "con0=null,fd:1", "con=null", "ssl=null", "quiet", "selinux=0",
        "init=/usr/lib/steadfast-lab/init", f"systemd.hostname={host.name}", *_uml_network(host),
    ]  # fmt: skip
    kernel.enter_network(paths.namespace_file)
    return _spawn(argv, here, program="linux.uml", LD_PRELOAD=str(uml.library()))


def _uml_network(host: Host) -> list[str]:
    words = []
    for number, link in enumerate(host.links):
        words.append(f"vec{number}:transport=tap,ifname={link.port},mac={link.mac},depth=64,gro=1")
        words.append(f"lab.link=vec{number},{link.device},{link.address},{link.address6 or ''}")
    if host.gateway:
        words.append(f"lab.gateway={host.gateway}")
    return words


def _spawn(argv: list[str], here: HostPaths, program: str | None = None, **extra: str) -> subprocess.Popen[bytes]:
    executable = shutil.which(program or argv[0], path=environment()["PATH"])
    with Path(here.console).open("ab") as console:
        return subprocess.Popen(
            argv, executable=executable, stdin=subprocess.DEVNULL, stdout=console, stderr=console, env=environment(**extra)
        )

"""Everything that a lab needs of the machine, checked before anything is created. All that is missing is told at once."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

from machine_room import cgroup
from machine_room.errors import LabError
from machine_room.model import UML, Host
from machine_room.paths import CACHE_ROOT, STATE_ROOT
from machine_room.run import environment, succeeds

# Command -> the Debian package that brings it; lab/apt-packages.txt lists the packages.
COMMANDS = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "mkfs.ext4": "e2fsprogs",
    "dpkg-scanpackages": "dpkg-dev",
    "apt-ftparchive": "apt-utils",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "ip": "iproute2",
    "ss": "iproute2",
    "nft": "nftables",
    "depmod": "kmod",
}
UML_COMMANDS = {"linux.uml": "user-mode-linux", "gcc": "gcc"}
FREE_GIB = 6
# Each systemd keeps about ten inotify instances, which all containers of the machine share; the kernel's default of 128 ends
# the start of a dozen of them with "Too many open files".
INOTIFY_LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_INSTANCES = 1024

_OVERLAY = """
cd "$1"; mkdir lower upper work root
mount -t overlay probe -o lowerdir=lower,upperdir=upper,workdir=work root
"""
_BRIDGE_TABLE = "add table bridge probe; add chain bridge probe c { type filter hook forward priority 0; }"
_PROBES = {
    "network bridges": ["unshare", "--net", "ip", "link", "add", "probe", "type", "bridge"],
    "veth devices": ["unshare", "--net", "ip", "link", "add", "probe", "type", "veth"],
    "nftables for bridges": ["unshare", "--net", "nft", _BRIDGE_TABLE],
}


def check_rights() -> None:
    if os.geteuid() != 0:
        raise LabError("the lab needs root (it makes namespaces, mounts and network devices): run it as root, e.g. with sudo")


def check(hosts: tuple[Host, ...]) -> None:
    """Raises one error that lists everything missing, each with its remedy."""
    guests = [host.name for host in hosts if host.kind == UML]
    packages = missing_packages({**COMMANDS, **(UML_COMMANDS if guests else {})})
    if packages:
        names = " ".join(packages)
        raise LabError(f"missing Debian packages: {names}; `make setup` or `apt-get install {names}` installs them")
    problems = _missing_features(guests) + _missing_inotify(INOTIFY_LIMIT) + _missing_space()
    if problems:
        raise LabError("this machine cannot carry the lab: " + "; ".join(problems))


def missing_packages(commands: dict[str, str]) -> list[str]:
    path = environment()["PATH"]
    return sorted({package for command, package in commands.items() if shutil.which(command, path=path) is None})


def _missing_features(guests: list[str]) -> list[str]:
    problems = [f"its kernel does not offer {what}: use a kernel that has it" for what, argv in _PROBES.items() if not succeeds(argv)]
    try:
        if not _can_kill_groups(cgroup.hierarchy()):
            problems.append("its cgroup v2 hierarchy is read-only or has no cgroup.kill: use Linux 5.14 or later, a container privileged")
    except LabError as error:
        problems.append(str(error))
    if not overlay_works(STATE_ROOT):
        problems.append(f"no overlay can be mounted over {STATE_ROOT}: set STEADFAST_LAB_STATE to a folder on ext4 or xfs")
    if guests and not Path("/dev/net/tun").exists():
        problems.append(f"{', '.join(guests)} need /dev/net/tun: `modprobe tun`, or give the container that device")
    return problems


def _missing_inotify(limit: Path) -> list[str]:
    """Raises the machine's limit where it is too low for a few labs; it stays raised, since other labs may count on it."""
    if int(limit.read_text()) >= INOTIFY_INSTANCES:
        return []
    try:
        limit.write_text(f"{INOTIFY_INSTANCES}\n")
    except OSError:
        remedy = f"`sysctl -w fs.inotify.max_user_instances={INOTIFY_INSTANCES}` on the machine"
        return [f"its limit of {int(limit.read_text())} inotify instances is too low for containers with systemd: {remedy}"]
    return []


def _can_kill_groups(hierarchy: Path) -> bool:
    probe = hierarchy / f"steadfast-probe-{os.getpid()}"
    try:
        probe.mkdir()
    except OSError:
        return False
    try:
        return (probe / "cgroup.kill").exists() and (probe / "cgroup.freeze").exists()
    finally:
        probe.rmdir()


def overlay_works(folder: Path) -> bool:
    """Tried by one lab at a time, always at the same place: what a killed one has left there goes with the next."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    probe = folder / ".probe"
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(probe, ignore_errors=True)
        probe.mkdir()
        return succeeds(["unshare", "--mount", "sh", "-euc", _OVERLAY, "sh", probe])
    finally:
        shutil.rmtree(probe, ignore_errors=True)
        os.close(lock)


def _missing_space() -> list[str]:
    CACHE_ROOT.mkdir(parents=True, exist_ok=True)
    problems = []
    for folder, variable in ((CACHE_ROOT, "STEADFAST_LAB_CACHE"), (STATE_ROOT, "STEADFAST_LAB_STATE")):
        free = shutil.disk_usage(folder).free / 2**30
        if free < FREE_GIB:
            problems.append(f"{folder} has {free:.1f} GiB free of {FREE_GIB} needed: make room, or set {variable} to another folder")
    return problems

"""Makes what hosts boot from: the base tree of a release, its local package archive, and the disk image of both."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Sequence
from pathlib import Path

from machine_room import cache, kernel, uml
from machine_room.features import UML_MODULES
from machine_room.model import UML, Host
from machine_room.paths import CHECKOUT
from machine_room.progress import say
from machine_room.run import run

# What a minimal Debian server has, and what Ansible needs on it.
INCLUDE = (
    "systemd", "systemd-sysv", "dbus", "udev", "kmod", "procps", "iproute2", "iputils-ping", "iputils-arping",
    "openssh-server", "python3", "python3-apt", "curl", "ca-certificates", "logrotate",
)  # fmt: skip

# Services that find nothing to do on a host of a lab, or that would reach for the network: every process that starts costs a
# guest dearly.
MASKED = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer",
    "console-getty.service", "getty@.service", "serial-getty@.service", "systemd-binfmt.service", "proc-sys-fs-binfmt_misc.automount",
    "dev-hugepages.mount", "dev-mqueue.mount", "sys-kernel-config.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount",
    "sys-fs-fuse-connections.mount", "systemd-pstore.service", "systemd-random-seed.service", "systemd-update-utmp.service",
    "systemd-update-utmp-runlevel.service", "systemd-sysusers.service", "systemd-remount-fs.service",
    "systemd-ask-password-console.path", "systemd-ask-password-wall.path", "kmod-static-nodes.service", "modprobe@configfs.service",
    "modprobe@dm_mod.service", "modprobe@drm.service", "modprobe@efi_pstore.service", "modprobe@fuse.service", "modprobe@loop.service",
)  # fmt: skip
# Each of these would be started at every boot and at every reload of systemd, for disks, consoles and machines that are not here.
MASKED_GENERATORS = (
    "bless-boot", "cryptsetup", "debug", "getty", "gpt-auto", "hibernate-resume", "import", "integritysetup", "rc-local", "run", "ssh",
    "system-update", "tpm2", "veritysetup",
)  # fmt: skip

STATIC = CHECKOUT / "lab" / "tree"
ARCHIVE_SCRIPT = CHECKOUT / "lab" / "machine_room" / "build-archive.sh"
IMAGE_SIZE = "6G"


def ensure(hosts: tuple[Host, ...]) -> dict[str, str]:
    """Builds what is missing for these hosts and returns the key of the layer of each release."""
    keys: dict[str, str] = {}
    with cache.locked():
        cache.remove_halves()
        for release in sorted({host.release for host in hosts}):
            members = [host for host in hosts if host.release == release]
            packages = sorted({package for host in members for package in host.packages})
            keys[release] = _ensure_release(release, packages, image=any(host.kind == UML for host in members))
        if any(host.kind == UML for host in hosts):
            uml.ensure()
        removed = cache.collect()
    if removed:
        say(f"  removed from the cache, unused for long: {', '.join(removed)}")
    return keys


def _ensure_release(release: str, packages: list[str], *, image: bool) -> str:
    base = cache.digest(release, INCLUDE, MASKED, MASKED_GENERATORS, _static_content(), _uml_version(), inspect.getsource(_make_base))
    key = f"{base}.{cache.digest(packages, ARCHIVE_SCRIPT.read_text())}"
    made = cache.layer(key)
    cache.build(made.base, f"building the base tree of {release}, once (about 40 s)", lambda target: _make_base(target, release))
    cache.build(
        made.archive,
        f"fetching {len(packages)} packages with what they need into the hosts' own archive, once",
        lambda target: _make_archive(target, made.base, packages),
    )
    if image:
        cache.build(made.image, "making the disk image of guests, once (about 10 s)", lambda target: _make_image(target, made))
    return key


def _static_content() -> list[tuple[str, str]]:
    return [(str(path.relative_to(STATIC)), path.read_text()) for path in sorted(STATIC.rglob("*")) if path.is_file()]


def _uml_version() -> list[str]:
    return sorted(path.name for path in UML_MODULES.glob("*"))


def _make_base(target: Path, release: str) -> None:
    _contained(["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", f"--include={','.join(INCLUDE)}", release, target])
    for left in ("etc/hostname", "etc/resolv.conf", *(str(key.relative_to(target)) for key in (target / "etc/ssh").glob("ssh_host_*"))):
        (target / left).unlink(missing_ok=True)
    # Without a name server, look-ups fail at once instead of waiting for one that is not reachable.
    (target / "etc/resolv.conf").write_text("")
    (target / "etc/machine-id").write_text("")
    shutil.copytree(STATIC, target, dirs_exist_ok=True)
    for unit in MASKED:
        (target / "etc/systemd/system" / unit).symlink_to("/dev/null")
    (target / "etc/systemd/system-generators").mkdir()
    for generator in MASKED_GENERATORS:
        (target / f"etc/systemd/system-generators/systemd-{generator}-generator").symlink_to("/dev/null")
    for version in UML_MODULES.glob("*"):
        modules = target / "lib/modules" / version.name
        shutil.copytree(version, modules, symlinks=True, dirs_exist_ok=True)
        run(["chroot", target, "depmod", version.name])


def _make_archive(target: Path, base: Path, packages: list[str]) -> None:
    work = target.with_name(f"{target.name}.work")
    try:
        _contained(["sh", ARCHIVE_SCRIPT, base, target, work, *packages])
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _make_image(target: Path, made: cache.Layer) -> None:
    merged = target.with_name(f"{target.name}.root")
    merged.mkdir()
    script = 'mount -t overlay overlay -o "lowerdir=$1:$2" "$3"; mkfs.ext4 -q -F -L lab -d "$3" "$4" "$5"'
    try:
        _contained(["sh", "-euc", script, "sh", made.archive, made.base, merged, target, IMAGE_SIZE])
    finally:
        merged.rmdir()


def _contained(argv: Sequence[str | Path]) -> None:
    """Runs a build in mount and process namespaces of its own, which end with this process: however it is killed,
    no half-done build goes on behind the back of the next one, and no mount stays."""
    shell = ["unshare", "--mount", "--propagation", "slave", "--pid", "--fork", "--kill-child", "--mount-proc"]
    run([*shell, *argv], before=kernel.die_with_parent, DEBIAN_FRONTEND="noninteractive")

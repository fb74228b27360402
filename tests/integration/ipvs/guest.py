# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real IPVS kernel to test on, without a lab: a User Mode Linux guest that boots from this machine's own files, read-only.

It is up in about three seconds and sees the checkout and its virtual environment where they are. What it writes goes to
memory of its own. Unpacked beside it, and installed nowhere, are ipvsadm, the independent oracle; keepalived, the other owner of
tables; and iptables, since this kernel's nf_tables knows no table for IP packets.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "lab"))

from machine_room import cache, uml

HOME = ROOT / ".cache/ipvs-guest"
KERNEL_MODULES = Path("/usr/lib/uml/modules")
# net has ip_vs itself; the others what it and the tests' network need.
NEEDED = ("net", "lib", "crypto", "arch", "drivers/net")
PACKAGES = ("ipvsadm", "iptables", "keepalived")
LIBRARIES = "usr/lib/x86_64-linux-gnu"

INIT = """#!/bin/bash
export PATH={home}/bin:{venv}:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/run TMPDIR=/run/tmp PYTHONDONTWRITEBYTECODE=1
export LD_LIBRARY_PATH={home}/root/{libraries}:{home}/root/lib/x86_64-linux-gnu XTABLES_LIBDIR={home}/root/{libraries}/xtables
export PYTHONPATH={root}/.ansible/collections
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs memory /run
mount -t tmpfs memory /var/lib
mkdir -p /run/etc/modules-load.d /run/etc/sysctl.d /run/etc/systemd/system
for name in alternatives group hosts iproute2 ld.so.cache modprobe.d nsswitch.conf passwd protocols services; do
    [ -e /etc/$name ] && cp -a /etc/$name /run/etc/
done
mount --bind /run/etc /etc
mkdir -p /run/tmp
echo {home}/bin/modprobe >/proc/sys/kernel/modprobe
ip link set lo up
cd {root}
exec </dev/null >/dev/console 2>&1
echo 1 >/proc/sys/kernel/printk
pytest -p no:cacheprovider -q -rf --tb=short --color=no $(sed 's/.*tests=\\([^ ]*\\).*/\\1/; s/,/ /g' /proc/cmdline)
echo "guest ended with $?"
echo o >/proc/sysrq-trigger
sleep 5
"""


def available() -> str:
    """Why there can be no guest here; empty when there can."""
    if os.geteuid():
        return "only root can boot the guest"
    missing = [name for name in ("linux.uml", "gcc", "depmod", "dpkg-deb") if not shutil.which(name)]
    return f"not installed: {', '.join(missing)}" if missing else ""


def prepare() -> None:
    """Modules with their dependencies, and the packages, once for each kernel; and the init script."""
    version = next(KERNEL_MODULES.iterdir()).name
    done = HOME / f"ready-{version}-{hashlib.sha256(repr((NEEDED, PACKAGES)).encode()).hexdigest()[:8]}"
    if not done.exists():
        shutil.rmtree(HOME, ignore_errors=True)
        for name in NEEDED:
            source = KERNEL_MODULES / version / "kernel" / name
            if source.exists():
                shutil.copytree(source, HOME / "lib/modules" / version / "kernel" / name)
        for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
            shutil.copy(KERNEL_MODULES / version / name, HOME / "lib/modules" / version)
        subprocess.run(["depmod", "-b", str(HOME), version], check=True)
        _unpack()
        done.touch()
    (HOME / "bin").mkdir(exist_ok=True)
    _script(HOME / "bin/modprobe", f'#!/bin/sh\nexec /sbin/modprobe -d {HOME} "$@"\n')
    _script(HOME / "init", INIT.format(home=HOME, root=ROOT, venv=ROOT / ".venv/bin", libraries=LIBRARIES))


def _unpack() -> None:
    folder = HOME / "packages"
    folder.mkdir(parents=True)
    # With what they need and this machine lacks; nothing is installed.
    simulated = ["apt-get", "--simulate", "--no-install-recommends", "install", *PACKAGES]
    planned = subprocess.run(simulated, capture_output=True, text=True, check=True).stdout
    lacking = {line.split()[1] for line in planned.splitlines() if line.startswith("Inst ")}
    subprocess.run(["apt-get", "download", "-qq", *sorted({*PACKAGES, *lacking})], cwd=folder, check=True)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", str(package), str(HOME / "root")], check=True)
    (HOME / "bin").mkdir()
    for name in ("sbin/ipvsadm", "usr/sbin/keepalived"):
        shutil.copy(HOME / "root" / name, HOME / "bin")
    for name in ("iptables", "ip6tables"):
        _script(HOME / "bin" / name, f'#!/bin/sh\nexec {HOME}/root/usr/sbin/xtables-legacy-multi {name} "$@"\n')


def _script(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")
    path.chmod(0o755)


def run(tests: list[Path], seconds: int = 600, show: str = "", memory: int = 512) -> str:
    """Runs these test files in a new guest with so many MiB of memory; its console is the answer."""
    prepare()
    with cache.locked():
        environment = {**os.environ, "LD_PRELOAD": str(uml.ensure())}
    command = [
        "linux.uml",
        f"mem={memory}M",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        f"init={HOME}/init",
        f"tests={','.join([*map(str, tests), *filter(None, [show])])}",
        "con0=null,fd:1",
        "con=null",
        "ssl=null",
        "quiet",
    ]
    # Its own session: a guest that is given up on leaves stopped threads behind unless its whole group goes.
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        return process.communicate()[0] + f"\ngiven up after {seconds} s"

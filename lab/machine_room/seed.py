"""What makes a host itself: name, identity, keys. One small archive, unpacked once on its own disk."""

from __future__ import annotations

import io
import tarfile
import time
import uuid

from machine_room import ssh
from machine_room.model import CONTAINER, Host, Lab
from machine_room.paths import LabPaths
from machine_room.run import run


def prepare(paths: LabPaths, lab: Lab, host: Host) -> None:
    """Makes the folder of a host, its seed, and the disk of a container."""
    here = paths.host(host.name)
    here.folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(here.seed, "w") as archive:
        for name, mode in (("etc", 0o755), ("etc/ssh", 0o755), ("root", 0o700), ("root/.ssh", 0o700)):
            _add(archive, name, None, mode)
        for name, (content, mode) in _files(paths, lab, host).items():
            _add(archive, name, content, mode)
    if host.kind == CONTAINER:
        for folder in (here.upper, here.work, here.root):
            folder.mkdir(exist_ok=True)
        run(["tar", "-xpf", here.seed, "-C", here.upper])


def _files(paths: LabPaths, lab: Lab, host: Host) -> dict[str, tuple[str, int]]:
    key = ssh.host_key(paths, host)
    names = [f"{other.address}\t{other.name}\n" for other in lab.hosts]
    return {
        "etc/hostname": (f"{host.name}\n", 0o644),
        "etc/hosts": ("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n" + "".join(names), 0o644),
        "etc/machine-id": (f"{uuid.uuid4().hex}\n", 0o444),
        "etc/ssh/ssh_host_ed25519_key": (key.read_text(), 0o600),
        "etc/ssh/ssh_host_ed25519_key.pub": (key.with_suffix(".pub").read_text(), 0o644),
        "root/.ssh/authorized_keys": (ssh.authorized_key(paths), 0o600),
    }


def _add(archive: tarfile.TarFile, name: str, content: str | None, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.mode = mode
    entry.mtime = int(time.time())
    if content is None:
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
        return
    data = content.encode()
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))

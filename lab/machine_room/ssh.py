"""Keys of a lab, and the configuration with which plain ssh and Ansible reach its hosts.

Host keys are made here, before a host boots, so that every connection is checked against what is really known.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from machine_room.model import Host, Lab
from machine_room.paths import CHECKOUT, LabPaths
from machine_room.run import run, succeeds


def make_key(path: Path, comment: str) -> None:
    if not path.exists():
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path])


def prepare(paths: LabPaths, lab: Lab) -> None:
    """Makes the key pair of the lab, the key of every host, and writes known_hosts and config."""
    for folder in (paths.ssh, paths.control):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    make_key(paths.ssh / "id_ed25519", f"steadfast-lab-{lab.name}")
    for host in lab.hosts:
        make_key(host_key(paths, host), host.name)
    known = [f"{host.name},{host.address} {_public(host_key(paths, host))}\n" for host in lab.hosts]
    (paths.ssh / "known_hosts").write_text("".join(known))
    (paths.ssh / "config").write_text(_config(paths, lab))


def host_key(paths: LabPaths, host: Host) -> Path:
    return paths.ssh / f"host_{host.name}"


def authorized_key(paths: LabPaths) -> str:
    return _public(paths.ssh / "id_ed25519") + "\n"


def _public(key: Path) -> str:
    return key.with_suffix(".pub").read_text().strip()


def _config(paths: LabPaths, lab: Lab) -> str:
    launcher = shlex.quote(str(CHECKOUT / "lab" / "lab"))
    names = "".join(f"Host {host.name}\n  HostName {host.address}\n" for host in lab.hosts)
    return f"""{names}Host *
  User root
  IdentityFile "{paths.ssh}/id_ed25519"
  IdentitiesOnly yes
  UserKnownHostsFile "{paths.ssh}/known_hosts"
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  UpdateHostKeys no
  PasswordAuthentication no
  ControlPath none
  LogLevel ERROR
  ConnectTimeout 10
  ServerAliveInterval 5
  ServerAliveCountMax 4
  ProxyUseFdpass yes
  ProxyCommand {launcher} --name {lab.name} connect %h %p
"""


def command(paths: LabPaths, host: Host, words: Sequence[str], *, terminal: bool = False) -> list[str]:
    """The argv that runs words on a host; without words, a login shell."""
    argv = ["ssh", "-F", str(paths.ssh / "config"), *(["-t"] if terminal else []), host.name]
    # ssh hands one string to the shell of the host: quoted, so that words arrive as they were given.
    return [*argv, "--", shlex.join(words)] if words else argv


def answers(paths: LabPaths, host: Host) -> bool:
    """Whether a login works."""
    return succeeds(["timeout", "20", *command(paths, host, ["true"])])


def ask(paths: LabPaths, host: Host, words: Sequence[str]) -> str:
    return run(["timeout", "60", *command(paths, host, words)])


def forget_connections(paths: LabPaths, host: Host | None = None) -> None:
    """Ends shared connections of Ansible: they lead to a boot of the host that is over."""
    if not paths.control.is_dir():
        return
    for control in paths.control.iterdir():
        if host is None or control.name.startswith(f"{host.address}-"):
            run(["timeout", "5", "ssh", "-o", f"ControlPath={control}", "-O", "exit", "none"], check=False)
            control.unlink(missing_ok=True)


def exec_on(paths: LabPaths, host: Host, words: Sequence[str], *, terminal: bool = False) -> None:
    """Becomes ssh, so that streams and exit code are the command's own."""
    argv = command(paths, host, words, terminal=terminal)
    os.execvp(argv[0], argv)

"""The verbs of lab/lab."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from machine_room import faults, inventory, lifecycle, readiness, requirements, ssh, state
from machine_room.cgroup import Group
from machine_room.connect import connect
from machine_room.errors import LabError
from machine_room.fabric import Fabric
from machine_room.model import Host
from machine_room.paths import CHECKOUT, DEFAULT_NAME, LabPaths
from machine_room.progress import say, table

FAULTS: dict[str, tuple[Callable[[LabPaths, Sequence[Host]], None], str]] = {
    "power-off": (faults.power_off, "cut the power of hosts: nothing is shut down, disks stay"),
    "power-on": (faults.power_on, "start hosts that are off and wait until they answer"),
    "reboot": (faults.reboot, "reboot hosts in an orderly way and wait until they answer"),
    "freeze": (faults.freeze, "let hosts hang: all their processes stand still"),
    "thaw": (faults.thaw, "let frozen hosts go on"),
    "cut": (faults.cut, "cut hosts off from every other host"),
    "heal": (faults.heal, "undo cut"),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab/lab", description="Runs the hosts of an Ansible inventory on this machine. See docs/lab.md.")
    name = os.environ.get("LAB_NAME") or DEFAULT_NAME
    parser.add_argument("--name", default=name, help=f"which lab (default: $LAB_NAME, else {DEFAULT_NAME})")
    inventory_folder = CHECKOUT / "inventories" / "lab"
    parser.add_argument("--inventory", type=Path, default=inventory_folder, help="what `up` builds (default: inventories/lab)")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    up = verbs.add_parser("up", help="build and start the lab, or what is missing of it")
    up.add_argument("--release", choices=inventory.RELEASES, help="Debian release of all hosts (default: lab_release of the inventory)")
    verbs.add_parser("down", help="end the lab and remove all of it, disks included")
    verbs.add_parser("status", help="show the hosts, what they are and how they are")
    run = verbs.add_parser("exec", help="run a command on a host: exec HOST -- COMMAND...")
    run.add_argument("host")
    run.add_argument("command", nargs=argparse.REMAINDER)
    verbs.add_parser("shell", help="log in on a host").add_argument("host")
    for verb, (_act, text) in FAULTS.items():
        verbs.add_parser(verb, help=text).add_argument("hosts", nargs="+", metavar="HOST", help="hosts of the lab, or `all`")
    verbs.add_parser("connect", help="for ssh: its ProxyCommand").add_argument("target", nargs=2, metavar=("HOST", "PORT"))
    return parser


def _hosts(paths: LabPaths, names: Sequence[str]) -> list[Host]:
    lab = state.load(paths).lab
    if list(names) == ["all"]:
        return list(lab.hosts)
    found = []
    for name in names:
        host = lab.host(name)
        if host is None:
            known = ", ".join(host.name for host in lab.hosts)
            raise LabError(f"lab '{lab.name}' has no host '{name}': it has {known}")
        found.append(host)
    return found


def _status(paths: LabPaths) -> int:
    try:
        lab = state.load(paths).lab
    except LabError as error:
        say(str(error))
        return 1
    fabric = Fabric(paths)
    greeting = readiness.greets(paths, lab.hosts) if fabric.exists else {}
    rows = [
        (host.name, host.kind, _condition(paths, fabric, host, greeting.get(host.name, False)), host.address, host.release, host.why)
        for host in lab.hosts
    ]
    say(f"lab '{lab.name}' of {lab.inventory}")
    table(("HOST", "KIND", "STATE", "ADDRESS", "RELEASE", "WHY THIS KIND"), rows)
    return 0


def _condition(paths: LabPaths, fabric: Fabric, host: Host, greets: bool) -> str:
    group = Group(paths.name, host.name)
    if not group.populated:
        words = ["off"]
    elif group.frozen:
        words = ["frozen"]
    else:
        words = ["running"] if greets else ["no ssh"]
    return "+".join([*words, "cut"] if fabric.is_cut(host) else words)


def _exec(paths: LabPaths, name: str, words: Sequence[str]) -> int:
    command = list(words[1:] if words[:1] == ["--"] else words)
    if not command:
        raise LabError("exec needs a command: `lab/lab exec HOST -- COMMAND`; `lab/lab shell HOST` logs in")
    ssh.exec_on(paths, _hosts(paths, [name])[0], command)
    return 255


def _act(arguments: argparse.Namespace) -> int:
    paths = LabPaths(inventory.checked_name(arguments.name))
    requirements.check_rights()
    verb: str = arguments.verb
    if verb == "connect":
        return connect(paths, *arguments.target)
    if verb == "status":
        return _status(paths)
    if verb == "exec":
        return _exec(paths, arguments.host, arguments.command)
    if verb == "shell":
        ssh.exec_on(paths, _hosts(paths, [arguments.host])[0], [], terminal=True)
    if verb == "up":
        described = inventory.load(arguments.name, arguments.inventory, arguments.release)
        with state.locked(paths, verb):
            lifecycle.up(paths, described)
    elif verb == "down":
        with state.locked(paths, verb):
            lifecycle.down(paths)
    else:
        with state.locked(paths, verb):
            FAULTS[verb][0](paths, _hosts(paths, arguments.hosts))
    return 0


def main(argv: list[str]) -> int:
    """Runs one verb; what a person can act on is one line, without a traceback."""
    try:
        return _act(_parser().parse_args(argv))
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("lab: interrupted; the next `up` goes on from here", file=sys.stderr)
    return 1

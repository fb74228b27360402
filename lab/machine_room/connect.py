"""The ProxyCommand of ssh: opens a connection inside the lab's network and hands the socket over to ssh.

ssh runs it with ProxyUseFdpass, so that it ends at once and nothing is copied through a second process.
"""

from __future__ import annotations

import os
import socket
import sys

from machine_room.errors import LabError
from machine_room.kernel import enter_network
from machine_room.paths import DEFAULT_NAME, LabPaths

CONNECT_SECONDS = 10.0


def _lookup(paths: LabPaths, host: str) -> str:
    """The address of a host that is named; ssh usually gives the address itself."""
    if host.replace(".", "").isdigit() or ":" in host:
        return host
    import json  # Only here: the usual way must start fast.

    try:
        known = json.loads(paths.state.read_text())["lab"]["hosts"]
    except FileNotFoundError:
        known = []
    for entry in known:
        if entry["name"] == host:
            return str(entry["links"][0]["address"]).partition("/")[0]
    raise LabError(f"lab '{paths.name}' has no host '{host}': `lab/lab --name {paths.name} status` lists its hosts")


def open_connection(paths: LabPaths, host: str, port: int) -> socket.socket:
    """A TCP connection to a host, made inside the lab's network namespace."""
    address = _lookup(paths, host)
    enter_network(paths.namespace_file)
    return socket.create_connection((address, port), CONNECT_SECONDS)


def main(argv: list[str]) -> int:
    """`[--name NAME] connect HOST PORT`."""
    name = argv[1] if argv[0] == "--name" else os.environ.get("LAB_NAME") or DEFAULT_NAME
    return connect(LabPaths(name), *argv[-2:])


def connect(paths: LabPaths, host: str, port: str) -> int:
    """Standard output is the socket on which ssh waits for the connection."""
    try:
        connection = open_connection(paths, host, int(port))
        connection.setblocking(True)
        with socket.socket(fileno=os.dup(1)) as channel:
            socket.send_fds(channel, [b"\0"], [connection.fileno()])
    except OSError as error:
        print(
            f"lab: {host} does not answer on port {port} ({error}): `lab/lab --name {paths.name} status` tells how it is", file=sys.stderr
        )
        return 1
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0

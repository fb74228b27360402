"""The network of a lab: one namespace, a bridge per segment, a port per network card of a host."""

from __future__ import annotations

import os
from collections.abc import Iterable

from machine_room.errors import LabError
from machine_room.model import UML, Host, Lab, Segment
from machine_room.paths import LabPaths
from machine_room.run import run, succeeds

# The cut acts in the forward hook of the bridge: a host that is cut off reaches no other host, while the lab itself,
# which is the bridge's own address and not forwarded, still gets in to look at it.
_CUT_RULES = """
table bridge lab {
  set cut { type ifname; }
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname @cut drop
    oifname @cut drop
  }
}
"""


class Fabric:
    """All network devices of one lab."""

    def __init__(self, paths: LabPaths) -> None:
        self._paths = paths
        self._namespace = paths.namespace

    @property
    def exists(self) -> bool:
        return self._paths.namespace_file.exists()

    def create(self, lab: Lab) -> None:
        run(["ip", "netns", "add", self._namespace])
        lines = ["link set lo up"]
        for segment in lab.segments:
            lines += _bridge(segment)
        self._batch(lines)
        self._nft(_CUT_RULES)

    def destroy(self) -> None:
        """Devices are deleted one by one first: an open connection keeps a namespace alive, but not its devices."""
        if not self.exists:
            return
        if succeeds(["ip", "-n", self._namespace, "link", "show", "lo"]):
            for device in self._devices():
                run(["ip", "-n", self._namespace, "link", "delete", device], check=False)
            run(["ip", "netns", "exec", self._namespace, "ss", "-K", "state", "connected"], check=False)
        run(["ip", "netns", "delete", self._namespace], check=False)
        # Of a run that was killed between making the name and attaching the namespace to it, only the name is there.
        self._paths.namespace_file.unlink(missing_ok=True)

    def _devices(self) -> list[str]:
        shown = run(["ip", "-n", self._namespace, "-o", "link", "show"]).splitlines()
        names = [line.split(":")[1].strip().partition("@")[0] for line in shown]
        return [name for name in names if name != "lo"]

    def plug(self, host: Host) -> None:
        """Makes the ports of a host anew. A container's ends appear in the namespace of the calling process."""
        self.unplug(host)
        lines = []
        for link in host.links:
            if host.kind == UML:
                lines.append(f"tuntap add dev {link.port} mode tap")
            else:
                peer = f"peer name {link.device} address {link.mac} netns {os.getpid()}"
                lines.append(f"link add {link.port} type veth {peer}")
            lines.append(f"link set {link.port} master {link.segment} up")
        self._batch(lines)

    def unplug(self, host: Host) -> None:
        for link in host.links:
            run(["ip", "-n", self._namespace, "link", "delete", link.port], check=False)

    def cut(self, host: Host) -> None:
        self._nft(f"add element bridge lab cut {_ports(host)}\n")

    def heal(self, host: Host) -> None:
        if self.is_cut(host):
            self._nft(f"delete element bridge lab cut {_ports(host)}\n")

    def is_cut(self, host: Host) -> bool:
        shown = ["ip", "netns", "exec", self._namespace, "nft", "list", "set", "bridge", "lab", "cut"]
        return self.exists and f'"{host.links[0].port}"' in run(shown)

    def _nft(self, script: str) -> None:
        run(["ip", "netns", "exec", self._namespace, "nft", "-f", "-"], text=script)

    def _batch(self, lines: Iterable[str]) -> None:
        run(["ip", "-n", self._namespace, "-batch", "-"], text="\n".join(lines) + "\n")


def _ports(host: Host) -> str:
    return "{ " + ", ".join(f'"{link.port}"' for link in host.links) + " }"


def _bridge(segment: Segment) -> list[str]:
    prefix = segment.subnet.partition("/")[2]
    # Without snooping, multicast (VRRP) reaches every port; without a delay, a port forwards at once.
    return [
        f"link add {segment.name} type bridge forward_delay 0 stp_state 0 mcast_snooping 0",
        f"address add {segment.controller}/{prefix} dev {segment.name}",
        f"link set {segment.name} up",
    ]


def address_commands(host: Host) -> list[str]:
    """What gives a container's cards their addresses, for `ip -batch` in its own namespace."""
    lines = ["link set lo up"]
    for link in host.links:
        lines.append(f"address add {link.address} brd + dev {link.device}")
        if link.address6:
            lines.append(f"address add {link.address6} dev {link.device} nodad")
        lines.append(f"link set {link.device} up")
    if host.gateway:
        lines.append(f"route add default via {host.gateway}")
    return lines


def require_namespace(paths: LabPaths) -> None:
    if not paths.namespace_file.exists():
        raise LabError(f"lab '{paths.name}' is not up: `lab/lab --name {paths.name} up` starts it")

"""Reads from an Ansible inventory what the lab has to build."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from machine_room.errors import LabError
from machine_room.model import Host, Lab, Link, Segment
from machine_room.paths import CHECKOUT
from machine_room.run import run

NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
DEVICE_NAME = re.compile(r"[a-z][a-z0-9]{0,14}")
RELEASES = ("bookworm", "trixie")
DOCUMENTATION = [ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def load(name: str, inventory: Path, release: str | None = None) -> Lab:
    """The lab that an inventory describes, with another release of all hosts where one is given."""
    if not inventory.exists():
        raise LabError(f"inventory {inventory} does not exist: name one with --inventory")
    hostvars = _hostvars(inventory)
    if release:
        hostvars = {host: {**known, "lab_release": release} for host, known in hostvars.items()}
    return from_hostvars(name, str(inventory.resolve()), hostvars)


def checked_name(name: str) -> str:
    """A lab's name becomes part of paths that are deleted one day: nothing but plain names."""
    if not NAME.fullmatch(name):
        raise LabError(f"lab name '{name}' is not usable: take lower-case letters, digits and dashes, at most 31, a letter first")
    return name


def _hostvars(inventory: Path) -> dict[str, dict[str, Any]]:
    beside = CHECKOUT / ".venv" / "bin" / "ansible-inventory"
    program = str(beside) if beside.exists() else shutil.which("ansible-inventory")
    if program is None:
        raise LabError("ansible-inventory is neither in .venv/bin nor in PATH: `make setup` installs it")
    home = os.environ.get("ANSIBLE_HOME", str(CHECKOUT / ".ansible"))
    listing = json.loads(run([program, "-i", inventory.resolve(), "--list"], cwd=CHECKOUT, ANSIBLE_HOME=home))
    found: dict[str, dict[str, Any]] = listing.get("_meta", {}).get("hostvars", {})
    return {host: known for host, known in found.items() if known.get("ansible_connection", "ssh") != "local"}


def from_hostvars(name: str, inventory: str, hostvars: Mapping[str, Mapping[str, Any]]) -> Lab:
    """Pure part of `load`: from variables to what is to be built."""
    if not hostvars:
        raise LabError(f"inventory {inventory} has no hosts to build: give it hosts with ansible_host")
    segments = _segments(next(iter(hostvars.values())).get("lab_segments"))
    hosts = tuple(_host(host, known, segments) for host, known in sorted(hostvars.items()))
    _refuse_duplicates(hosts, segments)
    return Lab(name, inventory, segments, hosts)


def _segments(described: Any) -> tuple[Segment, ...]:
    if not described:
        raise LabError("lab_segments is missing: write e.g. `lab_segments: [{name: edge, subnet: 192.0.2.0/24}]` in group_vars/all")
    segments = []
    for item in described:
        segment = str(item.get("name", ""))
        if not DEVICE_NAME.fullmatch(segment) or segment == "lo":
            raise LabError(f"lab_segments: name '{segment}' is not usable: lower-case letters and digits, at most 15, a letter first")
        subnet = _documentation_network(f"lab_segments.{segment}.subnet", item.get("subnet"))
        subnet6 = item.get("subnet6")
        if subnet6 is not None:
            _documentation_network(f"lab_segments.{segment}.subnet6", subnet6)
        controller = str(item.get("controller") or subnet.broadcast_address - 1)
        _inside(f"lab_segments.{segment}.controller", controller, subnet)
        segments.append(Segment(segment, str(subnet), controller, subnet6))
    return tuple(segments)


def _documentation_network(path: str, text: Any) -> Network:
    try:
        network = ipaddress.ip_network(str(text))
    except ValueError as error:
        raise LabError(f"{path}: '{text}' is not a network: write e.g. 192.0.2.0/24") from error
    if not any(network.version == known.version and network.subnet_of(known) for known in DOCUMENTATION):  # type: ignore[arg-type]
        names = ", ".join(str(known) for known in DOCUMENTATION)
        raise LabError(f"{path}: {network} could be somebody's real network: the lab takes documentation addresses only ({names})")
    return network


def _inside(path: str, text: str, network: Network) -> None:
    try:
        inside = ipaddress.ip_address(text) in network
    except ValueError as error:
        raise LabError(f"{path}: '{text}' is not an address (the lab reads plain values, no templates): write e.g. 192.0.2.11") from error
    if not inside:
        raise LabError(f"{path}: {text} is not inside {network}: choose an address of that network")


def _host(name: str, known: Mapping[str, Any], segments: tuple[Segment, ...]) -> Host:
    if not NAME.fullmatch(name):
        raise LabError(f"host name '{name}' is not usable in a lab: lower-case letters, digits and dashes, at most 31, a letter first")
    release = str(known.get("lab_release", RELEASES[0]))
    if release not in RELEASES:
        raise LabError(f"{name}: lab_release '{release}' is not known: one of {', '.join(RELEASES)}")
    return Host(
        name=name,
        links=_links(name, known, segments),
        release=release,
        memory=int(known.get("lab_memory", 512)),
        features=tuple(known.get("lab_kernel_features") or ()),
        packages=tuple(sorted(known.get("lab_packages") or ())),
        gateway=known.get("lab_gateway"),
    )


def _links(name: str, known: Mapping[str, Any], segments: tuple[Segment, ...]) -> tuple[Link, ...]:
    """eth0 is on the segment of ansible_host; `lab_links` adds eth1 and so on."""
    address = str(known.get("ansible_host", ""))
    home = next((segment for segment in segments if _belongs(address, segment)), None)
    if home is None:
        wanted = ", ".join(segment.subnet for segment in segments)
        raise LabError(f"{name}: ansible_host '{address}' is in no segment of the lab: choose an address inside {wanted}")
    links = [_link(name, 0, home, address)]
    for number, item in enumerate(known.get("lab_links") or (), start=1):
        segment = next((segment for segment in segments if segment.name == item.get("segment")), None)
        if segment is None:
            raise LabError(f"{name}: lab_links[{number - 1}].segment '{item.get('segment')}' is not in lab_segments: add it there")
        _inside(f"{name}: lab_links[{number - 1}].address", str(item.get("address")), ipaddress.ip_network(segment.subnet))
        links.append(_link(name, number, segment, str(item["address"])))
    return tuple(links)


def _belongs(address: str, segment: Segment) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(segment.subnet)
    except ValueError:
        return False


def _link(name: str, number: int, segment: Segment, address: str) -> Link:
    packed = ipaddress.IPv4Address(address).packed
    prefix = segment.subnet.partition("/")[2]
    address6 = None
    if segment.subnet6:
        # The last number of the IPv4 address, read as it is written, so that people recognise the host.
        network = ipaddress.IPv6Network(segment.subnet6)
        address6 = f"{network.network_address + int(address.rpartition('.')[2], 16)}/{network.prefixlen}"
    # The last bytes of the address make a port name that is short, unique on the segment and still readable.
    port = f"{name[:8]}-{packed[2] % 16:x}{packed[3]:02x}e{number}"
    return Link(segment.name, f"eth{number}", f"{address}/{prefix}", port, "02:5f:" + packed.hex(":"), address6)


def _refuse_duplicates(hosts: tuple[Host, ...], segments: tuple[Segment, ...]) -> None:
    owners = {segment.controller: f"the lab itself on segment {segment.name}" for segment in segments}
    for host in hosts:
        for link in host.links:
            address = link.address.partition("/")[0]
            if address in owners:
                raise LabError(f"{host.name}: address {address} already belongs to {owners[address]}: choose another one")
            owners[address] = host.name

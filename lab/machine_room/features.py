"""Does the running kernel have what a host needs? Tried for real, in a network namespace of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from machine_room.errors import LabError
from machine_room.model import CONTAINER, UML, Host
from machine_room.run import succeeds

UML_MODULES = Path("/usr/lib/uml/modules")

# A feature passes when its script does. Anything else passes when a module of that name is there.
_PROBES = {
    "ip_vs": "modprobe -q ip_vs; test -e /proc/net/ip_vs",
    "ipip": "ip link add probe type ipip remote 192.0.2.1 local 192.0.2.2",
    "dummy": "ip link add probe type dummy",
    "vxlan": "ip link add probe type vxlan id 1 dstport 4789",
    "bridge": "ip link add probe type bridge",
}


def running_kernel_has(feature: str) -> bool:
    script = _PROBES.get(feature, f"modprobe -q {feature}; test -d /sys/module/{feature}")
    return succeeds(["unshare", "--net", "sh", "-c", script])


def uml_kernel_has(feature: str, modules: Path = UML_MODULES) -> bool:
    """Whether the guest kernel brings the feature, built in or as a module."""
    listings = (*modules.glob("*/modules.dep"), *modules.glob("*/modules.builtin"))
    return any(f"/{feature}.ko" in listing.read_text() for listing in listings)


def choose(hosts: tuple[Host, ...]) -> tuple[Host, ...]:
    """Decides for every host whether a container serves, and says why."""
    wanted = sorted({feature for host in hosts for feature in host.features})
    missing = {feature for feature in wanted if not running_kernel_has(feature)}
    return tuple(_decide(host, missing) for host in hosts)


def _decide(host: Host, missing: set[str]) -> Host:
    lacking = [feature for feature in host.features if feature in missing]
    if not host.features:
        return replace(host, kind=CONTAINER, why="needs nothing special of the kernel")
    if not lacking:
        return replace(host, kind=CONTAINER, why=f"the running kernel has {', '.join(host.features)}")
    nowhere = [feature for feature in lacking if not uml_kernel_has(feature)]
    if nowhere and UML_MODULES.is_dir():
        raise LabError(
            f"{host.name}: lab_kernel_features {', '.join(nowhere)}: neither the running kernel nor the User Mode Linux one has it; "
            "take it out of the inventory or run the lab on a kernel that has it"
        )
    return replace(host, kind=UML, why=f"the running kernel lacks {', '.join(lacking)}")

"""What a lab is made of, as data that is kept in its state file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

CONTAINER = "container"
UML = "uml"


@dataclass(frozen=True)
class Segment:
    """One bridged network; `controller` is the address of the lab itself on it."""

    name: str
    subnet: str
    controller: str
    subnet6: str | None = None


@dataclass(frozen=True)
class Link:
    """One network card of a host. `port` is its name on the side of the bridge."""

    segment: str
    device: str
    address: str
    port: str
    mac: str
    address6: str | None = None


@dataclass(frozen=True)
class Host:
    """One host of the inventory. `kind` and `why` are decided by the kernel features that it needs."""

    name: str
    links: tuple[Link, ...]
    release: str
    memory: int
    features: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    gateway: str | None = None
    kind: str = CONTAINER
    why: str = ""

    @property
    def address(self) -> str:
        """The address that Ansible uses, without its prefix."""
        return self.links[0].address.partition("/")[0]


@dataclass(frozen=True)
class Lab:
    """A whole lab as its inventory describes it."""

    name: str
    inventory: str
    segments: tuple[Segment, ...]
    hosts: tuple[Host, ...]
    layers: dict[str, str] = field(default_factory=dict)

    def host(self, name: str) -> Host | None:
        return next((host for host in self.hosts if host.name == name), None)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Lab:
        hosts = tuple(
            Host(
                **{
                    **host,
                    "links": tuple(Link(**link) for link in host["links"]),
                    "features": tuple(host["features"]),
                    "packages": tuple(host["packages"]),
                }
            )
            for host in data["hosts"]
        )
        return cls(data["name"], data["inventory"], tuple(Segment(**segment) for segment in data["segments"]), hosts, data["layers"])

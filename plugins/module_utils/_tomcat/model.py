# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of one Tomcat, complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["STATE_PATH", "Application", "Host", "Instance"]

# Tomcat itself answers here, with 200 while every application runs and with 503 when one does not (HealthCheckValve).
STATE_PATH = "/.edge/state"


@dataclass(frozen=True)
class Host:
    """What the role knows of the host, beside the variables."""

    name: str = "localhost"
    family: str = "Debian"
    service: str = "tomcat10"
    user: str = "tomcat"
    home: str = "/usr/share/tomcat10"
    web_xml: str = "/usr/share/tomcat10/etc/web.xml"


@dataclass(frozen=True)
class Application:
    """One application of an instance; `artifact` is its name in the store's list."""

    context: str
    src: str
    checksum: str | None
    health_path: str | None

    @property
    def artifact(self) -> str:
        # What several instances have is brought once. In file names only the context is seen.
        return f"{self.context}@{self.src}"


@dataclass(frozen=True)
class Instance:
    """One Tomcat: `values` are the role's variables without their prefix, with those of the instance in their place."""

    name: str
    unit: str
    base: str
    values: Mapping[str, Any] = field(default_factory=dict)
    applications: tuple[Application, ...] = ()

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def webapps(self) -> str:
        """The folder of its applications: a release of its own, beside the base, so that each is taken back without the other."""
        return f"{self.base}.webapps"

    @property
    def address(self) -> str:
        """Where the host itself reaches it."""
        address = str(self.values["address"] or "127.0.0.1")
        address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
        return f"[{address}]" if ":" in address else address

    def url(self, path: str) -> str:
        return f"http://{self.address}:{self.values['port']}{path}"

    @property
    def urls(self) -> list[str]:
        """What must answer 200 when all is well, Tomcat itself first. Without an application there is no other."""
        paths = [self.values["health_path"]] if self.applications and self.values["health_path"] else []
        paths += [application.health_path for application in self.applications if application.health_path]
        return [self.url(path) for path in dict.fromkeys([STATE_PATH, *paths])]

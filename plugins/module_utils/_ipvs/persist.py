# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that bring something back at boot: what is there, what shall be there, and the steps between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import units
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import IpvsError, PartialFailure
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host

__all__ = ["Contents", "Files", "Step", "carry_out", "plan"]

# A path to its content; None for a file that is not there.
Contents = dict[str, Optional[str]]
Step = tuple[str, Callable[[Host], None]]


@dataclass
class Files:
    before: Contents = field(default_factory=dict)
    after: Contents = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)


def plan(host: Host, wanted: Mapping[str, str | None]) -> Files:
    """A unit is also enabled when it is written, and disabled when it is removed."""
    files = Files(before={path: _found(host, path) for path in wanted}, after=dict(wanted))
    differing = [path for path in wanted if files.before[path] != wanted[path]]
    files.steps = [_step(path, wanted[path]) for path in differing]
    if any(path.endswith(".service") for path in differing) and host.exists("/run/systemd/system"):
        files.steps.append(("reload systemd", lambda host: host.run(["systemctl", "daemon-reload"])))
    return files


def carry_out(host: Host, steps: Sequence[Step], done: list[str]) -> None:
    """The first failure stops, and tells what was done before it; done grows with every step."""
    for label, step in steps:
        try:
            step(host)
        except IpvsError as error:
            raise PartialFailure([error], done) from error
        done.append(label)


def _found(host: Host, path: str) -> str | None:
    """A unit that is not enabled counts as absent: it would not bring anything back at boot."""
    if path.endswith(".service") and not host.exists(_link(path)):
        return None
    return host.read(path)


def _link(path: str) -> str:
    return units.unit_link(path.rsplit("/", 1)[-1])


def _step(path: str, content: str | None) -> Step:
    link = _link(path) if path.endswith(".service") else None

    def write(host: Host) -> None:
        host.write(path, content or "")
        if link and not host.exists(link):
            host.link(link, path)

    def remove(host: Host) -> None:
        if link:
            host.remove(link)
        host.remove(path)

    return (f"write {path}", write) if content is not None else (f"remove {path}", remove)

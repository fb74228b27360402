# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host in memory around the fake kernel, and tables to put into it."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import codec, drain, model, normalise
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.netlink import Request
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.fake_kernel import FakeKernel


class MemoryHost(Host):
    """Files are a dictionary; commands are recorded and answered from a table."""

    def __init__(self, kernel: FakeKernel | None = None, loaded: bool = True) -> None:
        self.fake = kernel or FakeKernel()
        super().__init__(self._answer, connect=lambda: self.fake)
        self.files: dict[str, str] = {"/usr/sbin/ipvsadm": "", "/run/systemd/system": "", "/sys/class/net/eth0": ""}
        self.links: dict[str, str] = {}
        self.commands: list[list[str]] = []
        self.answers: dict[str, tuple[int, str, str]] = {}
        self.sysctls = {"expire_quiescent_template": "1", "conntrack": "0", "sync_threshold": "3\t50"}
        self.has_module = True
        if loaded:
            self.files["/proc/net/ip_vs"] = ""

    def _answer(self, argv: Sequence[str]) -> tuple[int, str, str]:
        self.commands.append(list(argv))
        if argv[0] == "modprobe" and self.has_module:
            self.files["/proc/net/ip_vs"] = ""
        return self.answers.get(argv[0], (0, "", ""))

    def loaded(self) -> bool:
        return "/proc/net/ip_vs" in self.files

    def sysctl(self, name: str) -> str | None:
        return self.sysctls.get(name) if self.loaded() else None

    def set_sysctl(self, name: str, value: str) -> None:
        self.sysctls[name] = value

    def exists(self, path: str) -> bool:
        return path in self.files or path in self.links

    def read(self, path: str) -> str | None:
        return self.files.get(path)

    def matching(self, pattern: str) -> list[str]:
        return sorted(path for path in self.files if fnmatch.fnmatch(path, pattern))

    def write(self, path: str, content: str, mode: int = 0o644) -> None:
        self.files[path] = content

    def link(self, path: str, target: str) -> None:
        self.links[path] = target

    def remove(self, path: str) -> None:
        self.files.pop(path, None)
        self.links.pop(path, None)

    def program(self, name: str) -> str | None:
        return f"/usr/sbin/{name}" if f"/usr/sbin/{name}" in self.files else None


class Time:
    """Time that passes only when somebody sleeps; each sleep ends some connections of servers at weight 0."""

    def __init__(self, kernel: FakeKernel, ending: int = 1) -> None:
        self.seconds = 0.0
        self.sleeps = 0
        self.kernel = kernel
        self.ending = ending
        self.clock = drain.Clock(now=lambda: self.seconds, sleep=self._pass)

    def _pass(self, seconds: float) -> None:
        self.seconds += seconds
        self.sleeps += 1
        for service in self.kernel.services.values():
            for dest in service.dests.values():
                if not dest.weight:
                    dest.active = max(0, dest.active - self.ending)


def declared(*services: dict[str, Any]) -> model.Table:
    return normalise.table(services)


def fill(kernel: FakeKernel, table: model.Table) -> None:
    """Puts a table into the kernel, without leaving traces of how."""
    requests = []
    for entry in table.values():
        requests.append(Request(codec.ADD_SERVICE, codec.encode_service(entry.service)))
        requests += [
            Request(codec.ADD_DESTINATION, codec.encode_destination(entry.service.key, item))
            for item in (entry.destinations or {}).values()
        ]
    codes = kernel.batch(requests)
    assert not any(codes), codes
    kernel.requests.clear()


def busy(kernel: FakeKernel, active: int, inactive: int = 0, persistent: int = 0) -> None:
    """Every real server has that many connections."""
    for service in kernel.services.values():
        for dest in service.dests.values():
            dest.active, dest.inactive, dest.persistent = active, inactive, persistent

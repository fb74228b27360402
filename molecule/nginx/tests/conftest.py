# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where requests come from, and origins that fail."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from labclient import Lab

from .remote import Remote


@pytest.fixture(scope="session")
def lab() -> Lab:
    """No test boots a host: connections are kept."""
    return Lab(inventory=Path(os.environ["LAB_INVENTORY"]))


@pytest.fixture(scope="session")
def from_host(lab: Lab) -> Iterator[Callable[[str], Remote]]:
    """Requests from a host by name."""
    known: dict[str, Remote] = {}

    def remote(host: str) -> Remote:
        if host not in known:
            known[host] = Remote(lab, host)
        return known[host]

    yield remote
    for each in known.values():
        each.close()


@pytest.fixture(scope="session")
def client(from_host: Callable[[str], Remote]) -> Remote:
    """Requests from the client."""
    return from_host("client1")


@pytest.fixture
def without(lab: Lab) -> Callable[..., AbstractContextManager[None]]:
    """While the body of the `with` runs, nginx on these origins is stopped: they refuse connections."""

    @contextmanager
    def stopped(*hosts: str) -> Iterator[None]:
        try:
            for host in hosts:
                lab.run(host, "systemctl", "stop", "nginx")
            yield
        finally:
            for host in hosts:
                lab.run(host, "systemctl", "start", "nginx")

    return stopped


@pytest.fixture(scope="session")
def workers(lab: Lab) -> Callable[[str], list[int]]:
    """The worker processes of nginx on a host that serve; those of an older configuration that are on their way out do not count."""

    def pids(host: str) -> list[int]:
        shown = lab.run(host, "ps", "-C", "nginx", "-o", "pid=,args=").splitlines()
        return sorted(int(line.split()[0]) for line in shown if line.endswith("worker process"))

    return pids


@pytest.fixture(scope="session")
def facts(lab: Lab) -> Callable[..., Any]:
    """What a host says about itself in one line."""
    return lambda host, *argv: lab.run(host, *argv).strip()

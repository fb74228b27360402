# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two hosts of each test."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.tests.integration.realserver.two_hosts import (
    CLIENT,
    CLIENT6,
    ROOT,
    SERVER,
    SERVER6,
    Wire,
    cover,
    namespaces,
)


@pytest.fixture(name="wire")
def two_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    if os.geteuid() != 0:
        pytest.skip("needs root for network namespaces")
    monkeypatch.setenv("ANSIBLE_HOME", str(ROOT / ".ansible"))
    monkeypatch.setenv("ANSIBLE_CONFIG", str(ROOT / "ansible.cfg"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    with namespaces(tmp_path / "server") as server, namespaces(tmp_path / "client") as client:
        cover(server)
        server.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", str(client.holder.pid))
        for host, addresses in ((server, (SERVER, SERVER6)), (client, (CLIENT, CLIENT6))):
            host.run("ip", "link", "set", "lo", "up")
            host.run("ip", "address", "add", f"{addresses[0]}/24", "dev", "eth0")
            host.run("ip", "address", "add", f"{addresses[1]}/64", "dev", "eth0", "nodad")
            host.run("ip", "link", "set", "eth0", "up")
        yield Wire(server, client)

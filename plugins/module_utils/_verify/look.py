# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host of the edge is at the moment, in one look. Nothing is judged here, and nothing is changed."""

from __future__ import annotations

import json
import os
import socket
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._command import CommandError, Runner
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import render, table
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import IpvsError
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._probe.client import Client, Plan
from ansible_collections.steadfast.edge.plugins.module_utils._verify.certificates import certificate
from ansible_collections.steadfast.edge.plugins.module_utils._verify.trees import tree_state

__all__ = ["answers", "look"]

# As many questions are asked at the same time.
AT_ONCE = 16
INTERVAL = 0.5
ARP = ("arp_ignore", "arp_announce")


def look(run: Runner, host: Host, params: Mapping[str, Any], root: Path = Path("/")) -> dict[str, Any]:
    """Everything that was asked for; what cannot be read is in `unknown` with the reason, and the rest is there all the same."""
    unknown: dict[str, str] = {}

    def part(name: str, read: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return read()
        except (CommandError, IpvsError, OSError, ValueError) as error:
            unknown[name] = str(error)
            return otherwise

    return {
        "addresses": part("addresses", lambda: _addresses(run), {}),
        "arp": part("arp", lambda: {name: _posture(root, name) for name in params["interfaces"]}, {}),
        "services": part("services", lambda: {name: _state(run, name) for name in params["services"]}, {}),
        "ipvs": part("ipvs", lambda: render.entries(table.read(host.kernel())) if host.loaded() else [], []),
        "answers": answers(params["requests"], params["patience"]),
        "certificates": [certificate(run, item) for item in params["certificates"]],
        "trees": part("trees", lambda: {path: tree_state(path) for path in params["trees"]}, {}),
        "booted": part("booted", lambda: _booted(root), 0),
        "unknown": unknown,
    }


def _booted(root: Path) -> int:
    """When the first process was started: in a container too, whose kernel is older than it."""
    kernel = next(line for line in (root / "proc/stat").read_text().splitlines() if line.startswith("btime "))
    # The name of a process may hold blanks and brackets.
    ticks = int((root / "proc/1/stat").read_text().rpartition(")")[2].split()[19])
    return int(kernel.split()[1]) + ticks // os.sysconf("SC_CLK_TCK")


def _addresses(run: Runner) -> dict[str, list[str]]:
    links = [link for link in json.loads(run(["ip", "-json", "address", "show"]).out) if "ifname" in link]
    return {link["ifname"]: [entry["local"] for entry in link.get("addr_info", []) if "local" in entry] for link in links}


def _posture(root: Path, interface: str) -> dict[str, int]:
    """The values in effect: the kernel takes the larger one of the interface's and that of all."""
    conf = root / "proc/sys/net/ipv4/conf"
    return {name: max(int((conf / device / name).read_text()) for device in ("all", interface)) for name in ARP}


def _state(run: Runner, unit: str) -> str:
    # 3: it is not active; the word says how.
    return run(["systemctl", "is-active", unit], accept=(0, 3, 4)).out.strip()


def answers(requests: Sequence[Mapping[str, Any]], patience: float = 0) -> list[dict[str, Any]]:
    """Each request with what is wrong with its answer, empty where nothing is. Those that fail are asked again, for so many seconds."""
    errors = ["not asked"] * len(requests)
    deadline = time.monotonic() + patience
    while True:
        failing = [number for number, error in enumerate(errors) if error]
        if failing:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                for number, error in zip(failing, pool.map(_ask, [requests[number] for number in failing])):
                    errors[number] = error
        if not any(errors) or time.monotonic() >= deadline:
            return [{"url": one["url"], "connect_to": one["connect_to"], "error": error} for one, error in zip(requests, errors)]
        time.sleep(INTERVAL)


def _ask(request: Mapping[str, Any]) -> str:
    url, timeout = request["url"], request["timeout"]
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "tcp":
        try:
            socket.create_connection((request["connect_to"] or parts.hostname, parts.port), timeout).close()
        except OSError as error:
            return "TimeoutError (connect)" if isinstance(error, socket.timeout) else f"{type(error).__name__} (connect)"
        return ""
    # Whether a certificate is good is another question than whether the path to the server is.
    plan = Plan(url, timeout=timeout, connect_to=request["connect_to"] or "", statuses=tuple(request["status"] or ()), verify=False)
    return Client(plan).ask().error

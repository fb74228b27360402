# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time of large tables, against ipvsadm in the same run; prints ratios. Run it with `make bench-ipvs`.

Every number is the best of three, since the machine has other things to do. The module's time is that of its main() in
this process, Ansible's reading of the options and writing of the answer included, Python's own start not.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import apply as carry_out
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import drain, netlink, normalise, plan, table
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.modules import ok
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.oracle import ipvsadm

SERVERS = 10
SINGLE = 200


def declared(services: int, weight: int = 1) -> list[dict[str, Any]]:
    """weight is that of one server in every hundred."""
    return [
        {
            "address": f"198.51.{100 + number // 250}.{number % 250 + 1}",
            "port": 80,
            "scheduler": "wrr",
            "destinations": [
                {
                    "address": f"192.0.2.{server + 1}",
                    "port": 80,
                    "forward": "masquerade",
                    "weight": weight if number % 10 == server == 0 else 1,
                }
                for server in range(SERVERS)
            ],
        }
        for number in range(services)
    ]


def commands(services: list[dict[str, Any]]) -> list[str]:
    lines = []
    for service in services:
        lines.append(f"-A -t {service['address']}:80 -s wrr")
        lines += [f"-a -t {service['address']}:80 -r {server['address']}:80 -m -w 1" for server in service["destinations"]]
    return lines


def best(action: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    times = []
    for _unused in range(3):
        before()
        start = time.monotonic()
        action()
        times.append(time.monotonic() - start)
    return min(times)


def clear() -> None:
    ipvsadm("-C")


def restore(lines: list[str]) -> None:
    subprocess.run(["ipvsadm", "-R"], input="\n".join(lines) + "\n", text=True, check=True)


def single(lines: list[str]) -> None:
    for line in lines:
        subprocess.run(["ipvsadm", *line.split()], check=True)


def fill(services: list[dict[str, Any]]) -> None:
    """The module's work without Ansible's."""
    kernel = netlink.connect()
    wanted = normalise.table(services)
    carry_out.apply(kernel, plan.between(table.read(kernel), wanted, drain=False), drain.Policy())


def show(label: str, seconds: float, against: float, of: str) -> None:
    print(f"{label:34} {seconds:8.2f} s   {seconds / against:6.3f} x {of}", flush=True)


def thousand() -> None:
    services = declared(1000)
    lines = commands(services)
    print("1,000 services with 10 real servers each")
    adding, each = best(lambda: restore(lines), clear), best(lambda: single(lines[:SINGLE]), clear) * len(lines) / SINGLE
    print(f"{'ipvsadm -R':34} {adding:8.2f} s\n{'one ipvsadm for each line':34} {each:8.2f} s   (from {SINGLE})", flush=True)
    show("ipvs_table, cold fill", best(lambda: ok("ipvs_table", services=services), clear), adding, "ipvsadm -R")
    core = best(lambda: fill(services), clear)
    show("  without Ansible's part", core, adding, "ipvsadm -R")
    show("  without Ansible's part", core, each, "one ipvsadm for each line")
    saving = best(lambda: subprocess.run(["ipvsadm", "-Sn"], stdout=subprocess.DEVNULL, check=True))
    print(f"{'ipvsadm -Sn':34} {saving:8.2f} s", flush=True)
    show("ipvs_table, no change", best(lambda: ok("ipvs_table", services=services)), saving, "ipvsadm -Sn")
    show("  without Ansible's part", best(lambda: fill(services)), saving, "ipvsadm -Sn")
    weights = iter((2, 3, 4))
    changed = best(lambda: ok("ipvs_table", services=declared(1000, next(weights))))
    show("ipvs_table, 1 % changed", changed, saving, "ipvsadm -Sn")


def growth() -> None:
    print("growth, without Ansible's part")
    for number in (10, 100, 1000, 10000):
        clear()
        services, count = declared(number), number * SERVERS
        filling, resting = _once(services), _once(services)
        print(
            f"{count:7} real servers: fill {filling:7.2f} s ({1e6 * filling / count:5.0f} us each), no change {resting:6.2f} s", flush=True
        )
    clear()


def _once(services: list[dict[str, Any]]) -> float:
    start = time.monotonic()
    fill(services)
    return time.monotonic() - start


def test_measure() -> None:
    """A test only in form: the guest runs tests."""
    subprocess.run(["modprobe", "-a", "ip_vs", "ip_vs_wrr"], check=True)
    thousand()
    growth()

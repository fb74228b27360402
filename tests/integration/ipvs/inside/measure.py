# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time of large tables, against ipvsadm in the same run; prints ratios. Run it with `make bench-ipvs`.

Every number is the best of several, since the machine has other things to do; those of one block are taken in turns.

- `ipvsadm` is the whole process, its start included.
- `ipvs_table` is its main(): Ansible's reading and checking of the options, the module's work, the writing of the answer.
- `as a process` adds what every Ansible module pays whatever it does: the interpreter's start and Ansible's imports.
  On its way to a host a task costs still more, which is Ansible's and the network's.
- `without Ansible's part` is the module's work alone: normalise, read, compare, order, apply.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ansible.module_utils.testing import patch_module_args
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import apply as carry_out
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import drain, netlink, normalise, plan, table
from ansible_collections.steadfast.edge.plugins.modules import ipvs_table
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.oracle import ipvsadm

SERVERS = 10
SINGLE = 200
BEGIN, END = "-- begin", "-- end"


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


def best(rounds: int, *actions: Callable[[], float]) -> list[float]:
    """The shortest time of each action; they take turns, so that what disturbs the machine disturbs all of them."""
    times = [[action() for action in actions] for _unused in range(rounds)]
    return [min(column) for column in zip(*times, strict=True)]


def seconds(action: Callable[[], object]) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


def clear() -> None:
    """Loads IPVS anew: real servers that were removed stay with the kernel for two minutes, and slow down every addition."""
    ipvsadm("-C")
    subprocess.run(["modprobe", "-r", "ip_vs_wrr", "ip_vs"], check=True)
    subprocess.run(["modprobe", "-a", "ip_vs", "ip_vs_wrr"], check=True)


def restore(lines: list[str]) -> float:
    clear()
    text = "\n".join(lines) + "\n"
    return seconds(lambda: subprocess.run(["ipvsadm", "-R"], input=text, text=True, check=True))


def single(lines: list[str]) -> float:
    clear()
    return seconds(lambda: [subprocess.run(["ipvsadm", *line.split()], check=True) for line in lines])


def save() -> float:
    return seconds(lambda: subprocess.run(["ipvsadm", "-Sn"], stdout=subprocess.DEVNULL, check=True))


def module(services: list[dict[str, Any]], changed: bool = False) -> float:
    """The module's main(), without the making of its arguments, which happens on the controller."""
    output = io.StringIO()

    def main() -> None:
        with contextlib.suppress(SystemExit):
            ipvs_table.main()

    with patch_module_args({"services": services}), contextlib.redirect_stdout(output):
        elapsed = seconds(main)
    assert json.loads(output.getvalue()).get("changed") is changed, output.getvalue()
    return elapsed


def process(arguments: Path) -> float:
    """The same as a process of its own, which is how a host runs it."""
    argv = [sys.executable, "-m", ipvs_table.__name__, str(arguments)]
    return seconds(lambda: subprocess.run(argv, stdout=subprocess.DEVNULL, check=True))


def core(services: list[dict[str, Any]]) -> float:
    """The module's work without Ansible's."""

    def work() -> None:
        kernel = netlink.connect()
        wanted = normalise.table(services)
        carry_out.apply(kernel, plan.between(table.read(kernel), wanted, drain=False), drain.Policy())

    return seconds(work)


def cleared(action: Callable[[], float]) -> float:
    clear()
    return action()


def show(label: str, elapsed: float, against: float, of: str) -> None:
    print(f"{label:34} {elapsed:8.2f} s   {elapsed / against:6.3f} x {of}", flush=True)


def thousand() -> None:
    services = declared(1000)
    lines = commands(services)
    print(f"{BEGIN}\n1,000 services with 10 real servers each")
    adding, some, whole, bare = best(
        3,
        lambda: restore(lines),
        lambda: single(lines[:SINGLE]),
        lambda: cleared(lambda: module(services, changed=True)),
        lambda: cleared(lambda: core(services)),
    )
    each = some * len(lines) / SINGLE
    print(f"{'ipvsadm -R':34} {adding:8.2f} s\n{'one ipvsadm for each line':34} {each:8.2f} s   (from {SINGLE})", flush=True)
    show("ipvs_table, cold fill", whole, adding, "ipvsadm -R")
    show("  without Ansible's part", bare, adding, "ipvsadm -R")
    show("  without Ansible's part", bare, each, "one ipvsadm for each line")
    unchanged(services)


def unchanged(services: list[dict[str, Any]]) -> None:
    arguments = Path("/run/arguments.json")
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {"services": services}}), encoding="ascii")
    saving, whole, bare, apart = best(7, save, lambda: module(services), lambda: core(services), lambda: process(arguments))
    weights = iter((2, 3, 4))
    (some,) = best(3, lambda: module(declared(1000, next(weights)), changed=True))
    print(f"\n{'ipvsadm -Sn':34} {saving:8.2f} s", flush=True)
    for label, elapsed in (
        ("ipvs_table, no change", whole),
        ("  without Ansible's part", bare),
        ("  as a process", apart),
        ("ipvs_table, 1 % changed", some),
    ):
        show(label, elapsed, saving, "ipvsadm -Sn")


def growth() -> None:
    print("\ngrowth, without Ansible's part")
    for number in (10, 100, 1000, 10000):
        clear()
        services, count = declared(number), number * SERVERS
        filling = core(services)
        resting, saving = best(3, partial(core, services), save)
        print(f"{count:7} real servers: fill {filling:7.2f} s, {1e6 * filling / count:5.0f} us each", end="")
        print(f"; no change {resting:6.2f} s, {1e6 * resting / count:5.0f} us each, {resting / saving:.3f} x ipvsadm -Sn", flush=True)
    clear()
    print(END, flush=True)


def test_measure() -> None:
    """A test only in form: the guest runs tests."""
    thousand()
    growth()

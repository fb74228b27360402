# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two nginx that hold VIPs without LVS, in a lab of their own, and how they are asked and changed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
sys.path.append(str(ROOT / "tools"))

from labnames import lab_name

NAME = lab_name("keepalived")
LAB = [str(ROOT / "lab/lab"), "--name", NAME, "--inventory", str(HERE / "inventory")]
ENVIRONMENT = {
    **os.environ,
    "LAB_NAME": NAME,
    "ANSIBLE_HOME": str(ROOT / ".ansible"),
    "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
    "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
}
HOSTS = ("web1", "web2")
SHOP, CENTER, SIX = "192.0.2.150", "192.0.2.151", "2001:db8::150"
RELEASES = {"12": "2.2.7", "13": "2.3.3"}


def lab(*arguments: str) -> str:
    return subprocess.run([*LAB, *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=True, timeout=400).stdout


def on(host: str, *argv: str) -> str:
    return lab("exec", host, "--", *argv)


def ansible(*argv: str) -> str:
    command = [argv[0], "-i", str(HERE / "inventory"), *argv[1:]]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=400, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ansible_fails(*argv: str) -> str:
    command = [argv[0], "-i", str(HERE / "inventory"), *argv[1:]]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=400, cwd=ROOT)
    assert done.returncode != 0, done.stdout
    return done.stdout + done.stderr


def changed(output: str) -> int:
    return sum(int(count) for count in re.findall(r"changed=(\d+)", output))


def holders(vip: str) -> list[str]:
    return [host for host in HOSTS if f" {vip}/" in on(host, "ip", "-oneline", "address", "show", "dev", "eth0")]


def state(host: str) -> dict[str, Any]:
    """What keepalived_info says of a host."""
    said = ansible("ansible", host, "--one-line", "-m", "steadfast.edge.keepalived_info")
    found: dict[str, Any] = json.loads(said.partition("=>")[2])
    return found


def instances(host: str) -> dict[str, dict[str, Any]]:
    return {instance["name"]: instance for instance in state(host)["instances"]}


def eventually(ask: Callable[[], Any], wanted: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while (answer := ask()) != wanted:
        assert time.monotonic() < deadline, f"after {seconds} s still {answer!r}, wanted {wanted!r}"
        time.sleep(0.2)

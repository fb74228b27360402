# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings and table of a director over a reboot and a power cut, through Ansible. Needs a lab of its own (lab/lab)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
sys.path.append(str(ROOT / "tools"))

from labnames import lab_name

NAME = lab_name("ipvs")
LAB = [str(ROOT / "lab/lab"), "--name", NAME, "--inventory", str(HERE / "inventory")]
ENVIRONMENT = {**os.environ, "LAB_NAME": NAME, "ANSIBLE_HOME": str(ROOT / ".ansible"), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}


def lab(*arguments: str) -> str:
    return subprocess.run([*LAB, *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=True, timeout=400).stdout


@pytest.fixture(name="director", scope="module", autouse=True)
def _director() -> Iterator[None]:
    if os.geteuid():
        pytest.skip("the lab needs root")
    try:
        lab("up")
        yield
    finally:
        lab("down")


def converge(answers: Path, *options: str) -> dict[str, Any]:
    """What the modules returned, by the names of the playbook."""
    argv = ["ansible-playbook", "-i", str(HERE / "inventory"), str(HERE / "converge.yml"), "-e", f"answers={answers}", *options]
    ended = subprocess.run(argv, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found: dict[str, Any] = json.loads(answers.read_text(encoding="utf-8"))
    return found


def on_director(*argv: str) -> str:
    return lab("exec", "director1", "--", *argv)


def state() -> list[str]:
    """Everything that matters, in the words of ipvsadm and sysctl: size, table, timeouts, daemon, sysctls and thresholds."""
    thresholds = [line.split()[:4] for line in on_director("ipvsadm", "-Ln", "--thresholds").splitlines() if "->" in line]
    return [
        on_director("ipvsadm", "-Ln").splitlines()[0],
        on_director("ipvsadm", "-Sn"),
        on_director("ipvsadm", "-L", "--timeout"),
        on_director("ipvsadm", "-L", "--daemon"),
        on_director("sysctl", "net.ipv4.vs.conntrack", "net.ipv4.vs.expire_nodest_conn", "net.ipv4.vs.sync_threshold"),
        str(thresholds),
    ]


def test_converge_reboot_and_power_cut(tmp_path: Path) -> None:
    """One story, because each step begins where the last one ended."""
    predicted = converge(tmp_path / "check.json", "--check")
    assert predicted["info"]["loaded"] is False
    real = converge(tmp_path / "real.json")
    # When its turn comes in the real run, the table's task finds the module loaded and set to load at boot.
    parts = {"settings": ("changed", "before", "after", "actions"), "table": ("changed", "before", "after")}
    for name, compared in parts.items():
        for part in compared:
            assert predicted[name][part] == real[name][part], (name, part)
    assert real["info"]["loaded"]
    again = converge(tmp_path / "again.json", "--diff")
    assert [again[name]["changed"] for name in ("settings", "table")] == [False, False]

    before = state()
    size, _table, timeouts, daemon, sysctls, thresholds = before
    assert "size=1024" in size
    assert "Timeout (tcp tcpfin udp): 600 120 30" in timeouts
    assert "syncid=7" in daemon
    assert [line.split(" = ")[1].split() for line in sysctls.splitlines()] == [["1"], ["1"], ["5", "60"]]
    assert "['->', '192.0.2.21:80', '100', '50']" in thresholds

    lab("reboot", "director1")
    _settled()
    assert state() == before
    lab("power-off", "director1")
    lab("power-on", "director1")
    _settled()
    assert state() == before
    assert on_director("systemctl", "list-units", "--failed", "--no-legend", "steadfast-edge-*") == ""
    last = converge(tmp_path / "last.json")
    assert [last[name]["changed"] for name in ("settings", "table")] == [False, False]


def _settled() -> None:
    """The host answers before its boot has ended."""
    subprocess.run(
        [*LAB, "exec", "director1", "--", "systemctl", "is-system-running", "--wait"],
        env=ENVIRONMENT,
        capture_output=True,
        check=False,
        timeout=120,
    )

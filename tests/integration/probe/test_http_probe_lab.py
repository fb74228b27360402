# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""http_probe through Ansible and ssh, against a real nginx that is reloaded, frozen and killed. Makes a lab of its own (lab/lab)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from labclient import Lab
from labnames import lab_name

URL = "http://192.0.2.21/"


@pytest.fixture(name="lab", scope="module")
def fixture_lab() -> Iterator[Lab]:
    made = Lab(lab_name("probe"), HERE / "inventory")
    made.verb("down")
    try:
        made.verb("up")
        made.run("server1", "apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "nginx")
        yield made
    finally:
        made.verb("down")


@pytest.fixture(autouse=True)
def nothing_left(lab: Lab) -> Iterator[None]:
    yield
    module(lab, "absent")


def module(lab: Lab, state: str, check: bool = False, **options: Any) -> dict[str, Any]:
    """One task on the client; what the module returned, failed or not."""
    options["state"] = state
    argv = ["ansible", "-i", str(lab.inventory), "client1", "-m", "steadfast.edge.http_probe", "-a", json.dumps(options)]
    environment = {
        **lab.environment,
        "ANSIBLE_HOME": str(ROOT / ".ansible"),
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
    }
    done = subprocess.run([*argv, *["--check"] * check], env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert "=> " in done.stdout, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.split("=> ", 1)[1])
    return {**answer, "failed": bool(done.returncode)}


def hang_up(lab: Lab) -> None:
    """End every connection to the client, Ansible's shared one included, as if the controller had gone."""
    for control in (lab.ssh_config.parent.parent / "cp").glob("192.0.2.90-*"):
        subprocess.run(["ssh", "-S", str(control), "-O", "exit", "client1"], check=True, capture_output=True)
    deadline = time.monotonic() + 60
    while len(lab.run("client1", "pgrep", "--count", "--full", "^sshd: root").split()) > 1:
        assert time.monotonic() < deadline


def wait_for(seconds: float) -> None:
    """Let the probe see so much of the server's life."""
    time.sleep(seconds)


def test_it_outlives_the_connection_and_sees_a_server_that_stands_still(lab: Lab) -> None:
    started = module(lab, "started", url=URL, rate=50, duration=120, timeout=1)
    assert (started["changed"], started["state"]) == (True, "running")
    hang_up(lab)
    wait_for(1)
    lab.verb("freeze", "server1")
    wait_for(3)
    lab.verb("thaw", "server1")
    wait_for(1)
    answer = module(lab, "collected")
    assert (answer["changed"], answer["state"]) == (True, "stopped")
    # On schedule all the time, although for three seconds nothing was answered.
    assert answer["requests"] == pytest.approx(50 * (answer["ended"] - answer["began"]), abs=110)
    assert 2 < answer["longest_gap"] < 60
    assert answer["lost"] > 50
    assert all(error.startswith("TimeoutError") for error in answer["errors"])
    assert "!" in answer["chart"].strip("#")
    assert module(lab, "collected") == {**answer, "changed": False}


def test_reloads_of_nginx_lose_nothing(lab: Lab) -> None:
    module(lab, "started", url=URL, rate=40, duration=120, timeout=3, connections="both", contains="nginx")
    for _turn in range(5):
        lab.run("server1", "systemctl", "reload", "nginx")
        wait_for(0.5)
    answer = module(lab, "collected")
    assert answer["requests"] > 80
    assert (answer["lost"], answer["retried"]) == (0, 0), answer["errors"]
    assert answer["statuses"] == {"200": answer["requests"]}


def test_a_restart_of_nginx_is_seen(lab: Lab) -> None:
    """The same figures are not clean by themselves."""
    module(lab, "started", url=URL, rate=100, duration=120, timeout=3, connections="fresh")
    lab.run("server1", "systemctl", "stop", "nginx")
    wait_for(0.5)
    lab.run("server1", "systemctl", "start", "nginx")
    answer = module(lab, "collected")
    assert answer["lost"] > 20
    assert "ConnectionRefusedError (connect)" in answer["errors"]
    assert answer["longest_gap"] > 0.4


def test_a_killed_probe_and_a_rebooted_host_are_no_success(lab: Lab) -> None:
    module(lab, "started", url=URL, rate=50, duration=120)
    pid = json.loads(lab.run("client1", "cat", "/run/steadfast-edge/probes/probe/record.json"))["pid"]
    lab.run("client1", "kill", "-9", str(pid))
    answer = module(lab, "collected")
    assert (answer["failed"], answer["state"]) == (True, "died")
    assert module(lab, "started", url=URL, rate=50, duration=120)["changed"]
    lab.verb("reboot", "client1")
    answer = module(lab, "collected")
    assert answer["failed"]
    assert answer["msg"].startswith("There is no probe probe")


def test_check_mode_starts_and_ends_nothing(lab: Lab) -> None:
    assert module(lab, "started", check=True, url=URL)["changed"]
    assert module(lab, "collected")["failed"]
    module(lab, "started", url=URL)
    assert not module(lab, "started", check=True, url=URL)["changed"]
    assert module(lab, "collected", check=True)["state"] == "running"
    assert module(lab, "absent", check=True)["changed"]
    assert module(lab, "collected")["state"] == "stopped"

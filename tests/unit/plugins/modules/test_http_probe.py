# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""http_probe as a task sees it."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.steadfast.edge.plugins.module_utils._probe import background
from ansible_collections.steadfast.edge.plugins.modules import http_probe
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.probe.site import Site

Task = Callable[..., dict[str, Any]]


class Finished(Exception):
    """What the module told Ansible."""


@pytest.fixture(name="task")
def fixture_task(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Task]:
    def finish(_module: Any, **answer: Any) -> None:
        raise Finished({"failed": False, **answer})

    def fail(_module: Any, **answer: Any) -> None:
        raise Finished({**answer, "failed": True})

    monkeypatch.setattr(basic.AnsibleModule, "exit_json", finish)
    monkeypatch.setattr(basic.AnsibleModule, "fail_json", fail)
    monkeypatch.setattr(background, "FOLDER", tmp_path)

    def run(state: str, check: bool = False, **params: Any) -> dict[str, Any]:
        if "url" in params:
            # A busy machine is no reason for a time-out.
            params = {"timeout": 15, **params}
        with patch_module_args({"state": state, **params, "_ansible_check_mode": check}), pytest.raises(Finished) as caught:
            http_probe.main()
        answer: dict[str, Any] = json.loads(json.dumps(caught.value.args[0]))
        return answer

    yield run
    for path in tmp_path.iterdir():
        run("absent", name=path.name)


@pytest.fixture(name="url")
def fixture_url() -> Iterator[str]:
    with Site() as site:
        yield f"{site.url}/ok"


def told(answer: dict[str, Any]) -> tuple[bool, bool, str]:
    return answer["failed"], answer.get("changed", False), answer.get("state", "")


def test_started_collected_absent(task: Task, url: str) -> None:
    options = {"url": url, "rate": 50, "count_headers": ["X-Server", "X-None"]}
    assert told(task("started", check=True, **options)) == (False, True, "running")
    assert not background.Probe("probe").exists
    assert told(task("started", **options)) == (False, True, "running")
    assert told(task("started", **options)) == (False, False, "running")
    assert told(task("started", check=True, **options)) == (False, False, "running")
    assert told(task("collected", check=True)) == (False, True, "running")
    # On a busy machine the first answer takes its time.
    while not task("collected", check=True)["requests"]:
        time.sleep(0.05)
    answer = task("collected")
    assert told(answer) == (False, True, "stopped")
    assert answer["lost"] == 0
    assert answer["servers"] == {"X-Server": {"one": answer["requests"]}, "X-None": {"": answer["requests"]}}
    assert answer["msg"].startswith(f"{answer['requests']} requests: 0 lost, 0 answered after a retry; longest gap 0.000 s; p50 ")
    assert set(answer["chart"]) == {"#"}
    again = task("collected")
    assert again == {**answer, "changed": False}
    assert task("collected", check=True) == again
    assert told(task("absent", check=True)) == (False, True, "absent")
    assert told(task("absent")) == (False, True, "absent")
    assert told(task("absent")) == (False, False, "absent")


def test_every_documented_figure_is_there(task: Task, url: str) -> None:
    task("started", url=url, rate=50, duration=0.1)
    answer = task("collected", wait=True)
    assert (told(answer), answer["requests"]) == ((False, True, "finished"), 5)
    documented = {line[:-1] for line in http_probe.RETURN.splitlines() if line and line[0].isalpha()}
    assert set(answer) == documented | {"changed", "failed"}


def test_other_options_of_a_running_probe_are_an_error(task: Task, url: str) -> None:
    task("started", url=url, rate=50)
    answer = task("started", url=url, rate=51, timeout=3)
    assert answer["failed"]
    assert answer["msg"].startswith("The probe probe is running with other values (rate, timeout). Collect or remove it first")
    assert told(task("started", url=url, rate=50)) == (False, False, "running")
    assert told(task("started", name="other", url=url, rate=51)) == (False, True, "running")


def test_a_probe_that_has_ended_is_replaced(task: Task, url: str) -> None:
    task("started", url=url, rate=50, duration=0.1)
    first = task("collected", wait=True)
    assert told(task("started", url=url, rate=50, duration=0.2)) == (False, True, "running")
    second = task("collected", wait=True)
    assert (first["requests"], second["requests"]) == (5, 10)


def test_a_killed_probe_is_a_failure_with_what_is_known(task: Task, url: str) -> None:
    task("started", url=url, rate=50)
    record = background.Probe("probe").read()
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    while background.Probe("probe").alive():
        time.sleep(0.05)
    answer = task("collected")
    assert told(answer) == (True, False, "died")
    assert answer["msg"].startswith("The probe probe died: its process was killed. Until then ")
    assert "lost" in answer
    assert told(task("started", url=url, rate=50)) == (False, True, "running")


def test_lost_requests_are_no_failure_of_the_module(task: Task) -> None:
    task("started", url="http://127.0.0.1:1/", rate=50, duration=0.1, timeout=0.5)
    answer = task("collected", wait=True)
    assert (answer["failed"], answer["lost"], answer["errors"]) == (False, 5, {"ConnectionRefusedError (connect)": 5})
    assert answer["chart"] == "!"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"url": "shop.example.com"}, "shop.example.com cannot be asked: write a whole URL"),
        ({"url": "ftp://shop.example.com/"}, "cannot be asked"),
        ({"url": "http://192.0.2.150:99999/"}, "cannot be asked"),
        ({"url": "http://192.0.2.150/a b"}, "cannot be asked"),
        ({"url": "http://192.0.2.150/", "rate": 0}, "rate is 0; it must be more than 0 and at most 2000."),
        ({"url": "http://192.0.2.150/", "duration": 86401}, "duration is 86401; it must be more than 0 and at most 86400."),
        ({"url": "http://192.0.2.150/", "retries": -1}, "retries is -1; it cannot be less than 0."),
        ({"url": "http://192.0.2.150/", "rate": 100, "timeout": 5, "retries": 1}, "With these values 1001 requests could be waiting"),
        ({}, "state is started but all of the following are missing: url"),
        ({"url": "http://192.0.2.150/", "name": "../x"}, "'../x' is no name for a probe"),
    ],
)
def test_what_cannot_be_asked_is_said_before_anything_starts(task: Task, params: dict[str, Any], said: str) -> None:
    for check in (True, False):
        answer = task("started", check=check, **params)
        assert answer["failed"]
        assert said in answer["msg"]


def test_a_probe_that_nobody_started_is_no_success(task: Task) -> None:
    answer = task("collected")
    assert answer["failed"]
    assert answer["msg"].startswith("There is no probe probe")


def test_an_unreadable_record_is_an_error_and_can_be_removed(task: Task, tmp_path: Path) -> None:
    (tmp_path / "probe").mkdir()
    (tmp_path / "probe/record.json").write_text("{}")
    assert "remove the probe with 'state: absent'" in task("collected")["msg"]
    assert told(task("absent")) == (False, True, "absent")
    assert not (tmp_path / "probe").exists()

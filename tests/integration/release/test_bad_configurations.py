# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of configuration that must not go live, through the role's own task: refused with its place, while nobody notices.

All of them in one play, each with the role's task for the release around its patch: a run of ansible-playbook for each would take minutes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.release.web import HERE, PRINT, SQUATTER, Web

TABLE = yaml.safe_load((HERE / "bad_configurations.yml").read_text())
BAD = {case["name"]: case for case in TABLE["bad"]}
CONFIGURE = HERE.parents[2] / "roles/nginx/tasks/configure.yml"


def attempt(number: int, variables: dict[str, Any]) -> dict[str, Any]:
    """The role's task for the release, and its message written down where it fails."""
    release = next(task for task in yaml.safe_load(CONFIGURE.read_text()) if task["name"] == "Release the configuration")
    note = {"ansible.builtin.set_fact": {f"refusal_{number}": "{{ ansible_failed_result.msg }}"}}
    return {"name": f"Attempt {number}", "vars": variables, "block": [release], "rescue": [{"name": "Note it down", **note}]}


def look(name: str) -> dict[str, Any]:
    """What is on disk at this moment."""
    return {"name": "Look at the live tree", "ansible.builtin.shell": {"cmd": PRINT}, "register": name}


def play(answers: Path) -> list[dict[str, Any]]:
    """The role as it should be, and then each of the bad ones."""
    names = ["before.stdout", "after.stdout", *(f"refusal_{number} | default('')" for number in range(len(BAD)))]
    copy = {"content": f"{{{{ [{', '.join(names)}] | to_json }}}}", "dest": str(answers), "mode": "0600"}
    return [{
        "hosts": "web1",
        "gather_facts": False,
        "vars": TABLE["base"],
        "roles": [{"role": "steadfast.edge.nginx"}],
        "tasks": [
            look("before"),
            *(attempt(number, case["variables"]) for number, case in enumerate(BAD.values())),
            look("after"),
            {"name": "Hand over", "ansible.builtin.copy": copy, "delegate_to": "localhost"},
        ],
    }]  # fmt: skip


@pytest.fixture(scope="module", name="refusals")
def _refusals(made: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What each of the configurations was refused with."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "bad.yml").write_text(yaml.safe_dump(play(folder / "answers.json")))
    made.shell(SQUATTER)
    with made.no_loss():
        made.playbook(folder / "bad.yml")
    before, after, *messages = json.loads((folder / "answers.json").read_text())
    assert "servers/shop.conf" in before
    assert after == before
    yield dict(zip(BAD, messages))
    made.shell("systemctl stop squatter")


@pytest.mark.parametrize("name", BAD)
def test_it_is_refused_with_its_place(refusals: dict[str, str], name: str) -> None:
    message = " ".join(refusals[name].split())
    assert BAD[name]["message"] in message
    assert BAD[name]["path"] in message

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

from tests.integration.release.web import HERE, SQUATTER, Web

TABLE = yaml.safe_load((HERE / "bad_configurations.yml").read_text())
BAD = {case["name"]: case for case in TABLE["bad"]}
CONFIGURE = HERE.parents[2] / "roles/nginx/tasks/configure.yml"


def attempt(number: int, variables: dict[str, Any]) -> dict[str, Any]:
    """The role's task for the release, and its message written down where it fails."""
    release = next(task for task in yaml.safe_load(CONFIGURE.read_text()) if task["name"] == "Release the configuration")
    note = {"ansible.builtin.set_fact": {f"refusal_{number}": "{{ ansible_failed_result.msg }}"}}
    return {"name": f"Attempt {number}", "vars": variables, "block": [release], "rescue": [{"name": "Note it down", **note}]}


def play(tasks: list[dict[str, Any]], answers: Path) -> list[dict[str, Any]]:
    refusals = ", ".join(f"refusal_{number} | default('')" for number in range(len(tasks)))
    copy = {"content": f"{{{{ [{refusals}] | to_json }}}}", "dest": str(answers), "mode": "0600"}
    return [{
        "hosts": "web1",
        "gather_facts": True,
        "roles": [{"role": "steadfast.edge.nginx"}],
        "tasks": [*tasks, {"name": "Hand over", "ansible.builtin.copy": copy, "delegate_to": "localhost"}],
    }]


@pytest.fixture(scope="module", name="refusals")
def _refusals(made: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What each of the configurations was refused with."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "base.json").write_text(json.dumps(TABLE["base"]))
    (folder / "good.yml").write_text(yaml.safe_dump(play([], folder / "none.json")))
    attempts = [attempt(number, case["variables"]) for number, case in enumerate(BAD.values())]
    (folder / "bad.yml").write_text(yaml.safe_dump(play(attempts, folder / "answers.json")))
    made.playbook(folder / "good.yml", "-e", f"@{folder}/base.json")
    made.shell(SQUATTER)
    before = made.live()
    with made.no_loss():
        made.playbook(folder / "bad.yml", "-e", f"@{folder}/base.json")
    assert made.live() == before
    yield dict(zip(BAD, json.loads((folder / "answers.json").read_text())))
    made.shell("systemctl stop squatter")


@pytest.mark.parametrize("name", BAD)
def test_it_is_refused_with_its_place(refusals: dict[str, str], name: str) -> None:
    message = " ".join(refusals[name].split())
    assert BAD[name]["message"] in message
    assert BAD[name]["path"] in message

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role adds to keepalived's unit, and installs for it: on a stop the table outlasts the VIPs, unless `omega` forbids it."""

from __future__ import annotations

import json
import re
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkout import ROOT

ROLE = ROOT / "roles/keepalived"
INSTANCE = {"name": "shop", "interface": "eth0", "virtual_router_id": 51, "priority": 250, "virtual_ipaddresses": ["192.0.2.150/32"]}
SERVER = {"name": "shop", "address": "192.0.2.150", "port": 80, "real_servers": [{"address": "192.0.2.21", "port": 80}]}
ALWAYS = ["[Service]", "Restart=on-failure", "RestartSec=1"]
CLEAR = "ExecStopPost=-/bin/sh -c 'test \"$SERVICE_RESULT\" != success || ipvsadm --clear'"
KEPT: dict[str, Any] = {"keepalived_virtual_servers": [SERVER]}
OTHER = {**SERVER, "name": "other", "port": 81}

DEBIAN = "/usr/sbin/keepalived --dont-fork $DAEMON_ARGS"

# What is given, and what is started in place of the unit's own command.
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "instances alone": ({}, ""),
    "virtual servers": (KEPT, DEBIAN),
    "of the other family": ({**KEPT, "family": "RedHat"}, "/usr/sbin/keepalived --dont-fork $KEEPALIVED_OPTIONS"),
    "from source": ({**KEPT, "keepalived_install": "source"}, "/usr/local/keepalived/current/sbin/keepalived --pid=/run/keepalived.pid"),
    "omega is off": ({"keepalived_virtual_servers": [{**SERVER, "omega": False}]}, DEBIAN),
    "one with omega": ({"keepalived_virtual_servers": [SERVER, {**OTHER, "omega": True}]}, ""),
    "one with raw omega": ({"keepalived_virtual_servers": [SERVER, {**OTHER, "raw": "omega # as ever"}]}, ""),
}
ANSWER = {"unit": "{{ __keepalived_unit_files[0].content }}", "packages": "{{ __keepalived_table_packages }}"}


@pytest.fixture(name="answers", scope="module")
def fixture_answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Of every case, as the role's variables have it: the drop-in and the package."""
    folder: Path = tmp_path_factory.mktemp("unit")
    (folder / "templates").symlink_to(ROLE / "templates")
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8"))
    host = {"keepalived_version": "2.3.3", "keepalived_vrrp_instances": [INSTANCE], "family": "Debian", "answer": ANSWER}
    plays = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {**defaults, **host, **given},
            "vars_files": [str(ROLE / "vars" / name) for name in ("{{ family }}.yml", "main.yml")],
            "tasks": [{"ansible.builtin.debug": {"msg": "({{ answer | to_json | b64encode }})"}}],
        }
        for given, _started in CASES.values()
    ]
    (folder / "plays.yml").write_text(json.dumps(plays), encoding="utf-8")
    command = ["ansible-playbook", "-i", "localhost,", str(folder / "plays.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    said = re.findall(r"\(([\w+/=]{40,})\)", done.stdout)
    return {name: json.loads(b64decode(answer)) for name, answer in zip(CASES, said, strict=True)}


@pytest.mark.parametrize("name", CASES)
def test_the_table_outlasts_the_vips_unless_omega_forbids_it(answers: dict[str, dict[str, Any]], name: str) -> None:
    started = CASES[name][1]
    lines = [line for line in answers[name]["unit"].splitlines() if line and not line.startswith("#")]
    assert lines == ALWAYS + (["ExecStart=", f"ExecStart={started} --dont-release-ipvs", CLEAR] if started else [])
    assert answers[name]["packages"] == (["ipvsadm"] if started else [])


def test_every_way_of_installing_brings_the_command_that_empties_the_table() -> None:
    texts = [(ROLE / f"tasks/install_{name}.yml").read_text(encoding="utf-8") for name in ("package", "source")]
    tasks = [task for text in texts for task in yaml.safe_load(text)]
    installed = [task[module]["name"] for task in tasks for module in ("ansible.builtin.apt", "ansible.builtin.dnf") if module in task]
    assert ["__keepalived_table_packages" in name for name in installed] == [True] * 4

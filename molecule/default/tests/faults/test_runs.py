# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on an edge that is built already, as its operators start them every day."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from labclient import ROOT, Lab
from topology import APP, DIRECTORS, WEB

ALL = {*DIRECTORS, *WEB, *APP}


@pytest.fixture(name="deployment")
def fixture_deployment(tmp_path: Path, lab: Lab) -> Path:
    """A deployment folder made from the worked example, filled in with the lab's hosts."""
    folder = tmp_path / "my-edge"
    make = ["ansible-playbook", "steadfast.edge.create_deployment", "-e", f"deployment={folder}"]
    subprocess.run(make, check=True, cwd=ROOT, capture_output=True)
    shutil.rmtree(folder / "prod")
    shutil.copytree(lab.inventory, folder / "prod")
    for path in (folder / "prod").rglob("*.yml"):
        path.write_text(path.read_text(encoding="utf-8").replace("{{ inventory_dir }}/../..", str(ROOT)), encoding="utf-8")
    return folder


# The second run on all hosts that really writes is the scenario's idempotence step. --limit names the hosts to work on; files still
# know all the others.
@pytest.mark.parametrize(("mode", "hosts"), [(["--check", "--diff"], ALL), (["--limit", "web1,director2"], {"web1", "director2"})])
def test_the_daily_command_changes_nothing(lab: Lab, deployment: Path, mode: list[str], hosts: set[str]) -> None:
    environment = {
        **lab.environment,
        "ANSIBLE_CONFIG": str(deployment / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible/collections"),
    }
    command = ["ansible-playbook", "site.yml", "-i", "prod", *mode]
    done = subprocess.run(command, cwd=deployment, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    recap = re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", done.stdout, re.MULTILINE)
    assert {host for host, *_counts in recap} >= hosts, done.stdout
    assert {(changed, unreachable, failed) for _host, changed, unreachable, failed in recap} == {("0", "0", "0")}, done.stdout

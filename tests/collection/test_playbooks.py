# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook parses, every example inventory passes the preflight, and a deployment folder is made from the worked example."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.steadfast.edge.plugins.module_utils._topology.variables import DERIVED
from checkout import INVENTORIES, PLAYBOOKS, ROOT


def ansible(*argv: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, cwd=cwd, env={**os.environ, **environment}, check=False)


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_syntax(playbook: str) -> None:
    done = ansible("ansible-playbook", "--syntax-check", "-i", "inventories/prod", f"playbooks/{playbook}.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("inventory", INVENTORIES)
def test_every_inventory_passes_the_preflight(inventory: str) -> None:
    done = ansible("ansible-playbook", "-i", f"inventories/{inventory}", "playbooks/preflight.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_preflight_knows_every_variable_that_the_playbooks_fill() -> None:
    """What play variables hide would silently do nothing in an inventory. Names of merged lists and global definitions are added to it."""
    filled: set[str] = set()
    for tier in ("app", "web", "directors"):
        for play in _yaml(f"{tier}.yml"):
            files = [_yaml(name) for name in play.get("vars_files", [])]
            given = [play.get("vars", {}), *files, *(role.get("vars", {}) for role in play.get("roles", []))]
            filled |= {name for variables in given for name in variables if "__" not in name}
    assert filled - {"keepalived_global_defs"} == set(DERIVED)


def _yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / "playbooks" / name).read_text(encoding="utf-8"))


@pytest.fixture(name="deployment", scope="module")
def fixture_deployment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deployment") / "my-edge"
    done = ansible("ansible-playbook", "steadfast.edge.create_deployment", "-e", f"deployment={folder}")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_a_deployment_folder_has_all_it_needs(deployment: Path) -> None:
    names = {path.name for path in deployment.iterdir()}
    assert {"site.yml", "prod", "ansible.cfg", "requirements.yml"} <= names
    assert "==0." in (deployment / "requirements.yml").read_text(encoding="utf-8")


def test_a_deployment_runs_its_daily_command(deployment: Path) -> None:
    """site.yml -i prod is found, parsed and passes the preflight (the example's hosts do not exist, so no further)."""
    home = {"ANSIBLE_CONFIG": str(deployment / "ansible.cfg"), "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible/collections")}
    listed = ansible("ansible-playbook", "site.yml", "-i", "prod", "--list-hosts", cwd=deployment, **home)
    assert listed.returncode == 0, listed.stdout + listed.stderr
    assert "lb1.example.com" in listed.stdout
    checked = ansible("ansible-playbook", "steadfast.edge.preflight", "-i", "prod", cwd=deployment, **home)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_filled_in_inventory_is_never_written_over(deployment: Path) -> None:
    hosts = deployment / "prod/hosts.yml"
    hosts.write_text("---\nall: {}\n", encoding="utf-8")
    again = ansible("ansible-playbook", "steadfast.edge.create_deployment", "-e", f"deployment={deployment}")
    assert again.returncode == 0, again.stdout + again.stderr
    assert hosts.read_text(encoding="utf-8") == "---\nall: {}\n"


def test_the_built_collection_holds_what_users_need_and_no_more(tmp_path: Path) -> None:
    """Installed from its own archive, it still finds roles, playbooks and the worked example; the checkout's left-overs stay out."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / "src" / name)
    environment = {"ANSIBLE_CONFIG": str(tmp_path / "none.cfg"), "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections")}
    (tmp_path / "none.cfg").write_text("", encoding="utf-8")
    galaxy = ("ansible-galaxy", "collection")
    built = ansible(*galaxy, "build", "--output-path", str(tmp_path), str(tmp_path / "src"), cwd=tmp_path, **environment)
    assert built.returncode == 0, built.stdout + built.stderr
    archive = next(tmp_path.glob("steadfast-edge-*.tar.gz"))
    with tarfile.open(archive) as contents:
        names = contents.getnames()
    assert "playbooks/site.yml" in names
    assert not {".git", ".venv", ".ansible"} & {name.split("/")[0] for name in names}
    installed = ansible(*galaxy, "install", "--offline", "-p", str(tmp_path / "collections"), str(archive), cwd=tmp_path, **environment)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    made = ansible("ansible-playbook", "steadfast.edge.create_deployment", "-e", f"deployment={tmp_path}/edge", cwd=tmp_path, **environment)
    assert made.returncode == 0, made.stdout + made.stderr
    assert (tmp_path / "edge/prod/hosts.yml").exists()

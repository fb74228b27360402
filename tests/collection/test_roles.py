# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role is documented, and what it documents is what it does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkout import ROLES, ROOT


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def specification(role: str) -> dict[str, Any]:
    options = load(ROOT / "roles" / role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert isinstance(options, dict)
    return options


def described(options: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every option of a specification, nested ones included, with its path."""
    for name, option in options.items():
        yield f"{path}{name}", option
        yield from described(option.get("options", {}), f"{path}{name}.")


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_those_of_the_specification(role: str) -> None:
    specified = {name: option["default"] for name, option in specification(role).items() if "default" in option}
    assert load(ROOT / "roles" / role / "defaults/main.yml") == specified


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_is_described_and_prefixed(role: str) -> None:
    for path, option in described(specification(role)):
        assert option.get("description"), f"{role}: {path} has no description"
        assert option.get("type"), f"{role}: {path} has no type"
    assert all(name.startswith(f"{role}_") for name in specification(role))


@pytest.mark.parametrize("role", ROLES)
def test_every_public_variable_is_used(role: str) -> None:
    folder = ROOT / "roles" / role
    parts = ("tasks", "templates", "handlers", "vars")
    text = "".join(path.read_text(encoding="utf-8") for part in parts for path in folder.glob(f"{part}/**/*.*"))
    unused = [name for name in specification(role) if not re.search(rf"\b{name}\b", text)]
    assert not unused


@pytest.mark.parametrize("role", ROLES)
def test_tasks_are_a_list_of_phases(role: str) -> None:
    """main.yml names the phases; each phase is a short file."""
    main = load(ROOT / "roles" / role / "tasks/main.yml")
    assert all({"ansible.builtin.import_tasks", "ansible.builtin.include_tasks"} & set(task) for task in main)
    for path in (ROOT / "roles" / role / "tasks").glob("*.yml"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 75, path


@pytest.mark.parametrize("role", ROLES)
def test_every_supported_family_has_its_variables(role: str) -> None:
    names = {path.stem for path in (ROOT / "roles" / role / "vars").glob("*.yml")}
    assert not names or names - {"main"} in ({"Debian", "RedHat"}, set())


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_in_a_playbook(role: str) -> None:
    playbooks = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "playbooks").glob("*.yml"))
    assert f"steadfast.edge.{role}" in playbooks

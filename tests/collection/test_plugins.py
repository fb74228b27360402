# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module and filter is tested, documented and short where it must be."""

from __future__ import annotations

import ast
import json
import subprocess

import pytest
from checkout import MODULES, ROOT


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_tests(module: str) -> None:
    """A test file of its own, or for an action plugin's documentation stub a test of the action."""
    assert list((ROOT / "tests").glob(f"**/test_{module}*.py")) or list((ROOT / "tests").glob(f"**/{module}/test_*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_main_is_short(module: str) -> None:
    tree = ast.parse((ROOT / "plugins/modules" / f"{module}.py").read_text(encoding="utf-8"))
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert lengths.get("main", 0) <= 45


def documented(kind: str) -> list[str]:
    """What Ansible lists of a kind of plugin in this collection."""
    command = ["ansible-doc", "--json", "--list", "-t", kind, "steadfast.edge"]
    return sorted(json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout))


def test_every_module_is_listed() -> None:
    assert documented("module") == [f"steadfast.edge.{name}" for name in MODULES]


@pytest.mark.parametrize("kind", ["module", "filter"])
def test_documentation_is_complete(kind: str) -> None:
    """ansible-doc reads every page, and each has a description, examples and return values."""
    names = documented(kind)
    shown = subprocess.run(["ansible-doc", "--json", "-t", kind, *names], capture_output=True, text=True, check=True, cwd=ROOT)
    pages = json.loads(shown.stdout)
    assert sorted(pages) == names
    for name, page in pages.items():
        assert page["doc"]["description"], name
        assert page["examples"].strip(), name
        assert page["return"], name

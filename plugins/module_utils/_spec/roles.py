# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument specifications of this collection's roles, as the reader takes them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ansible.module_utils.common.yaml import yaml_load

__all__ = ["options_of", "plain", "roles"]

ROLES = Path(__file__).resolve().parents[3] / "roles"
PLACE = Path("meta") / "argument_specs.yml"


@cache
def options_of(role: str, folder: Path = ROLES) -> dict[str, Any]:
    """The options of all entry points of a role; those of main alone are required. Raises OSError where there is no such role."""
    content = yaml_load((folder / role / PLACE).read_text(encoding="utf-8")) or {}
    entries = {name: (entry or {}).get("options") or {} for name, entry in (content.get("argument_specs") or {}).items()}
    others = {name: {**option, "required": False} for entry in entries.values() for name, option in entry.items()}
    return {**others, **entries.get("main", {})}


def roles(folder: Path = ROLES) -> dict[str, dict[str, Any]]:
    """Each role that has a specification, with its options."""
    return {path.parent.parent.name: options_of(path.parent.parent.name, folder) for path in sorted(folder.glob(f"*/{PLACE}"))}


def plain(value: Any) -> Any:
    """A copy without Ansible's wrappers, which would make every touch of a value many times slower."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    # Texts, encrypted ones too.
    return str(value)

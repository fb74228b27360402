# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The good inventory and the table of bad ones, as variables of hosts."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.steadfast.edge.plugins.module_utils._spec.roles import roles

HERE = Path(__file__).parent
BAD_INPUTS: list[dict[str, Any]] = yaml.safe_load((HERE / "bad_inputs.yml").read_text(encoding="utf-8"))

# As the action plugin reads them.
ROLES = roles()


# Sound inventories of other topologies than the first one.
BASES = ("nat", "tun", "ipv6", "standalone")


def good(base: str = "") -> dict[str, Any]:
    name = f"good_{base}.yml" if base else "good.yml"
    found: dict[str, Any] = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return found


def _steps(path: str) -> list[Any]:
    return [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", path)]


def put(tree: Any, path: str, value: Any) -> None:
    *way, last = _steps(path)
    for step in way:
        tree = tree[step]
    if isinstance(tree, list) and last == len(tree):
        tree.append(value)
    else:
        tree[last] = value


def take(tree: Any, path: str) -> None:
    *way, last = _steps(path)
    for step in way:
        tree = tree[step]
    del tree[last]


def broken(case: dict[str, Any]) -> dict[str, Any]:
    """The good inventory with the changes of one case."""
    inventory = good(case.get("base", ""))
    for path, value in case.get("set", {}).items():
        put(inventory["all"], path, value)
    for path in case.get("remove", []):
        take(inventory["all"], path)
    for host, changes in case.get("hosts", {}).items():
        inventory["hosts"].setdefault(host, {}).update(changes)
    inventory["groups"].update(case.get("groups", {}))
    return inventory


def hostvars(inventory: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What Ansible would show of it; a null of a host hides the variable."""
    found = {}
    for host, own in inventory["hosts"].items():
        merged = {**copy.deepcopy(inventory["all"]), **own, "inventory_hostname": host, "groups": inventory["groups"]}
        found[host] = {name: value for name, value in merged.items() if value is not None}
    return found

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller alone: reads the variables of every host, connects to none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.yaml import yaml_load
from ansible.plugins.action import ActionBase
from ansible_collections.steadfast.edge.plugins.module_utils._topology import preflight
from ansible_collections.steadfast.edge.plugins.module_utils._topology.inventory import Inventory

ROLES = Path(__file__).resolve().parents[2] / "roles"


def role_variables(roles: Path) -> dict[str, set[str]]:
    """The public variables of each role, from its own argument specification."""
    found: dict[str, set[str]] = {}
    for specification in sorted(roles.glob("*/meta/argument_specs.yml")):
        entry_points = (yaml_load(specification.read_text(encoding="utf-8")) or {}).get("argument_specs") or {}
        names = {name for entry in entry_points.values() for name in (entry or {}).get("options") or {}}
        found[specification.parent.parent.name] = names
    return found


class ActionModule(ActionBase):
    """The preflight as a task."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        if self._task.args:
            raise AnsibleActionFail(f"steadfast.edge.preflight takes no options, but was given {', '.join(sorted(self._task.args))}.")
        known = task_vars or {}
        inventory = Inventory(known["hostvars"], known["groups"])
        vocabulary, problems = preflight.check(inventory, role_variables(ROLES))
        result.update(
            changed=False,
            failed=bool(problems),
            msg=preflight.report(problems) if problems else preflight.describe(vocabulary),
            errors=[problem.as_dict() for problem in problems],
        )
        return result

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller alone: reads the variables of every host, connects to none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jinja2
import jinja2.meta
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.steadfast.edge.plugins.module_utils._spec.roles import roles
from ansible_collections.steadfast.edge.plugins.module_utils._topology import preflight
from ansible_collections.steadfast.edge.plugins.module_utils._topology.inventory import Inventory


def scope(value: Any) -> str:
    """What a raw value depends on: nothing ("literal"), the inventory alone ("inventory"), or the host, as far as one can tell."""
    if isinstance(value, Mapping):
        parts = {scope(each) for each in value.values()}
    elif isinstance(value, list):
        parts = {scope(each) for each in value}
    elif isinstance(value, str) and ("{{" in value or "{%" in value or "{#" in value):
        try:
            names = jinja2.meta.find_undeclared_variables(jinja2.Environment().parse(value))
        except jinja2.TemplateError:
            return "host"
        return "inventory" if names <= {"groups"} else "host"
    else:
        # Whatever is not plain, an encrypted text for one, is left to Ansible.
        return "literal" if value is None or isinstance(value, (str, int, float)) else "host"
    return next((kind for kind in ("host", "inventory") if kind in parts), "literal")


class View(Mapping[str, Any]):
    """What one host sees. Ansible renders every value for every host; most mean the same on all of them."""

    def __init__(self, hostvars: Any, host: str, shared: dict[str, list[tuple[Any, Any]]]) -> None:
        self._hostvars = hostvars
        self._host = host
        self._raw = hostvars.raw_get(host)
        self._shared = shared

    def __getitem__(self, name: str) -> Any:
        raw = self._raw[name]
        known = self._shared.setdefault(name, [])
        for seen, value in known:
            if seen is raw or seen == raw:
                return value
        kind = scope(raw)
        value = raw if kind == "literal" else self._hostvars[self._host][name]
        # Scalars are read faster than looked up.
        if kind == "inventory" or (kind == "literal" and isinstance(raw, (Mapping, list))):
            known.append((raw, value))
        return value

    def __contains__(self, name: object) -> bool:
        return name in self._raw

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


class Views(Mapping[str, View]):
    """Ansible's hostvars, each value that is the same on all hosts rendered once."""

    def __init__(self, hostvars: Any) -> None:
        self._hostvars = hostvars
        self._shared: dict[str, list[tuple[Any, Any]]] = {}

    def __getitem__(self, host: str) -> View:
        return View(self._hostvars, host, self._shared)

    def __iter__(self) -> Iterator[str]:
        return iter(self._hostvars)

    def __len__(self) -> int:
        return len(self._hostvars)


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
        hostvars = known["hostvars"]
        inventory = Inventory(Views(hostvars) if hasattr(hostvars, "raw_get") else hostvars, known["groups"])
        vocabulary, problems = preflight.check(inventory, roles())
        result.update(
            changed=False,
            failed=bool(problems),
            msg=preflight.report(problems) if problems else preflight.describe(vocabulary),
            errors=[problem.as_dict() for problem in problems],
        )
        return result

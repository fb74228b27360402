# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the roles' own variables, as far as the inventory gives them.

Whatever is set for a host is read by the role's argument specification, whether or not the host runs the role. A value that cannot
be rendered here, for want of facts for one, is left to the role, which checks its arguments itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._nginx.files import Host, build
from .._nginx.merge import merge
from .._spec import Specification
from .._tomcat.plan import judge
from .inventory import Inventory, Unrendered
from .problems import Problem, Problems, join_names
from .variables import is_part, owner_of

__all__ = ["check_role_variables"]

# Whose hosts get the whole of a role from the playbooks: what belongs together must be there.
WHOLE = {"nginx": "edge_web", "tomcat": "edge_app"}


@dataclass
class Sight:
    """What hosts see of one role's variables. `complete`: nothing is missing that the role needs to be judged as a whole."""

    values: dict[str, Any]
    complete: bool
    hosts: list[str]


def check_role_variables(inventory: Inventory, roles: Mapping[str, Mapping[str, Any]], problems: Problems) -> None:
    owners: dict[str, str | None] = {}
    for role, options in roles.items():
        specification = Specification(options)
        sights = _sights(inventory, role, roles, owners)
        found: dict[str, tuple[Problem, list[Sight]]] = {}
        for sight in sights:
            for problem in _problems_of(role, options, specification, sight):
                found.setdefault(str(problem), (problem, []))[1].append(sight)
        for problem, reporting in found.values():
            problems.add(problem.path, problem.value, problem.message, problem.remedy, _where(problem, reporting, sights))


def _where(problem: Problem, reporting: list[Sight], sights: list[Sight]) -> str | None:
    """The hosts, where others have another value of the variable."""
    variable = re.split(r"[.\[]", problem.path)[0]
    values = [sight.values.get(variable) for sight in reporting]
    others = [sight for sight in sights if variable in sight.values and sight.values[variable] not in values]
    return join_names(host for sight in reporting for host in sight.hosts) if others else None


def _sights(inventory: Inventory, role: str, roles: Mapping[str, Any], owners: dict[str, str | None]) -> list[Sight]:
    found: list[Sight] = []
    whole = set(inventory.groups.get(WHOLE.get(role, ""), ()))
    for host in inventory.hosts:
        names = [name for name in inventory.variable_names(host) if _belongs(name, role, roles, owners)]
        values, rendered = _rendered(inventory, host, names)
        complete = rendered and host in whole
        for sight in found:
            if sight.complete == complete and sight.values == values:
                sight.hosts.append(host)
                break
        else:
            if values:
                found.append(Sight(values, complete, [host]))
    return found


def _belongs(name: str, role: str, roles: Mapping[str, Any], owners: dict[str, str | None]) -> bool:
    if name not in owners:
        owner = owner_of(name, roles)
        owners[name] = owner if owner and (name in roles[owner] or is_part(name)) else None
    return owners[name] == role


def _rendered(inventory: Inventory, host: str, names: Iterable[str]) -> tuple[dict[str, Any], bool]:
    values, complete = {}, True
    for name in names:
        try:
            value = inventory.get(host, name)
        except Unrendered:
            complete = False
            continue
        if value is not None:
            values[name] = value
    return values, complete


def _problems_of(role: str, options: Mapping[str, Any], specification: Specification, sight: Sight) -> Iterable[Problem]:
    problems = Problems()
    if role == "nginx" and sight.complete:
        # Without a version, since no host is asked: the role knows what is too new.
        build(sight.values, options, Host(), problems)
        return problems
    if role == "tomcat" and sight.complete:
        judge(sight.values, options, problems)
        return problems
    for name, value in (merge(sight.values, problems) if role == "nginx" else sight.values).items():
        specification.read_variable(name, value, problems)
    return problems

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The preflight: every error of the whole inventory at once, before any host is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .agreement import agreed_values, check_everybody_sees
from .inventory import Inventory
from .problems import Problem, Problems
from .role_variables import check_role_variables
from .rules_director import check_director
from .rules_forwarding import check_forwarding
from .rules_hosts import Context, check_hosts
from .rules_services import check_drained, check_services, check_upstreams
from .rules_vrrp import check_vips, check_vrrp
from .variables import check_derived, check_variable_names
from .vocabulary import Vocabulary, parse

__all__ = ["check", "describe", "report"]


def check(inventory: Inventory, roles: Mapping[str, Mapping[str, Any]]) -> tuple[Vocabulary, list[Problem]]:
    """What the inventory says and everything that is wrong with it. `roles`: the options of each, from its argument specification."""
    problems = Problems()
    vocabulary = parse(agreed_values(inventory, problems), problems)
    check_everybody_sees(inventory, vocabulary.participants(), problems)
    context = Context(inventory, vocabulary, problems)
    check_hosts(context)
    rules = (check_vrrp, check_director, check_vips, check_services, check_forwarding, check_upstreams, check_drained)
    for rule in rules:
        rule(context)
    check_variable_names(inventory, roles, vocabulary.foreign, problems)
    check_derived(inventory, problems)
    check_role_variables(inventory, roles, problems)
    return vocabulary, sorted(problems, key=_place)


def _place(problem: Problem) -> Any:
    """Beside its neighbours in the file, so that a person corrects them together; [10] after [9]."""
    parts = problem.path.replace("]", "").replace("[", ".").split(".")
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts], problem.host or ""


def report(problems: Sequence[Problem]) -> str:
    """The one message for a person."""
    count = "1 error" if len(problems) == 1 else f"{len(problems)} errors"
    lines = [f"The preflight found {count} in the inventory. No host has been touched."]
    for number, problem in enumerate(problems, start=1):
        head, message, remedy = problem.lines()
        lines += ["", f"{number}. {head}", f"   {message}", f"   {remedy}"]
    return "\n".join(lines)


def describe(vocabulary: Vocabulary) -> str:
    """What was checked, in one sentence."""

    def count(items: Sequence[Any], noun: str) -> str:
        return f"{len(items)} {noun}" + ("" if len(items) == 1 else "s")

    return (
        f"The topology is sound: {count(vocabulary.vips, 'VIP')}, {count(vocabulary.services, 'virtual service')}, "
        f"{count(vocabulary.upstreams, 'upstream')}, {count(vocabulary.participants(), 'host')} taking part."
    )

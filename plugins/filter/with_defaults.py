# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Completes a role's nested variable with the defaults of the role's own argument specification."""

from __future__ import annotations

DOCUMENTATION = r"""
name: with_defaults
short_description: A role's nested variable, completed with the defaults of its argument specification
version_added: 0.1.0
author: the steadfast.edge authors (@steadfast)
description:
  - Ansible checks a role's variables against its argument specification, but leaves them as the user wrote them. A template
    that prints a nested structure would have to repeat every default.
  - This filter returns the structure with every key of the specification present, defaults filled in and values converted to
    the type that is specified (V("80") becomes V(80)). Keys without a default that were not given are V(none).
  - It fails with everything at once that does not fit, each with the path of the value and what to write instead. Items of lists
    go by their C(name) or C(path) there.
positional: role, variable
options:
  _input:
    description: Value of the variable.
    type: raw
    required: true
  role:
    description: Name of a role of this collection.
    type: str
    required: true
  variable:
    description: Name of the variable in the role's C(meta/argument_specs.yml), entry point V(main).
    type: str
    required: true
"""

EXAMPLES = r"""
# In a template of the keepalived role: {% for server in ... %}
- ansible.builtin.debug:
    msg: "{{ keepalived_virtual_servers | steadfast.edge.with_defaults('keepalived', 'keepalived_virtual_servers') }}"
"""

RETURN = r"""
_value:
  description: The completed structure; the input is not changed.
  type: raw
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.steadfast.edge.plugins.module_utils._spec import Specification
from ansible_collections.steadfast.edge.plugins.module_utils._spec.roles import options_of, plain
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import Problems


@cache
def _specification(role: str) -> Specification:
    return Specification(options_of(role))


def with_defaults(value: Any, role: str, variable: str) -> Any:
    """Return `value` completed as `variable` of `role`; raise AnsibleFilterError where it does not fit the specification."""
    try:
        known = options_of(role)
    except OSError as error:
        raise AnsibleFilterError(f"with_defaults: there is no role {role!r} with an argument specification in steadfast.edge") from error
    if variable not in known:
        raise AnsibleFilterError(f"with_defaults: role {role!r} has no variable {variable!r}")
    problems = Problems()
    completed = _specification(role).read_variable(variable, plain(value), problems)
    if len(problems):
        raise AnsibleFilterError("; ".join(str(problem) for problem in problems))
    return completed


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"with_defaults": with_defaults}

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tomcat role does on a host, from its variables; documented in tomcat_plan.yml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.steadfast.edge.plugins.module_utils._spec.roles import options_of, plain
from ansible_collections.steadfast.edge.plugins.module_utils._tomcat.model import Host
from ansible_collections.steadfast.edge.plugins.module_utils._tomcat.plan import build
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import Problems

HOST = tuple(each.name for each in fields(Host))


def tomcat_plan(variables: Any, host: Any = None, paths: Any = None) -> dict[str, Any]:
    """Return the plan; raise AnsibleFilterError with everything that is wrong."""
    known = dict(host or {})
    unknown = [name for name in known if name not in HOST]
    if not isinstance(variables, Mapping) or unknown:
        raise AnsibleFilterError(f"tomcat_plan takes the variables of the role and what is known of the host ({', '.join(HOST)}).")
    problems = Problems()
    about = Host(**{name: plain(each) for name, each in known.items() if each is not None})
    plan = build(plain(variables), options_of("tomcat"), about, problems, plain(paths or {}))
    if len(problems):
        raise AnsibleFilterError("The variables of tomcat have errors. " + " ".join(f"{problem}." for problem in problems))
    return plan


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"tomcat_plan": tomcat_plan}

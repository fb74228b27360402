# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of nginx from the variables of its role; documented in nginx_files.yml, nginx_merged.yml and nginx_exporter.yml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.steadfast.edge.plugins.module_utils._nginx.exporter import plan_exporter
from ansible_collections.steadfast.edge.plugins.module_utils._nginx.files import Host, build
from ansible_collections.steadfast.edge.plugins.module_utils._nginx.merge import MERGED, merge
from ansible_collections.steadfast.edge.plugins.module_utils._spec import Specification
from ansible_collections.steadfast.edge.plugins.module_utils._spec.roles import options_of, plain
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import Problems

HOST = tuple(each.name for each in fields(Host))
OF_EXPORTER = ("nginx_exporter", "nginx_status")


def report(problems: Problems) -> str:
    """The one message for a person."""
    count = "1 error" if len(problems) == 1 else f"{len(problems)} errors"
    lines = [f"The variables of nginx have {count}. Its configuration was not touched."]
    for number, problem in enumerate(problems, start=1):
        head, message, remedy = problem.lines()
        lines += ["", f"{number}. {head}", f"   {message}", f"   {remedy}"]
    return "\n".join(lines)


def nginx_files(variables: Any, host: Any = None) -> list[dict[str, Any]]:
    """Return the files for config_release; raise AnsibleFilterError with everything that is wrong."""
    known = dict(host or {})
    unknown = [name for name in known if name not in HOST]
    if not isinstance(variables, Mapping) or unknown:
        raise AnsibleFilterError(f"nginx_files takes the variables of the role and what is known of the host ({', '.join(HOST)}).")
    problems = Problems()
    about = Host(**{name: plain(each) for name, each in known.items() if each is not None})
    files = build(plain(variables), options_of("nginx"), about, problems)
    if len(problems):
        raise AnsibleFilterError(report(problems))
    return files


def nginx_merged(variables: Any, name: Any) -> list[dict[str, Any]]:
    """Return one of the lists, merged and completed; raise AnsibleFilterError with everything that is wrong."""
    if not isinstance(variables, Mapping) or name not in MERGED:
        raise AnsibleFilterError(f"nginx_merged takes variables of the role and the name of one of its lists: {', '.join(MERGED)}.")
    problems = Problems()
    parts = {key: plain(value) for key, value in variables.items() if key == name or key.startswith(f"{name}__")}
    found = Specification({name: options_of("nginx")[name]}).read(merge(parts, problems), "", problems)
    if len(problems) or found is None:
        raise AnsibleFilterError(report(problems))
    merged: list[dict[str, Any]] = found[name]
    return merged


def nginx_exporter(variables: Any) -> dict[str, str]:
    """Return where the exporter listens and asks, nothing where there is none; raise AnsibleFilterError with everything that is wrong."""
    if not isinstance(variables, Mapping):
        raise AnsibleFilterError(f"nginx_exporter takes variables of the role: {', '.join(OF_EXPORTER)}.")
    problems = Problems()
    options = options_of("nginx")
    parts = {name: plain(value) for name, value in variables.items() if name in OF_EXPORTER}
    found = Specification({name: options[name] for name in OF_EXPORTER}).read(parts, "", problems)
    planned = plan_exporter(found or {}, problems)
    if len(problems):
        raise AnsibleFilterError(report(problems))
    return planned


class FilterModule:
    """Offers the filters to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"nginx_files": nginx_files, "nginx_merged": nginx_merged, "nginx_exporter": nginx_exporter}

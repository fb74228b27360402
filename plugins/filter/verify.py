# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that compare a live edge with its inventory; documented beside, one file for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import TopologyError
from ansible_collections.steadfast.edge.plugins.module_utils._verify.findings import findings
from ansible_collections.steadfast.edge.plugins.module_utils._verify.wishes import looks


def _filter(name: str, build: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def compared(hostvars: Any, other: Any) -> Any:
        if not isinstance(hostvars, Mapping):
            raise AnsibleFilterError(f"steadfast.edge.{name} works on hostvars: write hostvars | steadfast.edge.{name}(...).")
        try:
            return build(hostvars, other)
        except TopologyError as error:
            raise AnsibleFilterError(f"steadfast.edge.{name}: {error}") from error

    return compared


class FilterModule:
    """The filters of verify.yml."""

    def filters(self) -> dict[str, Callable[[Any, Any], Any]]:
        return {"looks": _filter("looks", lambda hostvars, host: looks(hostvars, str(host))), "findings": _filter("findings", findings)}

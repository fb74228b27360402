# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters by which playbooks take one host after the other out of service; documented beside, one file for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.steadfast.edge.plugins.module_utils._roll.part import leftovers, part
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import TopologyError


def _filter(name: str, build: Callable[..., Any]) -> Callable[..., Any]:
    def derived(hostvars: Any, *others: Any) -> Any:
        if not isinstance(hostvars, Mapping):
            raise AnsibleFilterError(f"steadfast.edge.{name} works on hostvars: write hostvars | steadfast.edge.{name}(...).")
        try:
            return build(hostvars, *others)
        except TopologyError as error:
            raise AnsibleFilterError(f"steadfast.edge.{name}: {error}") from error

    return derived


class FilterModule:
    """The filters of the rolling playbooks."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"part": _filter("part", part), "leftovers": _filter("leftovers", leftovers)}

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that derive the variables of the roles from the shared vocabulary; documented beside, one file for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.steadfast.edge.plugins.module_utils._topology import derive
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import TopologyError


def _filter(name: str, build: Callable[[Mapping[str, Any], str], Any]) -> Callable[[Any, Any], Any]:
    def derived(hostvars: Any, host: Any) -> Any:
        if not isinstance(hostvars, Mapping):
            raise AnsibleFilterError(
                f"steadfast.edge.{name} works on hostvars, not on {hostvars!r}: write hostvars | steadfast.edge.{name}(...)."
            )
        try:
            return build(hostvars, str(host))
        except TopologyError as error:
            raise AnsibleFilterError(f"steadfast.edge.{name}({host}): {error}") from error

    return derived


class FilterModule:
    """The filters of the vocabulary."""

    def filters(self) -> dict[str, Callable[[Any, Any], Any]]:
        builders: dict[str, Callable[[Mapping[str, Any], str], Any]] = {
            "vrrp_instances": derive.vrrp_instances,
            "vrrp_sync_groups": derive.vrrp_sync_groups,
            "keepalived_global_defs": derive.keepalived_global_defs,
            "virtual_servers": derive.virtual_servers,
            "director": derive.director,
            "realserver": derive.realserver,
            "upstreams": derive.upstreams,
            "proxies": derive.proxies,
            "sticky_maps": derive.sticky_maps,
            "replication_members": derive.replication_members,
            "replication_address": derive.replication_address,
        }
        return {name: _filter(name, build) for name, build in builders.items()}

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived.conf from the variables of the role; documented beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.config import build
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.text import ConfigError


def keepalived_config(wish: Any, version: Any = "") -> str:
    if not isinstance(wish, Mapping):
        raise AnsibleFilterError(f"steadfast.edge.keepalived_config works on a mapping of the role's variables, not on {wish!r}.")
    try:
        return build(wish, str(version or ""))
    except ConfigError as error:
        raise AnsibleFilterError(f"keepalived_{error}") from error


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"keepalived_config": keepalived_config}

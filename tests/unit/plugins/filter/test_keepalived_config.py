# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter is the renderer with Ansible's own kind of error."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.steadfast.edge.plugins.filter.keepalived_config import FilterModule

keepalived_config = FilterModule().filters()["keepalived_config"]


def test_the_text_comes_back() -> None:
    assert keepalived_config({"router_id": "web1", "vrrp_version": 3}, "2.2.7").startswith("global_defs {\n    router_id web1\n")
    assert keepalived_config({"router_id": "web1", "vrrp_version": 3}, None).endswith("}\n")


def test_errors_name_the_variable() -> None:
    with pytest.raises(AnsibleFilterError, match=r"keepalived_router_id: 'web 1'"):
        keepalived_config({"router_id": "web 1", "vrrp_version": 3})
    with pytest.raises(AnsibleFilterError, match="not on 7"):
        keepalived_config(7)

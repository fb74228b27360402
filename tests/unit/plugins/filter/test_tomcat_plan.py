# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter: the plan of a host, or one message with everything that is wrong."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.steadfast.edge.plugins.filter.tomcat_plan import FilterModule, tomcat_plan


def test_the_plan_of_a_host() -> None:
    plan = tomcat_plan({"tomcat_jvm_route": "app1"}, {"name": "app1", "service": "tomcat11", "home": None})
    assert [instance["unit"] for instance in plan["instances"]] == ["tomcat11"]
    assert FilterModule().filters() == {"tomcat_plan": tomcat_plan}


def test_everything_that_is_wrong_is_in_one_message() -> None:
    with pytest.raises(AnsibleFilterError, match=r"tomcat_heap_max: much.*tomcat_session_store\.address"):
        tomcat_plan({"tomcat_heap_max": "much", "tomcat_sessions": "stored"})


def test_what_is_known_of_a_host_is_spelt_right() -> None:
    with pytest.raises(AnsibleFilterError, match="name, family, service"):
        tomcat_plan({}, {"hostname": "app1"})

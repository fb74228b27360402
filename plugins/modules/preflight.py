#!/usr/bin/python

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation of the action plugin of the same name, which runs on the controller. There is no code for hosts.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: preflight
short_description: Check the topology before any host is touched
version_added: 0.1.0
description:
  - Checks the shared vocabulary of the inventory (C(edge_vips), C(edge_vrrp), C(edge_virtual_services), C(edge_upstreams))
    and all variables of the collection's roles, for all hosts at once.
  - A variable of a role is checked wherever it is set, by the role's argument specification, whether or not the host runs the role.
    For the hosts of C(edge_web), the whole configuration of nginx is checked, its directives included; what the installed version
    of nginx lacks is left to the role. So are values that cannot be rendered without facts.
  - Reports every error in one message, each with the path of the value and what to write instead.
  - Runs on the controller and connects to no host. It sees the whole inventory, whatever C(--limit) says.
  - It sees what the inventory and C(--extra-vars) say, not the variables of plays and roles.
author:
  - The steadfast.edge authors (@steadfast)
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
seealso:
  - name: The vocabulary
    description: Every key with its type, range, default and meaning.
    link: https://github.com/steadfast/edge/blob/main/docs/vocabulary.md
options: {}
"""

EXAMPLES = r"""
---
- name: Check the topology before any host is touched
  hosts: all
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - name: Check the whole inventory at once
      steadfast.edge.preflight:
      run_once: true
"""

RETURN = r"""
---
msg:
  description: All errors for a person, or one sentence about what was checked.
  returned: always
  type: str
  sample: "The topology is sound: 1 VIP, 1 virtual service, 1 upstream, 7 hosts taking part."
errors:
  description: The same as data; empty when everything is right.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: Where the value stands.
      type: str
      returned: always
      sample: edge_vips[0].address
    host:
      description: Whose value it is, where it belongs to certain hosts.
      type: str
      returned: always
    value:
      description: The value as it was read, null where there is none. A password is not shown.
      type: raw
      returned: always
      sample: 198.51.100.7/24
    message:
      description: What is wrong with it.
      type: str
      returned: always
    remedy:
      description: What to write instead.
      type: str
      returned: always
"""

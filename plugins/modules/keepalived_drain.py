#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: keepalived_drain
short_description: Drain the real servers that a coming configuration of keepalived no longer has
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - keepalived deletes a real server that its configuration no longer has from the kernel's table at once, and the kernel then drops
    what comes over connections that are still open. This module goes before that configuration.
  - It compares the released configuration with the coming one, gives the real servers that leave weight 0, as
    M(steadfast.edge.member_drain) does, and waits until their connections have ended. What stays goes on meanwhile.
  - Where nothing leaves it only reads one file. Where keepalived does not run, or nothing was released, it does nothing.
  - A real server is not drained when none of its virtual server stays that serves now, since clients would then be refused
    until the others come. Those of a virtual server that leaves are drained unless another virtual server comes
    in the same change.
  - A run that ends in between leaves them at weight 0, marked C(drained by site). The next C(site.yml) goes on, or puts them back where
    the inventory has them again.
options:
  configuration:
    description: Text of the coming C(keepalived.conf), as the role C(keepalived) writes it.
    type: str
    required: true
  drain_timeout:
    description: Seconds to wait for connections. With V(0) nothing is waited for. Those that are left then are cut off by what follows.
    type: float
    default: 60
  path:
    description: Folder of the files.
    type: path
    default: /etc/keepalived
  service:
    description: The systemd unit.
    type: str
    default: keepalived
  accepted_warnings:
    description: What C(keepalived_accepted_warnings) of the role is.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
seealso:
  - module: steadfast.edge.member_drain
  - module: steadfast.edge.ipvs_table
"""

EXAMPLES = r"""
- name: Send no new connections to real servers that leave
  steadfast.edge.keepalived_drain:
    configuration: "{{ coming }}"
    drain_timeout: 0
  register: leaving

- name: Wait for the open ones
  steadfast.edge.keepalived_drain:
    configuration: "{{ coming }}"
    drain_timeout: 120
  when: leaving.leaving | length > 0
"""

RETURN = r"""
msg:
  description: What leaves and what is left, in one sentence.
  returned: always
  type: str
leaving:
  description: The real servers that leave, and the virtual servers that they leave.
  returned: success
  type: list
  elements: str
  sample: ["192.0.2.21:80 leaves the virtual server 192.0.2.150 80"]
actions:
  description: What was done, or would be done.
  returned: success
  type: list
  elements: str
  sample: ["take 192.0.2.21:80 out of the virtual server 192.0.2.150 80"]
remaining:
  description: Connections that had not ended when the time was over.
  returned: success
  type: list
  elements: dict
  sample: [{service: "tcp 192.0.2.150:80", destination: "192.0.2.21:80", active: 3, inactive: 0, persistent: 0}]
"""

import sys

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._drain.balancer import Balancer, Place
from ansible_collections.steadfast.edge.plugins.module_utils._drain.leaving import say_farewell
from ansible_collections.steadfast.edge.plugins.module_utils._drain.members import DrainError
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.drain import Policy
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import IpvsError
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host as IpvsHost
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import ReleaseError
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Host


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            # It may hold the password of VRRPv2.
            "configuration": {"type": "str", "required": True, "no_log": True},
            "drain_timeout": {"type": "float", "default": 60},
            "path": {"type": "path", "default": "/etc/keepalived"},
            "service": {"type": "str", "default": "keepalived"},
            "accepted_warnings": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    params = module.params
    place = Place(
        "keepalived", params["path"], params["service"], "", python=sys.executable, accepted_warnings=tuple(params["accepted_warnings"])
    )
    balancer = Balancer(place, Host(), IpvsHost(lambda argv: module.run_command(list(argv))), module.warn)
    try:
        farewell = say_farewell(balancer, params["configuration"], Policy(timeout=params["drain_timeout"]), module.check_mode)
    except (DrainError, IpvsError, ReleaseError) as error:
        module.fail_json(msg=str(error))
    if farewell.remaining and params["drain_timeout"]:
        left = "; ".join(map(str, farewell.remaining))
        module.warn(f"Connections are left after {params['drain_timeout']:g} s and will be cut off: {left}.")
    module.exit_json(**farewell.data())


if __name__ == "__main__":
    main()

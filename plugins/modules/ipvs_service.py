#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ipvs_service
short_description: One IPVS virtual service with its real servers
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Makes one virtual service of the kernel's IPVS table, and its real servers, what is declared, in one call and with the fewest changes.
  - What is not given has its default. An edit in the kernel replaces everything, and so does this declaration.
  - The order of the changes keeps clients served. Real servers are added before others lose weight, and leave last.
  - The service does not survive a reboot. M(steadfast.edge.ipvs_table) can make a table persistent.
extends_documentation_fragment:
  - steadfast.edge.ipvs_common
  - steadfast.edge.ipvs_common.service
  - steadfast.edge.ipvs_common.attributes
  - steadfast.edge.ipvs_common.manner
options:
  state:
    description: Whether the service shall be there.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: steadfast.edge.ipvs_table
  - module: steadfast.edge.ipvs_destination
  - module: steadfast.edge.ipvs_info
"""

EXAMPLES = r"""
- name: A web service with two real servers
  steadfast.edge.ipvs_service:
    address: 192.0.2.150
    port: 80
    scheduler: wrr
    destinations:
      - {address: 192.0.2.21, weight: 2}
      - {address: 192.0.2.22}

- name: All ports of an IPv6 address, clients of one network together
  steadfast.edge.ipvs_service:
    address: 2001:db8::150
    port: 0
    persistence_timeout: 300
    persistence_netmask: "64"
    destinations:
      - {address: "2001:db8::21", forward: tunnel}

- name: Remove a service, waiting up to a minute for its connections
  steadfast.edge.ipvs_service:
    fwmark: 7
    state: absent
    drain_timeout: 60
"""

RETURN = r"""
before:
  description: The service with its real servers as found, in the shape of the options. Empty when it was not there, or does not change.
  returned: success
  type: list
  elements: dict
after:
  description: The same after the run, or as it would be in check mode.
  returned: success
  type: list
  elements: dict
actions:
  description: What was done, in order, or would be done. After a failure, exactly what had been done before it.
  returned: success or failure
  type: list
  elements: str
  sample: ["add destination tcp 192.0.2.150:80 -> 192.0.2.22:80"]
kept_drained:
  description: Declared real servers that stay at weight V(0) because M(steadfast.edge.ipvs_destination) drained them; see O(keep_drained).
  returned: success
  type: list
  elements: str
  sample: ["tcp 192.0.2.150:80 -> 192.0.2.22:80"]
remaining:
  description: Connections of removed real servers that had not ended.
  returned: success
  type: list
  elements: dict
  sample: [{service: "tcp 192.0.2.150:80", destination: "192.0.2.21:80", active: 3, inactive: 0, persistent: 0}]
errors:
  description: Each failing object, and what is wrong with it.
  returned: failure
  type: list
  elements: dict
  sample: [{subject: "tcp 192.0.2.150:80", msg: "..."}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import normalise, spec
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.drain import Policy
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import IpvsError, report
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.reconcile import Declaration, reconcile


def argument_spec() -> dict[str, object]:
    return {
        **spec.service(),
        **spec.MANNER,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    module.run_command_environ_update = {"LC_ALL": "C"}
    params = module.params
    host = Host(lambda argv: module.run_command(list(argv)))
    policy = Policy(timeout=params["drain_timeout"], fail=params["on_drain_timeout"] == "fail")
    try:
        if params["state"] == "absent":
            declaration = Declaration(absent=(normalise.service_key(params),), **spec.manner(params))
        else:
            declaration = Declaration(normalise.table([params]), **spec.manner(params))
        result = reconcile(host, declaration, policy, module.check_mode, whole=False)
    except IpvsError as error:
        module.fail_json(**report(error))
    for warning in result.warnings:
        module.warn(warning)
    module.exit_json(**result.data())


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ipvs_table
short_description: The IPVS table of a host, any number of services in one call
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Makes the kernel's IPVS table what is declared, any number of virtual services with their real servers in one call.
  - Only what differs is changed. What is not given has its default, and an edit always sends everything.
  - The order of the changes keeps clients served. New services and real servers come first, then weights rise, then weights
    fall, and only then something leaves. No address family falls to zero services on the way, which would make the
    kernel reset the connections of all of them.
  - The table survives a reboot with O(persist=true).
extends_documentation_fragment:
  - steadfast.edge.ipvs_common
  - steadfast.edge.ipvs_common.services
  - steadfast.edge.ipvs_common.manner
options:
  purge:
    description: Whether services that O(services) does not list are removed. Otherwise they are left alone and listed in RV(foreign).
    type: bool
    default: false
  persist:
    description:
      - Whether O(services) come back after a reboot. A oneshot unit has C(ipvsadm) read them from C(/etc/steadfast-edge/ipvs.rules).
        Foreign services do not come back.
      - When O(services) is empty, the unit is removed. With V(false) no file is read or written.
    type: bool
    default: false
seealso:
  - module: steadfast.edge.ipvs_service
  - module: steadfast.edge.ipvs_destination
  - module: steadfast.edge.ipvs_info
"""

EXAMPLES = r"""
- name: The whole table, and nothing else; leaving servers are drained first
  steadfast.edge.ipvs_table:
    purge: true
    drain_timeout: 30
    services:
      - address: 192.0.2.150
        port: 80
        scheduler: wrr
        destinations:
          - {address: 192.0.2.21, weight: 2}
          - {address: 192.0.2.22}
      - address: 192.0.2.150
        port: 443
        scheduler: mh
        scheduler_flags: [mh-fallback]
        destinations:
          - {address: 192.0.2.21, port: 8443, forward: masquerade, upper_threshold: 5000, lower_threshold: 4000}
      - fwmark: 4000000000
        family: ipv6
        destinations: []

- name: Declare again what ipvs_info found, with counters left out, on another director
  steadfast.edge.ipvs_table:
    services: "{{ hostvars['director1'].before_the_move.services }}"
"""

RETURN = r"""
before:
  description: The services that change, as found, in the shape of O(services).
  returned: success
  type: list
  elements: dict
after:
  description: The same services after the run, or as they would be in check mode.
  returned: success
  type: list
  elements: dict
files:
  description:
    - Contents of the files that bring the table back at boot, as found in C(before) and as they are now in C(after).
    - Empty with O(persist=false).
  returned: success
  type: dict
foreign:
  description: Services of the table that are not declared and were left alone.
  returned: success
  type: list
  elements: str
  sample: ["udp 192.0.2.150:53"]
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
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import arguments, normalise, spec
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.drain import Policy
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import IpvsError, report
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.reconcile import Declaration, reconcile


def argument_spec() -> dict[str, object]:
    return {
        # What is in them, arguments.services checks.
        "services": {"type": "list", "elements": "dict", "required": True},
        **spec.MANNER,
        "purge": {"type": "bool", "default": False},
        "persist": {"type": "bool", "default": False},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    module.run_command_environ_update = {"LC_ALL": "C"}
    params = module.params
    host = Host(lambda argv: module.run_command(list(argv)))
    policy = Policy(timeout=params["drain_timeout"], fail=params["on_drain_timeout"] == "fail")
    try:
        declared = normalise.table(arguments.services(params["services"]))
        declaration = Declaration(declared, purge=params["purge"], persist=params["persist"], **spec.manner(params))
        result = reconcile(host, declaration, policy, module.check_mode, whole=True)
    except IpvsError as error:
        module.fail_json(**report(error))
    for warning in result.warnings:
        module.warn(warning)
    # Ten thousand real servers, told once more than needed, cost more than comparing them with the kernel's.
    invocation = {"module_args": {**params, "services": f"{len(params['services'])} services"}}
    files = {"before": result.files.before, "after": result.files.after}
    answer = {**result.data(), "foreign": result.foreign, "files": files, "invocation": invocation}
    if not module._diff:
        answer.pop("diff")
    module.exit_json(**answer)


if __name__ == "__main__":
    main()

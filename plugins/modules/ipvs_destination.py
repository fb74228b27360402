#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ipvs_destination
short_description: One real server of IPVS services, present, absent or drained
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Takes one real server out of service, puts it back, adds or removes it, in one virtual service or in all that have it.
  - With O(state=drained) it gets weight V(0), and the module waits until its connections have ended. The earlier weight is
    remembered in C(/run/steadfast-edge), and O(state=present) gives it back.
  - It can be used beside keepalived. A weight that was set by hand survives its reload, but when its checker takes the server out
    and back meanwhile, the server has its configured weight again.
extends_documentation_fragment:
  - steadfast.edge.ipvs_common
options:
  state:
    description:
      - V(present) adds the real server, or changes what is given and gives back the weight that it had before it was drained.
      - V(drained) keeps new connections away and waits for the old ones to end.
      - V(absent) drains and removes it.
    type: str
    choices: [present, absent, drained]
    default: present
  service:
    description:
      - The virtual service. Not given, every service that has this real server is meant.
      - O(state=present) adds the real server only to a service that is given.
    type: dict
    suboptions:
      protocol:
        description: Protocol of the service. Without meaning when O(service.fwmark) is given.
        type: str
        choices: [tcp, udp, sctp]
        default: tcp
      address:
        description: Address of the service. Needs O(service.port).
        type: str
      port:
        description: Port of the service.
        type: int
      fwmark:
        description: Firewall mark of the service, instead of O(service.address) and O(service.port).
        type: int
      family:
        description: Address family of a service that is named by O(service.fwmark), V(ipv4) when not given.
        type: str
        choices: [ipv4, ipv6]
  address:
    description: Address of the real server.
    type: str
    required: true
  port:
    description: Port of the real server. Not given, every port at which a service has this address, or the service's port for a new one.
    type: int
  weight:
    description: Weight, with O(state=present). Not given, the earlier weight, or V(1) for a new real server.
    type: int
  forward:
    description: Forwarding method, with O(state=present). Not given, it stays, or is V(route) for a new real server.
    type: str
    choices: [route, tunnel, masquerade]
  upper_threshold:
    description: Number of connections from which the server gets no more, with O(state=present).
    type: int
  lower_threshold:
    description: Number of connections below which an overloaded server gets some again, with O(state=present).
    type: int
  tunnel_type:
    description: Encapsulation for O(forward=tunnel), with O(state=present).
    type: str
    choices: [ipip, gue, gre]
  tunnel_port:
    description: UDP port of O(tunnel_type=gue), with O(state=present).
    type: int
  tunnel_checksum:
    description: Checksum of the encapsulation, with O(state=present).
    type: str
    choices: [none, standard, remote]
  min_serving:
    description:
      - With O(state=drained), nothing is done where fewer real servers with a weight than this would be left in a service.
        V(0) accepts any.
    type: int
    default: 0
  drain_timeout:
    description: Seconds to wait with O(state=drained) and O(state=absent). With V(0) nothing is waited for.
    type: int
    default: 60
  drain_limit:
    description: The server counts as drained when no more than this number of connections is left in each of O(drain_counters).
    type: int
    default: 0
  drain_counters:
    description:
      - Which connections are waited for. V(active) are established ones, V(inactive) linger for minutes after their end,
        V(persistent) are the templates that bind clients to the server.
    type: list
    elements: str
    choices: [active, inactive, persistent]
    default: [active]
  on_drain_timeout:
    description:
      - What happens when connections are left after O(drain_timeout). V(proceed) ends with a warning, and RV(drained) is V(false).
      - V(fail) ends with an error. The server keeps weight V(0) and, with O(state=absent), stays in the table.
    type: str
    choices: [proceed, fail]
    default: proceed
seealso:
  - module: steadfast.edge.ipvs_service
  - module: steadfast.edge.ipvs_table
"""

EXAMPLES = r"""
- name: Take this web server out of every service on every director, before it is changed
  steadfast.edge.ipvs_destination:
    address: "{{ ansible_host }}"
    state: drained
    min_serving: 1
    drain_timeout: 120
    on_drain_timeout: fail
  delegate_to: "{{ item }}"
  loop: "{{ groups['edge_directors'] }}"

- name: Put it back with the weight that it had
  steadfast.edge.ipvs_destination:
    address: "{{ ansible_host }}"
  delegate_to: "{{ item }}"
  loop: "{{ groups['edge_directors'] }}"

- name: Add a real server to one service
  steadfast.edge.ipvs_destination:
    service: {address: 192.0.2.150, port: 80}
    address: 192.0.2.23
    weight: 2
"""

RETURN = r"""
before:
  description: The real server as found, once for every service that has it.
  returned: success
  type: list
  elements: dict
  sample: [{service: "tcp 192.0.2.150:80", address: 192.0.2.21, port: 80, weight: 2, forward: route}]
after:
  description: The same after the run, or as it would be in check mode.
  returned: success
  type: list
  elements: dict
drained:
  description:
    - Whether no more than O(drain_limit) connections are left. In check mode, whether that is so now.
    - Always V(true) with O(state=present).
  returned: success
  type: bool
actions:
  description: What was done, in order, or would be done. After a failure, exactly what had been done before it.
  returned: success or failure
  type: list
  elements: str
  sample: ["edit destination tcp 192.0.2.150:80 -> 192.0.2.21:80 (weight 2 -> 0)"]
remaining:
  description: The connections that are left where the server is not drained.
  returned: success
  type: list
  elements: dict
  sample: [{service: "tcp 192.0.2.150:80", destination: "192.0.2.21:80", active: 3, inactive: 0, persistent: 0}]
errors:
  description: Each failing object, and what is wrong with it.
  returned: failure
  type: list
  elements: dict
  sample: [{subject: "tcp 192.0.2.150:80 -> 192.0.2.21:80", msg: "..."}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import member, spec
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.drain import Policy
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import IpvsError, report
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host


def main() -> None:
    module = AnsibleModule(argument_spec=spec.member(), supports_check_mode=True)
    module.run_command_environ_update = {"LC_ALL": "C"}
    params = module.params
    host = Host(lambda argv: module.run_command(list(argv)))
    policy = Policy(
        timeout=params["drain_timeout"],
        limit=params["drain_limit"],
        counters=tuple(params["drain_counters"]),
        fail=params["on_drain_timeout"] == "fail",
    )
    try:
        result = member.reconcile(host, member.wanted(params), policy, module.check_mode)
    except IpvsError as error:
        module.fail_json(**report(error))
    for warning in result.warnings:
        module.warn(warning)
    module.exit_json(**result.data())


if __name__ == "__main__":
    main()

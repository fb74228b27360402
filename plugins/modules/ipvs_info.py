#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ipvs_info
short_description: The kernel's IPVS table, counters and settings as data
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Returns the virtual services with their real servers, counters and rates, the timeouts, the sync daemons, the sysctls, and the version
    and table size of the kernel's IPVS.
  - Reads only. In particular it does not load the kernel module C(ip_vs), as a mere C(ipvsadm -L) does. Where it is not loaded,
    RV(loaded) is V(false) and the table empty.
extends_documentation_fragment:
  - steadfast.edge.ipvs_common
options:
  counters:
    description:
      - Whether services and real servers come with their counters.
      - With V(false), RV(services) is in the shape of the options of M(steadfast.edge.ipvs_table) and can be declared again.
    type: bool
    default: true
seealso:
  - module: steadfast.edge.ipvs_table
  - module: steadfast.edge.ipvs_settings
"""

EXAMPLES = r"""
- name: Look at the table
  steadfast.edge.ipvs_info:
  register: ipvs

- name: Remember the table, to declare it again with ipvs_table
  steadfast.edge.ipvs_info:
    counters: false
  register: before_the_move

- name: The real servers that take no connections
  ansible.builtin.debug:
    msg: "{{ ipvs.services | map(attribute='destinations') | flatten | selectattr('weight', 'equalto', 0) | map(attribute='address') }}"
"""

RETURN = r"""
loaded:
  description: Whether IPVS is in the running kernel. Where V(false), what follows is empty or V(null).
  returned: success
  type: bool
version:
  description: Version of IPVS.
  returned: success
  type: str
  sample: 1.2.1
table_size:
  description: Number of buckets of the connection table.
  returned: success
  type: int
  sample: 4096
services:
  description: The virtual services.
  returned: success
  type: list
  elements: dict
  contains:
    fwmark:
      description: Firewall mark. Absent from a service that is named by its address.
      type: int
      returned: for services named by a firewall mark
    family:
      description: V(ipv4) or V(ipv6).
      type: str
      returned: always
    protocol:
      description: V(tcp), V(udp) or V(sctp).
      type: str
      returned: for services named by an address
    address:
      description: Address of the service.
      type: str
      returned: for services named by an address
    port:
      description: Port of the service.
      type: int
      returned: for services named by an address
    scheduler:
      description: Scheduler.
      type: str
      returned: always
    scheduler_flags:
      description: Flags of the scheduler.
      type: list
      elements: str
      returned: always
    persistence_timeout:
      description: Seconds of persistence, V(0) when it is off.
      type: int
      returned: always
    persistence_netmask:
      description: Mask or prefix length of persistence, V(null) when it is off.
      type: str
      returned: always
    persistence_engine:
      description: Persistence engine, V(null) without one.
      type: str
      returned: always
    one_packet:
      description: Whether every packet is distributed on its own.
      type: bool
      returned: always
    counters:
      description:
        - Totals (C(conns), C(inpkts), C(outpkts), C(inbytes), C(outbytes)) and rates per second
          (C(cps), C(inpps), C(outpps), C(inbps), C(outbps)). The kernel refreshes them every two seconds.
      type: dict
      returned: with O(counters=true)
    destinations:
      description:
        - The real servers, in the shape of the options of M(steadfast.edge.ipvs_service), with O(counters=true) each with
          C(counters) as above and C(connections), which are C(active), C(inactive) and C(persistent).
      type: list
      elements: dict
      returned: always
timeouts:
  description: Connection timeouts in seconds.
  returned: success
  type: dict
  sample: {tcp: 900, tcpfin: 120, udp: 300}
sync_daemons:
  description: Running connection-sync daemons, in the shape of the option of M(steadfast.edge.ipvs_settings).
  returned: success
  type: list
  elements: dict
sysctls:
  description: The values of C(net.ipv4.vs) as the kernel spells them.
  returned: success
  type: dict
  sample: {conntrack: "0", sync_threshold: "3 50"}
errors:
  description: What could not be read, and why.
  returned: failure
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import info
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import IpvsError, report
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host


def main() -> None:
    module = AnsibleModule(argument_spec={"counters": {"type": "bool", "default": True}}, supports_check_mode=True)
    host = Host(lambda argv: module.run_command(list(argv)))
    try:
        found = info.gather(host, module.params["counters"])
    except IpvsError as error:
        module.fail_json(**report(error))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()

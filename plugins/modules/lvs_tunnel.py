#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: lvs_tunnel
short_description: The tunnels of a real server of LVS-TUN, live and over a reboot
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Sets up what takes the packets of a director out of their tunnel. For IPv4 that is C(tunl0) of the kernel module C(ipip), for IPv6
    C(ip6tnl0) of C(ip6_tunnel). They accept tunnels from any director.
  - "What comes out of C(tunl0) has the address of a client as its source, which is not reached through C(tunl0): with strict reverse
    path filtering the kernel drops it. The module sets C(net.ipv4.conf.tunl0.rp_filter) to V(2), which is in force whatever the value
    of C(all)."
  - A tunnel takes room in each packet. Real servers therefore offer a smaller maximum segment size to the clients of O(vips), by a rule
    of the packet filter, so that nothing depends on ICMP reaching the clients. C(iptables) has to be installed for that.
  - A oneshot unit does the same at boot, before the network is configured.
  - The VIPs themselves are added by M(steadfast.edge.vip_address), after M(steadfast.edge.sysctl_arp) has kept the host silent about them.
options:
  vips:
    description:
      - The VIPs whose packets come through tunnels, IPv4 or IPv6. They decide which tunnels are needed.
      - When empty, the rules and files go away and the interfaces are taken down. The kernel modules stay loaded.
    type: list
    elements: str
    required: true
  mss:
    description: The largest segment that clients are told they may send, for each address family; V(0) sets no rule.
    type: dict
    default: {}
    suboptions:
      ipv4:
        description: Of IPv4, where the outer header takes 20 bytes.
        type: int
        default: 1440
      ipv6:
        description: Of IPv6, where it takes 40 bytes, and an option of the tunnel may take another 8.
        type: int
        default: 1392
attributes:
  check_mode:
    support: full
    description: Reports the same changes as the real run and makes none.
  diff_mode:
    support: full
    description: Shows interfaces, rules and files before and after.
seealso:
  - module: steadfast.edge.sysctl_arp
  - module: steadfast.edge.vip_address
"""

EXAMPLES = r"""
- name: Accept a VIP through a tunnel
  block:
    - name: Set the tunnel up
      steadfast.edge.lvs_tunnel:
        vips: [192.0.2.150]

    - name: Keep silent about the VIP
      steadfast.edge.sysctl_arp:
        interfaces: [eth0]

    - name: Accept the VIP
      steadfast.edge.vip_address:
        addresses: [192.0.2.150]
        interface: tunl0
        arp_interfaces: [eth0]

- name: Take the tunnels down, after the VIPs
  steadfast.edge.lvs_tunnel:
    vips: []
"""

RETURN = r"""
before:
  description: The interfaces, rules and files that were found.
  returned: success
  type: dict
  sample: {tunl0: {up: false, clamp: [], rp_filter: null}, files: {}}
after:
  description: The same after the run, or as they would be in check mode.
  returned: success
  type: dict
  sample: {tunl0: {up: true, clamp: [], rp_filter: 2}, files: {}}
actions:
  description: What was done, in order, or would be done. After a failure, exactly what had been done before it.
  returned: success or failure
  type: list
  elements: str
  sample: ["write /etc/modules-load.d/steadfast-edge-tunnel.conf", "set the tunnels up"]
errors:
  description: Each failing object, and what is wrong with it.
  returned: failure
  type: list
  elements: dict
  sample: [{subject: tunl0, msg: "..."}]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._command import module_runner
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import IpvsError, report
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._tunnel import reconcile

ARGUMENT_SPEC: dict[str, Any] = {
    "vips": {"type": "list", "elements": "str", "required": True},
    "mss": {
        "type": "dict",
        "default": {},
        "options": {"ipv4": {"type": "int", "default": 1440}, "ipv6": {"type": "int", "default": 1392}},
    },
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.run_command_environ_update = {"LC_ALL": "C"}
    host, run = Host(lambda argv: module.run_command(list(argv))), module_runner(module)
    try:
        wish = reconcile.wanted(module.params["vips"], module.params["mss"])
        decided = reconcile.plan(host, run, wish)
        if decided.changed and not module.check_mode:
            reconcile.apply(host, run, wish, decided)
    except IpvsError as error:
        module.fail_json(**report(error))
    diff = {"before": decided.before, "after": decided.after}
    module.exit_json(changed=decided.changed, actions=decided.actions, diff=diff, **diff)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: vip_address
short_description: Hold VIPs on loopback or any other interface, live and over a reboot
version_added: 0.1.0
description:
  - Adds and removes virtual IP addresses on one interface, as a real server of LVS needs them on C(lo), C(tunl0) or a dummy interface.
    Any number of addresses costs one reading and one writing command.
  - "They come back at boot whatever manages the network (ifupdown, systemd-networkd, NetworkManager, or nothing), by two units of the
    module's own
    instead of a fragment for each manager. C(steadfast-vip.service) adds the VIPs of C(lo) after the sysctls and before any network
    is configured, so that daemons can bind them. C(steadfast-vip-late.service) adds all VIPs once the network is configured, and again
    whenever a network manager has been started, because a manager drops addresses it does not know from an interface that it owns."
  - The units read C(/etc/steadfast-edge/vip/*.batch), which is at the same time the record of what the module owns.
  - A VIP of a real server must not come up before its ARP posture. With O(arp_interfaces) both the module and the units see to that.
  - "An address that comes on an interface that speaks ARP is announced, three times within two seconds: by gratuitous ARP requests; for
    IPv6 by unsolicited neighbour advertisements, once the kernel knows that no other host has the address. Neighbours that knew another
    host for it, a router above all, turn to this one at once instead of when their caches expire."
options:
  addresses:
    description:
      - The VIPs, IPv4 or IPv6. Without a prefix length it is 32 or 128.
      - On interfaces that do not speak ARP (loopback, dummy, tunnels) another prefix length is refused, since the host would take the
        whole subnet for its own.
      - May be empty, which with O(purge=true) removes all that the module holds on the interface.
    type: list
    elements: str
    required: true
  interface:
    description:
      - The interface that holds the addresses. It must exist, except to take addresses back from it.
    type: str
    default: lo
  scope:
    description:
      - The scope of the addresses.
      - By default V(host) on interfaces that do not speak ARP, and V(global) elsewhere.
      - An address of scope V(host) receives and answers as any other, and is never chosen as the source of the host's own connections.
        For IPv6, where the scope is fixed, V(host) stands for a preferred lifetime of 0, which does the same; V(link) is refused.
    type: str
    choices: [host, link, global]
  host_route:
    description:
      - Whether each address also gets a route to it through the interface in the main table, for routing daemons that announce these.
      - A VIP works without.
    type: bool
    default: false
  purge:
    description:
      - Whether to remove the addresses that the module added to O(interface) earlier and that are not in O(addresses).
      - Addresses that the module did not add are never purged.
    type: bool
    default: false
  arp_interfaces:
    description:
      - The interfaces on which this host must stay silent about the VIPs; see M(steadfast.edge.sysctl_arp).
      - Before an IPv4 address comes on an interface that does not speak ARP, here and at boot, the effective values there are verified.
        If they
        are wrong no address is added, and the module or the unit fails. In check mode this is a warning, since an earlier task of the
        same play may set them.
      - When omitted, what an earlier call named for the same interface stays in force.
    type: list
    elements: str
  state:
    description:
      - V(present) adds the addresses.
      - V(absent) removes them from O(interface), no matter who added them, and what they left on disk.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    support: full
    description: Reports the same changes as the real run and makes none.
  diff_mode:
    support: full
    description: Shows the addresses and the files before and after.
notes:
  - Hosts need iproute2, and systemd for the reboot.
  - "The addresses are added by C(ip address replace). An address that was added by hand and is listed is adopted."
  - "On an interface that systemd-networkd or NetworkManager configures, C(networkctl reconfigure) and C(nmcli device reapply) drop
    foreign addresses
    until the next start of C(steadfast-vip-late.service). Let Keepalived or the manager itself hold VIPs there; C(lo) is usually
    nobody's."
  - Stopping the units does not remove addresses. O(state=absent) does.
  - Not announced is what was there before the run, what this host does not answer for (C(arp_ignore) 8, or 3 with O(scope=host)), and what
    comes on one of O(arp_interfaces). The module does not ask whether another host still has an IPv4 address.
  - What the units bring back is not announced. It is what the host had before it went down, at the MAC address that neighbours know from
    then; and where another host was given it meanwhile, an announcement would take it from there.
seealso:
  - module: steadfast.edge.sysctl_arp
    description: Comes before this module, and after it when the VIPs are taken back.
author:
  - The steadfast.edge authors (@steadfast)
"""

EXAMPLES = r"""
- name: Accept exactly these VIPs on a real server
  steadfast.edge.vip_address:
    addresses: [192.0.2.150, "2001:db8::150"]
    purge: true
    arp_interfaces: [eth0]

- name: Accept the VIP of a tunnel
  steadfast.edge.vip_address:
    addresses: [192.0.2.150]
    interface: tunl0
    arp_interfaces: [eth0]

- name: Hold a service address on an ordinary interface
  steadfast.edge.vip_address:
    addresses: [192.0.2.160/24]
    interface: eth0

- name: Take a VIP back
  steadfast.edge.vip_address:
    addresses: [192.0.2.150]
    state: absent
"""

RETURN = r"""
addresses:
  description: All that the module holds on the interface after the run, with prefix lengths.
  returned: success
  type: list
  elements: str
  sample: [192.0.2.150/32]
held:
  description: All that the module holds after the run, on whatever interface.
  returned: success
  type: dict
  sample: {lo: [192.0.2.150/32], tunl0: [192.0.2.151/32]}
held_before:
  description: The same before the run.
  returned: success
  type: dict
  sample: {}
added:
  description: What was added or corrected, live or on disk; in check mode, what would be.
  returned: success
  type: list
  elements: str
  sample: [192.0.2.150/32]
removed:
  description: What was removed; in check mode, what would be.
  returned: success
  type: list
  elements: str
  sample: []
announced:
  description: What the neighbours were told of; in check mode, what they would be.
  returned: success
  type: list
  elements: str
  sample: []
commands:
  description: The lines given to C(ip -batch), in their order; in check mode, those that would be given.
  returned: success
  type: list
  elements: str
  sample: [address replace 192.0.2.150/32 dev lo scope host]
interface:
  description: The interface.
  returned: success
  type: str
  sample: lo
done:
  description: What had been changed before the failure, in order; empty when nothing was.
  returned: failure
  type: list
  elements: str
  sample: [ip address delete 192.0.2.151/32 dev lo]
"""

from collections.abc import Iterable, Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._arp.files import FileError, HostFiles
from ansible_collections.steadfast.edge.plugins.module_utils._arp.posture import PostureError
from ansible_collections.steadfast.edge.plugins.module_utils._command import CommandError, module_runner
from ansible_collections.steadfast.edge.plugins.module_utils._vip.announce import announce
from ansible_collections.steadfast.edge.plugins.module_utils._vip.host import ApplyError, Plan, apply, make_plan
from ansible_collections.steadfast.edge.plugins.module_utils._vip.model import Address, Vip, VipError, sort_vips

ARGUMENT_SPEC: dict[str, Any] = {
    "addresses": {"type": "list", "elements": "str", "required": True},
    "interface": {"type": "str", "default": "lo"},
    "scope": {"type": "str", "choices": ["host", "link", "global"]},
    "host_route": {"type": "bool", "default": False},
    "purge": {"type": "bool", "default": False},
    "arp_interfaces": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def by_interface(vips: Iterable[Vip]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for vip in sort_vips(vips):
        found.setdefault(vip.interface, []).append(vip.cidr)
    return found


def result(plan: Plan, interface: str) -> dict[str, Any]:
    change = plan.change
    return {
        "changed": plan.changed,
        "interface": interface,
        "addresses": [vip.cidr for vip in change.held(interface)],
        "held": by_interface(change.owned.values()),
        "held_before": by_interface(plan.owned_before.values()),
        "added": [vip.cidr for vip in change.added],
        "removed": [vip.cidr for vip in change.removed],
        "announced": [vip.cidr for vip in plan.announced],
        "commands": [*change.deletes, *change.adds],
        "diff": plan.diff(),
    }


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    files, run = HostFiles(), module_runner(module)

    def tell(interface: str, addresses: Sequence[Address], router: bool) -> None:
        try:
            announce(interface, addresses, router)
        except OSError as error:
            listed = ", ".join(map(str, addresses))
            module.warn(f"{interface} holds {listed}, but neighbours cannot be told: {error.strerror}; they may know another host for it")

    try:
        plan = make_plan(run, files, module.params)
        if plan.faults and not module.check_mode:
            raise VipError(f"{'; '.join(plan.faults)}: the VIP would be answered for; run steadfast.edge.sysctl_arp first")
        if plan.changed and not module.check_mode:
            apply(run, files, plan, tell)
    except ApplyError as error:
        module.fail_json(msg=f"{error}; done before: {'; '.join(error.done) or 'nothing'}", done=error.done)
    except (VipError, PostureError, FileError, CommandError) as error:
        module.fail_json(msg=str(error), done=[])
    for fault in plan.faults:
        module.warn(f"{fault}; the real run fails here unless an earlier task of the play sets the posture")
    for message in plan.warnings:
        module.warn(message)
    module.exit_json(**result(plan, module.params["interface"]))


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: sysctl_arp
short_description: Keep a real server silent about its VIPs on ARP
version_added: 0.1.0
description:
  - Sets the ARP posture that a real server of LVS needs in direct routing and in tunnelling, where it holds the VIP itself
    but must leave every ARP answer for it to the director. C(arp_ignore) keeps the host from answering for the VIP,
    C(arp_announce) keeps it from naming the VIP as the sender of its own ARP requests, which would turn the neighbours' caches to it.
  - "What the kernel acts on is the larger of C(net.ipv4.conf.all) and C(net.ipv4.conf.<interface>), where the interface is the one
    on which the request arrives or leaves. This effective value is what the module reports, checks and guarantees: exactly, since a
    larger number is not a stronger one (C(arp_ignore=3) answers for a VIP of global scope, C(arp_announce=3) is the same as 0)."
  - Settings of C(lo) have no effect, although the VIP sits there. The module refuses the name and never touches them.
  - The values are live and persisted, and O(state=absent) restores those of before. They are remembered below C(/var/lib/steadfast-edge).
  - "A generic sysctl module sets keys. It cannot tell that another key or a later file makes them void, it does not know that they must
    be set before the VIP and taken back after it, and it does not remember what was there."
options:
  interfaces:
    description:
      - The interfaces on which clients, routers and directors reach this host. V(lo), V(all) and V(default) are refused.
    type: list
    elements: str
    required: true
  set_on:
    description:
      - Where to set the values.
      - V(all) sets C(net.ipv4.conf.all). It covers interfaces that appear later as well, and at boot it is in force before any interface
        exists,
        so that there is no moment at which a VIP is exposed. An interface of O(interfaces) whose own value is too large is lowered as
        well.
      - V(interface) sets the values of O(interfaces) alone and leaves the other interfaces of the host as they are. At boot these values
        are set by udev as each interface appears. It fails when the value of C(net.ipv4.conf.all) is larger than the wanted one.
    type: str
    choices: [all, interface]
    default: all
  arp_ignore:
    description:
      - The effective value wanted.
      - V(1) answers only for addresses of the interface on which the request arrives.
      - V(2) answers furthermore only senders of the same subnet, and leaves others without an answer for the host's own address too.
    type: int
    choices: [1, 2]
    default: 1
  arp_announce:
    description:
      - The effective value wanted.
      - There is no choice, because V(1) still announces a VIP that lies in the subnet of the interface.
    type: int
    choices: [2]
    default: 2
  ignore_addresses:
    description:
      - Addresses that do not count as VIPs when O(state=absent) looks for them, with or without a prefix length.
      - For the host's own address on C(lo), as routing daemons use it, and for what an earlier task of the same play removes, so that
        check mode predicts the real run.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(present) establishes the posture.
      - V(absent) restores the earlier values and removes the file below C(/etc/sysctl.d). It fails as long as an IPv4 address other than
        C(127.0.0.0/8) is on loopback, or a /32 on a dummy or tunnel interface, that would be answered for afterwards.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    support: full
    description: Reports the same changes as the real run and makes none.
  diff_mode:
    support: full
    description: Shows the keys, their effective values and the file before and after.
notes:
  - The file is C(/etc/sysctl.d/90-steadfast-edge-arp.conf). When lines of other files would make the effective values different after
    the next boot, the module fails, changes nothing, and names these files and lines.
  - IPv6 needs nothing of the kind, since neighbour discovery answers only for addresses of the interface that is asked.
seealso:
  - module: steadfast.edge.vip_address
    description: Adds the VIP, after this module; removes it, before this module does O(state=absent).
author:
  - The steadfast.edge authors (@steadfast)
"""

EXAMPLES = r"""
- name: Keep the real server silent, then give it the VIP
  block:
    - name: Set the ARP posture
      steadfast.edge.sysctl_arp:
        interfaces: [eth0]

    - name: Accept the VIP
      steadfast.edge.vip_address:
        addresses: [192.0.2.150]
        arp_interfaces: [eth0]

- name: Take it back, in the opposite order
  block:
    - name: Drop the VIP
      steadfast.edge.vip_address:
        addresses: [192.0.2.150]
        state: absent
      register: vips

    - name: Restore the ARP settings of before
      steadfast.edge.sysctl_arp:
        interfaces: [eth0]
        ignore_addresses: "{{ vips.removed }}"
        state: absent

- name: Leave the other interfaces of a router as they are
  steadfast.edge.sysctl_arp:
    interfaces: [eth0, eth1]
    set_on: interface
"""

RETURN = r"""
effective:
  description: What the kernel acts on after the run, for each of O(interfaces) that exists; in check mode, what it would act on.
  returned: success
  type: dict
  sample: {eth0: {arp_announce: 2, arp_ignore: 1}}
effective_before:
  description: The same before the run.
  returned: success
  type: dict
  sample: {eth0: {arp_announce: 0, arp_ignore: 0}}
restores:
  description: The values that O(state=absent) would bring back after this run.
  returned: success
  type: dict
  sample: {net.ipv4.conf.all.arp_announce: 0, net.ipv4.conf.all.arp_ignore: 0}
sysctl_file:
  description: The file that persists the values.
  returned: success
  type: str
  sample: /etc/sysctl.d/90-steadfast-edge-arp.conf
done:
  description: What had been changed before the failure, in order; empty when nothing was.
  returned: failure
  type: list
  elements: str
  sample: [set net.ipv4.conf.all.arp_ignore to 1]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._arp.files import FileError, HostFiles
from ansible_collections.steadfast.edge.plugins.module_utils._arp.host import ApplyError, apply, effective_table, observe, vips_without_arp
from ansible_collections.steadfast.edge.plugins.module_utils._arp.posture import (
    SYSCTL_FILE,
    Observed,
    PostureError,
    State,
    Wanted,
    absent,
    present,
)
from ansible_collections.steadfast.edge.plugins.module_utils._command import CommandError, Runner, module_runner

ARGUMENT_SPEC: dict[str, Any] = {
    "interfaces": {"type": "list", "elements": "str", "required": True},
    "set_on": {"type": "str", "choices": ["all", "interface"], "default": "all"},
    "arp_ignore": {"type": "int", "choices": [1, 2], "default": 1},
    "arp_announce": {"type": "int", "choices": [2], "default": 2},
    "ignore_addresses": {"type": "list", "elements": "str", "default": []},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def plan(params: dict[str, Any], seen: Observed, run: Runner) -> State:
    wanted = Wanted(tuple(params["interfaces"]), params["set_on"], params["arp_ignore"], params["arp_announce"])
    if params["state"] == "present":
        return present(wanted, seen)
    after = absent(wanted, seen, [])
    if after.live == seen.state.live:
        return after
    return absent(wanted, seen, vips_without_arp(run, params["ignore_addresses"]))


def describe(state: State, other: State, interfaces: list[str]) -> str:
    """One side of the diff: every key that either side owns or that differs, then what follows from them."""
    keys = sorted(key for key in state.live if key in state.saved or key in other.saved or state.live[key] != other.live[key])
    lines = [f"{key} = {state.live[key]}" for key in keys]
    for device, values in effective_table(state.live, interfaces).items():
        lines.extend(f"effective on {device}: {name} = {value}" for name, value in values.items())
    lines.append("{}:{}".format(SYSCTL_FILE, " absent" if state.text is None else ""))
    lines.extend("  " + line for line in (state.text or "").splitlines())
    return "\n".join(lines) + "\n"


def result(before: State, after: State, interfaces: list[str]) -> dict[str, Any]:
    return {
        "changed": before != after,
        "effective": effective_table(after.live, interfaces),
        "effective_before": effective_table(before.live, interfaces),
        "restores": {str(key): value for key, value in sorted(after.saved.items())},
        "sysctl_file": SYSCTL_FILE,
        "diff": {"before": describe(before, after, interfaces), "after": describe(after, before, interfaces)},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    files, run = HostFiles(), module_runner(module)
    try:
        seen = observe(files)
        after = plan(module.params, seen, run)
        outcome = result(seen.state, after, module.params["interfaces"])
        if outcome["changed"] and not module.check_mode:
            apply(files, seen.state, after)
    except ApplyError as error:
        module.fail_json(msg="{}; done before: {}".format(error, "; ".join(error.done) or "nothing"), done=error.done)
    except (PostureError, FileError, CommandError) as error:
        module.fail_json(msg=str(error), done=[])
    module.exit_json(**outcome)


if __name__ == "__main__":
    main()

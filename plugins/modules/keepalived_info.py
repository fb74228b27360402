#!/usr/bin/python

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: keepalived_info
short_description: Keepalived's version, VRRP instances, virtual servers and health checks as data
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Asks the running keepalived for its state and returns who is MASTER, which addresses are held, which real servers are alive and why not.
  - Keepalived is asked by signals, upon which it writes its state to files in its F(/tmp); files that were not there before are
    removed again. A signal is only sent to a process that expects it, so a keepalived that starts, or one built without JSON,
    is not disturbed.
  - What cannot be learnt is V(null), and RV(unknown) says why. Nothing is guessed.
  - Needs root.
options:
  dump:
    description: Whether keepalived is asked for its state. With V(false) the module only looks whether it is there.
    type: bool
    default: true
  timeout:
    description: Seconds to wait for keepalived's answer.
    type: float
    default: 5
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: N/A
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: Linux
seealso:
  - module: steadfast.edge.ipvs_info
"""

EXAMPLES = r"""
- name: Ask keepalived
  steadfast.edge.keepalived_info:
  register: keepalived

- name: Say which VIPs this host holds
  ansible.builtin.debug:
    msg: "{{ keepalived.instances | map(attribute='held') | flatten }}"

- name: Name the real servers that are not well
  ansible.builtin.debug:
    msg: "{{ keepalived.virtual_servers | map(attribute='real_servers') | flatten | rejectattr('alive') | map(attribute='address') }}"
"""

RETURN = r"""
installed:
  description: Whether the program is there.
  returned: success
  type: bool
version:
  description: Version of the program.
  returned: success
  type: str
  sample: 2.2.7
build_options:
  description: What it was built with, as C(keepalived --version) lists it.
  returned: success
  type: list
  elements: str
  sample: [LVS, VRRP, VRRP_AUTH, JSON]
running:
  description: Whether it runs.
  returned: success
  type: bool
pid:
  description: Its main process.
  returned: success
  type: int
process_events:
  description:
    - Whether the kernel reports processes here, which tracked processes need. It does so in its initial namespaces only, not in containers.
    - V(null) without the right to ask.
  returned: success
  type: bool
instances:
  description: VRRP instances, V(null) where they could not be learnt.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the instance.
      type: str
      returned: always
    state:
      description: V(INIT), V(BACKUP), V(MASTER), V(FAULT), or V(UNKNOWN).
      type: str
      returned: always
    interface:
      description: Its interface.
      type: str
      returned: always
    virtual_router_id:
      description: Its VRID.
      type: int
      returned: always
    version:
      description: Version of VRRP.
      type: int
      returned: always
    priority:
      description: Priority as configured.
      type: int
      returned: always
    effective_priority:
      description: Priority after what is tracked.
      type: int
      returned: always
    advertisement_interval:
      description: Seconds between adverts.
      type: float
      returned: always
    last_transition:
      description: When the state changed last, or keepalived was reloaded after that, in seconds since 1970.
      type: float
      returned: always
    addresses:
      description: Its addresses, each with C(address), C(interface), and whether it is C(held) at present.
      type: list
      elements: dict
      returned: always
    held:
      description: Those addresses that are held at present.
      type: list
      elements: str
      returned: always
scripts:
  description: Tracked scripts, each with C(name), C(weight) and C(status) (V(good), V(bad), or another word of keepalived's).
  returned: success
  type: list
  elements: dict
virtual_servers:
  description: Virtual servers, V(null) where they could not be learnt.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: Address, V(null) where it is a firewall mark or a group.
      type: str
      returned: always
    port:
      description: Port.
      type: int
      returned: always
    fwmark:
      description: Firewall mark.
      type: int
      returned: always
    group:
      description: Name of the group.
      type: str
      returned: always
    protocol:
      description: V(TCP), V(UDP) or V(SCTP); V(null) for a firewall mark.
      type: str
      returned: always
    scheduler:
      description: Scheduler.
      type: str
      returned: always
    forward:
      description: Forwarding method, V(DR), V(NAT) or V(TUN).
      type: str
      returned: always
    quorum:
      description: Weight that must be alive.
      type: int
      returned: always
    quorum_up:
      description: Whether that much is alive.
      type: bool
      returned: always
    sorry_server:
      description: C(address) and C(port) of the sorry server, V(null) without one.
      type: dict
      returned: always
    real_servers:
      description:
        - Real servers, each with C(address), C(port), C(weight), C(effective_weight), C(forward), whether it is C(alive) and C(in_table),
          the number of C(failed_checks), and its C(checks), each with C(type), C(up) and C(has_run).
      type: list
      elements: dict
      returned: always
unknown:
  description: Why something could not be learnt, a sentence each.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._command import module_runner
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.daemon import Host
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.info import gather


def main() -> None:
    module = AnsibleModule(
        argument_spec={"dump": {"type": "bool", "default": True}, "timeout": {"type": "float", "default": 5.0}},
        supports_check_mode=True,
    )
    module.exit_json(changed=False, **gather(Host(module_runner(module)), module.params["dump"], module.params["timeout"]))


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: host_state
short_description: What a host of the edge is at the moment, in one look
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Returns the addresses that the host holds, its ARP posture, its IPVS table, the state of services, and whether URLs answer it.
  - Reads only, and judges nothing; see the filters P(steadfast.edge.looks#filter) and P(steadfast.edge.findings#filter), and the playbook
    C(steadfast.edge.verify), which asks all hosts and compares them with the inventory.
  - What cannot be read is named in RV(unknown). The module does not fail for it, since the rest is worth knowing.
options:
  interfaces:
    description: Interfaces whose effective ARP values are wanted.
    type: list
    elements: str
    default: []
  services:
    description: systemd units whose state is wanted.
    type: list
    elements: str
    default: []
  requests:
    description: What to ask from this host, all at the same time.
    type: list
    elements: dict
    default: []
    suboptions:
      url:
        description: URL with C(http) or C(https), or C(tcp://ADDRESS:PORT) for a mere connection. Certificates are not judged.
        type: str
        required: true
      connect_to:
        description: Address to connect to instead of looking up the host of the URL.
        type: str
      status:
        description: The statuses that are a success, any from 200 to 399 when there is none.
        type: list
        elements: int
      timeout:
        description: Seconds for the whole answer.
        type: float
        default: 3
  patience:
    description: Seconds for which requests that fail are asked again.
    type: float
    default: 0
  certificates:
    description: TLS endpoints whose certificates are wanted.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: Address to connect to.
        type: str
        required: true
      port:
        description: Port to connect to.
        type: int
        default: 443
      name:
        description: Name of the site that is asked for, and for which the certificate must be.
        type: str
        required: true
  trees:
    description: Folders of configuration whose state is wanted, for example C(/etc/nginx).
    type: list
    elements: path
    default: []
attributes:
  check_mode:
    description: Reads only.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
"""

EXAMPLES = r"""
- name: Look at this real server
  steadfast.edge.host_state:
    interfaces: [eth0]
    services: [nginx]
    requests:
      - {url: "http://192.0.2.31:8080/healthz", status: [200]}
      - {url: "tcp://192.0.2.32:8080"}
  register: look
"""

RETURN = r"""
addresses:
  description: The addresses on each interface.
  returned: success
  type: dict
  sample: {lo: ["127.0.0.1", "192.0.2.150"], eth0: ["192.0.2.21"]}
arp:
  description: The effective values for each of O(interfaces).
  returned: success
  type: dict
  sample: {eth0: {arp_ignore: 1, arp_announce: 2}}
services:
  description: The state of each of O(services), in systemd's word.
  returned: success
  type: dict
  sample: {nginx: active}
ipvs:
  description: The virtual services with their real servers, as M(steadfast.edge.ipvs_info) returns them.
  returned: success
  type: list
  elements: dict
answers:
  description: Each of O(requests) with what is wrong with its answer; empty where nothing is.
  returned: success
  type: list
  elements: dict
  sample: [{url: "http://shop.example.com:80/healthz", connect_to: "192.0.2.21", error: "status 503"}]
certificates:
  description: Each of O(certificates) with the days for which it is still valid, whether it is for the name, or the error.
  returned: success
  type: list
  elements: dict
  sample: [{name: shop.example.com, address: 192.0.2.21, port: 443, days: 61.4, named: true, error: ""}]
trees:
  description:
    - Each of O(trees) with the release that is live, the files that were changed by hand since, whether a switch was interrupted, and
      who is drained in them, as M(steadfast.edge.member_drain) returns it.
  returned: success
  type: dict
  sample: {/etc/nginx: {release: 3-0123456789ab, edited: [nginx.conf], interrupted: false, drained: [], yielded: ""}}
booted:
  description: When the host was started, in seconds since the epoch.
  returned: success
  type: int
  sample: 1767225600
unknown:
  description: What could not be read, and why.
  returned: success
  type: dict
  sample: {}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._command import module_runner
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._verify import look


def main() -> None:
    names = {"type": "list", "elements": "str", "default": []}
    request = {
        "url": {"type": "str", "required": True},
        "connect_to": {"type": "str"},
        "status": {"type": "list", "elements": "int"},
        "timeout": {"type": "float", "default": 3},
    }
    endpoint = {
        "address": {"type": "str", "required": True},
        "port": {"type": "int", "default": 443},
        "name": {"type": "str", "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            "interfaces": names,
            "services": names,
            "requests": {"type": "list", "elements": "dict", "default": [], "options": request},
            "patience": {"type": "float", "default": 0},
            "certificates": {"type": "list", "elements": "dict", "default": [], "options": endpoint},
            "trees": {**names, "elements": "path"},
        },
        supports_check_mode=True,
    )
    host = Host(lambda argv: module.run_command(list(argv)))
    module.exit_json(changed=False, **look.look(module_runner(module), host, module.params))


if __name__ == "__main__":
    main()

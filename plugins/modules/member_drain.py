#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: member_drain
short_description: Take members out of what this host balances, or its VIPs from this host, and put them back
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Changes the files that the roles C(keepalived) and C(nginx) have released on a balancer, as one transaction that is judged, switched,
    reloaded and proven like those of M(steadfast.edge.config_release).
  - A drained real server has weight 0 in all virtual servers, a drained member is C(down) in all upstreams. Open connections go on,
    new ones go to the others. Because it is written in the files, neither a health check that fails and recovers nor a restart undoes it.
  - Each change carries a mark that says in whose name it was made, O(by). Only the same name puts it back, byte by byte as it was.
    What the inventory itself has out of service is left alone.
  - The next run of C(site.yml) writes the files of the inventory, and with them everybody back.
  - Waiting for connections is the business of M(steadfast.edge.tcp_connections) on the drained host.
options:
  balancer:
    description: Whose files are meant.
    type: str
    choices: [keepalived, nginx]
    required: true
  state:
    description: V(drained) takes O(members) out, V(serving) puts them back.
    type: str
    choices: [drained, serving]
    default: drained
  members:
    description:
      - Addresses as the files have them, each with or without C(:port).
      - With O(state=drained), nothing is done where one of them is in no pool.
      - With O(state=serving), V(all) means all that were drained in the name O(by).
      - Left out, the members stay as they are.
    type: list
    elements: str
  vips:
    description:
      - With O(balancer=keepalived), V(yielded) hands the VIPs of this host to the other holders, and keeps it from taking them back, over a
        reboot too. Its table stays, so what still arrives here is served.
      - V(held) lets it take part again. Left out, nothing is changed about them.
    type: str
    choices: [yielded, held]
  by:
    description: In whose name, a word of small letters, digits and C(_).
    type: str
    default: hand
  min_serving:
    description:
      - Nothing is done where fewer members than this would be left in a pool, or in a virtual server less weight than its quorum.
        V(0) accepts any.
    type: int
    default: 1
  max_unavailable:
    description: How many members of a pool may be out at the same time, this call's included. Left out, there is no such limit.
    type: int
  path:
    description: Folder of the files, by default C(/etc/keepalived) or C(/etc/nginx).
    type: path
  service:
    description: The systemd unit, by default the name of O(balancer).
    type: str
  binary:
    description: The program that judges the files of nginx.
    type: path
    default: /usr/sbin/nginx
  error_log:
    description: The log in which nginx says why it does not take files.
    type: path
    default: /var/log/nginx/error.log
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
    support: full
seealso:
  - module: steadfast.edge.ipvs_destination
  - module: steadfast.edge.tcp_connections
"""

EXAMPLES = r"""
- name: Send no new connections to this web server
  steadfast.edge.member_drain:
    balancer: keepalived
    members: [192.0.2.21]
  delegate_to: "{{ item }}"
  loop: "{{ groups['edge_directors'] }}"

- name: Put everybody back whom we have taken out
  steadfast.edge.member_drain:
    balancer: keepalived
    state: serving
    members: [all]
  delegate_to: "{{ item }}"
  loop: "{{ groups['edge_directors'] }}"

- name: Hand the VIPs of this director over
  steadfast.edge.member_drain:
    balancer: keepalived
    vips: yielded
"""

RETURN = r"""
msg:
  description: What was done.
  returned: always
  type: str
before:
  description: Who was drained, where, and in whose name.
  returned: success
  type: list
  elements: dict
  sample: [{pool: "the upstream shop-app", member: "192.0.2.31:8080", by: "hand"}]
after:
  description: The same after the run, or as it would be in check mode.
  returned: success
  type: list
  elements: dict
yielded:
  description: In whose name the VIPs are yielded; empty where they are not.
  returned: success
  type: str
actions:
  description: What was done, or would be done.
  returned: success
  type: list
  elements: str
  sample: ["take 192.0.2.31:8080 out of the upstream shop-app"]
"""

import sys

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._drain.balancer import Balancer, Place
from ansible_collections.steadfast.edge.plugins.module_utils._drain.members import DrainError, Wish
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import IpvsError
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host as IpvsHost
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import ReleaseError
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Host


def main() -> None:
    words = {"type": "list", "elements": "str", "default": []}
    members = {"type": "list", "elements": "str"}
    module = AnsibleModule(
        argument_spec={
            "balancer": {"type": "str", "choices": ["keepalived", "nginx"], "required": True},
            "state": {"type": "str", "choices": ["drained", "serving"], "default": "drained"},
            "members": members,
            "vips": {"type": "str", "choices": ["yielded", "held"]},
            "by": {"type": "str", "default": "hand"},
            "min_serving": {"type": "int", "default": 1},
            "max_unavailable": {"type": "int"},
            "path": {"type": "path"},
            "service": {"type": "str"},
            "binary": {"type": "path", "default": "/usr/sbin/nginx"},
            "error_log": {"type": "path", "default": "/var/log/nginx/error.log"},
            "accepted_warnings": words,
        },
        required_one_of=[("members", "vips")],
        supports_check_mode=True,
    )
    params = module.params
    kind = params["balancer"]
    place = Place(
        kind, params["path"] or f"/etc/{kind}", params["service"] or kind, params["binary"], params["error_log"],
        python=sys.executable, accepted_warnings=tuple(params["accepted_warnings"]),
    )  # fmt: skip
    drained, addresses = params["state"] == "drained", tuple(params["members"] or ())
    wish = Wish(drained, addresses, params["by"], params["min_serving"], params["max_unavailable"])
    ipvs = IpvsHost(lambda argv: module.run_command(list(argv)))
    try:
        result = Balancer(place, Host(), ipvs, module.warn).apply(wish, params["vips"], module.check_mode)
    except (DrainError, IpvsError, ReleaseError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result.data())


if __name__ == "__main__":
    main()

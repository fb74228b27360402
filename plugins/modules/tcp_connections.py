#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: tcp_connections
short_description: Wait until the TCP connections to ports of this host have ended
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Counts the established connections to O(ports), and waits until no more than O(limit) are left.
  - Fails when more are left after O(timeout).
  - The host that serves knows best what is still open. A director counts connections of clients that vanished for a quarter of an hour, and
    with direct routing sees one side of them only.
options:
  ports:
    description: Ports of this host.
    type: list
    elements: int
    required: true
  addresses:
    description: Addresses of this host to which clients connect, for example the VIPs of a real server. Empty, any.
    type: list
    elements: str
    default: []
  peers:
    description: Addresses from which the connections come. Empty, any.
    type: list
    elements: str
    default: []
  limit:
    description: As many may be left.
    type: int
    default: 0
  timeout:
    description: Seconds to wait. With V(0) they are counted, and nothing is waited for.
    type: float
    default: 60
attributes:
  check_mode:
    description: Only reads. Waits in check mode as well.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
seealso:
  - module: steadfast.edge.member_drain
"""

EXAMPLES = r"""
- name: Wait until the clients of the VIP are done with this real server
  steadfast.edge.tcp_connections:
    ports: [80, 443]
    addresses: [192.0.2.150]
    timeout: 120
"""

RETURN = r"""
msg:
  description: What there was and what is left, in one sentence.
  returned: always
  type: str
  sample: "12 connections ended within 3.2 s."
at_first:
  description: Connections when the module began.
  returned: always
  type: int
remaining:
  description: Connections that are left, by peer.
  returned: always
  type: dict
  sample: {"192.0.2.90": 2}
waited:
  description: Seconds.
  returned: always
  type: float
"""

from collections import Counter

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._drain.connections import Meant, connections, wait


def main() -> None:
    words = {"type": "list", "elements": "str", "default": []}
    module = AnsibleModule(
        argument_spec={
            "ports": {"type": "list", "elements": "int", "required": True},
            "addresses": words,
            "peers": words,
            "limit": {"type": "int", "default": 0},
            "timeout": {"type": "float", "default": 60},
        },
        supports_check_mode=True,
    )
    params = module.params
    meant = Meant(params["ports"], params["addresses"], params["peers"])
    first, left, seconds = wait(connections, meant, params["limit"], params["timeout"])
    by_peer = Counter(found.peer for found in left)
    result = {"changed": False, "at_first": len(first), "remaining": dict(by_peer), "waited": round(seconds, 2)}
    if len(left) > params["limit"] and params["timeout"]:
        peers = ", ".join(f"{count} from {peer}" for peer, count in sorted(by_peer.items())[:5])
        module.fail_json(
            msg=f"{len(left)} connections to port {', '.join(map(str, params['ports']))} are left after {seconds:.0f} s ({peers}), "
            f"and {params['limit']} may be. Give them longer, or accept that they are cut off.",
            **result,
        )
    ended = f"{len(first)} connections, {len(left)} of them left after {seconds:.1f} s."
    module.exit_json(msg=ended if first else "There are no connections.", **result)


if __name__ == "__main__":
    main()

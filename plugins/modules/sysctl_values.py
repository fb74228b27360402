#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: sysctl_values
short_description: Sysctl values of one purpose that are in force, live and over a reboot, and can be taken back
version_added: 0.1.0
description:
  - Sets whole numbers below C(/proc/sys) at once and in a file below C(/etc/sysctl.d), and gives the values of before back when they are
    not wanted any more.
  - A generic sysctl module writes keys. It cannot tell that another key or a later file makes them void. For C(net.ipv4.conf) the kernel
    acts on the larger value of C(all) and of the interface in many cases; this module reports, checks and guarantees what is in force.
options:
  name:
    description:
      - The purpose of the values. Each name has a file and a memory of its own.
      - Lower-case letters, digits and C(-), a letter first.
    type: str
    required: true
  values:
    description:
      - The keys with their values, whole numbers. Names of interfaces with a dot are written with slashes, as in C(sysctl.d).
      - A key that an earlier call with the same O(name) set, and that is not given any more, gets back the value that it had before.
      - When empty, all of them do, and the file goes away.
    type: dict
    required: true
attributes:
  check_mode:
    support: full
    description: Reports the same changes as the real run and makes none.
  diff_mode:
    support: full
    description: Shows the values and the file before and after.
notes:
  - The file is C(/etc/sysctl.d/90-steadfast-edge-NAME.conf). When lines of other files would make the values different after the next
    boot, the module fails, changes nothing, and names these files and lines.
seealso:
  - module: steadfast.edge.sysctl_arp
    description: For the ARP posture of real servers, where the order with the VIP matters.
author:
  - The steadfast.edge authors (@steadfast)
"""

EXAMPLES = r"""
- name: Let a director of LVS-NAT forward packets, and send nobody around itself
  steadfast.edge.sysctl_values:
    name: director
    values:
      net.ipv4.ip_forward: 1
      net.ipv4.conf.all.send_redirects: 0
      net.ipv4.conf.eth0.send_redirects: 0

- name: Take them back
  steadfast.edge.sysctl_values:
    name: director
    values: {}
"""

RETURN = r"""
kept:
  description: The values that O(name) keeps after the run, or would keep in check mode.
  returned: success
  type: dict
  sample: {net.ipv4.ip_forward: 1}
restores:
  description: The values that an empty O(values) would bring back after this run.
  returned: success
  type: dict
  sample: {net.ipv4.ip_forward: 0}
sysctl_file:
  description: The file that persists the values.
  returned: success
  type: str
  sample: /etc/sysctl.d/90-steadfast-edge-director.conf
done:
  description: What had been changed before the failure, in order; empty when nothing was.
  returned: failure
  type: list
  elements: str
  sample: [set net.ipv4.ip_forward to 1]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._arp.files import FileError, HostFiles
from ansible_collections.steadfast.edge.plugins.module_utils._arp.sysctld import render_key
from ansible_collections.steadfast.edge.plugins.module_utils._sysctl.host import ApplyError, apply, observe
from ansible_collections.steadfast.edge.plugins.module_utils._sysctl.values import Names, State, ValuesError, keys_of, plan

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "values": {"type": "dict", "required": True},
}


def describe(state: State, other: State, names: Names) -> str:
    """One side of the diff: every key that either side keeps or that differs, then the file."""
    keys = sorted(path for path in state.live if path in {**state.saved, **other.saved} or state.live[path] != other.live[path])
    lines = [f"{render_key(path)} = {state.live[path]}" for path in keys]
    lines.append("{}:{}".format(names.sysctl, " absent" if state.text is None else ""))
    lines.extend("  " + line for line in (state.text or "").splitlines())
    return "\n".join(lines) + "\n"


def result(names: Names, before: State, after: State) -> dict[str, Any]:
    return {
        "changed": before != after,
        "kept": {render_key(path): after.live[path] for path in sorted(after.saved)},
        "restores": {render_key(path): value for path, value in sorted(after.saved.items())},
        "sysctl_file": names.sysctl,
        "diff": {"before": describe(before, after, names), "after": describe(after, before, names)},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    files, names = HostFiles(), Names(module.params["name"])
    try:
        wanted = keys_of(module.params["values"])
        seen = observe(files, names, wanted)
        after = plan(names, wanted, seen)
        outcome = result(names, seen.state, after)
        if outcome["changed"] and not module.check_mode:
            apply(files, names, seen.state, after)
    except ApplyError as error:
        module.fail_json(msg="{}; done before: {}".format(error, "; ".join(error.done) or "nothing"), done=error.done)
    except (ValuesError, FileError) as error:
        module.fail_json(msg=str(error), done=[])
    module.exit_json(**outcome)


if __name__ == "__main__":
    main()

#!/usr/bin/python

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: keepalived_source
short_description: Build keepalived from source below a prefix, or take such a build away
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Verifies an archive of keepalived's sources, builds it into a folder of its own below O(prefix), and makes C(current) there lead to it.
  - A build that fails changes nothing. Earlier builds are removed when the new one is in place.
  - Starts and restarts nothing. The running keepalived goes on until it is restarted, which RV(stale) asks for.
  - Builds again when O(checksum), O(prefix) or O(flags) is another.
options:
  state:
    description:
      - V(absent) takes away the unit, the link and the builds that they lead to, whatever the prefix was, and changes nothing where they
        are somebody else's. What else is below the prefix stays.
    type: str
    choices: [present, absent]
    default: present
  src:
    description: The archive (C(.tar.gz) or the like) on the host. Required with O(state=present).
    type: path
  checksum:
    description:
      - SHA-256 of the archive, as 64 hexadecimal digits. It is compared before anything is unpacked. Required with O(state=present).
    type: str
  prefix:
    description:
      - Folder of the builds. The program is V(current/sbin/keepalived) in it; the configuration stays in C(/etc/keepalived). Required with
        O(state=present).
    type: path
  flags:
    description: Flags of keepalived's C(configure). Those that say where things are follow from O(prefix), and are refused.
    type: list
    elements: str
    default: []
  unit:
    description:
      - Text of the systemd unit, which is put into C(/etc/systemd/system/keepalived.service) and so outranks a package's. It starts the
        program by the path below O(prefix). Required with O(state=present).
    type: str
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details:
      - Nothing is built, so what would fail later is not foreseen. The archive need not be there.
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: Linux
requirements:
  - make, a C compiler, and the development files of OpenSSL and libnl on the host
notes:
  - Needs root.
  - C(/usr/local/sbin/keepalived) becomes a link to the program, for people and for those who ask it something.
seealso:
  - module: steadfast.edge.keepalived_info
"""

EXAMPLES = r"""
- name: Build keepalived below /usr/local/keepalived
  steadfast.edge.keepalived_source:
    src: /var/cache/keepalived-2.3.3.tar.gz
    checksum: "{{ keepalived_source_checksum }}"
    prefix: /usr/local/keepalived
    flags: [--enable-json]
    unit: "{{ lookup('ansible.builtin.file', 'keepalived.service') }}"
  register: build

- name: Have it take over
  ansible.builtin.systemd_service:
    name: keepalived
    state: restarted
  when: build.stale

- name: Leave the field to the package
  steadfast.edge.keepalived_source:
    state: absent
"""

RETURN = r"""
built:
  description: Whether the program is another one than before.
  returned: success
  type: bool
stale:
  description:
    - Whether a keepalived runs that needs a restart to be the one in use; with O(state=absent), whether it is one of the builds. It stays
      so until there was one.
  returned: success
  type: bool
removed:
  description: Folders of builds that were removed.
  returned: success
  type: list
  elements: str
output:
  description: The end of what the compiler said.
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._command import module_runner
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.daemon import Host
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.source import Source, SourceError, build, remove


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "src": {"type": "path"},
            "checksum": {"type": "str"},
            "prefix": {"type": "path"},
            "flags": {"type": "list", "elements": "str", "default": []},
            "unit": {"type": "str"},
        },
        required_if=[("state", "present", ("src", "checksum", "prefix", "unit"))],
        supports_check_mode=True,
    )
    given = module.params
    run = module_runner(module)
    running = Host(run).program()
    try:
        if given["state"] == "absent":
            found = remove(run, running, module.check_mode)
        else:
            source = Source(given["src"], given["checksum"], given["prefix"], tuple(given["flags"]), unit=given["unit"])
            found = build(run, source, running, module.check_mode)
    except SourceError as error:
        module.fail_json(msg=str(error), output=error.output)
    module.exit_json(changed=found.changed, built=found.built, removed=list(found.removed), stale=found.stale)


if __name__ == "__main__":
    main()

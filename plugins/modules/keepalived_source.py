#!/usr/bin/python

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: keepalived_source
short_description: Build keepalived from source below a prefix
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Verifies an archive of keepalived's sources, builds it into a folder of its own below O(prefix), and makes C(current) there lead to it.
  - A build that fails changes nothing. Earlier builds are removed when the new one is in place.
  - Starts and restarts nothing. The running keepalived goes on until it is restarted.
  - Builds again when O(checksum), O(prefix) or O(flags) is another.
options:
  src:
    description: The archive (C(.tar.gz) or the like) on the host.
    type: path
    required: true
  checksum:
    description: SHA-256 of the archive, as 64 hexadecimal digits. It is compared before anything is unpacked.
    type: str
    required: true
  prefix:
    description: Folder of the builds. The program is V(current/sbin/keepalived) in it; the configuration stays in C(/etc/keepalived).
    type: path
    required: true
  flags:
    description: Flags of keepalived's C(configure). Those that say where things are follow from O(prefix), and are refused.
    type: list
    elements: str
    default: []
  unit:
    description: Text of the systemd unit, which is put into C(/etc/systemd/system/keepalived.service) and so outranks a package's.
    type: str
    required: true
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
"""

RETURN = r"""
built:
  description: Whether the program is another one than before, so that keepalived needs a restart to be the new one.
  returned: success
  type: bool
removed:
  description: Folders of earlier builds that were removed.
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
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.source import Source, SourceError, build


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "path", "required": True},
            "checksum": {"type": "str", "required": True},
            "prefix": {"type": "path", "required": True},
            "flags": {"type": "list", "elements": "str", "default": []},
            "unit": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    given = module.params
    source = Source(given["src"], given["checksum"], given["prefix"], tuple(given["flags"]), unit=given["unit"])
    try:
        built = build(module_runner(module), source, module.check_mode)
    except SourceError as error:
        module.fail_json(msg=str(error), output=error.output)
    module.exit_json(changed=built.changed, built=built.built, removed=list(built.removed))


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_self_signed
short_description: Certificates that a host makes and signs for itself
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Makes certificates with the host's own openssl, for tests and for what comes before the real ones. No browser trusts them.
  - One is made again when it, or its key, is missing or unreadable, when its names or its validity are others than wanted, when others than
    root may read its key, and in the last third of its time.
  - The key is made on the host, stays there, and is readable by root alone.
options:
  folder:
    description: Where they lie, as C(NAME.pem) and C(NAME.key). It is made where it is missing.
    type: path
    required: true
  certificates:
    description: The certificates.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the files, and the common name.
        type: str
        required: true
      names:
        description: DNS names and addresses that it is for; O(certificates[].name) where there are none.
        type: list
        elements: str
        default: []
      days:
        description: How long it is valid.
        type: int
        default: 365
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: Linux
requirements:
  - openssl on the host
"""

EXAMPLES = r"""
- name: A certificate for the lab
  steadfast.edge.nginx_self_signed:
    folder: /var/lib/steadfast-edge/certificates
    certificates:
      - name: shop
        names: [shop.example.com, 192.0.2.150]
        days: 90
"""

RETURN = r"""
made:
  description: The certificates that were made (in check mode, would be), each with the reason.
  returned: success
  type: dict
  sample: {shop: it ends soon}
files:
  description: Where the certificates lie.
  returned: success
  type: list
  elements: str
  sample: [/var/lib/steadfast-edge/certificates/shop.pem]
output:
  description: What openssl said.
  returned: failure
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.errors import NginxError
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.host import NginxHost
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.self_signed import Certificate, make

ARGUMENT_SPEC: dict[str, Any] = {
    "folder": {"type": "path", "required": True},
    "certificates": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "default": []},
            "days": {"type": "int", "default": 365},
        },
    },
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    folder = module.params["folder"]
    wanted = [Certificate(one["name"], folder, tuple(one["names"]), one["days"]) for one in module.params["certificates"]]
    try:
        made = make(NginxHost(), wanted, module.check_mode)
    except NginxError as error:
        module.fail_json(msg=str(error), output=error.output)
    module.exit_json(changed=bool(made), made=made, files=[one.file for one in wanted])


if __name__ == "__main__":
    main()

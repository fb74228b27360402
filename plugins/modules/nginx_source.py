#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_source
short_description: Build nginx from source and put it in place of the running one
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Verifies an archive of nginx's sources, builds it in a folder of its own, exchanges the installed binary in one step, and has the new
    one take over from the running one without losing a connection, as M(steadfast.edge.nginx_control) does with V(upgrade).
  - A build that fails, refuses the live configuration or does not serve changes nothing. The files of before are put back and the old
    nginx goes on.
  - Builds again when O(id) is another than that of the last build, which is noted in the prefix.
  - The default configuration with its welcome page is not installed, C(mime.types) and the parameters of gateways are where they are
    missing.
options:
  src:
    description: The archive (C(.tar.gz) or the like) on the host.
    type: path
    required: true
  checksum:
    description: SHA-256 of the archive, as 64 hexadecimal digits. It is compared before anything is unpacked.
    type: str
    required: true
  id:
    description:
      - Anything that changes whenever something about the build does.
      - By default it follows from O(checksum), O(prefix), O(flags) and O(service).
    type: str
  prefix:
    description: Folder of the installation. The binary is V(sbin/nginx) in it, the configuration V(conf), the logs V(logs).
    type: path
    required: true
  flags:
    description:
      - Flags of nginx's C(configure). Those that say where things are follow from O(prefix) and O(service), and are refused.
    type: list
    elements: str
    default: []
  service:
    description: Name of the systemd unit. The pid file is C(/run/SERVICE.pid).
    type: str
    default: nginx
  unit:
    description:
      - Text of the unit, which is put into C(/etc/systemd/system).
      - It must be of C(Type=forking) with that C(PIDFile=), so that systemd follows a new master.
    type: str
    required: true
  error_log:
    description: Nginx's error log, for what the new nginx says about why it does not take over.
    type: path
  url:
    description: An HTTP address that must answer 200 from the new nginx before the old one is let go.
    type: str
  timeout:
    description: Seconds that each step of the hand-over may take; more than C(worker_shutdown_timeout).
    type: float
    default: 60
  build_timeout:
    description: Seconds that each step of the build may take.
    type: float
    default: 1800
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
  - make, a C compiler, and the development files of what the flags ask for (PCRE, zlib, OpenSSL) on the host
seealso:
  - module: steadfast.edge.nginx_control
  - module: steadfast.edge.nginx_info
"""

EXAMPLES = r"""
- name: Build nginx below /usr/local/shop
  steadfast.edge.nginx_source:
    src: /var/cache/nginx-1.26.3.tar.gz
    checksum: 69ee2b237744036e61d24b836668aad3040dda461fe6f570f1787eab570c75aa
    prefix: /usr/local/shop/nginx
    service: nginx-shop
    flags: [--with-http_ssl_module, --with-http_v2_module]
    unit: "{{ lookup('ansible.builtin.file', 'nginx-shop.service') }}"
"""

RETURN = r"""
msg:
  description: What was done, or why nothing was.
  returned: always
  type: str
  sample: nginx 1.26.3 was built in /usr/local/shop/nginx
id:
  description: What the build is known by.
  returned: success
  type: str
version:
  description: Version that is installed after the run; in check mode that of now.
  returned: success
  type: str
  sample: 1.26.3
version_before:
  description: Version that was installed before, V(null) where there was none.
  returned: success
  type: str
taken_over:
  description: Whether the new nginx took over from a running one.
  returned: success
  type: bool
output:
  description: The end of what the compiler, the configuration's judge or the error log said.
  returned: failure
  type: str
"""

import hashlib
import json
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.build import Source, build
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.errors import NginxError
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.host import NginxHost
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.model import Request

ARGUMENT_SPEC: dict[str, Any] = {
    "src": {"type": "path", "required": True},
    "checksum": {"type": "str", "required": True},
    "id": {"type": "str"},
    "prefix": {"type": "path", "required": True},
    "flags": {"type": "list", "elements": "str", "default": []},
    "service": {"type": "str", "default": "nginx"},
    "unit": {"type": "str", "required": True},
    "error_log": {"type": "path"},
    "url": {"type": "str"},
    "timeout": {"type": "float", "default": 60.0},
    "build_timeout": {"type": "float", "default": 1800.0},
}


def identity(params: dict[str, Any]) -> str:
    parts = [params[name] for name in ("checksum", "prefix", "flags", "service")]
    return params["id"] or hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    source = Source(identity(params), params["src"], params["checksum"], params["prefix"], params["service"], params["unit"],
                    tuple(params["flags"]), build_timeout=params["build_timeout"])
    request = Request(source.binary, params["service"], None, params["error_log"], params["url"], timeout=params["timeout"],
                      check_mode=module.check_mode)
    try:
        built = build(NginxHost(), source, request)
    except NginxError as error:
        module.fail_json(msg=str(error), output=error.output)
    module.exit_json(changed=built.changed, msg=built.msg, id=source.id, version=built.version, version_before=built.version_before,
                     taken_over=built.taken_over)


if __name__ == "__main__":
    main()

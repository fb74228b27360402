#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_info
short_description: Nginx on a host, its build, its unit and its processes as data
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Returns version and build flags of the installed nginx, the state of its systemd unit, its workers, and whether the running master is
    still of an older binary than the installed one.
  - Reads only, in one call, so that a role can decide with it what else is to be done.
  - Where nginx is not installed, RV(installed) is V(false) and the rest is empty. That is no error, in check mode neither.
options:
  binary:
    description: Name of the binary, which is then looked for where packages put it, or its full path.
    type: str
    default: nginx
  service:
    description: The systemd unit that runs it.
    type: str
    default: nginx
  files:
    description: Paths of files whose digests are returned as well, to spare a module call for each that is as wanted.
    type: list
    elements: path
    default: []
  packages:
    description:
      - Packages that are to be installed, each with the pattern of its version, as in V(1.26.*). An empty text takes any version.
      - Compared with the host's own database of packages; nothing is asked of a repository.
    type: dict
    default: {}
  self_signed:
    description: Certificates that M(steadfast.edge.nginx_self_signed) is to have made, with the options of that module.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the files.
        type: str
        required: true
      names:
        description: DNS names and addresses that it is for.
        type: list
        elements: str
        default: []
      days:
        description: How long it is valid.
        type: int
        default: 365
  self_signed_folder:
    description: Where they lie.
    type: path
    default: /var/lib/steadfast-edge/certificates
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
notes:
  - Needs root for RV(upgrade_pending), which is V(false) where the running binary cannot be looked at.
seealso:
  - module: steadfast.edge.nginx_control
"""

EXAMPLES = r"""
- name: Look at nginx
  steadfast.edge.nginx_info:
  register: nginx

- name: The version and whether it speaks HTTP/2
  ansible.builtin.debug:
    msg: "{{ nginx.version }}, {{ 'http_v2_module' in nginx.modules.built_in }}"
  when: nginx.installed

- name: An nginx built from source, under a unit of its own
  steadfast.edge.nginx_info:
    binary: /usr/local/shop/nginx/sbin/nginx
    service: nginx-shop
"""

RETURN = r"""
installed:
  description: Whether there is such a binary and it is nginx.
  returned: success
  type: bool
binary:
  description: Full path of the binary, V(null) where there is none.
  returned: success
  type: str
  sample: /usr/sbin/nginx
version:
  description: Version of the installed binary, V(null) where there is none.
  returned: success
  type: str
  sample: 1.22.1
commercial:
  description: Whether it is the commercial nginx, which knows further directives.
  returned: success
  type: bool
openssl:
  description: Version of the OpenSSL that it runs with, V(null) without OpenSSL.
  returned: success
  type: str
  sample: 3.0.17
configure_arguments:
  description: The build flags, one item for each, without the quotes of the shell.
  returned: success
  type: list
  elements: str
  sample: [--with-cc-opt=-g -O2, --prefix=/usr/share/nginx, --with-http_ssl_module]
modules:
  description: Modules of the build.
  returned: success
  type: dict
  contains:
    built_in:
      description: Modules that were added to those that every nginx has.
      type: list
      elements: str
      returned: always
      sample: [http_ssl_module, http_v2_module]
    left_out:
      description: Standard modules that were left out.
      type: list
      elements: str
      returned: always
      sample: [http_geo_module]
    dynamic:
      description: Modules that can be loaded, by the names of their files.
      type: list
      elements: str
      returned: always
      sample: [ngx_stream_module]
prefix:
  description: The folder that nginx's own relative paths begin at.
  returned: success
  type: str
  sample: /usr/share/nginx
paths:
  description: The paths built into the binary, C(conf), C(pid), C(error_log) and C(modules). Empty where there is no binary.
  returned: success
  type: dict
  sample: {conf: /etc/nginx/nginx.conf, error_log: /var/log/nginx/error.log, modules: /usr/lib/nginx/modules, pid: /run/nginx.pid}
build:
  description: What M(steadfast.edge.nginx_source) noted of the build, V(null) where it did not make it.
  returned: success
  type: dict
  sample: {id: 0123abcd, version: 1.26.3}
unit:
  description: State of the unit.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      returned: always
    load_state:
      description: V(loaded), V(not-found), V(masked) and the like, V(unknown) where systemd cannot be asked.
      type: str
      returned: always
    enabled:
      description: Whether it starts at boot.
      type: bool
      returned: always
    active:
      description: Whether it runs.
      type: bool
      returned: always
    active_state:
      description: The state in systemd's words.
      type: str
      returned: always
      sample: active
    sub_state:
      description: The finer state in systemd's words.
      type: str
      returned: always
      sample: running
    main_pid:
      description: Process of the master as systemd knows it, V(0) where there is none.
      type: int
      returned: always
    needs_reload:
      description: Whether its files have changed since systemd read them.
      type: bool
      returned: always
running_version:
  description: Version of the running master, V(null) where none runs.
  returned: success
  type: str
  sample: 1.22.1
upgrade_pending:
  description: Whether the master runs another file than the one that is installed now.
  returned: success
  type: bool
workers:
  description: Processes that take requests.
  returned: success
  type: list
  elements: int
workers_leaving:
  description: Processes of an earlier generation that only finish their requests.
  returned: success
  type: list
  elements: int
files:
  description: SHA-256 of each of O(files), V(null) for one that is not there.
  returned: success
  type: dict
  sample: {/etc/logrotate.d/nginx: null}
packages_due:
  description: Those of O(packages) that are not installed, or in another version.
  returned: success
  type: list
  elements: str
  sample: [logrotate]
self_signed_due:
  description: Those of O(self_signed) that have to be made, each with the reason.
  returned: success
  type: dict
  sample: {shop: it is not there}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd import facts, packages
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.errors import NginxError
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.host import NginxHost
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.self_signed import Certificate, make

ARGUMENT_SPEC: dict[str, Any] = {
    "binary": {"type": "str", "default": "nginx"},
    "service": {"type": "str", "default": "nginx"},
    "files": {"type": "list", "elements": "path", "default": []},
    "packages": {"type": "dict", "default": {}},
    "self_signed": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "default": []},
            "days": {"type": "int", "default": 365},
        },
    },
    "self_signed_folder": {"type": "path", "default": "/var/lib/steadfast-edge/certificates"},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    host, params = NginxHost(), module.params
    wanted = [Certificate(one["name"], params["self_signed_folder"], tuple(one["names"]), one["days"]) for one in params["self_signed"]]
    try:
        due = make(host, wanted, check_mode=True)
    except NginxError as error:
        module.fail_json(msg=str(error))
    found = facts.gather(host, params["binary"], params["service"], params["files"])
    missing = packages.due(host, {name: str(pattern or "") for name, pattern in params["packages"].items()})
    module.exit_json(changed=False, **found, packages_due=missing, self_signed_due=due)


if __name__ == "__main__":
    main()

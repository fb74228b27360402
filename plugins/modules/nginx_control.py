#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_control
short_description: Test, reload, reopen, upgrade, quit, stop or start nginx, with proof of the effect
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Does to a running nginx what its own command line does, but waits until the effect can be seen, and fails where it cannot.
    C(nginx -s reload) reports success when the master then rejects the configuration, and fails when the pid file is lost.
  - The master is the main process of O(service) as systemd knows it. No action needs a pid file or the folder that it lies in.
options:
  action:
    description:
      - V(test) has the binary judge the configuration. Nothing is changed, not even a pid file is made.
      - V(reload) reloads the unit and waits until new workers run and the old ones have left or only finish their requests.
      - V(reopen) has the log files opened anew, and waits until no process holds those of before.
      - V(upgrade) puts the installed binary in the place of the running one without losing a connection; see the notes.
      - V(quit) stops the unit gracefully. Requests under way are served to their end, as long as the unit and
        C(worker_shutdown_timeout) allow.
      - V(stop) stops it at once.
      - V(start) starts it and waits for its workers.
      - V(upgrade), V(quit), V(stop) and V(start) change nothing where all is as wanted already. V(reload) and V(reopen) need an nginx
        that runs.
    type: str
    choices: [test, reload, reopen, upgrade, quit, stop, start]
    required: true
  service:
    description: The systemd unit that runs nginx.
    type: str
    default: nginx
  binary:
    description: The installed binary, by name or full path.
    type: str
    default: nginx
  config:
    description: The configuration to be judged with O(action=test), and before a reload in check mode. By default that which is built in.
    type: path
  error_log:
    description:
      - Nginx's error log. A line that is added by a reload or an upgrade and tells of a refusal ends the wait at once and is in the
        message.
    type: path
  url:
    description: An HTTP address that must answer O(status) after a reload or an upgrade, before the old nginx is let go.
    type: str
  status:
    description: The status that O(url) must answer with.
    type: int
    default: 200
  timeout:
    description:
      - Seconds that each wait may take. For V(upgrade) and V(quit) it should be longer than C(worker_shutdown_timeout), since requests
        under way are waited for.
    type: float
    default: 60
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details:
      - The configuration is judged before a reload or an upgrade is foreseen.
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: Linux
notes:
  - "O(action=upgrade): the old master starts the new one beside itself (USR2), its workers withdraw (WINCH), the new ones prove that they
    serve, and the old master leaves (QUIT), whereupon systemd follows to the new one. A new binary that refuses the configuration, does not
    start or does not answer leaves the old one serving. An upgrade that was interrupted is carried on by the next call."
  - For O(action=upgrade) the unit must be one of C(Type=forking) with C(PIDFile=), as those of Debian, of nginx.org and of this
    collection are.
seealso:
  - module: steadfast.edge.nginx_info
  - module: steadfast.edge.nginx_source
"""

EXAMPLES = r"""
- name: Judge the configuration
  steadfast.edge.nginx_control:
    action: test

- name: Reload, and prove that new workers answer
  steadfast.edge.nginx_control:
    action: reload
    error_log: /var/log/nginx/error.log
    url: http://127.0.0.1/healthz

- name: Run the binary that a package upgrade has installed
  steadfast.edge.nginx_control:
    action: upgrade
    timeout: 90

- name: Leave no request unanswered
  steadfast.edge.nginx_control:
    action: quit
"""

RETURN = r"""
msg:
  description: What was done, or why it was not.
  returned: always
  type: str
  sample: "nginx was reloaded: workers 812, 813 took over"
before:
  description: State before the action.
  returned: success
  type: dict
  contains: &state
    active:
      description: Whether the unit runs.
      type: bool
      returned: always
    main_pid:
      description: The master as systemd knows it, V(0) where there is none.
      type: int
      returned: always
    workers:
      description: Processes that take requests.
      type: list
      elements: int
      returned: always
    workers_leaving:
      description: Processes that only finish their requests.
      type: list
      elements: int
      returned: always
after:
  description: State after the action, in check mode that of now.
  returned: success
  type: dict
  contains: *state
output:
  description: What nginx, systemd or the error log said, warnings of the configuration for example.
  returned: always
  type: str
"""

from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd import control
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.errors import NginxError
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.handover import upgrade
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.host import NginxHost
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.model import Outcome, Request

ACTIONS: dict[str, Callable[[NginxHost, Request], Outcome]] = {
    "test": control.test,
    "reload": control.reload,
    "reopen": control.reopen,
    "upgrade": upgrade,
    "quit": control.quit_gracefully,
    "stop": control.stop,
    "start": control.start,
}

ARGUMENT_SPEC: dict[str, Any] = {
    "action": {"type": "str", "choices": list(ACTIONS), "required": True},
    "service": {"type": "str", "default": "nginx"},
    "binary": {"type": "str", "default": "nginx"},
    "config": {"type": "path"},
    "error_log": {"type": "path"},
    "url": {"type": "str"},
    "status": {"type": "int", "default": 200},
    "timeout": {"type": "float", "default": 60.0},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    options = {name: value for name, value in module.params.items() if name != "action"}
    try:
        outcome = ACTIONS[module.params["action"]](NginxHost(), Request(**options, check_mode=module.check_mode))
    except NginxError as error:
        module.fail_json(msg=str(error), output=error.output)
    module.exit_json(changed=outcome.changed, msg=outcome.msg, before=outcome.before, after=outcome.after, output=outcome.output)


if __name__ == "__main__":
    main()

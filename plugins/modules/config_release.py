#!/usr/bin/python

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_release
short_description: Release all configuration files of one service as one transaction
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Takes all files of a service's configuration at once, lets the service's own checker judge the whole new tree beside the live one,
    exchanges the two in one step, reloads the service, and waits for proof that the service took the new files.
    Where it did not, the old tree comes back and is reloaded.
  - At every instant, also when the module or the host dies, O(path) is the complete old or the complete new tree. The next run
    finishes or undoes what a dead run left, and reloads where the dead run may have missed it.
  - Files that the module wrote and that are no longer in O(files) go away with the next change. Files it never wrote are carried along
    untouched, unless O(files) names them, in which case they are taken over and their old version is kept with the earlier release.
  - Costs one module call however many files there are; a run that changes nothing only reads.
options:
  path:
    description:
      - The live tree, for example V(/etc/nginx). A link to a folder is followed.
      - The tree and the folder above must be on one filesystem that can exchange two folders (ext4, xfs, btrfs, tmpfs),
        and neither the tree nor a folder in it may be a mount point.
      - A tree that does not exist yet is created; the folder above must exist.
      - The staged tree lies beside the live one under a name with a dot, so relative includes and links mean the same in both.
        Absolute includes of files in the tree would make the checker read the live files, therefore write them relative.
      - Whoever stands in the folder while it is exchanged (a shell, for example) finds itself in the old tree.
    type: path
    required: true
  files:
    description:
      - Everything the tree shall hold of this service. Required with O(state=present); an empty list removes all that was written.
      - The contents are neither logged on the host nor returned, except for the differences in diff mode (see O(files[].secret)).
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - Where the file lies, relative to the tree. Folders above it are made with mode 0755, and removed again when they are no
            longer needed and empty.
        type: str
        required: true
      content:
        description: The text of the file, usually rendered with the template lookup. Exactly one of this and O(files[].link) is needed.
        type: raw
      link:
        description: Makes it a symbolic link with this target. The target may not name the tree itself absolutely.
        type: str
      mode:
        description: The permissions as octal digits in quotes.
        type: raw
        default: '0644'
      owner:
        description: Name or number of the owner.
        type: str
        default: root
      group:
        description: Name or number of the group.
        type: str
        default: root
      secret:
        description: Keeps the content out of the diff and out of messages, and the words in it out of the checker's output.
        type: bool
        default: false
      origins:
        description:
          - Which value of the variables a line comes from - the number of the line, and the path of the value as text - for lines up to the
            next one that is named. Where the checker or the service refuses a line, the message says the value.
          - Stays on the controller. Not used with C(async).
        type: dict
  state:
    description:
      - V(present) makes the tree hold exactly O(files) (and all foreign files).
      - V(rolled_back) brings back the files of an earlier release, and the foreign files that were overwritten since. They are checked,
        switched and proven like any others. Asked again, it changes nothing; O(release) leads further back.
    type: str
    choices: [present, rolled_back]
    default: present
  release:
    description: The earlier release to bring back with O(state=rolled_back), one of RV(releases). By default the one before the live one.
    type: str
  validate:
    description:
      - The checker as a list of arguments. V({tree}) is replaced by the staged tree, V({scratch}) by an empty folder for root alone,
        which is removed afterwards; other braces are left alone.
      - Runs only where something changes, in check mode too. There, a checker that is not installed yet is a warning.
    type: list
    elements: str
  validate_rc:
    description: Exit codes of the checker that mean that the tree is good.
    type: list
    elements: int
    default: [0]
  reload:
    description:
      - The command, as a list of arguments, that makes the service read its files again. V({tree}) is replaced by O(path).
      - Runs after a switch, and where an interrupted run may have missed it.
    type: list
    elements: str
  service:
    description:
      - The systemd unit of the service. While it does not run, there is neither reload nor proof; start the service afterwards.
      - After a reload it must be active. One that died of the reload is started again with the old tree.
    type: str
  prove:
    description:
      - What must hold after the reload. All conditions are asked for again and again until they hold together, or O(prove.timeout) is over
        and the old tree comes back. For the old tree, only O(prove.main_pid) and O(prove.workers) are asked for.
    type: dict
    suboptions:
      main_pid:
        description: Whether the main process of O(service) must be V(kept) (a reload), V(replaced) (a restart), or either.
        type: str
        choices: [kept, replaced, any]
        default: kept
      workers:
        description:
          - Asks for new children of the main process of O(service). Nginx reports a reload as done when its master rejects it; new
            workers are the proof.
          - With V(started), every older child must have left or have titled itself C(shutting down), with V(replaced) it must have left.
        type: str
        choices: [started, replaced]
      log:
        description: A log file of the service. A line that is added after the reload and matches O(prove.log_reject) is a refusal at once.
        type: path
      log_reject:
        description:
          - The regular expression for O(prove.log). The default knows how nginx rejects a reload, and how it gives up on new workers that
            cannot work with what the check found good.
        type: str
        default: '\[emerg\]|cannot be respawned'
      command:
        description: A command, as a list of arguments, that must exit with 0. V({tree}) is replaced by O(path).
        type: list
        elements: str
      url:
        description: An HTTP address that must answer with O(prove.status). Redirects are not followed, proxies not used.
        type: str
      urls:
        description: Further HTTP addresses, for which the same holds.
        type: list
        elements: str
        default: []
      status:
        description: The status that O(prove.url) and O(prove.urls) must answer with.
        type: int
        default: 200
      status_refused:
        description: A status of O(prove.url) after which nothing else is to be expected, so that the old tree comes back at once.
        type: int
      timeout:
        description: Seconds to wait for all of it.
        type: float
        default: 30
  keep:
    description: How many earlier releases are kept for O(state=rolled_back).
    type: int
    default: 3
  timeout:
    description: Seconds that the checker, the reload, and the wait for another run on the same folder may take, each.
    type: float
    default: 60
  state_dir:
    description: Where the list of owned files, the journal and the earlier releases are kept, readable by root only.
    type: path
    default: /var/lib/steadfast-edge/releases
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details:
      - The would-be tree is staged beside the live one, checked, and removed again.
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: full
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: Linux
notes:
  - A foreign file that somebody changes while the module works is never lost. Files are carried along as hard links, so writing into one
    shows in both trees; one that is added, replaced or removed before the switch makes the module start over; one that is added to the
    old tree after it is kept aside, with a warning.
  - On an overlay filesystem a folder that comes from a lower layer cannot be renamed; the message tells how to make it one of the
    upper layer.
  - The contents of files marked O(files[].secret) are still arguments of the task. Use C(no_log) where the controller is set to print
    those (C(display_args_to_stdout)).
"""

EXAMPLES = r"""
- name: Release the configuration of nginx
  steadfast.edge.config_release:
    path: /etc/nginx
    files:
      - path: nginx.conf
        content: "{{ lookup('ansible.builtin.template', 'nginx.conf.j2') }}"
      - path: conf.d/shop.conf
        content: "{{ lookup('ansible.builtin.template', 'shop.conf.j2') }}"
      - path: shop.htpasswd
        content: "{{ shop_htpasswd }}"
        group: www-data
        mode: "0640"
        secret: true
    validate: [nginx, -t, -q, -c, "{tree}/nginx.conf", -g, "pid {scratch}/nginx.pid;"]
    service: nginx
    reload: [systemctl, reload, nginx]
    prove:
      workers: started
      log: /var/log/nginx/error.log
      url: http://127.0.0.1/healthz

- name: Release the configuration of keepalived
  steadfast.edge.config_release:
    path: /etc/keepalived
    files:
      - path: keepalived.conf
        content: "{{ lookup('ansible.builtin.template', 'keepalived.conf.j2') }}"
        mode: "0600"
        secret: true
    validate: [keepalived, --config-test, --use-file, "{tree}/keepalived.conf"]
    service: keepalived
    reload: [systemctl, reload, keepalived]
    prove: {}

- name: Bring back what was live before the last release
  steadfast.edge.config_release:
    path: /etc/nginx
    state: rolled_back
    validate: [nginx, -t, -q, -c, "{tree}/nginx.conf", -g, "pid {scratch}/nginx.pid;"]
    service: nginx
    reload: [systemctl, reload, nginx]
"""

RETURN = r"""
msg:
  description: What was done, or the one reason why nothing was.
  returned: always
  type: str
  sample: 1 added, 2 changed in /etc/nginx; reloaded
files_added:
  description: Files that were not there before, relative to O(path).
  returned: success
  type: list
  elements: str
files_changed:
  description: Files with other content, mode, owner or group than before.
  returned: success
  type: list
  elements: str
files_removed:
  description: Files the module had written and that are no longer wanted.
  returned: success
  type: list
  elements: str
release:
  description: The name of the release that is live, a running number and a digest of its files.
  returned: success
  type: str
  sample: 7-1a2b3c4d5e6f
releases:
  description: The earlier releases that can be brought back, oldest first.
  returned: success
  type: list
  elements: str
validated:
  description: Whether the checker judged the new tree.
  returned: success
  type: bool
reloaded:
  description: Whether the service was reloaded (in check mode, would be).
  returned: success
  type: bool
recovered:
  description: What became of an interrupted release that an earlier run left, V(none), V(finished) or V(undone).
  returned: success
  type: str
output:
  description: What the checker, the reload command or the proof said.
  returned: failure
  type: str
file:
  description: The file the checker complains about, relative to O(path), or none where it does not tell.
  returned: failure
  type: str
line:
  description: The line in RV(file), or none.
  returned: failure
  type: int
origins:
  description:
    - The values that the complaint can be about, by O(files[].origins). More than one where the complaint names no line and
      its words are found in several; empty where that cannot be told.
  returned: failure, where a file has O(files[].origins)
  type: list
  elements: str
  sample: ["nginx_servers[shop].locations[/api].directives.proxy_buffering"]
"""

import dataclasses
import grp
import pwd
import re
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import ReleaseError, WantedError
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import LOG_REJECT, Prove, Request
from ansible_collections.steadfast.edge.plugins.module_utils._release._release import release
from ansible_collections.steadfast.edge.plugins.module_utils._release._wanted import parse_files


def argument_spec() -> dict[str, Any]:
    return {
        "path": {"type": "path", "required": True},
        "files": {
            "type": "list",
            "elements": "dict",
            "options": {
                "path": {"type": "str", "required": True},
                "content": {"type": "raw"},
                "link": {"type": "str"},
                "mode": {"type": "raw", "default": "0644"},
                "owner": {"type": "str", "default": "root"},
                "group": {"type": "str", "default": "root"},
                "secret": {"type": "bool", "default": False},
                "origins": {"type": "dict"},
            },
        },
        "state": {"type": "str", "choices": ["present", "rolled_back"], "default": "present"},
        "release": {"type": "str"},
        "validate": {"type": "list", "elements": "str"},
        "validate_rc": {"type": "list", "elements": "int", "default": [0]},
        "reload": {"type": "list", "elements": "str"},
        "service": {"type": "str"},
        "prove": {
            "type": "dict",
            "options": {
                "main_pid": {"type": "str", "choices": ["kept", "replaced", "any"], "default": "kept"},
                "workers": {"type": "str", "choices": ["started", "replaced"]},
                "log": {"type": "path"},
                "log_reject": {"type": "str", "default": LOG_REJECT},
                "command": {"type": "list", "elements": "str"},
                "url": {"type": "str"},
                "urls": {"type": "list", "elements": "str", "default": []},
                "status": {"type": "int", "default": 200},
                "status_refused": {"type": "int"},
                "timeout": {"type": "float", "default": 30.0},
            },
        },
        "keep": {"type": "int", "default": 3},
        "timeout": {"type": "float", "default": 60.0},
        "state_dir": {"type": "path", "default": "/var/lib/steadfast-edge/releases"},
    }


class ReleaseModule(AnsibleModule):
    """An AnsibleModule that neither logs nor returns the contents of files.

    no_log cannot do it: as an option's mark it would blot out every path, mode and owner in the result too, and the
    text of a nested multi-line value is not recognised in the log of the host.
    """

    def _log_invocation(self) -> None:
        files = self.params.get("files")
        count = len(files) if isinstance(files, list) else 0
        self.log(f"Invoked with path={self.params.get('path')} state={self.params.get('state')} and {count} files")

    def exit_json(self, **result: Any) -> None:
        super().exit_json(**{"invocation": self._invocation(), **result})

    def fail_json(self, msg: str, **result: Any) -> None:
        super().fail_json(msg, **{"invocation": self._invocation(), **result})

    def _invocation(self) -> dict[str, Any]:
        files = self.params.get("files")
        # What is not a list of dicts was refused, and may hold anything.
        shown = [_shown(item) for item in files] if isinstance(files, list) else None
        return {"module_args": {**self.params, "files": shown}}


def _shown(item: Any) -> Any:
    public = ("path", "link", "mode", "owner", "group", "secret")
    return {key: item[key] for key in public if key in item} if isinstance(item, dict) else "(not shown)"


def make_request(module: AnsibleModule) -> Request:
    params = module.params
    rolled_back = params["state"] == "rolled_back"
    if params["release"] is not None and not rolled_back:
        raise ReleaseError("release: it names the release to bring back, so it needs state=rolled_back.")
    if params["keep"] < 0:
        raise ReleaseError(f"keep: {params['keep']} is not a number of releases; write 0 or more.")
    uid_of, gid_of = _lookup(module, lambda name: pwd.getpwnam(name).pw_uid), _lookup(module, lambda name: grp.getgrnam(name).gr_gid)
    wanted = () if rolled_back else parse_files(params["files"], params["path"], uid_of, gid_of)
    return Request(
        path=params["path"], state_dir=params["state_dir"], wanted=wanted, rolled_back=rolled_back, release=params["release"],
        validate=tuple(params["validate"] or ()), validate_rc=tuple(params["validate_rc"]), reload=tuple(params["reload"] or ()),
        service=params["service"], prove=make_prove(params["prove"], params["service"]), keep=params["keep"], timeout=params["timeout"],
        check_mode=module.check_mode, diff=module._diff)


def _lookup(module: AnsibleModule, lookup: Callable[[str], int]) -> Callable[[str], int]:
    """In check mode an account may still be missing because its package is: that is foreseen as a change."""
    def found(name: str) -> int:
        try:
            return lookup(name)
        except KeyError:
            if not module.check_mode:
                raise
            module.warn(f"The account or group '{name}' does not exist yet.")
            return -1
    return found


def make_prove(prove: dict[str, Any] | None, service: str | None) -> Prove | None:
    if prove is None:
        return None
    if prove["workers"] and not service:
        raise WantedError("prove: workers needs service, whose main process they belong to.")
    for url in filter(None, [prove["url"], *prove["urls"]]):
        if not re.match(r"https?://", url):
            raise WantedError(f"prove: the url '{url}' must begin with http:// or https://.")
    try:
        re.compile(prove["log_reject"])
    except re.error as error:
        raise WantedError(f"prove: log_reject '{prove['log_reject']}' is not a regular expression: {error}.") from error
    return Prove(**{**prove, "command": tuple(prove["command"] or ()), "urls": tuple(prove["urls"])})


def main() -> None:
    module = ReleaseModule(argument_spec=argument_spec(), supports_check_mode=True, required_if=[("state", "present", ["files"])])
    try:
        outcome = release(Host(), make_request(module), module.warn)
    except ReleaseError as error:
        module.fail_json(str(error), output=error.output, file=error.file, line=error.line)
    except OSError as error:
        text = f"path: {module.params['path']} could not be released: {error}; make that good and run again."
        module.fail_json(text, output="", file=None, line=None)
    module.exit_json(**dataclasses.asdict(outcome))


if __name__ == "__main__":
    main()

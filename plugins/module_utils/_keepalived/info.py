# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived's state as plain data, and in words whatever could not be learnt."""

from __future__ import annotations

import contextlib
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._keepalived import dumps
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.daemon import JSON, USR1, Host

__all__ = ["gather"]

VRRP_TEXT, VRRP_JSON, CHECKER_TEXT = "keepalived.data", "keepalived.json", "keepalived_check.data"
PARENT_TEXT = "keepalived_parent.data"


def gather(host: Host, dump: bool = True, timeout: float = 5) -> dict[str, Any]:
    text = host.version_text()
    version, options = dumps.version_of(text or "")
    pid = host.main_pid()
    found: dict[str, Any] = {
        "installed": text is not None,
        "version": version,
        "build_options": options,
        "running": pid is not None,
        "pid": pid,
        "process_events": host.process_events(),
        "instances": None,
        "scripts": None,
        "virtual_servers": None,
        "unknown": [],
    }
    if dump and pid is not None:
        found.update(_state(host, pid, timeout))
    return found


def _state(host: Host, pid: int, timeout: float) -> dict[str, Any]:
    roles = host.roles(pid)
    processes = [pid, *host.children(pid)]
    if not roles or not all(host.expects(each, USR1) for each in processes):
        return {"unknown": ["keepalived is just starting, reloading or ending; it cannot be asked now. Ask again."]}
    wanted = {PARENT_TEXT: USR1}
    if "vrrp" in roles:
        wanted[VRRP_TEXT] = USR1
        if all(host.expects(each, JSON) for each in (pid, roles["vrrp"])):
            wanted[VRRP_JSON] = JSON
    if "checkers" in roles:
        wanted[CHECKER_TEXT] = USR1
    try:
        answers = host.dump(pid, wanted, timeout)
    except OSError as error:
        return {"unknown": [f"keepalived could not be asked: {error.strerror}."]}
    state = {**_vrrp(roles, answers), **_checkers(roles, answers)}
    silent = sorted(name for name in wanted if name not in answers and name != PARENT_TEXT)
    return {**state, "unknown": [f"keepalived did not write {name} within {timeout:g} s." for name in silent]}


def _vrrp(roles: dict[str, int], answers: dict[str, str]) -> dict[str, Any]:
    if "vrrp" not in roles:
        return {"instances": [], "scripts": []}
    text = answers.get(VRRP_TEXT)
    instances = None if text is None else dumps.instances_from_text(text)
    # Without JSON in this build, or with another than is known, the text says the same.
    with contextlib.suppress(KeyError, TypeError, ValueError):
        instances = dumps.instances_from_json(answers[VRRP_JSON])
    return {"instances": instances, "scripts": None if text is None else dumps.script_states(text)}


def _checkers(roles: dict[str, int], answers: dict[str, str]) -> dict[str, Any]:
    if "checkers" not in roles:
        return {"virtual_servers": []}
    text = answers.get(CHECKER_TEXT)
    return {"virtual_servers": None if text is None else dumps.virtual_servers(text)}

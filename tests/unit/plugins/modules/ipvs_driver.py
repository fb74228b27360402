# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module's main() in this process, with a host in memory."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.rig import MemoryHost

MODULES = "ansible_collections.steadfast.edge.plugins.modules"


class Finished(Exception):
    """What a module told Ansible."""


def run(monkeypatch: pytest.MonkeyPatch, name: str, host: MemoryHost, check: bool = False, **params: Any) -> dict[str, Any]:
    """The module's answer; failed is always there."""
    module = importlib.import_module(f"{MODULES}.{name}")
    warnings: list[str] = []

    def finish(_module: Any, **answer: Any) -> None:
        raise Finished({"failed": False, "warnings": warnings, **answer})

    def fail(_module: Any, msg: str, **answer: Any) -> None:
        raise Finished({"failed": True, "msg": msg, **answer})

    monkeypatch.setattr(basic.AnsibleModule, "exit_json", finish)
    monkeypatch.setattr(basic.AnsibleModule, "fail_json", fail)
    monkeypatch.setattr(basic.AnsibleModule, "warn", lambda _module, text: warnings.append(text))
    monkeypatch.setattr(module, "Host", lambda _run: host)
    with patch_module_args({**params, "_ansible_check_mode": check, "_ansible_diff": True}), pytest.raises(Finished) as caught:
        module.main()
    answer: dict[str, Any] = caught.value.args[0]
    # Whatever a module returns must survive the way to the controller.
    return json.loads(json.dumps(answer))  # type: ignore[no-any-return]

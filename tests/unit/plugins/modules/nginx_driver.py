# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module of nginx on an invented host, and compares what it is and says with what it documents."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.host import NginxHost

OWN = {"changed", "invocation", "failed", "exception", "warnings"}


def module(name: str) -> Any:
    return importlib.import_module(f"ansible_collections.steadfast.edge.plugins.modules.{name}")


class Driver:
    def __init__(self, name: str, host: NginxHost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.module = module(name)
        self.capsys = capsys
        monkeypatch.setattr(self.module, "NginxHost", lambda: host)

    def __call__(self, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        with patch_module_args({"_ansible_check_mode": check_mode, **options}), pytest.raises(SystemExit):
            self.module.main()
        answer: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        wanted = ("failure", "always") if answer.get("failed") else ("success", "always")
        documented = yaml.safe_load(self.module.RETURN)
        assert set(answer) - OWN - {"msg"} == {name for name, value in documented.items() if value["returned"] in wanted} - {"msg"}
        return answer


def bare(options: dict[str, Any], inner: str) -> dict[str, Any]:
    """Options without their prose."""
    kept = ("type", "required", "default", "choices", "elements")
    return {name: {**{key: option[key] for key in kept if option.get(key) is not None and option.get(key) is not False},
                   "options": bare(option.get(inner) or {}, inner)} for name, option in options.items()}


def check_documentation(name: str) -> None:
    """The documented options are those of the argument spec, and examples use no others."""
    found = module(name)
    assert bare(yaml.safe_load(found.DOCUMENTATION)["options"], "suboptions") == bare(found.ARGUMENT_SPEC, "options")
    for task in yaml.safe_load(found.EXAMPLES):
        arguments = task.get(f"steadfast.edge.{name}") or {}
        assert set(arguments) <= set(found.ARGUMENT_SPEC)

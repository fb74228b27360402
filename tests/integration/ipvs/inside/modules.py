# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module in this process, on this kernel."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from pathlib import Path
from typing import Any

from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args

MODULES = "ansible_collections.steadfast.edge.plugins.modules"


def play(name: str, check: bool = False, **params: Any) -> dict[str, Any]:
    """The module's answer. Warnings come as plain text."""
    module = importlib.import_module(f"{MODULES}.{name}")
    warnings: list[str] = []
    output = io.StringIO()
    original = basic.AnsibleModule.warn
    basic.AnsibleModule.warn = lambda _module, text, **_unused: warnings.append(text)
    try:
        with (
            patch_module_args({**params, "_ansible_check_mode": check}),
            contextlib.redirect_stdout(output),
            contextlib.suppress(SystemExit),
        ):
            module.main()
    finally:
        basic.AnsibleModule.warn = original
    answer: dict[str, Any] = json.loads(output.getvalue().strip().splitlines()[-1])
    answer.setdefault("failed", False)
    return {**answer, "warnings": warnings}


def ok(name: str, check: bool = False, **params: Any) -> dict[str, Any]:
    answer = play(name, check, **params)
    assert not answer["failed"], answer["msg"]
    return answer


def loaded() -> bool:
    return Path("/proc/net/ip_vs").exists()


def sysctl(name: str, value: int | None = None) -> int:
    path = Path("/proc/sys/net/ipv4/vs") / name
    if value is not None:
        path.write_text(str(value), encoding="ascii")
    return int(path.read_text(encoding="ascii"))

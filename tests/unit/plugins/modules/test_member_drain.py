# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module refuses by one message what it cannot do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.steadfast.edge.plugins.modules import member_drain


def run(capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    with patch_module_args(options), pytest.raises(SystemExit):
        member_drain.main()
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_nobody_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "one of the following is required: members, vips" in run(capsys, balancer="nginx")["msg"]


def test_nothing_was_released(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    failed = run(capsys, balancer="nginx", members=["192.0.2.31"], path=str(tmp_path))
    assert failed["failed"]
    assert "Run site.yml first" in failed["msg"]

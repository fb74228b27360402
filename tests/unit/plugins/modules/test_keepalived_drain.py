# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module where nothing was released, and what it keeps to itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.steadfast.edge.plugins.modules import keepalived_drain


def run(capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    with patch_module_args(options), pytest.raises(SystemExit):
        keepalived_drain.main()
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_new_host_has_nothing_that_leaves(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = run(capsys, configuration="auth_pass s3cret\n", path=str(tmp_path))
    assert (said["changed"], said["leaving"], said["remaining"]) == (False, [], [])
    assert "s3cret" not in json.dumps(said)


def test_it_needs_the_coming_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert "missing required arguments: configuration" in run(capsys)["msg"]

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_info from its options to its answer, which is the documented one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.steadfast.edge.plugins.modules import nginx_info
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.nginxd.rig import World


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("installed", [False, True])
def test_the_answer_is_the_documented_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], check: bool, installed: bool
) -> None:
    world = World(tmp_path)
    if not installed:
        world.binary.unlink()
    monkeypatch.setattr(nginx_info, "NginxHost", lambda: world)
    with patch_module_args({"_ansible_check_mode": check, "files": ["/nonesuch"]}), pytest.raises(SystemExit):
        nginx_info.main()
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert set(answer) - {"changed", "invocation"} == set(yaml.safe_load(nginx_info.RETURN))
    assert (answer["changed"], answer["installed"], answer["files"]) == (False, installed, {"/nonesuch": None})

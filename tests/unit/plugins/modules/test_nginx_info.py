# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_info from its options to its answer, which is the documented one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.nginxd.rig import World
from ansible_collections.steadfast.edge.tests.unit.plugins.modules.nginx_driver import Driver, check_documentation


def test_the_documentation_is_the_argument_spec() -> None:
    check_documentation("nginx_info")


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("installed", [False, True])
def test_what_is_there_and_what_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], check: bool, installed: bool
) -> None:
    world = World(tmp_path)
    if not installed:
        world.binary.unlink()
    run = Driver("nginx_info", world, monkeypatch, capsys)
    wanted: dict[str, Any] = {"self_signed": [{"name": "shop"}], "self_signed_folder": str(tmp_path / "certificates")}
    answer = run(check_mode=check, files=["/nonesuch"], packages={"nginx": None, "logrotate": ""}, **wanted)
    assert (answer["changed"], answer["installed"], answer["files"]) == (False, installed, {"/nonesuch": None})
    assert answer["openssl"] == ("3.0.17" if installed else None)
    assert answer["packages_due"] == ["nginx", "logrotate"]
    assert answer["self_signed_due"] == {"shop": "it is not there"}
    assert not (tmp_path / "certificates").exists()


def test_a_name_that_cannot_be_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run = Driver("nginx_info", World(tmp_path), monkeypatch, capsys)
    assert "no name for a file" in run(self_signed=[{"name": "a/b"}])["msg"]

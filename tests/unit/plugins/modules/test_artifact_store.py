# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""artifact_store from its options to its answer; the store itself is in module_utils/artifacts."""

from __future__ import annotations

import grp
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.steadfast.edge.plugins.module_utils._artifacts import store
from ansible_collections.steadfast.edge.plugins.modules import artifact_store
from ansible_collections.steadfast.edge.tests.unit.plugins.modules.nginx_driver import check_documentation

GROUP = grp.getgrgid(os.getgid()).gr_name


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setattr(store, "sync_filesystem", lambda path: None)

    def once(check_mode: bool = False, **options: Any) -> dict[str, Any]:
        given = {"_ansible_check_mode": check_mode, "path": str(tmp_path / "store"), "group": GROUP, **options}
        with patch_module_args(given), pytest.raises(SystemExit):
            artifact_store.main()
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        return answer

    return once


@pytest.fixture
def jar(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "upload").write_bytes(b"jar")
    checksum = "sha256:" + hashlib.sha256(b"jar").hexdigest()
    return {"name": "driver.jar", "src": "driver.jar", "checksum": checksum, "uploaded": str(tmp_path / "upload")}


def test_the_documentation_is_the_argument_spec() -> None:
    check_documentation("artifact_store")


def test_check_mode_then_real_then_nothing(run: Any, jar: dict[str, Any], tmp_path: Path) -> None:
    bare = {key: value for key, value in jar.items() if key != "uploaded"}
    foreseen = run(check_mode=True, artifacts=[bare])
    assert not (tmp_path / "store").exists()
    asked = run(artifacts=[bare])
    assert (asked["changed"], asked["missing"]) == (False, ["driver.jar"])
    done = run(artifacts=[jar])
    assert (foreseen["changed"], foreseen["added"], foreseen["paths"]) == (done["changed"], done["added"], done["paths"])
    assert Path(done["paths"]["driver.jar"]).read_bytes() == b"jar"
    assert run(artifacts=[bare])["changed"] is False


def test_purge_is_foreseen(run: Any, jar: dict[str, Any]) -> None:
    place = Path(run(artifacts=[jar])["paths"]["driver.jar"])
    assert run(check_mode=True, purge=True)["removed"] == [place.name] and place.exists()
    assert run(purge=True)["removed"] == [place.name] and not place.exists()
    assert run(purge=True)["changed"] is False


def test_mistakes_are_one_sentence(run: Any, jar: dict[str, Any]) -> None:
    assert "there is no group 'nobody-has-this'" in run(group="nobody-has-this")["msg"]
    assert "it is required here" in run(artifacts=[{**jar, "checksum": None}])["msg"]
    assert "names no algorithm" in run(artifacts=[{**jar, "checksum": "md5:0"}])["msg"]


def test_in_check_mode_the_group_may_come_with_a_package(run: Any, jar: dict[str, Any]) -> None:
    assert run(check_mode=True, group="nobody-has-this", artifacts=[jar])["changed"] is True

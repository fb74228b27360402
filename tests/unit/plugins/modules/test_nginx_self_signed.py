# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_self_signed from its options to its answer; the certificates themselves are in module_utils/nginxd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.host import NginxHost
from ansible_collections.steadfast.edge.tests.unit.plugins.modules.nginx_driver import Driver, check_documentation


def test_the_documentation_is_the_argument_spec() -> None:
    check_documentation("nginx_self_signed")


def test_check_mode_then_real_then_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run = Driver("nginx_self_signed", NginxHost(), monkeypatch, capsys)
    options: dict[str, Any] = {"folder": str(tmp_path / "certificates"), "certificates": [{"name": "shop", "names": ["shop.example.com"]}]}
    foreseen = run(check_mode=True, **options)
    assert not (tmp_path / "certificates").exists()
    done = run(**options)
    assert foreseen == done and done["made"] == {"shop": "it is not there"}
    again = run(**options)
    assert (again["changed"], again["made"], again["files"]) == (False, {}, [f"{tmp_path}/certificates/shop.pem"])


def test_no_key_is_in_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run = Driver("nginx_self_signed", NginxHost(), monkeypatch, capsys)
    done = run(folder=str(tmp_path), certificates=[{"name": "shop"}])
    key = (tmp_path / "shop.key").read_text().splitlines()[1]
    assert key not in str(done)


def test_a_name_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run = Driver("nginx_self_signed", NginxHost(), monkeypatch, capsys)
    assert "neither a DNS name nor an address" in run(folder=str(tmp_path), certificates=[{"name": "shop", "names": ["a b"]}])["msg"]

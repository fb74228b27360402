# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_source from its options to its answer; the build itself is in module_utils/nginxd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.modules.nginx_source import identity
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.nginxd.rig import World
from ansible_collections.steadfast.edge.tests.unit.plugins.modules.nginx_driver import Driver, check_documentation

OPTIONS: dict[str, Any] = {"src": "/nonesuch.tar.gz", "checksum": "0" * 64, "unit": "[Service]\n"}


def test_the_documentation_is_the_argument_spec() -> None:
    check_documentation("nginx_source")


def test_check_mode_needs_no_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answer = Driver("nginx_source", World(tmp_path), monkeypatch, capsys)(check_mode=True, prefix=str(tmp_path / "prefix"), **OPTIONS)
    assert (answer["changed"], answer["version"], answer["taken_over"]) == (True, None, False)
    assert not (tmp_path / "prefix").exists()


def test_an_archive_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answer = Driver("nginx_source", World(tmp_path), monkeypatch, capsys)(prefix=str(tmp_path / "prefix"), **OPTIONS)
    assert "/nonesuch.tar.gz is not there" in answer["msg"]


@pytest.mark.parametrize("other", [{"checksum": "1" * 64}, {"flags": ["--with-threads"]}, {"prefix": "/other"}])
def test_every_part_of_a_build_is_in_its_name(other: dict[str, object]) -> None:
    params: dict[str, Any] = {"id": None, "checksum": "0" * 64, "prefix": "/x", "flags": [], "service": "nginx"}
    assert identity(params) != identity({**params, **other})
    assert identity({**params, "id": "mine"}) == "mine"

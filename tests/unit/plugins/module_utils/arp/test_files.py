# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real file operations, on a temporary folder."""
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._arp.files import FileError, HostFiles

FILES = HostFiles()


def test_a_write_replaces_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.conf"
    FILES.write(str(path), "one\n")
    first = path.stat()
    FILES.write(str(path), "two\n", 0o600)
    assert (path.read_text(encoding="utf-8"), path.stat().st_mode & 0o777) == ("two\n", 0o600)
    assert first.st_mode & 0o777 == 0o644
    assert first.st_ino != path.stat().st_ino
    assert [entry.name for entry in path.parent.iterdir()] == ["b.conf"]


def test_a_failed_write_leaves_no_orphan_and_the_old_text(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(FileError, match=f"cannot write {tmp_path}/b: Is a directory"):
        FILES.write(str(tmp_path / "b"), "x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["b"]


def test_a_poke_writes_in_place_and_never_creates(tmp_path: Path) -> None:
    path = tmp_path / "arp_ignore"
    path.write_text("0\n", encoding="ascii")
    inode = path.stat().st_ino
    FILES.poke(str(path), "1\n")
    assert (path.read_text(encoding="ascii"), path.stat().st_ino) == ("1\n", inode)
    with pytest.raises(FileError, match="No such file"):
        FILES.poke(str(tmp_path / "typo"), "1\n")


def test_links(tmp_path: Path) -> None:
    path = str(tmp_path / "wants" / "a.service")
    FILES.link(path, "/x")
    FILES.link(path, "/y")
    assert FILES.target(path) == "/y"
    (tmp_path / "plain").touch()
    assert FILES.target(str(tmp_path / "plain")) is FILES.target(str(tmp_path / "none")) is None
    FILES.remove(path)
    FILES.remove(path)
    assert FILES.names(str(tmp_path / "wants")) == []


def test_what_is_not_there(tmp_path: Path) -> None:
    assert FILES.read(str(tmp_path / "none")) is None
    assert FILES.names(str(tmp_path / "none")) == []
    with pytest.raises(FileError, match="cannot read"):
        FILES.read(str(tmp_path))

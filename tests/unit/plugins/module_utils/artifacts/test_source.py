# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half: digests without fetching, fetching once, and never what was not promised."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._artifacts.artifact import ArtifactError
from ansible_collections.steadfast.edge.plugins.module_utils._artifacts.source import Source, cache_folder

CONTENT = b"what is behind the address"
CHECKSUM = "sha512:" + hashlib.sha512(CONTENT).hexdigest()


class Web:
    """Answers every address with the same, and counts."""

    def __init__(self, content: bytes = CONTENT) -> None:
        self.content = content
        self.asked: list[str] = []

    def __call__(self, url: str, target: Path) -> None:
        self.asked.append(url)
        target.write_bytes(self.content)


def source(tmp_path: Path, web: Any = None, **given: Any) -> Source:
    return Source({"name": "x", **given}, "artifacts[x]", tmp_path / "cache", web or Web())


def test_an_url_is_fetched_once_and_only_when_it_is_needed(tmp_path: Path) -> None:
    web = Web()
    for _turn in range(2):
        wanted = source(tmp_path, web, src="https://artifacts.example.com/x.jar", checksum=CHECKSUM.upper().replace("SHA", "sha"))
        assert wanted.artifact().checksum == CHECKSUM
    assert web.asked == []
    assert wanted.file().read_bytes() == CONTENT
    assert source(tmp_path, web, src="https://elsewhere.example.com/x.jar", checksum=CHECKSUM).file().read_bytes() == CONTENT
    assert web.asked == ["https://artifacts.example.com/x.jar"]


def test_what_was_not_promised_is_not_kept(tmp_path: Path) -> None:
    wanted = source(tmp_path, Web(b"evil"), src="https://artifacts.example.com/x.jar", checksum=CHECKSUM)
    with pytest.raises(ArtifactError, match="do not use it"):
        wanted.file()
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_address_that_does_not_answer(tmp_path: Path) -> None:
    def refused(url: str, target: Path) -> None:
        raise OSError("refused")

    with pytest.raises(ArtifactError, match="cannot be fetched by the controller: refused"):
        source(tmp_path, refused, src="https://artifacts.example.com/x.jar", checksum=CHECKSUM).file()


def test_a_local_file_must_have_the_digest_that_is_promised(tmp_path: Path) -> None:
    file = tmp_path / "x.jar"
    file.write_bytes(CONTENT)
    assert source(tmp_path, src=str(file)).artifact().checksum == "sha256:" + hashlib.sha256(CONTENT).hexdigest()
    assert source(tmp_path, src=str(file), checksum=CHECKSUM).artifact().checksum == CHECKSUM
    file.write_bytes(b"other")
    with pytest.raises(ArtifactError, match=r"artifacts\[x\]\.checksum: .*x\.jar' has the sha512 digest"):
        source(tmp_path, src=str(file), checksum=CHECKSUM).artifact()


@pytest.mark.parametrize("given", [{"src": "/nowhere/x.jar"}, {"src": ""}, {"src": "/"}])
def test_what_is_no_file(tmp_path: Path, given: dict[str, str]) -> None:
    with pytest.raises(ArtifactError, match=r"artifacts\[x\]"):
        source(tmp_path, **given).artifact()


def make_folder(folder: Path, order: list[str]) -> Path:
    for name in order:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"content of {name}")
    return folder


def test_a_folder_counts_by_names_and_contents(tmp_path: Path) -> None:
    names = ["index.html", "WEB-INF/web.xml", "WEB-INF/lib/a.jar"]
    one, two = make_folder(tmp_path / "one", names), make_folder(tmp_path / "two", names[::-1])
    os.utime(two / "index.html", (1, 1))
    digests = {source(tmp_path, src=str(folder), unpack="zip").artifact().digest for folder in (one, two)}
    assert len(digests) == 1
    with zipfile.ZipFile(source(tmp_path, src=str(one), unpack="zip").file()) as archive:
        assert sorted(archive.namelist()) == sorted(names)
    (two / "index.html").write_text("other")
    assert source(tmp_path, src=str(two), unpack="zip").artifact().digest not in digests


def test_an_empty_folder_does_not_become_an_application(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArtifactError, match="has no files"):
        source(tmp_path, src=str(tmp_path / "empty"), unpack="zip").artifact()


def test_where_it_is_kept() -> None:
    assert cache_folder({"HOME": "/home/me"}) == Path("/home/me/.cache/steadfast-edge")
    assert cache_folder({"HOME": "/home/me", "XDG_CACHE_HOME": "/var/cache/me"}) == Path("/var/cache/me/steadfast-edge")

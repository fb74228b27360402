# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store of artifacts, on real files: complete or not there at all, and nothing believed of an archive."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._artifacts import store as module
from ansible_collections.steadfast.edge.plugins.module_utils._artifacts.artifact import Artifact, ArtifactError, parse_checksum
from ansible_collections.steadfast.edge.plugins.module_utils._artifacts.store import Request, store

DATE = (2024, 5, 6, 7, 8, 10)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "sync_filesystem", lambda path: None)
    return tmp_path / "store"


def make_zip(path: Path, names: dict[str, bytes], kind: int = 0o100644) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in names.items():
            info = zipfile.ZipInfo(name, DATE)
            info.external_attr = kind << 16
            archive.writestr(info, content)
    return path


def make_tar(path: Path, names: dict[str, bytes], **rest: Any) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in names.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1_700_000_000
            for key, value in rest.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content))
    return path


def artifact(name: str, file: Path, **rest: Any) -> Artifact:
    return Artifact(name, "sha256", hashlib.sha256(file.read_bytes()).hexdigest(), **rest)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def bring(folder: Path, wanted: Artifact, file: Path, **rest: Any) -> Path:
    outcome = store(Request(str(folder), [wanted], {wanted.name: str(file)}, os.getgid(), **rest))
    assert outcome.added == [wanted.name]
    return Path(outcome.paths[wanted.name])


def test_an_archive_is_unpacked_for_root_and_the_group(folder: Path, tmp_path: Path) -> None:
    file = make_zip(tmp_path / "shop.war", {"index.html": b"x", "WEB-INF/web.xml": b"y"})
    place = bring(folder, artifact("shop", file, unpack="zip"), file)
    assert place.name == f"shop-{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}"
    assert names(place) == ["WEB-INF/web.xml", "index.html"]
    assert [(place / name).stat().st_mode & 0o777 for name in (".", "WEB-INF", "index.html")] == [0o750, 0o750, 0o640]


def test_files_have_the_time_of_the_archive_on_every_host(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    file = make_zip(tmp_path / "shop.war", {"index.html": b"x"})
    place = bring(folder, artifact("shop", file, unpack="zip"), file)
    assert (place / "index.html").stat().st_mtime == 1714979290


def test_of_a_release_in_one_folder_counts_what_is_in_it(folder: Path, tmp_path: Path) -> None:
    file = make_tar(tmp_path / "t.tar.gz", {"apache-1/bin/run.sh": b"x", "apache-1/webapps/docs/a": b"y"}, mode=0o755)
    place = bring(folder, artifact("tomcat", file, unpack="tar", exclude=("webapps",)), file)
    assert names(place) == ["bin/run.sh"]
    assert (place / "bin/run.sh").stat().st_mode & 0o777 == 0o750


def test_several_folders_stay_as_they_are(folder: Path, tmp_path: Path) -> None:
    file = make_tar(tmp_path / "t.tar.gz", {"a/x": b"x", "b/y": b"y"})
    assert names(bring(folder, artifact("two", file, unpack="tar"), file)) == ["a/x", "b/y"]


def test_a_file_keeps_its_ending(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"jar")
    place = bring(folder, artifact("driver.jar", file), file)
    assert place.name.startswith("driver-") and place.suffix == ".jar" and place.read_bytes() == b"jar"


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out", "..\\out"])
def test_no_name_leads_out(folder: Path, tmp_path: Path, name: str) -> None:
    file = make_zip(tmp_path / "bad.war", {"good": b"", name: b"x"})
    with pytest.raises(ArtifactError, match="leads out"):
        bring(folder, artifact("bad", file, unpack="zip"), file)
    assert list(folder.iterdir()) == []


def test_links_are_refused(folder: Path, tmp_path: Path) -> None:
    file = make_zip(tmp_path / "bad.war", {"link": b"/etc/shadow"}, kind=0o120777)
    with pytest.raises(ArtifactError, match="neither file nor folder"):
        bring(folder, artifact("bad", file, unpack="zip"), file)
    file = make_tar(tmp_path / "bad.tar", {"top/link": b""}, type=tarfile.SYMTYPE, linkname="/etc")
    with pytest.raises(ArtifactError, match="neither file nor folder"):
        bring(folder, artifact("bad", file, unpack="tar"), file)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_what_is_no_archive_leaves_nothing_behind(folder: Path, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "page.html"
    file.write_text("<html>502</html>")
    with pytest.raises(ArtifactError, match=rf"artifacts\[shop\].*no {kind} archive"):
        bring(folder, artifact("shop", file, unpack=kind), file)
    assert list(folder.iterdir()) == []


def test_a_cut_archive_leaves_nothing_behind(folder: Path, tmp_path: Path) -> None:
    whole = make_tar(tmp_path / "whole.tar.gz", {"top/a": os.urandom(100_000), "top/b": os.urandom(100_000)})
    file = tmp_path / "cut.tar.gz"
    file.write_bytes(whole.read_bytes()[:120_000])
    with pytest.raises(ArtifactError, match="damaged"):
        bring(folder, artifact("tomcat", file, unpack="tar"), file)
    assert list(folder.iterdir()) == []


def test_what_arrived_must_be_what_was_sent(folder: Path, tmp_path: Path) -> None:
    file = make_zip(tmp_path / "shop.war", {"a": b"x"})
    wanted = artifact("shop", file, unpack="zip")
    file.write_bytes(b"something else")
    with pytest.raises(ArtifactError, match="what arrived has the digest"):
        bring(folder, wanted, file)


def test_what_is_there_is_not_missed_and_not_touched(folder: Path, tmp_path: Path) -> None:
    file = make_zip(tmp_path / "shop.war", {"a": b"x"})
    wanted = artifact("shop", file, unpack="zip")
    place = bring(folder, wanted, file)
    (place / "a").write_bytes(b"marked")
    outcome = store(Request(str(folder), [wanted], {"shop": str(file)}))
    assert (outcome.added, outcome.missing, (place / "a").read_bytes()) == ([], [], b"marked")


def test_one_content_under_two_names_is_stored_once(folder: Path, tmp_path: Path) -> None:
    file = make_zip(tmp_path / "shop.war", {"a": b"x"})
    both = [artifact("shop@one", file, unpack="zip"), artifact("shop@two", file, unpack="zip")]
    outcome = store(Request(str(folder), both, {one.name: str(file) for one in both}, os.getgid()))
    assert len(set(outcome.paths.values())) == 1 == len(list(folder.iterdir()))


def test_check_mode_names_what_is_missing_and_makes_nothing(folder: Path, tmp_path: Path) -> None:
    file = make_zip(tmp_path / "shop.war", {"a": b"x"})
    outcome = store(Request(str(folder), [artifact("shop", file, unpack="zip")], {"shop": str(file)}, check_mode=True))
    assert (outcome.added, outcome.missing, folder.exists()) == ([], ["shop"], False)


def test_what_a_killed_run_left_goes_away(folder: Path, tmp_path: Path) -> None:
    (folder / ".new-shop-1").mkdir(parents=True)
    file = make_zip(tmp_path / "shop.war", {"a": b"x"})
    place = bring(folder, artifact("shop", file, unpack="zip"), file)
    assert [path.name for path in folder.iterdir()] == [place.name]


class TestPurge:
    """What neither is wanted nor linked from a tree, now or in a release that can come back, goes."""

    @pytest.fixture
    def three(self, folder: Path, tmp_path: Path) -> list[Artifact]:
        found = []
        for number in range(3):
            file = make_zip(tmp_path / f"{number}.war", {"a": str(number).encode()})
            found.append(artifact("shop", file, unpack="zip"))
            bring(folder, found[-1], file)
        return found

    def test_wanted_and_linked_stay(self, folder: Path, tmp_path: Path, three: list[Artifact]) -> None:
        tree = tmp_path / "webapps"
        tree.mkdir()
        (tree / "shop").symlink_to(f"../store/{three[1].place}")
        request = Request(str(folder), three[2:], purge=True, used_by=[str(tree)], state_dir=str(tmp_path / "state"))
        assert store(Request(**{**request.__dict__, "check_mode": True})).removed == [three[0].place]
        assert len(list(folder.iterdir())) == 3
        assert store(request).removed == [three[0].place]
        assert sorted(path.name for path in folder.iterdir()) == sorted(one.place for one in three[1:])

    def test_a_switch_under_way_keeps_both_sides(self, folder: Path, tmp_path: Path, three: list[Artifact]) -> None:
        for name, one in (("webapps", three[0]), (".webapps.edge-switch", three[1])):
            (tmp_path / name).mkdir()
            (tmp_path / name / "shop").symlink_to(folder / one.place)
        request = Request(str(folder), [], purge=True, used_by=[str(tmp_path / "webapps")], state_dir=str(tmp_path / "state"))
        assert store(request).removed == [three[2].place]

    def test_nothing_goes_where_the_releases_cannot_be_read(self, folder: Path, tmp_path: Path, three: list[Artifact]) -> None:
        tree = tmp_path / "webapps"
        tree.mkdir()
        state = tmp_path / "state" / str(tree).strip("/").replace("-", "%2D").replace("/", "-")
        state.mkdir(parents=True)
        (state / "state.json").write_text("{")
        with pytest.raises(ArtifactError, match="cannot be read"):
            store(Request(str(folder), [], purge=True, used_by=[str(tree)], state_dir=str(tmp_path / "state")))
        assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize("text", ["md5:0", "sha256", "sha256:zz", "sha512:" + "0" * 64, ""])
def test_a_checksum_that_is_none(text: str) -> None:
    with pytest.raises(ArtifactError, match=r"artifacts\[x\]"):
        parse_checksum(text, "artifacts[x]")

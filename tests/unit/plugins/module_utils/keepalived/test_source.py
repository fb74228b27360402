# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds by a make that is a stand-in: what is put where and taken away again, what is refused, and what is left when a build fails."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._command import Runner
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.source import Built, Source, SourceError, build, remove


class Machine:
    """Answers what the module runs; `install` makes the program as make would."""

    def __init__(self, source: Source, breaks: str = "") -> None:
        self.source = source
        self.breaks = breaks
        self.asked: list[list[str]] = []

    def __call__(self, argv: Sequence[str], stdin: str | None, environment: Mapping[str, str]) -> tuple[int, str, str]:
        self.asked.append(list(argv))
        if self.breaks and self.breaks in argv:
            return 2, "", "config.c:1: error: no such thing\nmake: leaving"
        if "install" in argv:
            root = next(word.partition("=")[2] for word in argv if word.startswith("DESTDIR="))
            program = Path(root, str(self.source.folder).lstrip("/"), "sbin/keepalived")
            program.parent.mkdir(parents=True)
            program.write_text("program")
            program.chmod(0o755)
            Path(root, "etc").mkdir()
        return 0, "", ""

    def build(self, check_mode: bool = False) -> tuple[bool, bool, int]:
        self.asked.clear()
        found = build(Runner(self), self.source, None, check_mode)
        assert not found.stale
        return found.changed, found.built, len(found.removed)

    def stale(self, running: str, check_mode: bool = False) -> bool:
        return build(Runner(self), self.source, running, check_mode).stale

    def remove(self, running: str | None = None, check_mode: bool = False) -> Built:
        self.asked.clear()
        return remove(Runner(self), running, check_mode, self.source.unit_path, self.source.link)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    archive = tmp_path / "keepalived.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        info = tarfile.TarInfo("keepalived-2.3.3/configure")
        info.size = 2
        packed.addfile(info, io.BytesIO(b"#!"))
        link = tarfile.TarInfo("keepalived-2.3.3/snap/hook")
        link.type, link.linkname = tarfile.LNKTYPE, "keepalived-2.3.3/configure"
        packed.addfile(link)
    checksum = hashlib.sha256(archive.read_bytes()).hexdigest()
    prefix = str(tmp_path / "prefix")
    unit = f"[Service]\nExecStart={prefix}/current/sbin/keepalived --pid=/run/keepalived.pid\n"
    return Source(str(archive), checksum, prefix, ("--enable-json",), str(tmp_path / "unit"), unit, str(tmp_path / "link"))


def names(*folder: str) -> list[str]:
    return sorted(path.name for path in Path(*folder).iterdir())


def test_a_build_is_put_in_use_and_the_next_run_changes_nothing(source: Source) -> None:
    machine = Machine(source)
    assert machine.build(check_mode=True) == (True, True, 0)
    assert machine.asked == []
    assert not Path(source.prefix).exists()
    assert machine.build() == (True, True, 0)
    assert [argv[0] for argv in machine.asked] == ["env", "make", "make", machine.asked[3][0], "systemctl"]
    assert f"--prefix={source.folder}" in machine.asked[0]
    assert "--enable-json" in machine.asked[0]
    assert source.binary.read_text() == "program"
    assert os.fspath(Path(source.link).readlink()) == str(source.binary)
    assert Path(source.unit_path).read_text() == source.unit
    assert names(source.prefix) == ["builds", "current"]
    assert machine.build() == (False, False, 0)
    assert machine.asked == []


def test_another_build_replaces_the_earlier_one(source: Source) -> None:
    Machine(source).build()
    newer = replace(source, flags=("--enable-json", "--disable-vmac"))
    assert Machine(newer).build() == (True, True, 1)
    assert names(source.prefix, "builds") == [newer.id]
    assert newer.binary.read_text() == "program"


def test_another_unit_builds_nothing(source: Source) -> None:
    Machine(source).build()
    machine = Machine(replace(source, unit="[Unit]\nAfter=x\n"))
    assert machine.build() == (True, False, 0)
    assert machine.asked == [["systemctl", "daemon-reload"]]


def test_what_runs_is_stale_until_it_is_what_is_in_use(source: Source) -> None:
    machine = Machine(source)
    program = str(source.folder / "sbin/keepalived")
    assert machine.stale("/usr/sbin/keepalived", check_mode=True)
    # Put there anew, it is another one at the same place.
    assert machine.stale(program)
    assert machine.stale("/usr/sbin/keepalived")
    assert not machine.stale(program)
    newer = Machine(replace(source, flags=("--other",)))
    assert [newer.stale(program) for _run in range(2)] == [True, True]


def test_it_is_taken_away_whatever_the_prefix_was(source: Source, tmp_path: Path) -> None:
    Machine(source).build()
    machine = Machine(source)
    before = names(str(tmp_path))
    gone = Built(changed=True, built=False, removed=(source.id,), stale=True)
    assert machine.remove(str(source.folder / "sbin/keepalived"), check_mode=True) == gone
    assert (names(str(tmp_path)), machine.asked) == (before, [])
    Path(source.prefix, "src").mkdir()
    assert machine.remove(str(source.folder / "sbin/keepalived")) == gone
    assert machine.asked == [["systemctl", "daemon-reload"]]
    assert names(str(tmp_path)) == ["keepalived.tar.gz", "prefix"]
    assert names(source.prefix) == ["src"]
    # What runs is still the build; then it is the package's.
    assert machine.remove(str(source.folder / "sbin/keepalived")) == Built(changed=False, built=False, removed=(), stale=True)
    assert machine.remove("/usr/sbin/keepalived") == Built(changed=False, built=False, removed=(), stale=False)
    assert machine.asked == []


@pytest.mark.parametrize("gone", ["", "link", "unit"])
def test_a_removal_that_was_interrupted_goes_on(source: Source, tmp_path: Path, gone: str) -> None:
    Machine(source).build()
    shutil.rmtree(Path(source.prefix, "builds"))
    if gone:
        (tmp_path / gone).unlink()
    assert Machine(source).remove().changed
    assert names(str(tmp_path)) == ["keepalived.tar.gz", "prefix"]
    assert names(source.prefix) == []


def test_what_somebody_else_made_stays(source: Source, tmp_path: Path) -> None:
    """A unit and a link that lead elsewhere, be it to somebody's own `current`."""
    program = tmp_path / "own/current/sbin/keepalived"
    (tmp_path / "own/2.3.3/sbin").mkdir(parents=True)
    (tmp_path / "own/current").symlink_to("2.3.3")
    for started in (str(program), "/opt/keepalived"):
        Path(source.unit_path).write_text(f"[Service]\nExecStart={started} --dont-fork\n")
        Path(source.link).unlink(missing_ok=True)
        Path(source.link).symlink_to(started)
        before = names(str(tmp_path))
        assert not Machine(source).remove(str(program)).changed
        assert not Machine(source).remove(str(program)).stale
        assert names(str(tmp_path)) == before


@pytest.mark.parametrize("step", ["./configure", "install", "--version"])
def test_a_build_that_fails_changes_nothing(source: Source, step: str) -> None:
    Machine(source).build()
    newer = replace(source, flags=("--other",))
    with pytest.raises(SourceError, match="no such thing"):
        Machine(newer, breaks=step).build()
    assert names(source.prefix, "builds") == [source.id]
    assert os.fspath(source.current.readlink()) == f"builds/{source.id}"
    assert names(source.prefix) == ["builds", "current"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"checksum": "0" * 64}, "nothing of it was unpacked"),
        ({"archive": "/nonexistent.tar.gz"}, "bring it to the host"),
        ({"flags": ("--prefix=/usr",)}, "leave it out"),
        ({"flags": ("CFLAGS=-O0",)}, "begin with --"),
    ],
)
def test_what_is_wrong_is_refused_by_name(source: Source, wrong: dict[str, str], words: str) -> None:
    machine = Machine(replace(source, **wrong))  # type: ignore[arg-type]
    with pytest.raises(SourceError, match=words):
        machine.build()
    assert machine.asked == []

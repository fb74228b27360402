# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A build on a real folder, with a compiler that writes what it is told to."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.archive import unpack
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.build import Built, Source, build
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.errors import NginxError
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.model import Request
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Finished
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.nginxd.rig import World

UNIT = "[Service]\nType=forking\n"


def archive(path: Path, *names: str, kind: bytes = tarfile.REGTYPE) -> str:
    with tarfile.open(path, "w:gz") as target:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.size = kind, 0o777, 1 if kind == tarfile.REGTYPE else 0
            entry.linkname = "/etc/passwd" if kind == tarfile.SYMTYPE else ""
            target.addfile(entry, io.BytesIO(b"x") if entry.size else None)
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Workshop(World):
    """A host on which nothing runs yet, in a prefix of its own."""

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        self.unit.update(ActiveState="inactive", MainPID=0, PIDFile=str(self.pid_file))
        self.prefix = base / "prefix"
        self.made = "new"
        self.breaks = ""
        self.checksum = archive(base / "nginx.tar.gz", "nginx-1/configure", "nginx-1/src/a.c")

    def run(self, argv: Sequence[str], timeout: float) -> Finished:
        if argv[0] == "env":
            return self.step(argv, "configure")
        if argv[0] == "make" and "install" in argv:
            root = Path(next(word for word in argv if word.startswith("DESTDIR=")).partition("=")[2] + str(self.prefix))
            for name in ("sbin/nginx", "conf/mime.types", "conf/nginx.conf", "conf/mime.types.default", "modules/a.so"):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(self.made)
            return self.step(argv, "install")
        if argv[0] == "make":
            return self.step(argv, "make")
        if argv[:2] == ["systemctl", "daemon-reload"]:
            return self.step(argv, "daemon-reload")
        return super().run(argv, timeout)

    def step(self, argv: Sequence[str], name: str) -> Finished:
        self.commands.append(list(argv))
        return Finished(1, f"checking...\ncc: error: {name} went wrong\nmore\n") if self.breaks == name else Finished(0, "")

    def build(self, **options: object) -> Built:
        values = {"id": "1", "archive": str(self.base / "nginx.tar.gz"), "checksum": self.checksum, "prefix": str(self.prefix),
                  "service": "shop", "unit": UNIT, "units": str(self.base / "units"), **options}
        check = bool(values.pop("check_mode", False))
        (self.base / "units").mkdir(exist_ok=True)
        return build(self, Source(**values), Request(f"{self.prefix}/sbin/nginx", "shop", timeout=1, check_mode=check))  # type: ignore[arg-type]

    def laid(self) -> dict[str, str]:
        found = {str(path.relative_to(self.prefix)): path.read_text() for path in self.prefix.rglob("*") if path.is_file()}
        return {name: text for name, text in found.items() if not name.startswith(".edge-build")}


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def test_from_nothing_and_again(workshop: Workshop) -> None:
    assert workshop.build(check_mode=True).changed
    assert not workshop.prefix.exists()
    built = workshop.build()
    assert (built.changed, built.version, built.version_before, built.taken_over) == (True, "1.26.3", None, False)
    assert workshop.laid() == {"sbin/nginx": "new", "conf/mime.types": "new", "modules/a.so": "new"}
    assert (workshop.base / "units/shop.service").read_text() == UNIT
    note = json.loads((workshop.prefix / ".edge-build.json").read_text())
    assert (note["id"], note["version"]) == ("1", "1.26.3")
    assert not workshop.build().changed
    assert workshop.build(id="2").changed


def test_flags_are_passed_and_the_pid_file_is_the_units(workshop: Workshop) -> None:
    workshop.build(flags=("--with-http_ssl_module",))
    configure = next(argv for argv in workshop.commands if "./configure" in argv)
    assert configure[-1] == "--with-http_ssl_module" and "--pid-path=/run/shop.pid" in configure


@pytest.mark.parametrize("flag", ["--prefix=/x", "--pid-path=/x", "-O0", "--modules-path=/x"])
def test_flags_that_would_contradict_are_refused(workshop: Workshop, flag: str) -> None:
    with pytest.raises(NginxError, match="flags:"):
        workshop.build(flags=(flag,))


def test_a_wrong_checksum_unpacks_nothing(workshop: Workshop) -> None:
    workshop.unpack = lambda archive, folder: pytest.fail("unpacked")  # type: ignore[method-assign]
    with pytest.raises(NginxError, match=r"instead of 0000.*nothing of it was unpacked"):
        workshop.build(checksum="0" * 64)
    assert not workshop.prefix.exists()


def test_an_archive_that_is_not_there(workshop: Workshop) -> None:
    with pytest.raises(NginxError, match="is not there"):
        workshop.build(archive="/nonesuch")


@pytest.mark.parametrize("step", ["configure", "make", "install"])
def test_a_build_that_fails_says_why_and_leaves_nothing(workshop: Workshop, step: str) -> None:
    workshop.breaks = step
    with pytest.raises(NginxError, match=rf"could not be .*: cc: error: {step} went wrong"):
        workshop.build()
    assert workshop.laid() == {}


def test_an_upgrade_that_fails_puts_every_file_back(workshop: Workshop) -> None:
    workshop.build()
    binary = workshop.prefix / "sbin/nginx"
    before, inode = workshop.laid(), binary.stat().st_ino
    workshop.made = "worse"
    workshop.start(70, 1, "nginx: master process", binary)
    workshop.unit.update(ActiveState="active", MainPID=70)
    workshop.answers[f"{binary} -t"] = lambda: Finished(1, "[emerg] unknown directive")
    with pytest.raises(NginxError, match=r"1\.26\.3 was left as it was: .*unknown directive"):
        workshop.build(id="2", unit="another\n")
    assert workshop.laid() == before
    assert binary.stat().st_ino == inode, "it must be the running one"
    assert (workshop.base / "units/shop.service").read_text() == UNIT
    assert json.loads((workshop.prefix / ".edge-build.json").read_text())["id"] == "1"


def test_another_unit_alone_needs_no_build(workshop: Workshop) -> None:
    workshop.build()
    workshop.commands.clear()
    assert workshop.build(unit="another\n").changed
    assert (workshop.base / "units/shop.service").read_text() == "another\n"
    assert not any("make" in argv for argv in workshop.commands)


def test_what_a_killed_run_left_is_no_obstacle(workshop: Workshop) -> None:
    (workshop.prefix / ".edge-work/source").mkdir(parents=True)
    assert workshop.build().changed
    assert not (workshop.prefix / ".edge-work").exists()


def test_files_of_the_configuration_are_not_written_over(workshop: Workshop) -> None:
    (workshop.prefix / "conf").mkdir(parents=True)
    (workshop.prefix / "conf/mime.types").write_text("mine")
    workshop.build()
    assert (workshop.prefix / "conf/mime.types").read_text() == "mine"


@pytest.mark.parametrize(("names", "kind", "problem"), [
    (["nginx-1/a", "../b"], tarfile.REGTYPE, "outside"),
    (["nginx-1/a", "/b"], tarfile.REGTYPE, "outside"),
    (["nginx-1/a", "nginx-1/../../b"], tarfile.REGTYPE, "outside"),
    (["nginx-1/a", "nginx-2/b"], tarfile.REGTYPE, "more than one folder"),
    (["nginx-1/a"], tarfile.SYMTYPE, "neither a file nor a folder"),
])
def test_an_archive_that_would_write_elsewhere(tmp_path: Path, names: list[str], kind: bytes, problem: str) -> None:
    archive(tmp_path / "bad.tar.gz", *names, kind=kind)
    with pytest.raises(ValueError, match=problem):
        unpack(str(tmp_path / "bad.tar.gz"), str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_no_archive_at_all(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    with pytest.raises(ValueError, match="cannot be unpacked"):
        unpack(str(tmp_path / "x"), str(tmp_path / "out"))
    shutil.rmtree(tmp_path / "out", ignore_errors=True)

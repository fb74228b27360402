# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Places where a tree cannot be exchanged, and the exchange itself."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._release import _libc
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import ExchangeError, PlaceError
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._release._stage import REMEDIES, check_place
from ansible_collections.steadfast.edge.plugins.module_utils._release._store import state_name
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.release.rig import Rig, ServiceHost, contents


def two_folders(base: Path) -> tuple[Path, Path]:
    for name in ("one", "two"):
        (base / name).mkdir()
        (base / name / "name").write_text(name)
    return base / "one", base / "two"


def test_two_folders_are_exchanged(tmp_path: Path) -> None:
    one, two = two_folders(tmp_path)
    _libc.exchange(str(one), str(two))
    assert (one / "name").read_text() == "two" and (two / "name").read_text() == "one"


class OldLibc:
    """A libc from before the wrapper."""

    def __init__(self, real: ctypes.CDLL) -> None:
        self.syscall = real.syscall


def test_an_older_libc_is_gone_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = two_folders(tmp_path)
    old = OldLibc(_libc._libc())
    monkeypatch.setattr(_libc, "_libc", lambda: old)
    _libc.exchange(str(one), str(two))
    assert (one / "name").read_text() == "two"
    with pytest.raises(FileNotFoundError):
        _libc.exchange(str(one), str(tmp_path / "none"))
    monkeypatch.setattr(platform, "machine", lambda: "pdp11")
    with pytest.raises(OSError) as error:
        _libc.exchange(str(one), str(two))
    assert error.value.errno == errno.ENOSYS


@pytest.mark.parametrize("path", ["etc/app", "/", "/etc/../app", "/etc/app/"])
def test_paths_that_are_none(path: str) -> None:
    with pytest.raises(PlaceError, match="must be an absolute path"):
        check_place(Host(), path, "/var/lib/x", False)


def test_places_that_cannot_be(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(PlaceError, match="is not a directory"):
        check_place(Host(), str(tmp_path / "file"), "/var/lib/x", False)
    with pytest.raises(PlaceError, match="lies in the tree"):
        check_place(Host(), str(rig.live), str(rig.live / "state"), False)
    with pytest.raises(PlaceError, match="does not exist; install the service"):
        check_place(Host(), str(tmp_path / "no/such"), "/var/lib/x", False)
    with pytest.raises(PlaceError, match="is a mount point"):
        check_place(Host(), "/proc", "/var/lib/x", False)


@pytest.mark.parametrize(("below", "problem"), [("", "is a mount point and cannot be exchanged"), ("/sub dir", "and would not move along")])
def test_mount_points(tmp_path: Path, below: str, problem: str) -> None:
    rig = Rig(tmp_path)
    (tmp_path / "proc/self").mkdir(parents=True)
    point = (str(rig.live) + below).replace(" ", "\\040")
    (tmp_path / "proc/self/mountinfo").write_text(f"22 1 8:1 / / rw - ext4 /dev/root rw\n30 22 8:1 /x {point} rw - ext4 /dev/root rw\n")
    with pytest.raises(PlaceError, match=problem):
        check_place(Host(proc=str(tmp_path / "proc")), str(rig.live), "/var/lib/x", False)


class Refusing(ServiceHost):
    number = 0
    probes = 0

    def exchange(self, first: str, second: str) -> None:
        if "probe" in first and self.probes:
            super().exchange(first, second)
        else:
            raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize("probes", [False, True])
@pytest.mark.parametrize("number", sorted(REMEDIES))
def test_a_refused_exchange_leaves_everything_as_it_was(tmp_path: Path, number: int, probes: bool) -> None:
    rig = Rig(tmp_path, {"foreign": "x"})
    host = Refusing(rig.live, rig.loaded)
    host.number, host.probes = number, probes
    remedy = REMEDIES[number].partition("(")[0]
    with pytest.raises(ExchangeError) as error:
        rig.run({"a": "1"}, host)
    assert remedy in str(error.value) and "PATH" not in str(error.value)
    assert contents(rig.live) == {"foreign": "x"} and rig.beside() == []
    assert rig.run({"a": "1"}).recovered == "none"


def test_a_damaged_state_is_told(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.run({"a": "1"})
    next(rig.state_dir.rglob("state.json")).write_text("{")
    with pytest.raises(PlaceError, match="is damaged"):
        rig.run({"a": "1"})


def test_state_names_do_not_collide() -> None:
    assert state_name("/etc/nginx") == "etc-nginx"
    assert len({state_name(path) for path in ("/a-b", "/a/b", "/a-/b", "/a/-b", "/a%2Db")}) == 5


class Recording(ServiceHost):
    """Notes what decides whether a power cut can be survived."""

    def __init__(self, live: Path, loaded: dict[str, str]) -> None:
        super().__init__(live, loaded)
        self.steps: list[str] = []

    def sync_filesystem(self, path: str) -> None:
        self.steps.append("stage durable")

    def replace_file(self, path: str, content: bytes) -> None:
        super().replace_file(path, content)
        if path.endswith("state.json"):
            self.steps.append("journal open" if b'"switch": {' in content else "journal settled")

    def exchange(self, first: str, second: str) -> None:
        super().exchange(first, second)
        if first == str(self.live):
            self.steps.append("exchange")

    def sync_directory(self, path: str) -> None:
        super().sync_directory(path)
        if path == str(self.live.parent):
            self.steps.append("exchange durable")


def test_the_order_that_survives_a_power_cut(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    host = Recording(rig.live, rig.loaded)
    rig.run({"a": "1"}, host)
    assert host.steps == ["stage durable", "journal open", "exchange", "exchange durable", "journal settled"]


OVERLAY = """
set -e
mount -t tmpfs none {base}; mkdir {base}/lower {base}/upper {base}/work {base}/root
mkdir -p {base}/lower/etc/app; echo x >{base}/lower/etc/app/foreign
mount -t overlay overlay -o lowerdir={base}/lower,upperdir={base}/upper,workdir={base}/work,redirect_dir=off {base}/root
exec "$@"
"""


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("unshare"), reason="needs mounts of its own")
def test_a_folder_of_a_lower_overlay_layer_is_refused_with_the_remedy_that_helps(tmp_path: Path) -> None:
    """In a mount namespace of its own: first the refusal, then the remedy, then the release."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, subprocess\n"
        "from pathlib import Path\n"
        f"sys.path[:0] = {_search_path()!r}\n"
        "from ansible_collections.steadfast.edge.plugins.module_utils._release import _libc\n"
        "live = sys.argv[1]\n"
        "Path(live + '.other').mkdir()\n"
        "try:\n"
        "    _libc.exchange(live, live + '.other')\n"
        "    print('exchanged')\n"
        "except OSError as error:\n"
        "    print(error.errno)\n"
        "subprocess.run(f'cp -a {live} {live}.new; rm -r {live}; mv {live}.new {live}', shell=True, check=True)\n"
        "_libc.exchange(live, live + '.other')\n"
        "print(Path(live + '.other/foreign').read_text().strip())\n")
    base = tmp_path / "overlay"
    base.mkdir()
    python = shutil.which("python3") or "python3"
    command = ["unshare", "-m", "sh", "-c", OVERLAY.format(base=base), "sh", python, str(script), f"{base}/root/etc/app"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if "mount" in finished.stderr:
        pytest.skip("no overlay mounts here: " + finished.stderr.strip())
    assert finished.stdout.split() == [str(errno.EXDEV), "x"], finished.stderr


def _search_path() -> list[str]:
    return [str(Path(_libc.__file__).absolute().parents[6])]

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole call on a real tree: released, proven, put back; the history of the tree stays as it was."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._drain.balancer import Balancer, Place, Result
from ansible_collections.steadfast.edge.plugins.module_utils._drain.members import DrainError, Wish
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host as IpvsHost
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import ReleaseError
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Finished, Process
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import FILE, Node, Request, Wanted
from ansible_collections.steadfast.edge.plugins.module_utils._release._release import release
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.drain.test_texts import DIRECTOR, UPSTREAMS
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.rig import MemoryHost, declared, fill
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.release.rig import Died, HastyHost


class Service(HastyHost):
    """systemd and a checker that finds everything good, or nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[list[str]] = []
        self.good = True

    def run(self, argv: Sequence[str], timeout: float) -> Finished:
        if argv[:2] == ["systemctl", "show"]:
            return Finished(0, "ActiveState=active\nMainPID=7")
        self.commands.append(list(argv))
        return Finished(0, "") if self.good or argv[0] == "systemctl" else Finished(1, "no good")

    def children(self, parent: int) -> list[Process]:
        return [Process(100 + len(self.commands), 1, "nginx: worker process")]


class Rig:
    def __init__(self, base: Path, kind: str, files: dict[str, str]) -> None:
        self.live = base / "etc" / kind
        self.live.mkdir(parents=True)
        self.host = Service()
        self.place = Place(kind, str(self.live), kind, "/usr/sbin/nginx", state_dir=str(base / "state"))
        self.base = base
        self.ipvs = IpvsHost(lambda argv: (1, "", ""), root=str(base))
        self.release(files)

    def release(self, files: dict[str, str]) -> None:
        owner: dict[str, Any] = {"uid": os.getuid(), "gid": os.getgid()}
        wanted = tuple(Wanted(path, FILE, text.encode(), mode=0o600, **owner) for path, text in files.items())
        release(self.host, Request(str(self.live), self.place.state_dir, wanted), print)

    def apply(self, drained: bool, *members: str, vips: str | None = None, check: bool = False, host: Service | None = None) -> Result:
        return Balancer(self.place, host or self.host, self.ipvs, print).apply(Wish(drained, members, "roll"), vips, check)

    def earlier(self) -> list[str]:
        return sorted(path.name for path in (self.base / "state").rglob("*.tar"))


@pytest.fixture(name="director")
def fixture_director(tmp_path: Path) -> Rig:
    return Rig(tmp_path, "keepalived", {"keepalived.conf": DIRECTOR})


def test_out_and_back(director: Rig) -> None:
    earlier = director.earlier()
    out = director.apply(True, "192.0.2.21")
    file = director.live / "keepalived.conf"
    assert out.changed
    assert out.actions == ["take 192.0.2.21:80 out of the virtual server 192.0.2.150 80"]
    assert "weight 0 # drained by roll, was 3" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert director.host.commands[-1] == ["systemctl", "reload", "keepalived"]
    assert not director.apply(True, "192.0.2.21").changed
    put_back = director.apply(False, "all")
    assert put_back.before == out.after == [{"pool": "the virtual server 192.0.2.150 80", "member": "192.0.2.21:80", "by": "roll"}]
    assert file.read_text() == DIRECTOR
    assert director.earlier() == earlier


def test_check_mode_changes_nothing(director: Rig) -> None:
    assert director.apply(True, "192.0.2.21", check=True).changed
    assert (director.live / "keepalived.conf").read_text() == DIRECTOR


def test_vips_go_with_a_file_of_their_own(director: Rig) -> None:
    assert director.apply(False, vips="yielded").actions == ["yield the VIPs"]
    assert (director.live / "drained").read_text() == "1\n"
    assert director.apply(False, vips="held").yielded == ""
    assert not (director.live / "drained").exists()
    assert (director.live / "keepalived.conf").read_text() == DIRECTOR


def test_what_the_checker_refuses_is_not_done(director: Rig) -> None:
    director.host.good = False
    with pytest.raises(ReleaseError):
        director.apply(True, "192.0.2.21")
    assert (director.live / "keepalived.conf").read_text() == DIRECTOR


def test_nginx(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "nginx", {"upstreams.conf": UPSTREAMS, "nginx.conf": "events {}\n"})
    assert rig.apply(True, "192.0.2.31:8080").changed
    assert rig.apply(False, "192.0.2.31").changed
    assert (rig.live / "upstreams.conf").read_text() == UPSTREAMS


@pytest.mark.parametrize("files", [{}, {"keepalived.conf": DIRECTOR}])
def test_a_tree_that_is_not_whole_is_left_alone(tmp_path: Path, files: dict[str, str]) -> None:
    rig = Rig(tmp_path, "keepalived", files)
    if files:
        (rig.live / "keepalived.conf").unlink()
    with pytest.raises(DrainError, match=r"site\.yml"):
        rig.apply(True, "192.0.2.21")


class Reader(Service):
    """Somebody else comes the moment it has read the files."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self.meanwhile = meanwhile
        self.read_once = False

    def scan(self, root: str, contents: Collection[str] = ()) -> dict[str, Node]:
        found = super().scan(root, contents)
        if not self.read_once:
            self.read_once = True
            self.meanwhile()
        return found


class Waiter(Service):
    """Shows that it waits for somebody."""

    def __init__(self) -> None:
        super().__init__()
        self.moved = threading.Event()

    def sleep(self, seconds: float) -> None:
        self.moved.set()
        super().sleep(seconds)


def at_the_same_time(rig: Rig, first: str, second: str) -> list[DrainError]:
    """Drains two; the second call comes when the first one has read the files. What went wrong with the second one."""
    waiter = Waiter()
    problems: list[DrainError] = []

    def drain_second() -> None:
        try:
            rig.apply(True, second, host=waiter)
        except DrainError as error:
            problems.append(error)
        finally:
            waiter.moved.set()

    thread = threading.Thread(target=drain_second)

    def meanwhile() -> None:
        thread.start()
        waiter.moved.wait(30)

    rig.apply(True, first, host=Reader(meanwhile))
    thread.join(30)
    return problems


def test_two_calls_at_the_same_time_drain_both(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "keepalived", {"keepalived.conf": DIRECTOR.replace("weight 0", "weight 2")})
    assert not at_the_same_time(rig, "192.0.2.21", "192.0.2.22")
    assert (rig.live / "keepalived.conf").read_text().count("# drained by roll") == 2


def test_two_calls_at_the_same_time_do_not_drain_everybody(director: Rig) -> None:
    (refused,) = at_the_same_time(director, "192.0.2.21", "192.0.2.22")
    assert "would be left with 0 of its 2 members" in str(refused)
    assert (director.live / "keepalived.conf").read_text().count("# drained by roll") == 1


class Mortal(Service):
    """Killed at one step of a release."""

    def __init__(self, step: str) -> None:
        super().__init__()
        self.step = step

    def exchange(self, first: str, second: str) -> None:
        if self.step == "exchange" and "probe" not in first:
            raise Died
        super().exchange(first, second)

    def run(self, argv: Sequence[str], timeout: float) -> Finished:
        if argv[:2] == ["systemctl", self.step]:
            raise Died
        return super().run(argv, timeout)


@pytest.mark.parametrize("step", ["exchange", "reload"])
def test_what_was_cut_off_is_not_done(director: Rig, step: str) -> None:
    with pytest.raises(Died):
        director.apply(True, "192.0.2.21", vips="yielded", host=Mortal(step))
    assert director.apply(True, "192.0.2.21", vips="yielded", check=True).changed
    assert ["systemctl", "reload", "keepalived"] not in director.host.commands
    assert director.apply(True, "192.0.2.21", vips="yielded").changed
    assert director.host.commands[-1] == ["systemctl", "reload", "keepalived"]
    assert not director.apply(True, "192.0.2.21", vips="yielded").changed
    director.apply(False, "all", vips="held")
    assert (director.live / "keepalived.conf").read_text() == DIRECTOR


class Slow(Service):
    """keepalived takes its time, and this is its clock."""

    def __init__(self, state: str = "active") -> None:
        super().__init__()
        self.state = state
        self.clock = 0.0

    def run(self, argv: Sequence[str], timeout: float) -> Finished:
        found = super().run(argv, timeout)
        return Finished(found.rc, found.output.replace("active", self.state))

    def now(self) -> float:
        return self.clock

    def sleep(self, seconds: float) -> None:
        self.clock += seconds


def in_the_kernel(weight: int) -> MemoryHost:
    ipvs = MemoryHost()
    fill(ipvs.fake, declared({"address": "192.0.2.150", "port": 80, "destinations": [{"address": "192.0.2.21", "weight": weight}]}))
    return ipvs


def test_the_kernel_is_looked_at_again_when_the_call_is_repeated(director: Rig) -> None:
    director.ipvs = in_the_kernel(3)
    for _attempt in range(2):
        with pytest.raises(DrainError, match=r"192\.0\.2\.21:80 still gets connections 15 s after"):
            director.apply(True, "192.0.2.21", host=Slow())
    director.ipvs = in_the_kernel(0)
    assert not director.apply(True, "192.0.2.21", host=Slow()).changed


def test_a_keepalived_that_is_down_is_not_waited_for(director: Rig) -> None:
    director.ipvs = in_the_kernel(3)
    assert director.apply(True, "192.0.2.21", host=Slow("inactive")).changed
    assert not director.apply(True, "192.0.2.21", host=Slow("inactive")).changed

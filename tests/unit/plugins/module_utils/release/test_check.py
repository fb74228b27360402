# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What checkers say, and how it is passed on."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._release._check import check_tree, fill, locate
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import CheckRefused
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._release._stage import Paths
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.release.rig import CHECK, Died, Rig


@pytest.mark.parametrize(("output", "expected"), [
    ('nginx: [emerg] unknown directive "foo" in /etc/app/conf.d/x.conf:3\nconfiguration file /etc/app/nginx.conf', ("conf.d/x.conf", 3)),
    ('nginx: [warn] duplicate "a" in /etc/app/a.conf:9\nnginx: [emerg] bad in /etc/app/b.conf:2', ("b.conf", 2)),
    ("Opening file '/etc/app/keepalived.conf'.\n(/etc/app/keepalived.conf: Line 12) Unknown keyword 'foo'", ("keepalived.conf", 12)),
    ('nginx: [emerg] cannot load certificate "/etc/app/tls/site.pem": BIO_new_file() failed', ("tls/site.pem", None)),
    ('nginx: [emerg] mkdir() "/var/lib/nginx/body" failed\nnginx: configuration file /etc/app/nginx.conf test failed', (None, None)),
    ("nothing of use", (None, None)),
    ("error in /etc/application/x:3", (None, None)),
])
def test_file_and_line(output: str, expected: tuple[str | None, int | None]) -> None:
    assert locate(output, "/etc/app") == expected


def test_only_the_two_names_are_filled_in() -> None:
    assert fill(["-g", "events {} pid {scratch}/pid;", "{tree}/{other}"], "/t", "/s") == ["-g", "events {} pid /s/pid;", "/t/{other}"]


def test_a_real_checker_with_its_own_exit_code(tmp_path: Path) -> None:
    paths = Paths(str(tmp_path / "live"))
    script = ["sh", "-c", "echo checked >{scratch}/note; exit 3"]
    check_tree(Host(), script, [0, 3], paths, "/stage", {}, 10)
    with pytest.raises(CheckRefused, match=r"exit code 3\); nothing was changed"):
        check_tree(Host(), script, [0], paths, "/stage", {}, 10)
    assert list(tmp_path.iterdir()) == []


def test_a_checker_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with pytest.raises(CheckRefused, match="did not end within 1 s"):
        check_tree(Host(), ["sh", "-c", f"sleep 60 & echo $! >{note}; wait"], [0], Paths(str(tmp_path / "live")), "/stage", {}, 1)
    stat = Path("/proc") / note.read_text().strip() / "stat"
    deadline = time.monotonic() + 10
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline, "what the checker started goes on"
        time.sleep(0.01)


def test_a_checker_speaks_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert Host().run(["sh", "-c", "echo $LC_ALL"], 5).output == "C"


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_a_killed_run_left_of_a_check_is_removed_by_the_next_one(rig: Rig, check_mode: bool) -> None:
    rig.run({"main.conf": "old\n"})
    host = rig.host()

    def die(stage: Path) -> None:
        assert ".app.edge-scratch" in rig.beside()
        raise Died

    host.on_check = die
    host.remove_tree = lambda path: None  # type: ignore[method-assign]  # a dead process tidies nothing up
    with pytest.raises(Died):
        rig.run({"main.conf": "new\n"}, host, validate=(*CHECK, "{scratch}"), check_mode=check_mode)
    for descriptor in host.locked:
        os.close(descriptor)
    assert ".app.edge-scratch" in rig.beside()
    rig.run({"main.conf": "old\n"}, check_mode=check_mode)
    assert ".app.edge-scratch" not in rig.beside()
    assert rig.run({"main.conf": "new\n"}).validated and rig.beside() == []

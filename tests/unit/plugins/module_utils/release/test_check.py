# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What checkers say, and how it is passed on."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._release._check import check_tree, fill, locate
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import CheckRefused
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Host


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
    host = Host(temporary=str(tmp_path))
    script = ["sh", "-c", "echo checked >{scratch}/note; exit 3"]
    check_tree(host, script, [0, 3], "/live", "/stage", {}, 10)
    with pytest.raises(CheckRefused, match=r"exit code 3\); nothing was changed"):
        check_tree(host, script, [0], "/live", "/stage", {}, 10)
    assert list(tmp_path.iterdir()) == []


def test_a_checker_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with pytest.raises(CheckRefused, match="did not end within 1 s"):
        check_tree(Host(), ["sh", "-c", f"sleep 60 & echo $! >{note}; wait"], [0], "/live", "/stage", {}, 1)
    stat = Path("/proc") / note.read_text().strip() / "stat"
    deadline = time.monotonic() + 10
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline, "what the checker started goes on"
        time.sleep(0.01)


def test_a_checker_speaks_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert Host().run(["sh", "-c", "echo $LC_ALL"], 5).output == "C"

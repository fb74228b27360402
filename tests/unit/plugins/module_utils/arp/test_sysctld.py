# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a boot makes of sysctl.d, case by case."""
from __future__ import annotations

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._arp.sysctld import (
    boot_values,
    key_path,
    parse,
    read_files,
    render_key,
    replaced,
)
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.arp.fakes import FakeFiles

KEY = "net/ipv4/conf/eth0/arp_ignore"


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("net.ipv4.conf.eth0.arp_ignore", KEY),
        ("net/ipv4/conf/eth0/arp_ignore", KEY),
        ("net.ipv4.conf.eth0/100.arp_ignore", "net/ipv4/conf/eth0.100/arp_ignore"),
        ("net/ipv4/conf/eth0.100/arp_ignore", "net/ipv4/conf/eth0.100/arp_ignore"),
    ],
)
def test_both_ways_of_writing_a_key(written: str, path: str) -> None:
    assert key_path(written) == path
    assert key_path(render_key(path)) == path


def test_lines_that_are_no_settings_are_skipped() -> None:
    text = "# a\n; b\n\nnonsense\n - net.ipv4.conf.eth0.arp_ignore = 1 \n-net.ipv4.conf.*.arp_ignore\n = 3\n"
    assert [(setting.key, setting.value, setting.line) for setting in parse("f", text)] == [
        (KEY, "1", 5),
        ("net/ipv4/conf/*/arp_ignore", None, 6),
    ]


@pytest.mark.parametrize(
    ("texts", "value", "where"),
    [
        ([("a", "net.ipv4.conf.eth0.arp_ignore=1"), ("b", "net.ipv4.conf.eth0.arp_ignore=2")], 2, "b:1"),
        ([("a", "x=1\nnet.ipv4.conf.eth0.arp_ignore=1\nnet.ipv4.conf.eth0.arp_ignore=3")], 3, "a:3"),
        ([("a", "net.ipv4.conf.eth0.arp_ignore=1"), ("b", "net.ipv4.conf.*.arp_ignore=2")], 1, "a:1"),
        ([("a", "net.ipv4.conf.*.arp_ignore=2"), ("b", "net.ipv4.conf.eth?.arp_ignore=3")], 3, "b:1"),
        ([("a", "net.ipv4.conf.*.arp_ignore=2\n-net.ipv4.conf.eth0.arp_ignore")], None, None),
        ([("a", "net.ipv4.*.arp_ignore=2")], None, None),
        ([("a", "net.ipv4.conf.eth0.arp_ignore=many")], None, None),
        ([("a", "net.ipv4.conf.eth1.arp_ignore=1")], None, None),
    ],
)
def test_who_wins(texts: list[tuple[str, str]], value: int | None, where: str | None) -> None:
    origin = boot_values(texts, [KEY]).get(KEY)
    assert (origin and origin.value, origin and origin.where) == (value, where)


def test_files_in_their_order() -> None:
    files = FakeFiles(
        {
            "/usr/lib/sysctl.d/50-a.conf": "lib",
            "/etc/sysctl.d/50-a.conf": "etc wins",
            "/run/sysctl.d/60-b.conf": "run",
            "/etc/sysctl.d/README": "no",
            "/etc/sysctl.conf": "legacy",
        }
    )
    assert read_files(files) == [
        ("/etc/sysctl.d/50-a.conf", "etc wins"),
        ("/run/sysctl.d/60-b.conf", "run"),
        ("/etc/sysctl.conf", "legacy"),
    ]
    files.links["/etc/sysctl.d/99-sysctl.conf"] = "/etc/sysctl.conf"
    assert read_files(files)[2:] == [("/etc/sysctl.d/99-sysctl.conf", "legacy")]


def test_a_masked_file_sets_nothing() -> None:
    files = FakeFiles({"/usr/lib/sysctl.d/50-a.conf": "lib"}, {"/etc/sysctl.d/50-a.conf": "/dev/null"})
    assert read_files(files) == []


def test_a_replaced_file_takes_its_place() -> None:
    texts = [("/etc/sysctl.d/10.conf", "a"), ("/etc/sysctl.d/95.conf", "b"), ("/etc/sysctl.conf", "c")]
    own = "/etc/sysctl.d/90.conf"
    assert [path for path, _text in replaced(texts, own, "x")] == [texts[0][0], own, texts[1][0], texts[2][0]]
    assert replaced(replaced(texts, own, "x"), own, None) == texts

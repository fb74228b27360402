# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host seam on a real filesystem."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import IpvsError, NotAvailable
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host


@pytest.fixture(name="host")
def _host(tmp_path: Path) -> Host:
    return Host(lambda argv: (0, "", ""), root=str(tmp_path))


def test_files_are_replaced_whole(host: Host, tmp_path: Path) -> None:
    host.write("/etc/a/b.conf", "one\n")
    inode = (tmp_path / "etc/a/b.conf").stat().st_ino
    host.write("/etc/a/b.conf", "two\n", mode=0o600)
    assert host.read("/etc/a/b.conf") == "two\n"
    assert (tmp_path / "etc/a/b.conf").stat().st_ino != inode
    assert (tmp_path / "etc/a/b.conf").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "etc/a").iterdir()] == ["b.conf"]


def test_what_is_not_there(host: Host) -> None:
    assert host.read("/etc/nothing") is None
    assert not host.exists("/etc/nothing")
    host.remove("/etc/nothing")


def test_patterns(host: Host) -> None:
    for name in ("/etc/a/2.conf", "/etc/a/1.conf", "/etc/a/1.txt"):
        host.write(name, "")
    assert host.matching("/etc/a/*.conf") == ["/etc/a/1.conf", "/etc/a/2.conf"]
    assert host.matching("/etc/a/1.txt") == ["/etc/a/1.txt"]
    assert host.matching("/etc/nothing") == []


def test_links(host: Host, tmp_path: Path) -> None:
    host.link("/etc/wants/a.service", "/etc/a.service")
    # It dangles below this root, and is there all the same.
    assert host.exists("/etc/wants/a.service")
    with pytest.raises(IpvsError, match=r"Cannot link /etc/wants/a.service"):
        host.link("/etc/wants/a.service", "/etc/a.service")
    host.remove("/etc/wants/a.service")
    assert not (tmp_path / "etc/wants/a.service").is_symlink()


def test_a_file_that_cannot_be_written_is_named(host: Host, tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("in the way", encoding="utf-8")
    with pytest.raises(IpvsError, match=r"Cannot write /etc/a.conf"):
        host.write("/etc/a.conf", "")


def test_sysctls(host: Host, tmp_path: Path) -> None:
    folder = tmp_path / "proc/sys/net/ipv4/vs"
    folder.mkdir(parents=True)
    (folder / "conntrack").write_text("0\n", encoding="ascii")
    host.set_sysctl("conntrack", "1")
    assert host.sysctl("conntrack") == "1"
    assert host.sysctl("no_such") is None


def test_a_kernel_without_the_sysctl(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match=r"has no net.ipv4.vs.conntrack"):
        Host(lambda argv: (0, "", ""), root=str(tmp_path / "nowhere")).set_sysctl("conntrack", "1")


def test_a_module_that_does_not_load(host: Host) -> None:
    with pytest.raises(NotAvailable, match="did not appear"):
        host.load()


def test_programs(host: Host, tmp_path: Path) -> None:
    assert host.program("ipvsadm") is None
    host.write("/sbin/ipvsadm", "", mode=0o644)
    assert host.program("ipvsadm") is None
    (tmp_path / "sbin/ipvsadm").chmod(0o755)
    assert host.program("ipvsadm") == "/sbin/ipvsadm"


def test_a_command_that_fails(tmp_path: Path) -> None:
    failing = Host(lambda argv: (1, "", "no\nway"), root=str(tmp_path))
    with pytest.raises(IpvsError, match="'systemctl daemon-reload' failed with 1: no way"):
        failing.run(["systemctl", "daemon-reload"])


def test_the_kernel_is_connected_to_once_and_late(tmp_path: Path) -> None:
    made = []

    def connect() -> object:
        made.append(1)
        return object()

    host = Host(lambda argv: (0, "", ""), root=str(tmp_path), connect=connect)  # type: ignore[arg-type]
    assert not made
    assert host.kernel() is host.kernel()
    assert made == [1]

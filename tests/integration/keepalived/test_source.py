# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived from source below a prefix, in place of the package, another build of it, and back. Runs after the tests of the package."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.steadfast.edge.tests.integration.keepalived.two_nginx import (
    CENTER,
    HERE,
    ansible,
    ansible_fails,
    changed,
    eventually,
    holders,
    on,
    state,
)  # fmt: skip

PREFIX = "/usr/local/keepalived"
SOURCE: dict[str, Any] = {
    "keepalived_install": "source",
    "keepalived_version": "2.3.3",
    "keepalived_source_url": "http://deb.debian.org/debian/pool/main/k/keepalived/keepalived_2.3.3.orig.tar.gz",
    "keepalived_source_checksum": "2288c5c7609fa452782b7acefa19acce742d0204dc17f54d36da46b10f8b590c",
    # Quick to build: what it is made with is not what is tested.
    "keepalived_source_flags": ["--enable-json", "--enable-optimise=0", "--disable-lvs"],
}


def argv(**variables: Any) -> list[str]:
    return ["ansible-playbook", str(HERE / "keepalived.yml"), "--limit", "web2", "-e", json.dumps({**SOURCE, **variables})]


def running() -> str:
    return on("web2", "readlink", f"/proc/{state('web2')['pid']}/exe").strip()


def unit() -> str:
    return on("web2", "systemctl", "show", "--property=FragmentPath", "--value", "keepalived").strip()


def builds() -> list[str]:
    return on("web2", "ls", f"{PREFIX}/builds").split()


def test_sources_that_are_not_the_expected_ones_build_nothing() -> None:
    assert "did not match" in ansible_fails(*argv(keepalived_source_checksum="0" * 64))
    assert "keepalived_source_checksum" in ansible_fails(*argv(keepalived_source_checksum=""))
    assert running() == "/usr/sbin/keepalived"


def test_a_build_takes_over_from_the_package_and_holds_the_vips() -> None:
    assert changed(ansible(*argv())) > 0
    build = builds()
    assert running() == f"{PREFIX}/builds/{build[0]}/sbin/keepalived"
    found = state("web2")
    assert (found["version"], found["unknown"]) == ("2.3.3", [])
    eventually(lambda: holders(CENTER), ["web2"])
    assert unit().startswith("/etc/systemd/system/")
    assert changed(ansible(*argv())) == 0


def test_another_build_replaces_the_earlier_one_even_if_a_run_ends_before_its_restart() -> None:
    before = builds()
    other = {"keepalived_source_flags": [*SOURCE["keepalived_source_flags"], "--disable-vmac"]}
    assert "Unknown keyword 'nonsense'" in ansible_fails(*argv(**other, keepalived_raw="nonsense"))
    after = builds()
    assert (len(after), set(before) & set(after)) == (1, set())
    assert running() == f"{PREFIX}/builds/{before[0]}/sbin/keepalived (deleted)"
    assert changed(ansible(*argv(**other))) == 1
    assert running() == f"{PREFIX}/builds/{after[0]}/sbin/keepalived"
    eventually(lambda: holders(CENTER), ["web2"])


def test_the_package_takes_over_again_and_starts_by_itself() -> None:
    package = argv(keepalived_install="package", keepalived_version="")
    assert changed(ansible(*package, "--check")) == 2
    assert running().startswith(PREFIX)
    assert changed(ansible(*package)) == 2
    assert (running(), unit()) == ("/usr/sbin/keepalived", "/lib/systemd/system/keepalived.service")
    assert on("web2", "ls", PREFIX).split() == ["src"]
    on("web2", "systemctl", "restart", "keepalived")
    assert running() == "/usr/sbin/keepalived"
    eventually(lambda: holders(CENTER), ["web2"])
    assert on("web2", "systemctl", "is-enabled", "keepalived").strip() == "enabled"
    assert changed(ansible(*package)) == 0

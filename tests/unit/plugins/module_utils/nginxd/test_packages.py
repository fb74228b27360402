# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packages are missing, by what the tools of both families print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.host import NginxHost
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.packages import due
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Finished

DPKG = """nginx installed 1.22.1-9+deb12u3
nginx-common config-files 1.22.1-9+deb12u3
logrotate installed 3.21.0-1
libssl3 installed 3.0.17-1
libssl3 installed 3.0.17-1~i386
dpkg-query: no packages found matching nonesuch
"""
RPM = """nginx installed 1.26.3
nginx installed 1.26.3-1.el9
package nonesuch is not installed
"""


class Asked(NginxHost):
    """Has one of the tools, or none."""

    def __init__(self, tool: str, output: str) -> None:
        super().__init__()
        self.tool, self.output = tool, output
        self.commands: list[list[str]] = []

    def which(self, name: str) -> str | None:
        return f"/usr/bin/{name}" if name == self.tool else None

    def run(self, argv: Sequence[str], timeout: float) -> Finished:
        self.commands.append(list(argv))
        return Finished(1, self.output)


@pytest.mark.parametrize(("tool", "output", "wanted", "expected"), [
    ("dpkg-query", DPKG, {"nginx": "", "logrotate": "", "nonesuch": ""}, ["nonesuch"]),
    # Removed, but its configuration is still there.
    ("dpkg-query", DPKG, {"nginx-common": ""}, ["nginx-common"]),
    ("dpkg-query", DPKG, {"nginx": "1.22.*", "libssl3": "3.0.17-1"}, []),
    # As apt takes it: the whole version.
    ("dpkg-query", DPKG, {"nginx": "1.22.1"}, ["nginx"]),
    ("dpkg-query", DPKG, {"nginx": "1.26.*"}, ["nginx"]),
    ("rpm", RPM, {"nginx": "1.26.3", "nonesuch": ""}, ["nonesuch"]),
    ("rpm", RPM, {"nginx": "1.26.3-1*"}, []),
    ("rpm", RPM, {"nginx": "1.28.*"}, ["nginx"]),
    # Nobody can tell: the package manager itself decides.
    ("", "", {"nginx": ""}, ["nginx"]),
])
def test_what_is_missing(tool: str, output: str, wanted: dict[str, str], expected: list[str]) -> None:
    host = Asked(tool, output)
    assert due(host, wanted) == expected
    assert [command[-len(wanted):] for command in host.commands] == ([list(wanted)] if tool else [])


def test_without_packages_nobody_is_asked() -> None:
    host = Asked("dpkg-query", DPKG)
    assert due(host, {}) == []
    assert host.commands == []


def test_this_host_agrees_with_its_own_tool() -> None:
    """On a host of either family; elsewhere nothing is known, and everything due."""
    known = any(Path(f"/usr/bin/{tool}").exists() for tool in ("dpkg-query", "rpm"))
    assert due(NginxHost(), {"bash": "[0-9]*", "no-such-package": ""}) == (["no-such-package"] if known else ["bash", "no-such-package"])

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packages are still to be installed. Asks the database of the host alone: no lists of what could be had, and no lock."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.host import NginxHost

__all__ = ["due"]

# Each prints lines of name, state and version, and says by its exit code that some are unknown.
QUERIES = {
    "dpkg-query": ["--show", "--showformat=${Package} ${db:Status-Status} ${Version}\\n"],
    # dnf takes a version with or without the release of the package.
    "rpm": ["--query", "--queryformat=%{NAME} installed %{VERSION}\\n%{NAME} installed %{VERSION}-%{RELEASE}\\n"],
}


def due(host: NginxHost, wanted: Mapping[str, str]) -> list[str]:
    """The names of those that are not installed, or in another version than the wanted one (a pattern; empty takes any)."""
    installed = _installed(host, list(wanted)) if wanted else {}
    return [name for name, pattern in wanted.items() if not any(fnmatchcase(each, pattern or "*") for each in installed.get(name, ()))]


def _installed(host: NginxHost, names: list[str]) -> dict[str, list[str]]:
    """The versions of each: that of one architecture, or of several. What cannot be asked has none, and the package manager decides."""
    found: dict[str, list[str]] = {}
    for tool, options in QUERIES.items():
        path = host.which(tool)
        if path is None:
            continue
        for line in host.run([path, *options, "--", *names], 30).output.splitlines():
            name, state, version = (line.split(" ") + ["", ""])[:3]
            if state == "installed":
                found.setdefault(name, []).append(version)
        break
    return found

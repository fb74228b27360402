# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether nginx knows a directive, in this place, with these arguments, in this version."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .._topology.problems import Problems

__all__ = ["CONTEXTS", "check"]

# What stands in these blocks can be checked; their names in messages.
CONTEXTS = {
    "main": "outside of all blocks",
    "events": "in events",
    "http": "in http",
    "server": "in a server",
    "location": "in a location",
    "upstream": "in an upstream",
    "stream": "in stream",
    "stream_server": "in a stream server",
    "stream_upstream": "in a stream upstream",
}


def check(
    name: str, value: Any, context: str, path: str, version: str | None, problems: Problems, third_party: Collection[str] = ()
) -> None:
    """Adds to `problems` why nginx would refuse the directive `name` with `value` in `context` (one of CONTEXTS).

    `path` is where the value stands in the variables. `version` is that of the nginx in use ("1.22.1"), None if nobody knows:
    then nothing is too new. `third_party`: names and patterns of directives of modules that the table does not have; of those
    the value alone is checked. A value is printed as `arguments.printed` says.
    """

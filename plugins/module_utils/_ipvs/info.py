# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything about IPVS on a host, as plain data."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import codec, render, settings, sysctls, table
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import from_errno
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.netlink import Request

__all__ = ["gather"]


def gather(host: Host, counters: bool = True) -> dict[str, Any]:
    if not host.loaded():
        return {
            "loaded": False,
            "version": None,
            "table_size": None,
            "services": [],
            "timeouts": None,
            "sync_daemons": [],
            "sysctls": {},
        }
    kernel = host.kernel()
    try:
        about = codec.decode_info(kernel.get(Request(codec.GET_INFO)))
    except OSError as error:
        raise from_errno("read", "family", "the IPVS version", error.errno or 0) from error
    return {
        "loaded": True,
        **asdict(about),
        "services": render.entries(table.read(kernel, stats=counters), counters),
        "timeouts": asdict(settings.read_timeouts(host)),
        "sync_daemons": [asdict(daemon) for daemon in sorted(settings.read_daemons(host))],
        "sysctls": _sysctls(host),
    }


def _sysctls(host: Host) -> dict[str, str]:
    live = {name: host.sysctl(name) for name in sorted([*sysctls.BOOLEANS, *sysctls.INTEGERS, "sync_threshold"])}
    return {name: value.replace("\t", " ") for name, value in live.items() if value is not None}

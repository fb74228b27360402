# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the kernel's table. There is no snapshot: a service may go away between its own dump and that of its servers."""

from __future__ import annotations

import errno as errnos
from collections.abc import Iterable

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import codec, model
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import from_errno
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.netlink import Kernel, Request

__all__ = ["read", "read_destinations", "read_one"]


def read(kernel: Kernel, keys: Iterable[model.ServiceKey] | None = None, stats: bool = False) -> model.Table:
    """The whole table, or those of the given services that exist. Decoding the packet counters costs, so they are asked for."""
    if keys is not None:
        found = (read_one(kernel, key) for key in keys)
        return {entry.service.key: entry for entry in found if entry}
    try:
        services = [codec.decode_service(payload) for payload in kernel.dump(Request(codec.GET_SERVICE))]
    except OSError as error:
        raise from_errno("read", "table", "the IPVS table", error.errno or 0) from error
    table: model.Table = {}
    for service, fields in services:
        table[service.key] = _entry(kernel, service, stats)
        if stats:
            table[service.key].stats = codec.decode_stats(fields)
    return table


def read_one(kernel: Kernel, key: model.ServiceKey) -> model.Entry | None:
    try:
        payload = kernel.get(Request(codec.GET_SERVICE, codec.service_identity(key)))
    except OSError as error:
        if error.errno == errnos.ESRCH:
            return None
        raise from_errno("read", "service", str(key), error.errno or 0) from error
    return _entry(kernel, codec.decode_service(payload)[0], False)


def _entry(kernel: Kernel, service: model.Service, stats: bool) -> model.Entry:
    found = read_destinations(kernel, service.key, stats)
    return model.Entry(
        service,
        destinations={destination.key: destination for destination, _counters in found},
        counters={destination.key: counters for destination, counters in found},
    )


def read_destinations(kernel: Kernel, key: model.ServiceKey, stats: bool = False) -> list[tuple[model.Destination, model.Counters]]:
    try:
        payloads = kernel.dump(Request(codec.GET_DESTINATION, codec.service_identity(key)))
    except OSError as error:
        raise from_errno("read the real servers of", "service", str(key), error.errno or 0) from error
    decoded = (codec.decode_destination(payload, key.family) for payload in payloads)
    return [(destination, codec.decode_counters(fields, stats)) for destination, fields in decoded]

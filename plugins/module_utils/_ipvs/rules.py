# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A table as ipvsadm reads it at boot.

Written from the declaration, not by 'ipvsadm -S', which loses thresholds and prints large marks so that it cannot read them itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import model, render

__all__ = ["lines"]

_PROTOCOLS = {"tcp": "-t", "udp": "-u", "sctp": "--sctp-service"}
_FORWARD = {"route": "-g", "tunnel": "-i", "masquerade": "-m"}
_CHECKSUM = {"none": "--tun-nocsum", "standard": "--tun-csum", "remote": "--tun-remcsum"}


def lines(table: model.Table) -> Iterator[str]:
    """No comment among them: ipvsadm stops reading at one."""
    for key in sorted(table):
        entry = table[key]
        yield " ".join(["-A", *_key(key), *_service(entry.service)])
        for _unused, destination in sorted((entry.destinations or {}).items()):
            yield " ".join(["-a", *_key(key), *_destination(destination)])


def _key(key: model.ServiceKey) -> list[str]:
    if key.fwmark:
        return ["-f", str(key.fwmark), *(["-6"] if key.family_name == "ipv6" else [])]
    return [_PROTOCOLS[key.protocol_name], model.endpoint(key.family, key.address, key.port)]


def _service(service: model.Service) -> Iterator[str]:
    yield from ("-s", service.scheduler)
    if service.flag_names:
        yield from ("-b", ",".join(service.flag_names))
    if service.persistence:
        yield from ("-p", str(service.persistence), "-M", str(render.service(service)["persistence_netmask"]))
    if service.engine:
        yield from ("--pe", service.engine)
    if service.one_packet:
        yield "-o"


def _destination(destination: model.Destination) -> Iterator[str]:
    yield from ("-r", str(destination.key), _FORWARD[destination.forward], "-w", str(destination.weight))
    if destination.upper_threshold:
        yield from ("-x", str(destination.upper_threshold), "-y", str(destination.lower_threshold))
    tunnel = destination.tunnel
    if tunnel:
        yield from ("--tun-type", tunnel.type)
        if tunnel.port:
            yield from ("--tun-port", str(tunnel.port))
        if tunnel.type != "ipip":
            yield _CHECKSUM[tunnel.checksum]

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting until real servers that take no new connections have lost the old ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import model, table
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import IpvsError, PartialFailure
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.netlink import Kernel

__all__ = ["Clock", "Policy", "Remaining", "enforce", "fictions", "rerouted", "wait"]

_INTERVAL = 0.5


@dataclass(frozen=True)
class Clock:
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Policy:
    """What counts as drained: of each of the named counters at most limit are left."""

    timeout: float = 0
    limit: int = 0
    counters: tuple[str, ...] = ("active",)
    fail: bool = False

    def met(self, counters: model.Counters) -> bool:
        return all(getattr(counters, name) <= self.limit for name in self.counters)


@dataclass(frozen=True)
class Remaining:
    service: model.ServiceKey
    destination: model.DestKey
    counters: model.Counters = field(default_factory=model.Counters)

    def __str__(self) -> str:
        counters = self.counters
        return (
            f"{self.service} -> {self.destination}: {counters.active} active, {counters.inactive} inactive, "
            f"{counters.persistent} persistent connections"
        )

    def data(self) -> dict[str, object]:
        return {
            "service": str(self.service),
            "destination": str(self.destination),
            "active": self.counters.active,
            "inactive": self.counters.inactive,
            "persistent": self.counters.persistent,
        }


def wait(kernel: Kernel, leaving: Iterable[tuple[model.ServiceKey, model.DestKey]], policy: Policy, clock: Clock) -> list[Remaining]:
    """Those that did not drain in time. One that is gone from the table holds nothing up."""
    waiting = list(leaving)
    deadline = clock.now() + policy.timeout
    while True:
        left = [item for item in _counts(kernel, waiting) if not policy.met(item.counters)]
        if not left or clock.now() >= deadline:
            return left
        waiting = [(item.service, item.destination) for item in left]
        clock.sleep(min(_INTERVAL, max(0.0, deadline - clock.now())))


def enforce(policy: Policy, remaining: list[Remaining], done: list[str]) -> None:
    """A policy that says so makes undrained servers a failure; they stay in the table, at weight 0."""
    if not remaining or not policy.fail:
        return
    failures: list[IpvsError] = [
        IpvsError(f"Not drained within {policy.timeout:g} s, and left at weight 0: {item}.", f"{item.service} -> {item.destination}")
        for item in remaining
    ]
    raise PartialFailure(failures, done)


def _counts(kernel: Kernel, wanted: list[tuple[model.ServiceKey, model.DestKey]]) -> list[Remaining]:
    found = []
    for service in sorted({service for service, _unused in wanted}):
        for destination, counters in table.read_destinations(kernel, service):
            if (service, destination.key) in wanted:
                found.append(Remaining(service, destination.key, counters))
    return found


def rerouted(before: model.Entry, after: model.Entry) -> list[str]:
    """Real servers whose method changes under their connections.

    These keep their method, but the kernel keeps one route for each real server: once a new connection has looked it up for
    masquerading, packets that are to be routed unchanged find no neighbour.
    """
    found = []
    for key, item in sorted((before.destinations or {}).items()):
        wanted = (after.destinations or {}).get(key)
        if wanted and wanted.forward != item.forward and before.counters[key].active:
            found.append(
                f"{before.service.key} -> {key} goes from 'forward: {item.forward}' to '{wanted.forward}' with "
                f"{before.counters[key].active} active connections, which may be lost. Drain it first."
            )
    return found


def fictions(service: model.Service, expires_templates: bool) -> list[str]:
    """Why weight 0 would not keep new connections of this service away, or would refuse them."""
    found = []
    if service.persistence and not expires_templates:
        found.append(
            f"{service.key} is persistent and net.ipv4.vs.expire_quiescent_template is 0: clients that a draining server "
            "has served keep being sent to it. Set it to 1 with ipvs_settings."
        )
    if service.scheduler in ("sh", "mh") and not service.flags & 8:
        found.append(
            f"{service.key} uses the scheduler {service.scheduler} without {service.scheduler}-fallback: clients that hash to a "
            "draining server are refused rather than sent to another one."
        )
    return found

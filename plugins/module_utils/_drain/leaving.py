# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers that a coming keepalived.conf no longer has: no new connections for them, and time for the old ones.

keepalived deletes a real server from the kernel's table at once, and the kernel then drops what comes over its open connections.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._drain import keepalived
from ansible_collections.steadfast.edge.plugins.module_utils._drain.balancer import Balancer
from ansible_collections.steadfast.edge.plugins.module_utils._drain.members import Member, Wish
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import drain, model, normalise, table
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host as IpvsHost

__all__ = ["BY", "Farewell", "Leavers", "leaving", "say_farewell"]

BY = "site"
# A real server of one virtual server: pool, address, port.
Seat = tuple[str, str, str]
# A service and a real server of it, as the kernel names them.
Served = tuple[model.ServiceKey, model.DestKey]


def _seat(member: Member) -> Seat:
    return member.pool, member.address, member.port


def leaving(live: str, coming: str) -> list[Member]:
    """Those that can be drained without a gap. Pure.

    Of a virtual server that stays, the ones that go, where one that serves now stays. Of one that goes, all, unless another one
    comes with the same configuration: that one must not wait.
    """
    now, later = keepalived.members(live), keepalived.members(coming)
    pools = {member.pool for member in later}
    staying = {_seat(member) for member in later}
    cared_for = {member.pool for member in now if member.serving and _seat(member) in staying}
    if not pools - {member.pool for member in now}:
        cared_for |= {member.pool for member in now} - pools
    return [member for member in now if member.pool in cared_for and _seat(member) not in staying]


@dataclass(frozen=True)
class Leavers(Wish):
    """A wish for members of one pool each: the same server may stay in another one."""

    seats: frozenset[Seat] = frozenset()

    def decide(self, member: Member) -> str:
        return member.by or (self.by if _seat(member) in self.seats else "")

    @classmethod
    def of(cls, members: Iterable[Member]) -> Leavers:
        # Whoever goes has been replaced in the inventory: nobody is counted.
        return cls(True, (), BY, least=0, seats=frozenset(_seat(member) for member in members))


@dataclass
class Farewell:
    """What goes, and the connections that it still has."""

    changed: bool = False
    leaving: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    remaining: list[drain.Remaining] = field(default_factory=list)

    def data(self) -> dict[str, Any]:
        return {
            "changed": self.changed,
            "leaving": self.leaving,
            "actions": self.actions,
            "remaining": [item.data() for item in self.remaining],
            "msg": self._sentence(),
        }

    def _sentence(self) -> str:
        if not self.leaving:
            return "No real server leaves."
        left = f"; connections are left: {'; '.join(map(str, self.remaining))}" if self.remaining else ""
        return f"Leaving: {', '.join(self.leaving)}{left}."


def say_farewell(balancer: Balancer, coming: str, policy: drain.Policy, check: bool, clock: drain.Clock | None = None) -> Farewell:
    """Weight 0 for those that leave, in the file and so in the kernel; then waits for their connections as the policy says."""
    members = leaving(balancer.text("keepalived.conf"), coming)
    served = _served(balancer.ipvs, members)
    if not served:
        return Farewell()
    result = balancer.apply(Leavers.of(members), None, check)
    names = [f"{member.name} leaves {member.pool}" for member in members]
    left = [] if check else drain.wait(balancer.ipvs.kernel(), served, policy, clock or drain.Clock())
    return Farewell(result.changed, names, result.actions, left)


def _served(ipvs: IpvsHost, members: list[Member]) -> list[Served]:
    """Where the kernel has them. A director that is down has nothing to wait for."""
    if not members or not ipvs.loaded():
        return []
    wanted = {(member.pool.removeprefix(keepalived.POOL), *_normal(member)) for member in members}
    entries = table.read(ipvs.kernel())
    return [(service, key) for service, entry in entries.items() for key in entry.destinations or {}
            if any((pool, key.address, key.port) in wanted for pool in _pools(service))]  # fmt: skip


def _normal(member: Member) -> tuple[str, int]:
    return normalise.address(member.address, member.name)[1], int(member.port or 0)


def _pools(service: model.ServiceKey) -> tuple[str, ...]:
    """The words behind `virtual_server` that may stand for this service."""
    return (f"fwmark {service.fwmark}",) if service.fwmark else (f"{service.address} {service.port}",)

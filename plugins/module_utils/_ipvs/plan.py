# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the table that is to the table that is wanted: the fewest changes, in an order that no client notices.

1. new services, each directly followed by its real servers, and new real servers of services that are there;
2. attributes of services;
3. weights that rise, then weights that fall, so that a service never runs out of servers in between;
4. weight 0 for what is leaving, where it shall be drained; then the wait;
5. removal of real servers, and last of services: what replaces them is there since 1, so that no address family
   falls to zero services on the way, which would make the kernel reset its connections.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import codec, model, render
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.netlink import Request

__all__ = ["Changes", "Operation", "between", "merge"]

Leaving = tuple[model.ServiceKey, model.DestKey]


@dataclass(frozen=True)
class Operation:
    """One request, and how to speak of it."""

    verb: str
    kind: str
    service: model.ServiceKey
    request: Request
    destination: model.DestKey | None = None
    detail: str = ""

    @property
    def subject(self) -> str:
        return f"{self.service} -> {self.destination}" if self.destination else str(self.service)

    def __str__(self) -> str:
        return f"{self.verb} {self.kind} {self.subject}" + (f" ({self.detail})" if self.detail else "")


@dataclass
class Changes:
    """Phases in order; each is one batch. The wait for leaving servers stands between quiesce and remove."""

    create: list[Operation] = field(default_factory=list)
    edit: list[Operation] = field(default_factory=list)
    up: list[Operation] = field(default_factory=list)
    down: list[Operation] = field(default_factory=list)
    quiesce: list[Operation] = field(default_factory=list)
    remove: list[Operation] = field(default_factory=list)
    drop: list[Operation] = field(default_factory=list)
    leaving: list[Leaving] = field(default_factory=list)

    @property
    def before_wait(self) -> list[list[Operation]]:
        return [self.create, self.edit, self.up, self.down, self.quiesce]

    @property
    def after_wait(self) -> list[list[Operation]]:
        return [self.remove, self.drop]

    @property
    def actions(self) -> list[str]:
        return [str(operation) for phase in (*self.before_wait, *self.after_wait) for operation in phase]


def merge(
    current: model.Table, declared: model.Table, purge: bool, purge_destinations: bool, absent: Iterable[model.ServiceKey] = ()
) -> model.Table:
    """The whole wanted table: what is declared, and of the rest what is to be left alone."""
    wanted: model.Table = {} if purge else dict(current)
    for key, entry in declared.items():
        present = current[key].destinations or {} if key in current else {}
        if entry.destinations is None:
            destinations = present
        elif purge_destinations:
            destinations = entry.destinations
        else:
            destinations = {**present, **entry.destinations}
        wanted[key] = model.Entry(entry.service, dict(destinations))
    for key in absent:
        wanted.pop(key, None)
    return wanted


def between(current: model.Table, wanted: model.Table, drain: bool) -> Changes:
    """What leads from the one table to the other. Both are whole: a service that wanted lacks goes."""
    changes = Changes()
    for key in sorted(wanted):
        if key not in current:
            _create(changes, wanted[key])
        else:
            _edit(changes, current[key], wanted[key], drain)
    for key in sorted(set(current) - set(wanted)):
        if drain:
            _leave(changes, key, current[key].destinations or {})
        changes.drop.append(Operation("delete", "service", key, Request(codec.DELETE_SERVICE, codec.service_identity(key))))
    return changes


def _create(changes: Changes, entry: model.Entry) -> None:
    service = entry.service
    changes.create.append(Operation("add", "service", service.key, Request(codec.ADD_SERVICE, codec.encode_service(service))))
    for _unused, destination in sorted((entry.destinations or {}).items()):
        changes.create.append(_destination("add", codec.ADD_DESTINATION, service.key, destination))


def _edit(changes: Changes, current: model.Entry, wanted: model.Entry, drain: bool) -> None:
    service = wanted.service
    if current.service != service:
        request = Request(codec.EDIT_SERVICE, codec.encode_service(service))
        changes.edit.append(
            Operation("edit", "service", service.key, request, detail=_differences(*map(render.service, (current.service, service))))
        )
    before, after = current.destinations or {}, wanted.destinations or {}
    for key, destination in sorted(after.items()):
        if key not in before:
            changes.create.append(_destination("add", codec.ADD_DESTINATION, service.key, destination))
        elif before[key] != destination:
            phase = changes.down if destination.weight < before[key].weight else changes.up
            detail = _differences(render.destination(before[key]), render.destination(destination))
            phase.append(_destination("edit", codec.EDIT_DESTINATION, service.key, destination, detail))
    leaving = {key: before[key] for key in sorted(set(before) - set(after))}
    if drain:
        _leave(changes, service.key, leaving)
    for key in leaving:
        request = Request(codec.DELETE_DESTINATION, codec.destination_identity(service.key, key))
        changes.remove.append(Operation("delete", "destination", service.key, request, key))


def _leave(changes: Changes, service: model.ServiceKey, destinations: dict[model.DestKey, model.Destination]) -> None:
    for key, destination in sorted(destinations.items()):
        changes.leaving.append((service, key))
        if destination.weight:
            quiet = destination._replace(weight=0)
            changes.quiesce.append(_destination("drain", codec.EDIT_DESTINATION, service, quiet, f"weight {destination.weight} -> 0"))


def _destination(verb: str, command: int, service: model.ServiceKey, destination: model.Destination, detail: str = "") -> Operation:
    request = Request(command, codec.encode_destination(service, destination))
    return Operation(verb, "destination", service, request, destination.key, detail)


def _differences(before: dict[str, object], after: dict[str, object]) -> str:
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return ", ".join(f"{name} {_short(before.get(name))} -> {_short(after.get(name))}" for name in names)


def _short(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value)) or "none"
    return "none" if value is None else str(value)

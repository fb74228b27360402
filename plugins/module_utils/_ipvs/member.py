# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One real server, in one service or in every service that has it: present, absent or drained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import apply, drain, model, normalise, plan, render
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import InvalidValue, TooFewLeft
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.memory import Memory
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.reconcile import current_table

__all__ = ["Result", "Wanted", "reconcile", "wanted"]

_ATTRIBUTES = ("weight", "forward", "upper_threshold", "lower_threshold", "tunnel_type", "tunnel_port", "tunnel_checksum")


@dataclass(frozen=True)
class Wanted:
    """service None is every service that has this real server; port None is every port, or that of the one service."""

    state: str
    service: model.ServiceKey | None
    address: tuple[int, str]
    port: int | None
    attributes: dict[str, Any] = field(default_factory=dict)
    least: int = 0  # real servers that a drain must leave in each service


@dataclass
class Result:
    before: list[dict[str, Any]] = field(default_factory=list)
    after: list[dict[str, Any]] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    remaining: list[drain.Remaining] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def data(self) -> dict[str, Any]:
        return {
            "changed": self.before != self.after,
            "before": self.before,
            "after": self.after,
            "diff": {"before": self.before, "after": self.after},
            "actions": self.actions,
            "remaining": [item.data() for item in self.remaining],
            "drained": not self.remaining,
        }


@dataclass(frozen=True)
class _Decided:
    state: str
    changes: plan.Changes
    targets: list[plan.Leaving]


def wanted(params: Mapping[str, Any]) -> Wanted:
    service = normalise.service_key(params["service"]) if params.get("service") else None
    attributes = {name: params[name] for name in _ATTRIBUTES if params.get(name) is not None}
    subject = str(params["address"])
    if params["state"] != "present" and attributes:
        raise InvalidValue(f"{subject}: {', '.join(attributes)} can only be given with 'state: present'.", subject)
    port = params.get("port")
    if port is not None and not 0 <= port <= 65535:
        raise InvalidValue(f"{subject}: port is {port}, but must be between 0 and 65535.", subject)
    least = params.get("min_serving") or 0
    return Wanted(params["state"], service, normalise.address(params["address"], subject), port, attributes, least)


def reconcile(host: Host, declared: Wanted, policy: drain.Policy, check: bool, clock: drain.Clock | None = None) -> Result:
    current = current_table(host, None if declared.service is None else [declared.service])
    memory = Memory(host)
    targets = _targets(current, declared)
    after = {key: model.Entry(entry.service, dict(entry.destinations or {}), entry.counters) for key, entry in current.items()}
    result = Result()
    for service, key in targets:
        _decide(after[service], key, declared, memory, result)
    if declared.state == "drained":
        _insist(current, after, targets, declared.least)
    quiet = declared.state != "present"
    changes = plan.between(current, after, drain=quiet and policy.timeout > 0)
    result.before, result.after = _shown(current, targets), _shown(after, targets)
    result.actions = changes.actions
    for service in sorted({service for service, _unused in targets}):
        result.warnings += drain.rerouted(current[service], after[service])
    if quiet:
        _warn(host, current, after, targets, result)
        result.remaining = _left(current, targets, policy)
    if not check and (changes.actions or result.remaining):
        _carry_out(host, _Decided(declared.state, changes, targets), policy, clock or drain.Clock(), memory, result)
    elif not check:
        memory.save()
    if result.remaining and not check:
        left = "; ".join(map(str, result.remaining))
        result.warnings.append(f"Connections are left after {policy.timeout:g} s: {left}.")
    return result


def _targets(current: model.Table, declared: Wanted) -> list[plan.Leaving]:
    family, address = declared.address
    found = [
        (service, key)
        for service in sorted(current)
        for key in sorted(current[service].destinations or {})
        if (key.family, key.address) == (family, address) and declared.port in (None, key.port)
    ]
    if declared.service is None or declared.state != "present":
        return found
    if declared.service not in current:
        raise InvalidValue(f"There is no virtual service {declared.service}; create it with ipvs_service first.", str(declared.service))
    # On a masquerading service one address may serve on several ports; without 'port' those that are there are meant.
    port = declared.service.port if declared.port is None else declared.port
    return found or [(declared.service, model.DestKey(family, address, port))]


def _decide(entry: model.Entry, key: model.DestKey, declared: Wanted, memory: Memory, result: Result) -> None:
    destinations = entry.destinations if entry.destinations is not None else {}
    service, existing = entry.service.key, destinations.get(key)
    if declared.state == "absent":
        destinations.pop(key, None)
        memory.forget(service, key)
    elif declared.state == "drained":
        if existing and existing.weight:
            memory.remember(service, key, existing.weight)
            destinations[key] = existing._replace(weight=0)
    else:
        destinations[key] = _present(service, key, existing, declared.attributes, memory, result)
        memory.forget(service, key)


def _present(
    service: model.ServiceKey, key: model.DestKey, existing: model.Destination | None, given: dict[str, Any], memory: Memory, result: Result
) -> model.Destination:
    if existing is None:
        return normalise.destination(service, {"address": key.address, "port": key.port, **given})
    weight = existing.weight
    if "weight" not in given and not weight:
        earlier = memory.recall(service, key)
        if earlier is None:
            result.warnings.append(f"{service} -> {key} has weight 0 and no earlier weight is remembered; give 'weight' to bring it back.")
        weight = earlier or 0
    if not given:
        return existing._replace(weight=weight)
    # What is not given stays: an edit in the kernel replaces everything.
    kept = {**render.destination(existing), "weight": weight}
    if given.get("forward", "tunnel") != "tunnel":
        kept.update(tunnel_type=None, tunnel_port=None, tunnel_checksum=None)
    return normalise.destination(service, {**kept, **given})


def _insist(current: model.Table, after: model.Table, targets: list[plan.Leaving], least: int) -> None:
    """Whoever serves at several ports is one. What was too little before is not the fault of this call."""
    for service in sorted({service for service, _unused in targets}):
        had, left = ({key.address for key, item in _destinations(table[service]) if item.weight} for table in (current, after))
        if left < had and len(left) < least:
            everybody = {key.address for key, _item in _destinations(after[service])}
            message = f"{service} would be left with {len(left)} of its {len(everybody)} real servers, and {least} must go on serving. "
            raise TooFewLeft(f"{message}Put others back first, add a real server, or allow fewer of them.", str(service))


def _destinations(entry: model.Entry) -> Iterable[tuple[model.DestKey, model.Destination]]:
    return (entry.destinations or {}).items()


def _shown(table: model.Table, targets: list[plan.Leaving]) -> list[dict[str, Any]]:
    return [
        {"service": str(service), **render.destination((table[service].destinations or {})[key])}
        for service, key in targets
        if key in (table[service].destinations or {})
    ]


def _left(current: model.Table, targets: list[plan.Leaving], policy: drain.Policy) -> list[drain.Remaining]:
    counted = [drain.Remaining(service, key, current[service].counters[key]) for service, key in targets]
    return [item for item in counted if not policy.met(item.counters)]


def _warn(host: Host, current: model.Table, after: model.Table, targets: list[plan.Leaving], result: Result) -> None:
    expires = host.sysctl("expire_quiescent_template") == "1"
    if not targets:
        result.warnings.append("No virtual service has this real server; there was nothing to do.")
    for service in sorted({service for service, _unused in targets}):
        result.warnings += drain.fictions(current[service].service, expires)
        if not any(destination.weight for destination in (after[service].destinations or {}).values()):
            result.warnings.append(f"{service} has no real server left that takes connections; new ones are refused.")


def _carry_out(host: Host, decided: _Decided, policy: drain.Policy, clock: drain.Clock, memory: Memory, result: Result) -> None:
    kernel = host.kernel()
    if decided.state == "drained":
        # Before the weight is gone from the table: whatever happens next, it can be given back.
        memory.save()
    outcome = apply.apply(kernel, decided.changes, policy, clock)
    memory.save()
    if decided.state == "drained":
        result.remaining = drain.wait(kernel, decided.targets, policy, clock)
        drain.enforce(policy, result.remaining, outcome.done)
    elif policy.timeout:
        result.remaining = outcome.remaining

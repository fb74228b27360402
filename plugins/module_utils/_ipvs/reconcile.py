# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One declaration against the table of one host: read, decide, and unless only asked to predict, do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import (
    apply,
    drain,
    drained,
    model,
    owner,
    persist,
    plan,
    render,
    rules,
    table,
    units,
)
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.memory import Memory

__all__ = ["Declaration", "Result", "current_table", "reconcile"]


@dataclass(frozen=True)
class Declaration:
    """declared is wanted as it stands; absent shall not be there; of the rest nothing is known, unless purge says it goes."""

    declared: model.Table = field(default_factory=dict)
    absent: tuple[model.ServiceKey, ...] = ()
    purge: bool = False
    purge_destinations: bool = True
    # Do it even where keepalived owns a service.
    shared: bool = False
    # Bring what is declared back at boot.
    persist: bool = False
    # A drain by ipvs_destination outlives this declaration.
    keep_drained: bool = True


@dataclass
class Result:
    """before and after hold the services that differ, so that they are equal exactly when nothing changes."""

    before: list[dict[str, Any]] = field(default_factory=list)
    after: list[dict[str, Any]] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    remaining: list[drain.Remaining] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    kept_drained: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    files: persist.Files = field(default_factory=persist.Files)

    @property
    def changed(self) -> bool:
        return self.before != self.after or self.files.before != self.files.after

    def data(self) -> dict[str, Any]:
        return {
            "changed": self.changed,
            "before": self.before,
            "after": self.after,
            "diff": {side: {"services": getattr(self, side), "files": getattr(self.files, side)} for side in ("before", "after")},
            "actions": self.actions,
            "kept_drained": self.kept_drained,
            "remaining": [item.data() for item in self.remaining],
        }


def current_table(host: Host, keys: Iterable[model.ServiceKey] | None = None) -> model.Table:
    """Without IPVS in the kernel the table is empty; asking it would load the module."""
    return table.read(host.kernel(), keys) if host.loaded() else {}


def reconcile(
    host: Host, declaration: Declaration, policy: drain.Policy, check: bool, whole: bool, clock: drain.Clock | None = None
) -> Result:
    """whole reads the whole table, as purge and the report of foreign services need; otherwise only what is declared."""
    loaded = host.loaded()
    keys = None if whole else [*declaration.declared, *declaration.absent]
    current = current_table(host, keys)
    wanted = plan.merge(current, declaration.declared, declaration.purge, declaration.purge_destinations, declaration.absent)
    if not declaration.shared:
        owner.refuse(host, {*declaration.declared, *declaration.absent, *(set(current) - set(wanted))})
    memory = Memory(host)
    held = drained.hold(memory, current, wanted, declaration.declared) if declaration.keep_drained else []
    changes = plan.between(current, wanted, drain=policy.timeout > 0)
    result = _predict(host, current, wanted, changes, policy)
    result.foreign = [str(key) for key in sorted(set(wanted) - set(declaration.declared))]
    _tell_held(result, held)
    if declaration.persist:
        kept = drained.release(memory, {key: wanted[key] for key in declaration.declared})
        result.files = persist.plan(host, _kept(host, kept, result.warnings))
        result.actions += [label for label, _unused in result.files.steps]
    if changes.actions and not loaded:
        result.actions.insert(0, "load ip_vs")
    if not check:
        if result.changed:
            _carry_out(host, changes, policy, clock, result)
        drained.forget(memory, current, wanted)
        memory.save()
    return result


def _carry_out(host: Host, changes: plan.Changes, policy: drain.Policy, clock: drain.Clock | None, result: Result) -> None:
    done: list[str] = []
    if changes.actions:
        if not host.loaded():
            host.load()
            done.append("load ip_vs")
        outcome = apply.apply(host.kernel(), changes, policy, clock, done)
        done = outcome.done
        if policy.timeout:
            result.remaining = outcome.remaining
        _warn_remaining(result, policy)
    # Last, so that only a table that the kernel took is brought back at boot.
    persist.carry_out(host, result.files.steps, done)


def _kept(host: Host, declared: model.Table, warnings: list[str]) -> dict[str, str | None]:
    if not declared:
        return {units.unit(units.TABLE): None, units.RULES: None}
    rules_text = "".join(f"{line}\n" for line in rules.lines(declared))
    return {units.MODULES: units.modules(), units.RULES: rules_text, units.unit(units.TABLE): units.table_unit(host.ipvsadm(warnings))}


def _predict(host: Host, current: model.Table, wanted: model.Table, changes: plan.Changes, policy: drain.Policy) -> Result:
    touched = sorted(key for key in {*current, *wanted} if not _same(current.get(key), wanted.get(key)))
    result = Result(
        before=[render.entry(current[key]) for key in touched if key in current],
        after=[render.entry(wanted[key]) for key in touched if key in wanted],
        actions=changes.actions,
    )
    for key in touched:
        entry = current.get(key)
        if entry and key in wanted:
            result.warnings += drain.rerouted(entry, wanted[key])
        kept = (wanted[key].destinations or {}) if key in wanted else {}
        for destination, counters in sorted(entry.counters.items()) if entry else ():
            if destination not in kept and not policy.met(counters):
                result.remaining.append(drain.Remaining(key, destination, counters))
    if policy.timeout:
        expires = host.sysctl("expire_quiescent_template") == "1"
        for key in sorted({service for service, _unused in changes.leaving}):
            result.warnings += drain.fictions(current[key].service, expires)
    return result


def _same(one: model.Entry | None, other: model.Entry | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.service == other.service and one.destinations == other.destinations


def _warn_remaining(result: Result, policy: drain.Policy) -> None:
    if result.remaining:
        advice = f"they did not end within {policy.timeout:g} s" if policy.timeout else "set drain_timeout to wait for them"
        result.warnings.append(f"{len(result.remaining)} real servers were removed with connections left ({advice}); see 'remaining'.")


def _tell_held(result: Result, held: list[str]) -> None:
    result.kept_drained = held
    if held:
        result.warnings.append(
            f"Drained with ipvs_destination, and left at weight 0: {', '.join(held)}. "
            "ipvs_destination with 'state: present' gives back what is declared here; 'keep_drained: false' does so at once."
        )

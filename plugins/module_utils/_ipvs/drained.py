# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers that somebody drained with ipvs_destination, as ipvs_table and ipvs_service see them.

A drain is an operator's act for the time being: a declaration that says weight 3 says what the server is worth, not that
the work on it is done. So it stays at weight 0, and what is declared is what it will be given back.
"""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import model
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.memory import Memory

__all__ = ["forget", "hold", "release"]


def hold(memory: Memory, current: model.Table, wanted: model.Table, declared: model.Table) -> list[str]:
    """Puts declared servers that are drained back to weight 0 in what is wanted, and remembers what they are worth. Returns their names."""
    held = []
    for service, key in _drained(memory, current):
        if key not in _destinations(declared, service):
            continue
        found = _destinations(wanted, service)
        memory.remember(service, key, found[key].weight)
        if found[key].weight:
            found[key] = found[key]._replace(weight=0)
            held.append(f"{service} -> {key}")
    return held


def release(memory: Memory, wanted: model.Table) -> model.Table:
    """The same table with the weights that drained servers are worth: a boot ends all drains, since it forgets them."""
    table = {key: model.Entry(entry.service, dict(entry.destinations or {})) for key, entry in wanted.items()}
    for service, key in _drained(memory, wanted):
        found = _destinations(table, service)
        found[key] = found[key]._replace(weight=memory.recall(service, key) or 0)
    return table


def forget(memory: Memory, current: model.Table, wanted: model.Table) -> None:
    """Those that have a weight again, are gone, or are new: what was remembered was about another time."""
    if not memory:
        return
    for service in {*current, *wanted}:
        before, after = _destinations(current, service), _destinations(wanted, service)
        for key in {*before, *after}:
            if key not in before or key not in after or after[key].weight:
                memory.forget(service, key)


def _drained(memory: Memory, table: model.Table) -> Iterator[tuple[model.ServiceKey, model.DestKey]]:
    """A server that has some weight again was put back by other means."""
    if not memory:
        return
    for service in sorted(table):
        for key, item in sorted(_destinations(table, service).items()):
            if not item.weight and memory.recall(service, key) is not None:
                yield service, key


def _destinations(table: model.Table, service: model.ServiceKey) -> dict[model.DestKey, model.Destination]:
    return (table[service].destinations if service in table else None) or {}

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any table to any table, on a kernel with the real one's rules: it gets there, safely, and then rests."""

from __future__ import annotations

import socket

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import model, plan, table
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.drain import Policy
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.reconcile import Declaration, reconcile
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.fake_kernel import DestKey, FakeKernel, Key
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.rig import MemoryHost, Time, fill
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

V4, V6 = socket.AF_INET, socket.AF_INET6
ADDRESSES = {V4: ["192.0.2.1", "192.0.2.2", "192.0.2.3"], V6: ["2001:db8::1", "2001:db8::2", "2001:db8::3"]}

# Few of each, so that what is generated overlaps.
keys = st.one_of(
    st.tuples(st.sampled_from([1, 0xFFFFFFFF]), st.sampled_from([V4, V6])).map(lambda pair: model.ServiceKey(*pair)),
    st.sampled_from([V4, V6]).flatmap(
        lambda family: st.builds(
            model.ServiceKey,
            fwmark=st.just(0),
            family=st.just(family),
            protocol=st.sampled_from([6, 17]),
            address=st.sampled_from(ADDRESSES[family][:2]),
            port=st.sampled_from([80, 443]),
        )
    ),
)
weights = st.sampled_from([0, 0, 1, 2, 70000])


@st.composite
def services(draw: st.DrawFn, key: model.ServiceKey) -> model.Service:
    persistence = draw(st.sampled_from([0, 0, 300]))
    masks = [model.ALL_V4, 0xFFFFFF00] if key.family == V4 else [model.ALL_V6, 64]
    return model.Service(
        key=key,
        scheduler=draw(st.sampled_from(["wlc", "sh", "mh"])),
        flags=draw(st.sampled_from([0, 8, 24])),
        persistence=persistence,
        netmask=draw(st.sampled_from(masks)) if persistence else masks[0],
        engine=draw(st.sampled_from(["", "sip"])) if persistence else "",
        one_packet=draw(st.booleans()) if key.fwmark or key.protocol == 17 else False,
    )


@st.composite
def destinations(draw: st.DrawFn, service: model.ServiceKey) -> model.Destination:
    family = draw(st.sampled_from([service.family, service.family, V4 if service.family == V6 else V6]))
    forward = "tunnel" if family != service.family else draw(st.sampled_from(["route", "tunnel", "masquerade"]))
    port = draw(st.sampled_from([service.port, 8080])) if forward == "masquerade" else service.port
    upper = draw(st.sampled_from([0, 10]))
    return model.Destination(
        key=model.DestKey(family, draw(st.sampled_from(ADDRESSES[family])), port),
        forward=forward,
        weight=draw(weights),
        upper_threshold=upper,
        lower_threshold=draw(st.sampled_from([0, 5])) if upper else 0,
        tunnel=draw(st.sampled_from([model.Tunnel(), model.Tunnel("gue", 6080, "remote"), model.Tunnel("gre")]))
        if forward == "tunnel"
        else None,
    )


@st.composite
def entries(draw: st.DrawFn, key: model.ServiceKey, open_ended: bool) -> model.Entry:
    found = draw(st.lists(destinations(key), max_size=4, unique_by=lambda item: item.key))
    leave_alone = open_ended and draw(st.integers(0, 4)) == 0
    return model.Entry(draw(services(key)), None if leave_alone else {item.key: item for item in found})


@st.composite
def tables(draw: st.DrawFn, open_ended: bool = False) -> model.Table:
    return {key: draw(entries(key, open_ended)) for key in draw(st.lists(keys, max_size=5, unique=True))}


declarations = st.builds(Declaration, declared=tables(open_ended=True), purge=st.booleans(), purge_destinations=st.booleans())
policies = st.sampled_from([Policy(), Policy(timeout=3), Policy(timeout=1000)])


def plain(found: model.Table) -> dict[model.ServiceKey, tuple[model.Service, dict[model.DestKey, model.Destination] | None]]:
    return {key: (entry.service, entry.destinations) for key, entry in found.items()}


def usable(entry: model.Entry) -> bool:
    return any(item.weight for item in (entry.destinations or {}).values())


class Witness:
    """Looks at the kernel's table after every single change."""

    def __init__(self, kernel: FakeKernel, before: model.Table, after: model.Table) -> None:
        self.kernel, self.before, self.after = kernel, before, after
        self.gone: set[object] = set()
        self.last = self._objects()
        kernel.on_change = self.look

    def _objects(self) -> set[object]:
        return {(key, dest) for key, service in self.kernel.services.items() for dest in (None, *service.dests)}

    def look(self, kernel: FakeKernel) -> None:
        now = self._objects()
        assert not (now - self.last) & self.gone, "something was removed and added again"
        self.gone |= self.last - now
        self.last = now
        state = table.read(kernel)
        for family in (V4, V6):
            if any(key.family == family for key in self.before) and any(key.family == family for key in self.after):
                assert any(key.family == family for key in state), "an address family fell to zero services"
        for key in set(self.before) & set(self.after):
            assert key in state, "a service that stays was gone"
            if usable(self.before[key]) and usable(self.after[key]):
                assert usable(state[key]), "a service ran out of servers on the way"


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=tables(), declaration=declarations, policy=policies)
def test_any_table_to_any_table(before: model.Table, declaration: Declaration, policy: Policy) -> None:
    kernel = FakeKernel()
    fill(kernel, before)
    wanted = plan.merge(before, declaration.declared, declaration.purge, declaration.purge_destinations)
    host = MemoryHost(kernel)

    predicted = reconcile(host, declaration, policy, check=True, whole=True)
    assert kernel.requests == [], "check mode changed something"
    assert plain(table.read(kernel)) == plain(before)

    Witness(kernel, before, wanted)
    real = reconcile(host, declaration, policy, check=False, whole=True, clock=Time(kernel).clock)
    assert plain(table.read(kernel)) == plain(wanted)
    assert (real.before, real.after, real.actions, real.foreign) == (
        predicted.before,
        predicted.after,
        predicted.actions,
        predicted.foreign,
    )
    assert real.changed == (plain(before) != plain(wanted)) == bool(kernel.requests)
    assert len(kernel.requests) == len(real.actions)

    kernel.requests.clear()
    again = reconcile(host, declaration, policy, check=False, whole=True)
    assert not again.changed
    assert (again.before, again.after, again.actions, kernel.requests) == ([], [], [], [])


def differing(before: model.Table, after: model.Table) -> int:
    """Objects that are there on one side only or differ; a removed service takes its servers along."""
    count = 0
    for key in {*before, *after}:
        if key not in after:
            count += 1
            continue
        old = before[key].destinations or {} if key in before else {}
        new = after[key].destinations or {}
        count += key not in before or before[key].service != after[key].service
        count += sum(old.get(item) != new.get(item) for item in {*old, *new})
    return count


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=tables(), after=tables())
def test_one_request_for_each_difference(before: model.Table, after: model.Table) -> None:
    assert len(plan.between(before, after, drain=False).actions) == differing(before, after)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=tables(), declaration=declarations, connections=st.lists(st.integers(0, 6), min_size=20, max_size=20))
def test_nothing_leaves_with_connections_unless_time_is_up(before: model.Table, declaration: Declaration, connections: list[int]) -> None:
    kernel = FakeKernel()
    fill(kernel, before)
    for dest, active in zip((dest for service in kernel.services.values() for dest in service.dests.values()), connections):
        dest.active = active
    time = Time(kernel)
    policy = Policy(timeout=2)
    last: dict[tuple[Key, DestKey], int] = {}

    def look(now: FakeKernel) -> None:
        found = {(key, dest): fake.active for key, service in now.services.items() for dest, fake in service.dests.items()}
        for name in set(last) - set(found):
            assert not last[name] or time.seconds >= policy.timeout, "a server left with connections before the time was up"
        last.clear()
        last.update(found)

    look(kernel)
    kernel.on_change = look
    kernel.before_request = lambda now, _command: look(now)
    result = reconcile(MemoryHost(kernel), declaration, policy, check=False, whole=True, clock=time.clock)
    assert all(item.counters.active for item in result.remaining)
    assert bool(result.remaining) == any("connections left" in warning for warning in result.warnings)

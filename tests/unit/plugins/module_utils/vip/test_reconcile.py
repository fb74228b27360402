# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconciling VIPs: any host to any list, in an order that neither exposes nor forgets an address."""
from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._arp.host import CONF
from ansible_collections.steadfast.edge.plugins.module_utils._vip.boot import EARLY_BATCH, LATE_BATCH, PATHS, POSTURE_SCRIPT, UNITS
from ansible_collections.steadfast.edge.plugins.module_utils._vip.host import ApplyError, Plan, apply, make_plan
from ansible_collections.steadfast.edge.plugins.module_utils._vip.model import Address, VipError
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.arp.fakes import Expected, FakeFiles, Transcript, host
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.vip.fake_kernel import FakeKernel
from hypothesis import given, settings
from hypothesis import strategies as st

SHOW = ["ip", "-json", "address", "show"]
BATCH = ["ip", "-batch", "-"]
EARLY_UNIT, LATE_UNIT = f"{UNITS}/steadfast-vip.service", f"{UNITS}/steadfast-vip-late.service"


def params(*addresses: str, **others: Any) -> dict[str, Any]:
    defaults = {"interface": "lo", "scope": None, "host_route": False, "purge": False, "arp_interfaces": None, "state": "present"}
    return {"addresses": list(addresses), **defaults, **others}


def unheard(interface: str, addresses: Sequence[Address], router: bool) -> None:
    """What neighbours are told is the affair of other tests."""


def converge(kernel: FakeKernel, files: FakeFiles, **options: Any) -> Plan:
    plan = make_plan(kernel.runner, files, options)
    assert bool(plan.change.deletes or plan.change.adds or plan.before != plan.after) is plan.changed
    if plan.changed:
        apply(kernel.runner, files, plan, unheard)
    return plan


def shown(*addresses: tuple[str, str, int, str]) -> str:
    """The answer of `ip`: (interface, address, prefix length, scope)."""
    flags = {"lo": ["LOOPBACK"], "eth0": ["BROADCAST"]}
    infos = {name: [{"local": a, "prefixlen": p, "scope": s} for i, a, p, s in addresses if i == name] for name in flags}
    return json.dumps([{"ifname": name, "flags": flags[name], "addr_info": infos[name]} for name in flags])


def test_the_exact_commands_of_a_first_run() -> None:
    files = host({"eth0": (1, 2)}, **{"/run/systemd/system/x": ""})
    transcript = Transcript(
        Expected(SHOW, out=shown(("lo", "127.0.0.1", 8, "host"))),
        Expected(["systemctl", "daemon-reload"]),
        Expected(BATCH, "address replace 192.0.2.150/32 dev lo scope host\naddress replace 192.0.2.151/32 dev lo scope host\n"),
        Expected(SHOW, out=shown(("lo", "192.0.2.150", 32, "host"), ("lo", "192.0.2.151", 32, "host"))),
    )
    plan = make_plan(transcript.runner, files, params("192.0.2.150", "192.0.2.151", arp_interfaces=["eth0"]))
    apply(transcript.runner, files, plan, unheard)
    transcript.finish()
    assert files.texts[EARLY_BATCH].splitlines()[1:] == [
        "# ARP posture required on: eth0",
        "address replace 192.0.2.150/32 dev lo scope host",
        "address replace 192.0.2.151/32 dev lo scope host",
    ]


def test_a_run_without_a_change_is_one_command() -> None:
    kernel, files = FakeKernel(), host({"eth0": (1, 2)})
    addresses = [f"192.0.2.{number}" for number in range(1, 200)]
    converge(kernel, files, **params(*addresses, arp_interfaces=["eth0"]))
    assert kernel.calls == 3
    files.trace.clear()
    assert not converge(kernel, files, **params(*addresses)).changed
    assert (kernel.calls, files.trace) == (4, [])


def test_the_record_knows_a_vip_before_the_kernel_does() -> None:
    kernel, files = FakeKernel(fails="address replace 192.0.2.151/32 dev lo scope host"), host({})
    with pytest.raises(ApplyError, match=r"'ip address replace 192\.0\.2\.151/32 dev lo scope host' failed: RTNETLINK ") as caught:
        converge(kernel, files, **params("192.0.2.150", "192.0.2.151", "192.0.2.152"))
    assert caught.value.done[-1] == "ip address replace 192.0.2.150/32 dev lo scope host"
    assert "192.0.2.152" in files.texts[EARLY_BATCH]
    kernel.fails = ""
    assert converge(kernel, files, **params(purge=True)).change.deletes == ("address delete 192.0.2.150/32 dev lo",)
    assert not set(PATHS) & set(files.texts)


def test_a_vip_leaves_the_kernel_before_the_record() -> None:
    kernel, files = FakeKernel(), host({})
    converge(kernel, files, **params("192.0.2.150"))
    kernel.fails = "address delete 192.0.2.150/32 dev lo"
    before = dict(files.texts)
    with pytest.raises(ApplyError) as caught:
        converge(kernel, files, **params("192.0.2.150", state="absent"))
    assert (caught.value.done, files.texts) == ([], before)


def test_purge_takes_what_is_ours_on_this_interface_only() -> None:
    kernel, files = FakeKernel({("lo", "192.0.2.99/32"): "global"}), host({})
    converge(kernel, files, **params("192.0.2.150", "192.0.2.151"))
    converge(kernel, files, **params("192.0.2.160/24", interface="eth0"))
    plan = converge(kernel, files, **params("192.0.2.151", "192.0.2.152", purge=True))
    assert [vip.cidr for vip in plan.change.removed] == ["192.0.2.150/32"]
    assert set(kernel.addresses) == {
        ("lo", "192.0.2.99/32"), ("lo", "192.0.2.151/32"), ("lo", "192.0.2.152/32"), ("eth0", "192.0.2.160/24")
    }


def test_without_purge_what_an_earlier_call_added_stays() -> None:
    kernel, files = FakeKernel(), host({})
    converge(kernel, files, **params("192.0.2.150"))
    plan = converge(kernel, files, **params("192.0.2.151"))
    assert [vip.cidr for vip in plan.change.held("lo")] == ["192.0.2.150/32", "192.0.2.151/32"]
    assert set(kernel.addresses) == {("lo", "192.0.2.150/32"), ("lo", "192.0.2.151/32")}
    assert "192.0.2.150/32" in files.texts[EARLY_BATCH]


def test_another_scope_takes_ipv4_away_first_and_ipv6_in_place() -> None:
    kernel, files = FakeKernel(), host({})
    converge(kernel, files, **params("192.0.2.150", "2001:db8::150"))
    plan = converge(kernel, files, **params("192.0.2.150", "2001:db8::150", scope="global"))
    assert plan.change.deletes == ("address delete 192.0.2.150/32 dev lo",)
    assert set(kernel.addresses.values()) == {"global"}


def test_a_vip_moves_to_another_interface() -> None:
    kernel, files = FakeKernel(), host({})
    converge(kernel, files, **params("192.0.2.150"))
    converge(kernel, files, **params("192.0.2.150", interface="tunl0"))
    assert set(kernel.addresses) == {("tunl0", "192.0.2.150/32")}
    assert EARLY_BATCH not in files.texts
    assert EARLY_UNIT not in files.texts
    assert LATE_BATCH in files.texts


def test_host_routes_come_and_go() -> None:
    kernel, files = FakeKernel(), host({})
    converge(kernel, files, **params("192.0.2.150", "2001:db8::150", host_route=True))
    assert kernel.routes == {("lo", "192.0.2.150"), ("lo", "2001:db8::150")}
    assert not converge(kernel, files, **params("192.0.2.150", "2001:db8::150", host_route=True)).changed
    kernel.addresses.clear()
    converge(kernel, files, **params(purge=True))
    assert kernel.routes == set()


def test_a_foreign_host_route_stays() -> None:
    kernel, files = FakeKernel(routes={("lo", "192.0.2.150")}), host({})
    converge(kernel, files, **params("192.0.2.151", host_route=True))
    converge(kernel, files, **params("192.0.2.150"))
    assert not converge(kernel, files, **params("192.0.2.150")).changed
    converge(kernel, files, **params(purge=True))
    assert kernel.routes == {("lo", "192.0.2.150")}


@pytest.mark.parametrize("beside", [True, False])
def test_a_primary_address_does_not_take_others_along(beside: bool) -> None:
    own = {"local": "192.0.2.21", "prefixlen": 24, "scope": "global", "secondary": True}
    vip = {"local": "192.0.2.150", "prefixlen": 24, "scope": "global"}
    links = json.dumps([{"ifname": "eth0", "flags": [], "addr_info": [vip, own] if beside else [vip]}])
    transcript = Transcript(Expected(SHOW, out=links))
    options = params("192.0.2.150", interface="eth0", state="absent")
    if beside:
        with pytest.raises(VipError, match=r"192\.0\.2\.150/24 is the primary address .* take 192\.0\.2\.21 along"):
            make_plan(transcript.runner, FakeFiles(), options)
    else:
        assert make_plan(transcript.runner, FakeFiles(), options).change.deletes == ("address delete 192.0.2.150/24 dev eth0",)


@pytest.mark.parametrize(
    ("ignore", "announce", "address", "interface", "fault"),
    [
        (1, 2, "192.0.2.150", "lo", False),
        (0, 2, "192.0.2.150", "lo", True),
        (1, 1, "192.0.2.150", "lo", True),
        (3, 2, "192.0.2.150", "tunl0", True),
        (0, 0, "2001:db8::150", "lo", False),
        (0, 0, "192.0.2.150", "eth0", False),
    ],
)
def test_the_posture_comes_first(ignore: int, announce: int, address: str, interface: str, fault: bool) -> None:
    files = host({"eth0": (ignore, announce)})
    plan = make_plan(FakeKernel().runner, files, params(address, interface=interface, arp_interfaces=["eth0"]))
    assert bool(plan.faults) is fault


def test_the_posture_of_an_earlier_call_stays_in_force() -> None:
    kernel, files = FakeKernel(), host({"eth0": (1, 2)})
    converge(kernel, files, **params("192.0.2.150", arp_interfaces=["eth0"]))
    files.texts[f"{CONF}/eth0/arp_ignore"] = "0\n"
    assert make_plan(kernel.runner, files, params("192.0.2.151")).faults
    files.texts[f"{CONF}/eth0/arp_ignore"] = "1\n"
    converge(kernel, files, **params("192.0.2.151"))
    assert f"{POSTURE_SCRIPT} eth0" in files.texts[EARLY_UNIT]


def test_unknown_interfaces() -> None:
    files = host({"eth0": (1, 2)})
    with pytest.raises(VipError, match="no interface dummy0, only eth0, lo, tunl0"):
        make_plan(FakeKernel().runner, files, params("192.0.2.150", interface="dummy0"))
    with pytest.raises(VipError, match="arp_interfaces names eth9"):
        make_plan(FakeKernel().runner, files, params("192.0.2.150", arp_interfaces=["eth9"]))
    with pytest.raises(VipError, match="'a b' cannot be the name"):
        make_plan(FakeKernel().runner, files, params("192.0.2.150", arp_interfaces=["a b"]))


def test_a_vanished_interface_is_forgotten() -> None:
    kernel, files = FakeKernel(), host({})
    converge(kernel, files, **params("192.0.2.150", interface="tunl0"))
    transcript = Transcript(Expected(SHOW, out=shown()))
    plan = make_plan(transcript.runner, files, params("192.0.2.150", interface="tunl0", state="absent"))
    apply(transcript.runner, files, plan, unheard)
    assert not set(PATHS) & set(files.texts)


def test_what_is_worth_a_warning() -> None:
    kernel = FakeKernel({("eth0", "192.0.2.150/32"): "global"})
    files = host({}, **{"/run/systemd/netif/links/1": "ADMIN_STATE=configured\nNETWORK_FILE=/etc/systemd/network/all.network\n"})
    plan = make_plan(kernel.runner, files, params("192.0.2.150"))
    assert "192.0.2.150 is also on eth0" in plan.warnings[0]
    assert "systemd-networkd manages lo by /etc/systemd/network/all.network" in plan.warnings[1]


def test_an_address_that_does_not_stay_is_an_error() -> None:
    transcript = Transcript(
        Expected(SHOW, out=shown()), Expected(BATCH, "address replace 192.0.2.150/32 dev lo scope host\n"), Expected(SHOW, out=shown())
    )
    files = FakeFiles()
    with pytest.raises(ApplyError, match=r"192\.0\.2\.150/32 dev lo scope host is missing"):
        apply(transcript.runner, files, make_plan(transcript.runner, files, params("192.0.2.150")), unheard)
    transcript.finish()


def test_a_disk_that_cannot_be_written_adds_no_vip() -> None:
    kernel, files = FakeKernel(), FakeFiles(broken={EARLY_UNIT})
    with pytest.raises(ApplyError, match=r"steadfast-vip\.service: Read-only") as caught:
        converge(kernel, files, **params("192.0.2.150"))
    assert (kernel.addresses, caught.value.done) == ({}, [f"wrote {EARLY_BATCH}"])


ADDRESSES = ["192.0.2.150", "192.0.2.151", "192.0.2.152", "2001:db8::150", "2001:db8::151"]
FOREIGN = {("lo", "198.51.100.1/32"): "global", ("eth0", "192.0.2.21/24"): "global", ("tunl0", "2001:db8::99/128"): "host"}
CALLS = st.builds(
    lambda addresses, purge, interface, scope, route, state: params(
        *addresses, purge=purge, interface=interface, scope=scope, host_route=route, state=state
    ),
    st.lists(st.sampled_from(ADDRESSES), unique=True),
    st.booleans(),
    st.sampled_from(["lo", "tunl0", "eth0"]),
    st.sampled_from([None, "host", "global"]),
    st.booleans(),
    st.sampled_from(["present", "present", "absent"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(CALLS, min_size=1, max_size=4))
def test_any_sequence_of_calls_converges(calls: list[dict[str, Any]]) -> None:
    """What was asked for is there, what was not ours still is, a second call does nothing, and all can be taken back."""
    kernel, files = FakeKernel(dict(FOREIGN)), host({})
    for call in calls:
        predicted = make_plan(kernel.runner, files, call)
        plan = converge(kernel, files, **call)
        assert predicted == plan
        here = {cidr.partition("/")[0] for interface, cidr in kernel.addresses if interface == call["interface"]}
        if call["state"] == "present":
            assert set(call["addresses"]) <= here
        else:
            assert not set(call["addresses"]) & here
        if call["purge"] and call["state"] == "present":
            assert here & set(ADDRESSES) == set(call["addresses"])
        assert not converge(kernel, files, **call).changed
        assert kernel.addresses.items() >= FOREIGN.items()
    for interface in ("lo", "tunl0", "eth0"):
        converge(kernel, files, **params(purge=True, interface=interface))
    assert kernel.addresses == FOREIGN
    assert kernel.routes == set()
    assert not set(PATHS) & set(files.texts)
    assert files.links == {}

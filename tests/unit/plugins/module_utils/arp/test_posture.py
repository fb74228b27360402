# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ARP posture: what is asked for against what the kernel makes of it."""
from __future__ import annotations

import json

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._arp.host import (
    ApplyError,
    apply,
    effective_table,
    observe,
    vips_without_arp,
)
from ansible_collections.steadfast.edge.plugins.module_utils._arp.posture import (
    STATE_FILE,
    SYSCTL_FILE,
    Key,
    PostureError,
    Wanted,
    absent,
    check_names,
    effective,
    present,
    silent,
)
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.arp.fakes import Expected, FakeFiles, Transcript, host
from hypothesis import given, settings
from hypothesis import strategies as st

ETH0 = Wanted(("eth0",))
ALONE = Wanted(("eth0",), "interface")
POSTURE = {"eth0": {"arp_ignore": 1, "arp_announce": 2}}


def converge(files: FakeFiles, wanted: Wanted) -> list[str]:
    seen = observe(files)
    return apply(files, seen.state, present(wanted, seen))


def give_back(files: FakeFiles, wanted: Wanted, vips: list[str] | None = None) -> list[str]:
    seen = observe(files)
    return apply(files, seen.state, absent(wanted, seen, vips or []))


@pytest.mark.parametrize(
    ("everywhere", "here", "value"), [(0, 0, 0), (1, 0, 1), (0, 1, 1), (2, 1, 2), (1, 3, 3), (0, 8, 8)]
)
def test_the_larger_value_counts(everywhere: int, here: int, value: int) -> None:
    assert effective({Key("all", "arp_ignore"): everywhere, Key("eth0", "arp_ignore"): here}, "eth0", "arp_ignore") == value


@pytest.mark.parametrize(
    ("ignore", "announce", "quiet"),
    [(0, 2, False), (1, 2, True), (2, 2, True), (3, 2, False), (4, 2, False), (8, 2, False), (1, 0, False), (1, 1, False), (1, 3, False)],
)
def test_a_larger_number_is_not_a_stronger_one(ignore: int, announce: int, quiet: bool) -> None:
    assert silent(ignore, announce) is quiet


@pytest.mark.parametrize("name", ["lo", "all", "default", "", "eth 0", "a/b", "..", "x" * 16])
def test_what_is_no_interface(name: str) -> None:
    with pytest.raises(PostureError, match=name.replace(".", r"\.") or "''"):
        check_names([name])


def test_no_interface_at_all() -> None:
    with pytest.raises(PostureError, match="interfaces is empty"):
        check_names([])


def test_all_is_set_and_nothing_else() -> None:
    files = host({"eth0": (0, 0), "eth1": (0, 0)})
    assert converge(files, ETH0) == [
        f"remembered the earlier values in {STATE_FILE}",
        "set net.ipv4.conf.all.arp_announce to 2",
        "set net.ipv4.conf.all.arp_ignore to 1",
        f"wrote {SYSCTL_FILE}",
    ]
    assert [line for line in files.texts[SYSCTL_FILE].splitlines() if line[0] != "#"] == [
        "net.ipv4.conf.all.arp_announce = 2",
        "net.ipv4.conf.all.arp_ignore = 1",
    ]
    assert files.texts["/proc/sys/net/ipv4/conf/lo/arp_ignore"] == "0\n"
    assert effective_table(observe(files).state.live, ["eth0"]) == POSTURE


def test_a_second_call_does_nothing() -> None:
    files = host({"eth0": (0, 0)})
    converge(files, ETH0)
    assert converge(files, ETH0) == []


def test_an_interface_alone() -> None:
    files = host({"eth0": (0, 0), "eth1.7": (0, 0)})
    converge(files, Wanted(("eth1.7",), "interface"))
    assert files.texts["/proc/sys/net/ipv4/conf/all/arp_ignore"] == "0\n"
    assert "net/ipv4/conf/eth1.7/arp_ignore = 1\n" in files.texts[SYSCTL_FILE]


@pytest.mark.parametrize("value", [2, 3, 8])
def test_an_own_value_that_is_too_high_is_lowered_and_given_back(value: int) -> None:
    files = host({"eth0": (value, 0)})
    converge(files, ETH0)
    assert effective_table(observe(files).state.live, ["eth0"]) == POSTURE
    assert "net.ipv4.conf.eth0.arp_ignore = 1\n" in files.texts[SYSCTL_FILE]
    assert converge(files, ETH0) == []
    give_back(files, ETH0)
    assert effective_table(observe(files).state.live, ["eth0"]) == {"eth0": {"arp_ignore": value, "arp_announce": 0}}


def test_all_too_high_for_an_interface_alone() -> None:
    files = host({"all": (3, 0), "eth0": (0, 0)})
    with pytest.raises(PostureError, match=r"net\.ipv4\.conf\.all\.arp_ignore is 3.*lower it, or choose set_on: all"):
        converge(files, ALONE)
    assert files.trace == []


def test_an_unknown_interface() -> None:
    with pytest.raises(PostureError, match="no interface eth9 with IPv4; it has eth0"):
        converge(host({"eth0": (0, 0)}), Wanted(("eth9",)))


@pytest.mark.parametrize(
    ("path", "line", "hit"),
    [
        ("/etc/sysctl.d/95-x.conf", "net.ipv4.conf.all.arp_ignore = 0", True),
        ("/etc/sysctl.d/95-x.conf", "net.ipv4.conf.eth0.arp_ignore = 3", True),
        ("/etc/sysctl.d/95-x.conf", "net.ipv4.conf.eth0.arp_ignore = 0", False),
        ("/etc/sysctl.d/95-x.conf", "net.ipv4.conf.all.arp_ignore = 1", False),
        ("/etc/sysctl.conf", "net.ipv4.conf.all.arp_announce = 1", True),
        ("/usr/lib/sysctl.d/50-x.conf", "net.ipv4.conf.all.arp_ignore = 0", False),
        ("/usr/lib/sysctl.d/99-x.conf", "net.ipv4.conf.all.arp_ignore = 2", True),
        ("/etc/sysctl.d/95-x.conf", "net.ipv4.conf.*.arp_ignore = 3", False),
        ("/etc/sysctl.d/10-x.conf", "net.ipv4.conf.eth0.arp_ignore = 3", False),
    ],
)
def test_lines_that_would_win_at_the_next_boot(path: str, line: str, hit: bool) -> None:
    files = host({"eth0": (0, 0)}, **{path: f"# a comment\n{line}\n"})
    if not hit:
        converge(files, ETH0)
        return
    with pytest.raises(PostureError, match=f"{path.replace('.', '[.]')}:2 "):
        converge(files, ETH0)
    assert files.trace == []


def test_a_default_that_seeds_interfaces_too_high_is_met_by_a_line_of_its_own() -> None:
    files = host({"eth0": (0, 0), "eth1": (0, 0)}, **{"/etc/sysctl.d/95-x.conf": "net.ipv4.conf.default.arp_ignore = 3\n"})
    converge(files, ETH0)
    assert "net.ipv4.conf.eth0.arp_ignore = 1\n" in files.texts[SYSCTL_FILE]
    assert "eth1" not in files.texts[SYSCTL_FILE]
    with pytest.raises(PostureError, match="no interface"):
        converge(files, Wanted(("eth2",)))


def test_absent_restores_what_was() -> None:
    files = host({"all": (2, 1), "eth0": (0, 1)})
    before = dict(files.texts)
    converge(files, ETH0)
    assert files.texts != before
    give_back(files, ETH0)
    assert files.texts == before
    assert give_back(files, ETH0) == []


def test_absent_is_refused_while_a_vip_would_be_answered_for() -> None:
    files = host({"eth0": (0, 0)})
    converge(files, ETH0)
    files.trace.clear()
    with pytest.raises(PostureError, match=r"192\.0\.2\.150 still on this host would be answered for on eth0"):
        give_back(files, ETH0, ["192.0.2.150"])
    assert files.trace == []


def test_absent_is_granted_when_the_host_was_silent_before() -> None:
    files = host({"all": (1, 2), "eth0": (0, 0)})
    converge(files, ETH0)
    assert give_back(files, ETH0, ["192.0.2.150"]) == [f"removed {SYSCTL_FILE}", f"removed {STATE_FILE}"]


def test_a_lost_memory_falls_back_on_what_the_host_would_boot_with() -> None:
    files = host({"eth0": (0, 0)}, **{"/etc/sysctl.d/10-x.conf": "net.ipv4.conf.all.arp_announce = 1\n"})
    converge(files, ETH0)
    del files.texts[STATE_FILE]
    give_back(files, ETH0)
    assert effective_table(observe(files).state.live, ["eth0"]) == {"eth0": {"arp_ignore": 0, "arp_announce": 1}}


def test_a_damaged_memory_is_an_error() -> None:
    with pytest.raises(PostureError, match="is damaged"):
        observe(host({"eth0": (0, 0)}, **{STATE_FILE: "{"}))


def test_a_host_without_ipv4() -> None:
    with pytest.raises(PostureError, match="/proc/sys/net/ipv4/conf is not there"):
        observe(FakeFiles())


def test_a_failed_write_says_what_was_done() -> None:
    files = host({"eth0": (0, 0)})
    files.broken = {"/proc/sys/net/ipv4/conf/all/arp_ignore"}
    with pytest.raises(ApplyError, match="arp_ignore: Read-only file system") as caught:
        converge(files, ETH0)
    assert caught.value.done == [f"remembered the earlier values in {STATE_FILE}", "set net.ipv4.conf.all.arp_announce to 2"]


def test_a_value_that_does_not_stay_is_an_error() -> None:
    files = host({"eth0": (0, 0)})
    key = "/proc/sys/net/ipv4/conf/all/arp_ignore"
    files.watch = lambda: files.texts.update({key: "0\n"})
    with pytest.raises(ApplyError, match=r"all\.arp_ignore is 0 instead of 1"):
        converge(files, ETH0)


def test_which_addresses_only_the_posture_keeps_silent() -> None:
    def link(name: str, flags: list[str], kind: str, *addresses: tuple[str, int]) -> dict[str, object]:
        infos = [{"family": "inet", "local": local, "prefixlen": prefix} for local, prefix in addresses]
        return {"ifname": name, "flags": flags, "link_type": kind, "addr_info": infos}

    links = [
        link("lo", ["LOOPBACK", "UP"], "loopback", ("127.0.0.1", 8), ("192.0.2.150", 32), ("192.0.2.151", 32)),
        link("eth0", ["BROADCAST", "UP"], "ether", ("192.0.2.21", 24), ("192.0.2.159", 32)),
        link("dummy0", ["NOARP", "UP"], "ether", ("192.0.2.152", 32)),
        link("tunl0", ["NOARP", "UP"], "ipip", ("192.0.2.153", 32)),
        link("wg0", ["NOARP", "UP"], "none", ("198.51.100.1", 32)),
    ]
    transcript = Transcript(Expected(["ip", "-json", "-4", "address", "show"], out=json.dumps(links)))
    assert vips_without_arp(transcript.runner, ["192.0.2.151/32"]) == ["192.0.2.150", "192.0.2.152", "192.0.2.153"]
    transcript.finish()


LEVEL = st.integers(0, 4)
HOSTS = st.fixed_dictionaries({name: st.tuples(LEVEL, LEVEL) for name in ("all", "eth0", "eth1")})
WANTED = st.builds(
    Wanted, st.sampled_from([("eth0",), ("eth1",), ("eth0", "eth1")]), st.sampled_from(["all", "interface"]), st.sampled_from([1, 2])
)


@settings(max_examples=300, deadline=None)
@given(HOSTS, st.lists(WANTED, min_size=1, max_size=3))
def test_any_host_reaches_any_posture_and_comes_back(values: dict[str, tuple[int, int]], steps: list[Wanted]) -> None:
    """Refused without a write, or guaranteed; a second call does nothing; absent brings everything back."""
    files = host(values)
    before = dict(files.texts)
    for wanted in steps:
        files.trace.clear()
        try:
            converge(files, wanted)
        except PostureError:
            assert files.trace == []
            continue
        goal = {"arp_ignore": wanted.arp_ignore, "arp_announce": 2}
        assert effective_table(observe(files).state.live, wanted.interfaces) == dict.fromkeys(wanted.interfaces, goal)
        assert converge(files, wanted) == []
    give_back(files, steps[-1])
    assert files.texts == before


@settings(max_examples=300, deadline=None)
@given(HOSTS, WANTED, WANTED)
def test_no_write_on_the_way_exposes_what_was_silent(values: dict[str, tuple[int, int]], first: Wanted, second: Wanted) -> None:
    """From one posture to another, an interface that both name is silent after every single write."""
    files = host(values)
    try:
        converge(files, first)
    except PostureError:
        return
    both = sorted(set(first.interfaces) & set(second.interfaces))

    def check() -> None:
        for name, table in effective_table(observe(files).state.live, both).items():
            assert silent(table["arp_ignore"], table["arp_announce"]), (name, table, files.trace)

    files.watch = check
    try:
        converge(files, second)
    except PostureError:
        return

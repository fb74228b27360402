"""The parts of the lab that need no lab."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from machine_room import cache, features, inventory, requirements, ssh, state
from machine_room.errors import LabError
from machine_room.fabric import address_commands
from machine_room.model import CONTAINER, UML, Host, Lab, Link, Segment
from machine_room.paths import CHECKOUT, LabPaths

SEGMENTS = [{"name": "edge", "subnet": "192.0.2.0/24", "subnet6": "2001:db8:1::/64"}, {"name": "back", "subnet": "198.51.100.0/24"}]


def _describe(**hosts: dict[str, Any]) -> Lab:
    return inventory.from_hostvars("edge", "/inventory", {name: {"lab_segments": SEGMENTS, **known} for name, known in hosts.items()})


def _one(**known: Any) -> Lab:
    return _describe(web1={"ansible_host": "192.0.2.21", **known})


def test_a_host_of_two_segments() -> None:
    links = [{"segment": "back", "address": "198.51.100.21"}]
    host = _one(lab_links=links, lab_gateway="198.51.100.1", lab_memory=256, lab_packages=["nginx", "curl"]).hosts[0]
    assert host.links == (
        Link("edge", "eth0", "192.0.2.21/24", "web1-215e0", "02:5f:c0:00:02:15", "2001:db8:1::21/64"),
        Link("back", "eth1", "198.51.100.21/24", "web1-415e1", "02:5f:c6:33:64:15", None),
    )
    assert (host.address, host.memory, host.packages, host.release) == ("192.0.2.21", 256, ("curl", "nginx"), "bookworm")
    assert address_commands(host) == [
        "link set lo up",
        "address add 192.0.2.21/24 brd + dev eth0",
        "address add 2001:db8:1::21/64 dev eth0 nodad",
        "link set eth0 up",
        "address add 198.51.100.21/24 brd + dev eth1",
        "link set eth1 up",
        "route add default via 198.51.100.1",
    ]


def test_port_names_fit_the_kernel_and_differ() -> None:
    hosts = {f"a-very-long-name-of-a-host-{number}": {"ansible_host": f"192.0.2.{number}"} for number in range(1, 254)}
    ports = [link.port for host in _describe(**hosts).hosts for link in host.links]
    assert len(set(ports)) == len(ports) == 253
    assert max(len(port) for port in ports) <= 15


def test_the_controller_takes_the_last_address() -> None:
    assert [segment.controller for segment in _one().segments] == ["192.0.2.254", "198.51.100.254"]


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"lab_segments": None}, "lab_segments is missing: write e.g. `lab_segments: [{name: edge, subnet: 192.0.2.0/24}]`"),
        ({"lab_segments": [{"name": "Edge", "subnet": "192.0.2.0/24"}]}, "name 'Edge' is not usable"),
        ({"lab_segments": [{"name": "lo", "subnet": "192.0.2.0/24"}]}, "name 'lo' is not usable"),
        ({"lab_segments": [{"name": "edge", "subnet": "192.168.0.0/24"}]}, "lab_segments.edge.subnet: 192.168.0.0/24 could be somebody's"),
        ({"lab_segments": [{"name": "edge", "subnet": "192.0.2.1/24"}]}, "'192.0.2.1/24' is not a network"),
        ({"lab_segments": [{"name": "edge", "subnet": "192.0.2.0/24", "controller": "192.0.3.1"}]}, "192.0.3.1 is not inside 192.0.2.0/24"),
        ({"lab_segments": [{"name": "edge", "subnet": "192.0.2.0/24", "subnet6": "fd00::/64"}]}, "fd00::/64 could be somebody's"),
        ({"ansible_host": "203.0.113.9"}, "web1: ansible_host '203.0.113.9' is in no segment"),
        ({"ansible_host": "{{ address }}"}, "web1: ansible_host '{{ address }}' is in no segment"),
        ({"ansible_host": "192.0.2.254"}, "192.0.2.254 already belongs to the lab itself on segment edge"),
        ({"lab_links": [{"segment": "side", "address": "192.0.2.3"}]}, "lab_links[0].segment 'side' is not in lab_segments"),
        ({"lab_links": [{"segment": "back", "address": "192.0.2.3"}]}, "lab_links[0].address: 192.0.2.3 is not inside 198.51.100.0/24"),
        ({"lab_links": [{"segment": "back", "address": "{{ x }}"}]}, "the lab reads plain values, no templates"),
        ({"lab_release": "sid"}, "lab_release 'sid' is not known: one of bookworm, trixie"),
    ],
)
def test_bad_inventory_names_value_and_remedy(known: dict[str, Any], told: str) -> None:
    with pytest.raises(LabError) as error:
        _one(**known)
    assert told in str(error.value)


def test_an_address_belongs_to_one_host() -> None:
    with pytest.raises(LabError, match=r"web2: address 192\.0\.2\.21 already belongs to web1"):
        _describe(web1={"ansible_host": "192.0.2.21"}, web2={"ansible_host": "192.0.2.21"})


@pytest.mark.parametrize("name", ["", "../x", "Edge", "a b", "1st", "a" * 32])
def test_a_lab_name_is_safe_to_delete(name: str) -> None:
    with pytest.raises(LabError, match="is not usable"):
        inventory.checked_name(name)


def test_kind_of_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "running_kernel_has", lambda feature: feature == "vxlan")
    monkeypatch.setattr(features, "uml_kernel_has", lambda feature: feature == "ip_vs")
    monkeypatch.setattr(features, "UML_MODULES", Path("/"))
    plain, able, guest = features.choose(tuple(_host(*wanted) for wanted in ((), ("vxlan",), ("vxlan", "ip_vs"))))
    assert (plain.kind, plain.why) == (CONTAINER, "needs nothing special of the kernel")
    assert (able.kind, able.why) == (CONTAINER, "the running kernel has vxlan")
    assert (guest.kind, guest.why) == (UML, "the running kernel lacks ip_vs")
    with pytest.raises(LabError, match="warp: neither the running kernel nor the User Mode Linux one has it"):
        features.choose((_host("warp"),))


def _host(*wanted: str) -> Host:
    return Host("h", (Link("edge", "eth0", "192.0.2.1/24", "p", "m"),), "bookworm", 512, wanted)


def test_features_of_the_guest_kernel(tmp_path: Path) -> None:
    (tmp_path / "6.1").mkdir()
    (tmp_path / "6.1" / "modules.dep").write_text("kernel/net/netfilter/ipvs/ip_vs.ko: kernel/lib/libcrc32c.ko\n")
    (tmp_path / "6.1" / "modules.builtin").write_text("kernel/fs/ext4/ext4.ko\n")
    assert [features.uml_kernel_has(name, tmp_path) for name in ("ip_vs", "ext4", "ip_v")] == [True, True, False]


def test_every_required_command_has_its_package_in_the_list() -> None:
    lines = (CHECKOUT / "lab" / "apt-packages.txt").read_text().splitlines()
    listed = {line.split()[0] for line in lines if not line.startswith("#")}
    assert {*requirements.COMMANDS.values(), *requirements.UML_COMMANDS.values()} <= listed
    assert all("#" in line for line in lines), "each with its reason"


def test_a_low_limit_of_inotify_instances_is_raised(tmp_path: Path) -> None:
    limit = tmp_path / "max_user_instances"
    limit.write_text("128\n")
    assert not requirements._missing_inotify(limit)
    assert limit.read_text() == "1024\n"
    limit.write_text("8192\n")
    assert not requirements._missing_inotify(limit)
    assert limit.read_text() == "8192\n"


def test_a_limit_of_inotify_instances_that_cannot_be_raised_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, _text: str) -> int:
        raise PermissionError

    (tmp_path / "limit").write_text("128\n")
    monkeypatch.setattr(Path, "write_text", refuse)
    (problem,) = requirements._missing_inotify(tmp_path / "limit")
    assert "limit of 128 inotify instances" in problem and "`sysctl -w fs.inotify.max_user_instances=1024`" in problem


def test_state_survives_its_file() -> None:
    host = Host("web1", (Link("edge", "eth0", "192.0.2.21/24", "p", "m", "2001:db8::21/64"),), "bookworm", 512, ("ip_vs",), ("curl",))
    lab = Lab("edge", "/inventory", (Segment("edge", "192.0.2.0/24", "192.0.2.254"),), (host,), {"bookworm": "a.b"})
    assert Lab.from_json(json.loads(json.dumps(lab.to_json()))) == lab


def test_ssh_hands_words_over_as_they_are() -> None:
    words = ["printf", "%s", "two words", "$HOME", "it's", ""]
    handed = ssh.command(LabPaths("edge"), _host(), words)[-1]
    assert subprocess.check_output(["sh", "-c", f"set -- {handed}; shift 2; printf '%s|' \"$@\""], text=True) == "two words|$HOME|it's||"


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(cache, "CACHE_ROOT", tmp_path / "cache")
    monkeypatch.setattr(cache, "STATE_ROOT", tmp_path / "state")
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


def test_a_build_appears_complete_or_not_at_all(shelf: Path) -> None:
    def fails(target: Path) -> None:
        (target / "usr").mkdir(parents=True)
        raise LabError("no space")

    with pytest.raises(LabError):
        cache.build(shelf / "base-1", "a base", fails)
    assert [path.name for path in shelf.glob("base-1*")] == [f"base-1.tmp-{os.getpid()}"]
    cache.remove_halves()
    assert list(shelf.iterdir()) == []
    cache.build(shelf / "base-1", "a base", lambda target: target.mkdir())
    cache.build(shelf / "base-1", "a base", fails)
    assert (shelf / "base-1").is_dir()


def test_cache_keeps_what_is_used_and_what_is_fresh(shelf: Path) -> None:
    for number, key in enumerate(("old", "older", "used", "fresh")):
        made = cache.layer(f"{key}.{number}")
        for entry in (made.base, made.archive, made.image):
            cache.build(entry, "an entry", lambda target: target.mkdir())
            age = 0 if key == "fresh" else 1000 + number
            stamp = time.time() - age
            os.utime(entry.with_name(f"{entry.name}.used"), (stamp, stamp))
    lab = Lab("edge", "/inventory", (), (), {"bookworm": "used.2"})
    folder = shelf.parent / "state" / "edge"
    folder.mkdir(parents=True)
    (folder / "state.json").write_text(json.dumps({"phase": "up", "lab": lab.to_json()}))
    assert sorted(cache.collect(keep_seconds=500)) == sorted(
        f"{kind}-{name}"
        for name, number in (("old", 0), ("older", 1))
        for kind, name in (("base", name), ("archive", f"{name}.{number}"), ("image", f"{name}.{number}.ext4"))
    )
    assert {path.name.split("-")[1].split(".")[0] for path in shelf.iterdir()} == {"used", "fresh"}
    assert cache.collect(keep_seconds=500, keep_entries=0), "no more than so many"
    assert {path.name.split("-")[1].split(".")[0] for path in shelf.iterdir()} == {"used"}


def test_a_lock_outlives_no_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(state, "LOCK_ROOT", tmp_path / "run")
    monkeypatch.setattr("machine_room.paths.LOCK_ROOT", tmp_path / "run")
    paths = LabPaths("edge")
    for _again in range(2):
        with state.locked(paths, "up"):
            assert "`up`" in paths.lock.read_text()
        assert not paths.lock.exists()
    monkeypatch.setattr(state, "LOCK_SECONDS", 0.2)
    with state.locked(paths, "up"), pytest.raises(LabError, match="still busy with `up`"), state.locked(paths, "down"):
        pass

"""Begin and end of a lab: what is left behind, killed runs, neighbours, and what stops a lab from being built."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from labnames import lab_name
from machine_room.cgroup import Group

from tests.lab.labs import CHECKOUT, HERE, Lab, Life, eventually

DEVICES = ["ip", "-brief", "link"]


def _devices() -> set[str]:
    return {line.split()[0] for line in subprocess.check_output(DEVICES, text=True).splitlines()}


def test_down_leaves_nothing(small: Lab) -> None:
    devices = _devices()
    small("up")
    life = Life(small)
    assert len(life.namespaces) >= 8, "a mount, process and network namespace for each of two hosts, and more"
    assert small.traces()
    small("freeze", "inner1")
    small.hold_connection("router1")
    small("down")
    assert small.traces() == []
    assert _devices() == devices
    assert life.ends(), life.rest()
    assert "nothing to do" in small("down").stdout


def test_segments_are_apart_until_a_host_routes(small: Lab) -> None:
    small("up")
    assert small.on("inner1", "ip route show default") == "default via 198.51.100.1 dev eth0"
    ping = "ping -c1 -W1 192.0.2.254 >/dev/null && echo reached || echo lost"
    small.on("router1", "sysctl -q -w net.ipv4.ip_forward=0")
    assert small.on("inner1", ping) == "lost"
    small.on("router1", "sysctl -q -w net.ipv4.ip_forward=1")
    assert small.on("inner1", ping) == "reached"


@pytest.mark.usefixtures("lab")  # Its images serve here too: what is killed is not the building of them.
def test_up_recovers_from_a_kill_at_any_moment(small: Lab) -> None:
    moments = {
        "its folder is there": small.paths.folder.exists,
        "keys are made": lambda: any(small.paths.ssh.glob("host_*")),
        "the network is made": small.paths.namespace_file.exists,
        "a host is starting": lambda: Group(small.name, "router1").populated,
    }
    for moment, reached in moments.items():
        small.kill_while("up", reached)
        started = small.paths.namespace_file.exists()
        done = small("up")
        assert small.on("inner1", "echo alive") == "alive", moment
        if not started:
            assert "left of a run that did not end" in done.stdout, moment
        small("down")
        assert small.traces() == [], moment


def test_down_after_a_killed_up_leaves_nothing(small: Lab) -> None:
    small.kill_while("up", small.paths.namespace_file.exists)
    small("down")
    assert small.traces() == []


def test_up_after_a_killed_down_starts_anew(small: Lab) -> None:
    small("up")
    small.on("inner1", "touch /root/old")
    small.kill_while("down", lambda: not Group(small.name).path.exists())
    small("up")
    assert small.on("inner1", "ls /root") == ""


def test_a_killed_build_leaves_no_half_image(small: Lab, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    small.kill_while("up", lambda: any(cache.glob("base-*.tmp-*/usr")), STEADFAST_LAB_CACHE=str(cache))
    assert eventually(lambda: not _processes_with(str(cache))), "the build goes on behind our back"
    assert [path for path in cache.glob("base-*") if ".tmp-" not in path.name] == []
    mounted = [line for line in Path("/proc/mounts").read_text().splitlines() if str(cache) in line]
    assert mounted == []


def _processes_with(text: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_text(errors="replace")
        except OSError:
            continue
        if text in words and process.parent.name != str(os.getpid()):
            found.append(words.replace("\0", " "))
    return found


def test_labs_side_by_side(lab: Lab, small: Lab) -> None:
    """Equal addresses, nothing in common: each has its own host behind 192.0.2.0/24."""
    other = Lab(lab_name("other"), HERE / "small")
    try:
        _at_once((small, "up"), (other, "up"))
        small.on("router1", "touch /root/mark; ip address add 192.0.2.77/32 dev eth0")
        assert other.on("router1", "ls /root; ip address show eth0 | grep -c 192.0.2.77", rc=1) == "0"
        small("down")
        assert other.on("router1", "ping -c1 -W1 192.0.2.254 >/dev/null && echo fine") == "fine"
        assert lab.becomes("box1", "running")
        _at_once((small, "up"), (other, "down"))
        assert other.traces() == []
        assert small.becomes("router1", "running")
        _at_once((small, "down"), (other, "up"))
        assert small.traces() == []
        assert other.becomes("router1", "running")
    finally:
        other("down")
    assert other.traces() == []


def _at_once(*verbs: tuple[Lab, str]) -> None:
    with ThreadPoolExecutor(len(verbs)) as pool:
        list(pool.map(lambda one: one[0](one[1]), verbs))


def test_one_command_at_a_time(small: Lab) -> None:
    small("up")
    with subprocess.Popen(small.argv("reboot", "inner1"), stdout=subprocess.PIPE, text=True) as reboot:
        assert eventually(small.paths.lock.exists)
        done = small("down")
        assert "busy with `reboot`" in done.stdout
        assert reboot.wait() == 0
    assert not small.paths.folder.exists()


def test_another_inventory_may_not_take_the_name(small: Lab) -> None:
    small("up")
    taken = Lab(small.name, HERE / "inventory")("up", rc=1)
    assert "belongs to the inventory" in taken.stderr
    assert "--name" in taken.stderr
    assert small.becomes("inner1", "running")


def test_a_lab_whose_checkout_is_gone_is_in_nobodys_way(small: Lab, tmp_path: Path) -> None:
    gone = Lab(small.name, tmp_path / "hosts.yml")
    gone.inventory.write_text((HERE / "small" / "hosts.yml").read_text())
    gone("up")
    gone.inventory.unlink()
    assert "of a checkout that is gone" in small("up").stdout
    assert small.becomes("inner1", "running")


def test_a_changed_inventory_is_told(small: Lab, tmp_path: Path) -> None:
    small.inventory = tmp_path / "hosts.yml"
    text = (HERE / "small" / "hosts.yml").read_text()
    small.inventory.write_text(text)
    small("up")
    small.inventory.write_text(text.replace("198.51.100.21", "198.51.100.22"))
    assert "has changed since it was brought up" in small("up", rc=1).stderr


def test_disks_outlive_a_reboot_of_the_machine(small: Lab) -> None:
    small("up")
    small.on("inner1", "echo kept > /root/kept; sync")
    small("power-off", "all")
    subprocess.run(["ip", "netns", "delete", small.paths.namespace], check=True)
    small("up")
    assert small.on("inner1", "cat /root/kept") == "kept"


def _refused(small: Lab, command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert small.traces() == [], "something was created"
    return done.stderr.strip()


def test_missing_right_is_one_message(small: Lab) -> None:
    said = _refused(small, ["unshare", "--user", "--map-user=1000", *small.argv("up")])
    assert said.startswith("lab: the lab needs root")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("program", "package"), [("mmdebstrap", "mmdebstrap"), ("systemd-nspawn", "systemd-container"), ("nft", "nftables")]
)
def test_missing_package_is_one_message(small: Lab, program: str, package: str) -> None:
    hide = f'mount --bind /dev/null $(command -v {program}); exec "$@"'
    said = _refused(small, ["unshare", "--mount", "sh", "-c", hide, "sh", *small.argv("up")])
    assert said == f"lab: missing Debian packages: {package}; `make setup` or `apt-get install {package}` installs them"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("198.51.100.0/24", "10.0.0.0/24"), "could be somebody's real network"),
        (
            ("lab_gateway: 198.51.100.1", "lab_kernel_features: [warp_drive]"),
            "lab_kernel_features warp_drive: neither the running kernel nor",
        ),
        (("ansible_host: 198.51.100.21", "ansible_host: 203.0.113.21"), "is in no segment of the lab"),
        (("lab_packages: [ipvsadm]", "lab_release: buzz"), "lab_release 'buzz' is not known: one of bookworm, trixie"),
    ],
)
def test_unusable_inventory_is_one_message(small: Lab, tmp_path: Path, change: tuple[str, str], told: str) -> None:
    text = (HERE / "small" / "hosts.yml").read_text()
    assert change[0] in text
    small.inventory = tmp_path / "hosts.yml"
    small.inventory.write_text(text.replace(*change))
    said = _refused(small, small.argv("up"))
    assert told in said
    assert len(said.splitlines()) == 1


def test_help_names_every_verb() -> None:
    done = subprocess.run([str(CHECKOUT / "lab" / "lab"), "--help"], capture_output=True, text=True, check=True)
    for verb in ["up", "down", "status", "exec", "shell", "power-off", "power-on", "reboot", "freeze", "thaw", "cut", "heal"]:
        assert f"    {verb} " in done.stdout

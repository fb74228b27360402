"""Every verb, on real hosts of both kinds."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.lab.labs import CHECKOUT, Lab

BOTH = ("guest1", "box1")


def test_kind_follows_from_the_kernel(lab: Lab) -> None:
    has_ipvs = lab.on("box1", "test -e /proc/net/ip_vs && echo yes || echo no") == "yes"
    kinds = {line.split()[0]: line for line in lab("status").stdout.splitlines()[2:]}
    assert " container " in kinds["box1"]
    assert "needs nothing special" in kinds["box1"]
    assert (" container " if has_ipvs else " uml ") in kinds["guest1"]
    assert "ip_vs" in kinds["guest1"]


@pytest.mark.parametrize("host", BOTH)
def test_hosts_are_real(lab: Lab, host: str) -> None:
    assert lab.on(host, "hostname") == host
    assert lab.on(host, "ps -o comm= -p 1") == "systemd"
    assert lab.on(host, "systemctl is-system-running --wait") == "running"
    assert lab.on(host, "getent hosts box2").split()[0] == "192.0.2.22"
    assert lab.on(host, "ping -c1 -W2 192.0.2.22 >/dev/null && ping -c1 -W2 2001:db8::22 >/dev/null && echo both") == "both"


def test_identities_differ(lab: Lab) -> None:
    script = "cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub"
    assert len({lab.on(host, script) for host in ("guest1", "box1", "box2")}) == 3


def test_needed_feature_is_there(lab: Lab) -> None:
    lab.on("guest1", "modprobe ip_vs; test -e /proc/net/ip_vs")


@pytest.mark.parametrize("host", BOTH)
def test_exec_passes_everything_through(lab: Lab, host: str) -> None:
    script = 'cat; printf "%s|" "$@" ; echo problem >&2; exit 42'
    done = lab("exec", host, "--", "sh", "-c", script, "sh", "two words", "$HOME", "it's", "", text="from stdin\n", rc=42)
    assert done.stdout == "from stdin\ntwo words|$HOME|it's||"
    assert "problem" in done.stderr


def test_exec_needs_a_known_host_and_a_command(lab: Lab) -> None:
    assert "has no host 'box9'" in lab("exec", "box9", "--", "true", rc=1).stderr
    assert "exec needs a command" in lab("exec", "box1", rc=1).stderr


def test_shell_is_a_login(lab: Lab) -> None:
    done = lab("shell", "box1", text="echo I am $(hostname); exit 3\n", rc=3)
    assert "I am box1" in done.stdout


@pytest.mark.parametrize("host", BOTH)
def test_packages_come_from_the_local_archive_alone(lab: Lab, host: str) -> None:
    assert lab.on(host, "cat /etc/apt/sources.list.d/*; ls /etc/apt/sources.list 2>/dev/null", rc=None).startswith(
        "deb [trusted=yes] file:"
    )
    lab.on(host, "apt-get -qq update && apt-get -qq install ipvsadm >/dev/null && command -v ipvsadm")


@pytest.fixture
def beside_the_lab(lab: Lab, tmp_path: Path) -> Path:
    """An inventory of the tests' hosts that has the ssh settings of inventories/lab, and the launcher where they expect it."""
    inventory = tmp_path / "inventories" / "test"
    (inventory / "group_vars").mkdir(parents=True)
    (inventory / "hosts.yml").symlink_to(lab.inventory / "hosts.yml")
    (inventory / "group_vars" / "all.yml").symlink_to(CHECKOUT / "inventories" / "lab" / "group_vars" / "all" / "lab.yml")
    (tmp_path / "lab").symlink_to(CHECKOUT / "lab")
    return inventory


def _ansible(lab: Lab, inventory: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LAB_NAME": lab.name, "ANSIBLE_HOME": str(CHECKOUT / ".ansible"), "ANSIBLE_STDOUT_CALLBACK": "default"}
    command = [str(CHECKOUT / ".venv" / "bin" / "ansible"), "all", "-i", str(inventory), "-m", "ansible.builtin.command", "-a", "hostname"]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120, cwd="/")


def test_plain_ansible_reaches_the_hosts(lab: Lab, beside_the_lab: Path) -> None:
    """From a shell that knows nothing of the lab but its name."""
    done = _ansible(lab, beside_the_lab)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {line for line in done.stdout.splitlines() if "|" not in line} >= {"guest1", "box1", "box2"}
    assert "192.0.2.21-root" in {control.name for control in lab.paths.control.iterdir()}, "shared connections live with the lab"


def test_a_host_with_another_key_is_refused(lab: Lab, beside_the_lab: Path) -> None:
    lab("power-off", "box1")  # Ends the shared connection, too.
    lab("power-on", "box1")
    known = lab.paths.ssh / "known_hosts"
    right = known.read_text()
    key = {line.split(",")[0]: line.split(" ", 1)[1] for line in right.splitlines()}
    known.write_text(right.replace(key["box1"], key["box2"]))
    try:
        lab("exec", "box1", "--", "true", rc=255)
        assert "Host key verification failed" in _ansible(lab, beside_the_lab).stdout
    finally:
        known.write_text(right)


def test_up_again_changes_nothing(lab: Lab) -> None:
    before = lab.on("box1", "cat /proc/sys/kernel/random/boot_id")
    assert lab("up").stdout.count("was running") == 3
    assert lab.on("box1", "cat /proc/sys/kernel/random/boot_id") == before


def test_power_cut_keeps_what_was_acknowledged(lab: Lab) -> None:
    write = 'python3 -c \'import os; f = open("/root/kept", "w"); f.write("x" * 100000); f.flush(); os.fsync(f.fileno())\''
    for host in BOTH:
        lab.on(host, write)
        lab.on(host, "ip address add 192.0.2.150/32 dev lo; sysctl -q -w net.ipv4.conf.all.arp_ignore=1")
    lab("power-off", *BOTH)
    assert [lab.condition(host) for host in (*BOTH, "box2")] == ["off", "off", "running"]
    assert "power-on guest1" in lab("freeze", "guest1", rc=1).stderr
    assert lab("exec", "box1", "--", "true", rc=255).stderr.count("status") == 1
    lab("power-on", *BOTH)
    for host in BOTH:
        assert lab.on(host, "wc -c < /root/kept") == "100000"
        # What was only in memory is gone, as on any machine.
        assert "192.0.2.150" not in lab.on(host, "ip -4 address show lo")
        assert lab.on(host, "cat /proc/sys/net/ipv4/conf/all/arp_ignore") == "0"


def test_reboot_is_a_boot_of_the_same_host(lab: Lab) -> None:
    script = "echo kept > /root/rebooted; sync; cat /etc/machine-id"
    before = {host: lab.on(host, script) for host in BOTH}
    boots = {host: lab.on(host, "cat /proc/sys/kernel/random/boot_id") for host in BOTH}
    for host in BOTH:
        lab.on(host, "ip address add 192.0.2.151/32 dev lo")
    lab("reboot", *BOTH)
    for host in BOTH:
        assert lab.on(host, "cat /root/rebooted; cat /etc/machine-id") == f"kept\n{before[host]}"
        assert lab.on(host, "cat /proc/sys/kernel/random/boot_id") != boots[host]
        assert "192.0.2" in lab.on(host, "ip -4 -brief address show eth0")
        assert "192.0.2.151" not in lab.on(host, "ip -4 address show lo")


def test_power_off_from_inside_stays_off(lab: Lab) -> None:
    lab.on("box1", "systemctl poweroff --no-block")
    assert lab.becomes("box1", "off")
    assert "was running" in lab("up").stdout
    assert lab.becomes("box1", "running")


@pytest.mark.parametrize("host", BOTH)
def test_freeze_and_thaw(lab: Lab, host: str) -> None:
    ticks = "while :; do date +%s%N > /run/tick && mv /run/tick /run/ticks; sleep 0.1; done"
    lab.on(host, f"nohup sh -c '{ticks}' >/dev/null 2>&1 & until [ -e /run/ticks ]; do sleep 0.1; done")
    lab("freeze", host)
    assert lab.becomes(host, "frozen")
    lab("thaw", host)
    assert lab.becomes(host, "running")
    goes_on = "a=$(cat /run/ticks); for try in $(seq 50); do [ $(cat /run/ticks) = $a ] || exit 0; sleep 0.2; done; exit 1"
    lab.on(host, goes_on)


def test_a_power_cut_ends_a_freeze(lab: Lab) -> None:
    lab("freeze", "box1")
    lab("power-off", "box1")
    lab("power-on", "box1")
    assert lab.becomes("box1", "running")


@pytest.mark.parametrize("host", BOTH)
def test_cut_and_heal(lab: Lab, host: str) -> None:
    ping = "ping -c1 -W1 192.0.2.22 >/dev/null && echo reached || echo lost"
    lab("cut", host)
    assert lab.becomes(host, "running+cut")
    assert lab.on(host, ping) == "lost"
    # Nothing gets in, either: with the neighbour known, requests are sent without asking for it first.
    heard = "awk '/^Icmp: [0-9]/ {print $10}' /proc/net/snmp"
    address, card = lab.on(host, "ip -brief -4 address show eth0; cat /sys/class/net/eth0/address").split()[2:]
    before = lab.on(host, heard)
    send = f"ip neighbour replace {address.partition('/')[0]} lladdr {card} dev eth0; ping -c2 -i0.2 -W1 {address.partition('/')[0]}"
    lab.on("box2", send, rc=1)
    assert lab.on(host, heard) == before
    lab("heal", host)
    assert lab.on(host, ping) == "reached"
    lab.on("box2", send)
    assert lab.on(host, heard) != before
    assert lab.becomes(host, "running")


def test_state_is_plain_json(lab: Lab) -> None:
    assert json.loads(lab.paths.state.read_text())["phase"] == "up"

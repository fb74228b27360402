# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The units: what they say, what the posture script does, and what systemd thinks of them."""
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._arp.posture import SYSCTL_FILE
from ansible_collections.steadfast.edge.plugins.module_utils._vip.boot import (
    EARLY_BATCH,
    LATE_BATCH,
    PATHS,
    POSTURE_SCRIPT,
    UNITS,
    Record,
    boot_files,
    boot_links,
    load,
)
from ansible_collections.steadfast.edge.plugins.module_utils._vip.model import Link, Vip, parse_vip

EARLY, LATE = f"{UNITS}/steadfast-vip.service", f"{UNITS}/steadfast-vip-late.service"


def record(*places: tuple[str, str], early: tuple[str, ...] = (), late: tuple[str, ...] = ()) -> Record:
    vips: list[Vip] = [parse_vip(text, Link(name, name == "lo"), None, False) for text, name in places]
    return Record({vip.address: vip for vip in vips}, early, late)


def commands(unit: str | None) -> list[str]:
    return [line for line in (unit or "").splitlines() if line.startswith("Exec")]


def test_nothing_to_hold_leaves_nothing() -> None:
    files = boot_files(Record())
    assert set(files) == set(PATHS)
    assert set(files.values()) == {None}
    assert set(boot_links(files).values()) == {None}


def test_the_posture_is_set_and_verified_right_before_the_vip() -> None:
    files = boot_files(record(("192.0.2.150", "lo"), early=("eth0", "eth1")))
    expected = [
        f"ExecStartPre=-/usr/lib/systemd/systemd-sysctl {SYSCTL_FILE}",
        f"ExecStartPre=/bin/sh {POSTURE_SCRIPT} eth0 eth1",
        f"ExecStart=/sbin/ip -force -batch {EARLY_BATCH}",
    ]
    assert commands(files[EARLY]) == expected
    assert commands(files[LATE]) == expected
    assert "After=systemd-sysctl.service" in (files[EARLY] or "")
    assert "Before=network-pre.target" in (files[EARLY] or "")


def test_vips_elsewhere_wait_for_their_interface_and_those_of_lo_do_not() -> None:
    lo = boot_files(record(("192.0.2.150", "lo")))
    assert "Wants=network-online.target" not in (lo[LATE] or "")
    assert lo[LATE_BATCH] is lo[POSTURE_SCRIPT] is None
    both = boot_files(record(("192.0.2.150", "lo"), ("192.0.2.160/24", "eth0"), late=("eth1",)))
    assert "Wants=network-online.target" in (both[LATE] or "")
    assert commands(both[EARLY]) == [f"ExecStart=/sbin/ip -force -batch {EARLY_BATCH}"]
    assert commands(both[LATE])[1:] == [
        f"ExecStartPre=/bin/sh {POSTURE_SCRIPT} eth1",
        f"ExecStart=/sbin/ip -force -batch {EARLY_BATCH}",
        f"ExecStart=/sbin/ip -force -batch {LATE_BATCH}",
    ]


def test_the_late_unit_follows_every_manager() -> None:
    files = boot_files(record(("192.0.2.150", "lo")))
    pulling = {Path(path).parent.name for path, target in boot_links(files).items() if target == LATE}
    assert pulling == {f"{name}.wants" for name in (files[LATE] or "").split("WantedBy=")[1].split()}
    assert {"systemd-networkd.service.wants", "NetworkManager.service.wants", "networking.service.wants"} < pulling


def test_the_record_reads_back() -> None:
    wanted = record(("192.0.2.150", "lo"), ("2001:db8::1", "lo"), ("192.0.2.160/24", "eth0"), early=("eth0",), late=("eth1",))
    files = boot_files(wanted)
    assert load(files[EARLY_BATCH], files[LATE_BATCH]) == wanted
    assert load(None, None) == Record()


@pytest.mark.parametrize(
    ("everywhere", "here", "passes"),
    [
        ((1, 2), (0, 0), True),
        ((0, 0), (1, 2), True),
        ((2, 2), (0, 0), True),
        ((0, 2), (0, 0), False),
        ((1, 1), (0, 0), False),
        ((1, 2), (3, 0), False),
        ((1, 2), (0, 3), False),
    ],
)
def test_the_posture_script(tmp_path: Path, everywhere: tuple[int, int], here: tuple[int, int], passes: bool) -> None:
    for device, values in {"all": everywhere, "eth0": here}.items():
        (tmp_path / device).mkdir()
        for name, value in zip(("arp_ignore", "arp_announce"), values):
            (tmp_path / device / name).write_text(f"{value}\n", encoding="ascii")
    files = boot_files(record(("192.0.2.150", "lo"), early=("eth0",)))
    script = (files[POSTURE_SCRIPT] or "").replace("/proc/sys/net/ipv4/conf", str(tmp_path))
    done = subprocess.run(["sh", "-c", script, "arp-posture", "eth0", "eth9"], capture_output=True, text=True, check=False)
    assert done.returncode == (0 if passes else 1), done.stderr
    assert ("no VIP is added" in done.stderr) is not passes


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    files = boot_files(record(("192.0.2.150", "lo"), ("192.0.2.160/24", "eth0"), early=("eth0",)))
    units = []
    for path in (EARLY, LATE):
        units.append(tmp_path / Path(path).name)
        units[-1].write_text(files[path] or "", encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", *map(str, units)], capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "steadfast" in line]
    assert complaints == []

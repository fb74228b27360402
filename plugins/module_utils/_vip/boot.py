# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How VIPs outlive a reboot: the files that bring them back, as pure text.

Two oneshot units of our own serve every host, whatever manages its network. The first one adds the VIPs of lo early:
after the sysctls, before any network is configured. The second one adds everything, late, and again whenever a network
manager was started, because a manager that owns an interface drops addresses that it does not know.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .._arp.posture import SYSCTL_FILE
from .model import Address, Vip, parse_batch, render_batch

__all__ = ["Record", "boot_files", "boot_links", "load"]

EARLY_BATCH = "/etc/steadfast-edge/vip/lo.batch"
LATE_BATCH = "/etc/steadfast-edge/vip/others.batch"
POSTURE_SCRIPT = "/usr/local/lib/steadfast-edge/arp-posture"
UNITS = "/etc/systemd/system"
EARLY, LATE = "steadfast-vip.service", "steadfast-vip-late.service"
MANAGERS = ("systemd-networkd.service", "NetworkManager.service", "networking.service")
BATCHES = (EARLY_BATCH, LATE_BATCH)
PATHS = (POSTURE_SCRIPT, EARLY_BATCH, LATE_BATCH, f"{UNITS}/{EARLY}", f"{UNITS}/{LATE}")

_ARP_MARK = "# ARP posture required on:"
_HEAD = "# Written by steadfast.edge.vip_address, read by `ip -batch` at boot. Change the VIPs with the module.\n"
_SCRIPT = """\
#!/bin/sh
# Written by steadfast.edge.vip_address.
# Ends with an error unless the named interfaces have the ARP posture of a real server: a VIP must not come up before it.
# The kernel acts on the larger value of "all" and the interface. An interface that does not exist yet answers nobody.
conf=/proc/sys/net/ipv4/conf
status=0
for interface; do
    [ -d "$conf/$interface" ] || continue
    for name in arp_ignore arp_announce; do
        read -r value < "$conf/all/$name"
        read -r own < "$conf/$interface/$name"
        [ "$own" -le "$value" ] || value=$own
        case "$name=$value" in
        arp_ignore=1 | arp_ignore=2 | arp_announce=2) ;;
        *)
            echo "$name of $interface is effectively $value: no VIP is added; see sysctl.d and steadfast.edge.sysctl_arp" >&2
            status=1
            ;;
        esac
    done
done
exit "$status"
"""


@dataclass(frozen=True)
class Record:
    """What this module owns on a host, and the interfaces whose posture comes first."""

    vips: Mapping[Address, Vip] = field(default_factory=dict)
    early_arp: tuple[str, ...] = ()
    late_arp: tuple[str, ...] = ()

    def at(self, early: bool) -> list[Vip]:
        return [vip for vip in self.vips.values() if (vip.interface == "lo") is early]

    def arp(self, interface: str) -> tuple[str, ...]:
        return self.early_arp if interface == "lo" else self.late_arp

    def changed(self, vips: Mapping[Address, Vip], interface: str, arp: Sequence[str]) -> Record:
        """The same with other VIPs, and with the posture that those of this interface need."""
        if interface == "lo":
            return Record(vips, tuple(arp), self.late_arp)
        return Record(vips, self.early_arp, tuple(arp))


def load(early: str | None, late: str | None) -> Record:
    """The record as the batch files hold it."""
    vips = {**parse_batch(EARLY_BATCH, early or ""), **parse_batch(LATE_BATCH, late or "")}
    return Record(vips, _arp_of(early), _arp_of(late))


def _arp_of(text: str | None) -> tuple[str, ...]:
    lines = [line for line in (text or "").splitlines() if line.startswith(_ARP_MARK)]
    return tuple(lines[0][len(_ARP_MARK):].split()) if lines else ()


def _batch(vips: Iterable[Vip], arp: Sequence[str]) -> str:
    return render_batch(vips, _HEAD + (f"{_ARP_MARK} {' '.join(arp)}\n" if arp else ""))


def boot_files(record: Record) -> dict[str, str | None]:
    """Every path this module may own, with its text; None where there is nothing to keep."""
    early, late = record.at(early=True), record.at(early=False)
    files: dict[str, str | None] = dict.fromkeys(PATHS)
    arp = tuple(dict.fromkeys([*(record.early_arp if early else ()), *(record.late_arp if late else ())]))
    if arp:
        files[POSTURE_SCRIPT] = _SCRIPT
    if early:
        files[EARLY_BATCH] = _batch(early, record.early_arp)
        files[f"{UNITS}/{EARLY}"] = _early_unit(record.early_arp)
    if late:
        files[LATE_BATCH] = _batch(late, record.late_arp)
    if early or late:
        files[f"{UNITS}/{LATE}"] = _late_unit(arp, [EARLY_BATCH] * bool(early) + [LATE_BATCH] * bool(late))
    return files


def boot_links(files: Mapping[str, str | None]) -> dict[str, str | None]:
    """What `systemctl enable` would make of the [Install] sections, without starting it."""
    links: dict[str, str | None] = {}
    for unit, targets in ((EARLY, ("multi-user.target",)), (LATE, ("multi-user.target", *MANAGERS))):
        present = files[f"{UNITS}/{unit}"] is not None
        links.update({f"{UNITS}/{target}.wants/{unit}": f"{UNITS}/{unit}" if present else None for target in targets})
    return links


def _service(arp: Sequence[str], batches: Sequence[str]) -> str:
    lines = ["[Service]", "Type=oneshot"]
    if arp:
        # Set once more right before the VIP: udev may not have reached the interface yet, and nothing may have reset it.
        lines.append(f"ExecStartPre=-/usr/lib/systemd/systemd-sysctl {SYSCTL_FILE}")
        lines.append(f"ExecStartPre=/bin/sh {POSTURE_SCRIPT} {' '.join(arp)}")
    lines.extend(f"ExecStart=/sbin/ip -force -batch {batch}" for batch in batches)
    return "\n".join(lines) + "\n"


def _early_unit(arp: Sequence[str]) -> str:
    return f"""\
# Written by steadfast.edge.vip_address.
[Unit]
Description=VIPs on lo, after the ARP posture and before the network
DefaultDependencies=no
After=systemd-sysctl.service systemd-modules-load.service
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target
RequiresMountsFor={EARLY_BATCH} {POSTURE_SCRIPT}

{_service(arp, [EARLY_BATCH])}
[Install]
WantedBy=multi-user.target
"""


def _late_unit(arp: Sequence[str], batches: Sequence[str]) -> str:
    managers = " ".join(MANAGERS)
    # Only a VIP on an interface that a manager configures has to wait for that, which may take long.
    online = "Wants=network-online.target\n" if LATE_BATCH in batches else ""
    return f"""\
# Written by steadfast.edge.vip_address.
[Unit]
Description=VIPs, once the network is configured
After={EARLY} systemd-sysctl.service {managers} network-online.target
{online}RequiresMountsFor={' '.join(batches)} {POSTURE_SCRIPT}

{_service(arp, batches)}
[Install]
WantedBy=multi-user.target {managers}
"""

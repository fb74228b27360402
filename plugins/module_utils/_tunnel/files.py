# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a real server of LVS-TUN keeps on disk, as pure text: the modules of its tunnels, and a script that a unit runs at boot.

The script does at boot what it did when the tunnel was set up, so the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["CHAIN", "FAMILIES", "MODULES", "SCRIPT", "SYSCTL", "UNIT", "Family", "Wanted", "owned", "rule", "wanted_files"]

MODULES = "/etc/modules-load.d/steadfast-edge-tunnel.conf"
SYSCTL = "/etc/sysctl.d/90-steadfast-edge-tunnel.conf"
SCRIPT = "/usr/local/lib/steadfast-edge/tunnel"
UNIT = "/etc/systemd/system/steadfast-edge-tunnel.service"
CHAIN = "steadfast-tunnel"
_HEADER = "# Written by steadfast.edge.lvs_tunnel; changes made here are overwritten.\n"


@dataclass(frozen=True)
class Family:
    """One address family: the module that brings its tunnels, the interface that takes any packet, and its packet filter."""

    name: str
    module: str
    interface: str
    program: str
    # How `iptables -S` spells a single address.
    length: int


FAMILIES = {
    "ipv4": Family("ipv4", "ipip", "tunl0", "iptables", 32),
    "ipv6": Family("ipv6", "ip6_tunnel", "ip6tnl0", "ip6tables", 128),
}


@dataclass(frozen=True)
class Wanted:
    """VIPs by family, and the MSS that goes with them; 0 leaves it alone."""

    vips: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mss: Mapping[str, int] = field(default_factory=dict)

    def families(self) -> list[Family]:
        return [family for name, family in FAMILIES.items() if self.vips.get(name)]

    def clamped(self, family: Family) -> list[str]:
        """The VIPs whose connections are told a smaller MSS."""
        return sorted(self.vips.get(family.name, [])) if self.mss.get(family.name) else []


def rule(family: Family, vip: str, mss: int) -> str:
    """As the packet filter prints it, and takes it again."""
    return f"-A {CHAIN} -s {vip}/{family.length} -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss {mss}"


def wanted_files(wanted: Wanted) -> dict[str, str | None]:
    """Every path with its text, None where nothing is kept."""
    families = wanted.families()
    if not families:
        return dict.fromkeys((MODULES, SYSCTL, SCRIPT, UNIT))
    return {
        MODULES: _HEADER + "".join(f"{family.module}\n" for family in families),
        # Loose: the kernel acts on the larger of this and the value of all, and strict would drop what comes out of the tunnel.
        SYSCTL: _HEADER + "net.ipv4.conf.tunl0.rp_filter = 2\n" if FAMILIES["ipv4"] in families else None,
        SCRIPT: _script(wanted, families),
        UNIT: _UNIT,
    }


def owned(modules: str | None) -> list[Family]:
    """The families that an earlier run has set up, by what it wrote into MODULES."""
    lines = (modules or "").splitlines()
    return [family for family in FAMILIES.values() if family.module in lines]


def _script(wanted: Wanted, families: Sequence[Family]) -> str:
    lines = []
    for family in families:
        lines.append(f"        up {family.module} {family.interface}")
        if family.name == "ipv4":
            lines.append("        echo 2 >/proc/sys/net/ipv4/conf/tunl0/rp_filter")
        vips = wanted.clamped(family)
        if vips:
            lines.append(f"        clamp {family.program}")
            lines += [f"        filter {rule(family, vip, wanted.mss[family.name])}" for vip in vips]
        else:
            lines.append(f"        unclamp {family.program}")
    return _SCRIPT.format(header=_HEADER, chain=CHAIN, up="\n".join(lines))


_SCRIPT = """\
#!/bin/sh
{header}# tunnel up | tunnel down MODULE INTERFACE PROGRAM
set -eu

up() {{
    [ -e "/sys/class/net/$2" ] || modprobe "$1"
    ip link set dev "$2" up
}}

# The packet filter of this kernel: a kernel without nf_tables for IP needs the older program.
clamp() {{
    for program in "$1" "$1-legacy"; do
        command -v "$program" >/dev/null || continue
        filter -N {chain} 2>/dev/null || filter -F {chain} 2>/dev/null || continue
        filter -C OUTPUT -j {chain} 2>/dev/null || filter -A OUTPUT -j {chain}
        return
    done
    echo "neither $1 nor $1-legacy can change the table mangle" >&2
    return 1
}}

filter() {{
    "$program" -w -t mangle "$@"
}}

unclamp() {{
    for program in "$1" "$1-legacy"; do
        command -v "$program" >/dev/null || continue
        filter -D OUTPUT -j {chain} 2>/dev/null || :
        filter -F {chain} 2>/dev/null || continue
        filter -X {chain}
    done
}}

case $1 in
    up)
{up}
        ;;
    down)
        unclamp "$4"
        [ ! -e "/sys/class/net/$3" ] || ip link set dev "$3" down
        ;;
esac
"""

_UNIT = f"""\
{_HEADER}[Unit]
Description=Tunnels of a real server of LVS
DefaultDependencies=no
After=systemd-modules-load.service systemd-sysctl.service
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target
RequiresMountsFor={SCRIPT}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh {SCRIPT} up

[Install]
WantedBy=multi-user.target
"""

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A table that comes back at boot."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import rules, units
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.drain import Policy
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import IpvsError, PartialFailure
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.reconcile import Declaration, Result, reconcile
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.rig import MemoryHost, declared, fill

WEB: dict[str, Any] = {"address": "192.0.2.150", "port": 80, "destinations": [{"address": "192.0.2.21"}]}
FOUR = "192.0.2.21"

LINES: list[tuple[dict[str, Any], list[str]]] = [
    (WEB, ["-A -t 192.0.2.150:80 -s wlc", "-a -t 192.0.2.150:80 -r 192.0.2.21:80 -g -w 1"]),
    ({**WEB, "protocol": "udp", "one_packet": True, "destinations": []}, ["-A -u 192.0.2.150:80 -s wlc -o"]),
    ({**WEB, "protocol": "sctp", "destinations": []}, ["-A --sctp-service 192.0.2.150:80 -s wlc"]),
    ({"fwmark": 4294967295, "destinations": []}, ["-A -f 4294967295 -s wlc"]),
    (
        {"fwmark": 7, "family": "ipv6", "persistence_timeout": 9, "persistence_netmask": "64", "persistence_engine": "sip"},
        ["-A -f 7 -6 -s wlc -p 9 -M 64 --pe sip"],
    ),
    (
        {**WEB, "scheduler": "sh", "scheduler_flags": ["sh-port", "sh-fallback"], "persistence_timeout": 9, "destinations": []},
        ["-A -t 192.0.2.150:80 -s sh -b sh-fallback,sh-port -p 9 -M 255.255.255.255"],
    ),
    (
        {
            "address": "2001:db8::1",
            "port": 80,
            "destinations": [
                {"address": "2001:db8::2", "port": 8080, "forward": "masquerade", "upper_threshold": 9},
                {"address": FOUR, "forward": "tunnel"},
                {"address": "192.0.2.22", "forward": "tunnel", "tunnel_type": "gre"},
                {
                    "address": "192.0.2.23",
                    "forward": "tunnel",
                    "tunnel_type": "gue",
                    "tunnel_port": 6080,
                    "tunnel_checksum": "remote",
                    "weight": 0,
                },
            ],
        },
        [
            "-A -t [2001:db8::1]:80 -s wlc",
            "-a -t [2001:db8::1]:80 -r 192.0.2.21:80 -i -w 1 --tun-type ipip",
            "-a -t [2001:db8::1]:80 -r 192.0.2.22:80 -i -w 1 --tun-type gre --tun-nocsum",
            "-a -t [2001:db8::1]:80 -r 192.0.2.23:80 -i -w 0 --tun-type gue --tun-port 6080 --tun-remcsum",
            "-a -t [2001:db8::1]:80 -r [2001:db8::2]:8080 -m -w 1 -x 9 -y 0",
        ],
    ),
]


@pytest.mark.parametrize(("options", "expected"), LINES)
def test_lines(options: dict[str, Any], expected: list[str]) -> None:
    assert list(rules.lines(declared(options))) == expected


def go(host: MemoryHost, *services: dict[str, Any], check: bool = False, **options: Any) -> Result:
    declaration = Declaration(declared(*services), persist=True, **options)
    return reconcile(host, declaration, Policy(), check=check, whole=True)


def test_kept_predicted_and_at_rest() -> None:
    host = MemoryHost(loaded=False)
    predicted = go(host, WEB, check=True)
    assert units.RULES not in host.files
    real = go(host, WEB)
    assert predicted.data() == real.data()
    assert real.actions[-4:] == [
        "write /etc/modules-load.d/steadfast-edge-ipvs.conf",
        "write /etc/steadfast-edge/ipvs.rules",
        "write /etc/systemd/system/steadfast-edge-ipvs-table.service",
        "reload systemd",
    ]
    unit = host.files[units.unit(units.TABLE)]
    assert "StandardInput=file:/etc/steadfast-edge/ipvs.rules\nExecStart=/usr/sbin/ipvsadm -R\n" in unit
    assert host.links[units.unit_link(units.TABLE)] == units.unit(units.TABLE)
    assert (go(host, WEB).changed, go(host, WEB).actions) == (False, [])


def test_only_what_is_declared_is_kept() -> None:
    host = MemoryHost()
    fill(host.fake, declared({"fwmark": 9}))
    go(host, WEB)
    assert host.files[units.RULES].splitlines() == LINES[0][1]
    go(host, {"fwmark": 9})
    assert host.files[units.RULES] == "-A -f 9 -s wlc\n"


def test_a_file_alone_is_a_change() -> None:
    host = MemoryHost()
    go(host, WEB)
    host.files[units.RULES] = ""
    result = go(host, WEB)
    assert (result.changed, result.before, result.actions) == (True, [], ["write /etc/steadfast-edge/ipvs.rules"])
    assert not host.fake.requests[2:]


def test_nothing_declared_is_nothing_kept() -> None:
    host = MemoryHost()
    go(host, WEB)
    go(host, purge=True)
    assert (units.RULES in host.files, units.unit(units.TABLE) in host.files, host.links, host.fake.services) == (False, False, {}, {})


def test_a_table_that_the_kernel_refuses_is_not_kept() -> None:
    host = MemoryHost()
    with pytest.raises(PartialFailure):
        go(host, {**WEB, "scheduler": "twos"})
    assert units.RULES not in host.files


def test_a_file_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    host = MemoryHost()

    def full(path: str, _content: str, mode: int = 0o644) -> None:
        raise IpvsError(f"Cannot write {path}: No space left on device.", path)

    monkeypatch.setattr(host, "write", full)
    with pytest.raises(PartialFailure, match="No space left") as caught:
        go(host, WEB)
    assert caught.value.done == ["add service tcp 192.0.2.150:80", "add destination tcp 192.0.2.150:80 -> 192.0.2.21:80"]


def test_without_ipvsadm_a_warning() -> None:
    host = MemoryHost()
    del host.files["/usr/sbin/ipvsadm"]
    assert "ipvsadm is not installed" in go(host, WEB).warnings[0]

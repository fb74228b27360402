# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what a real keepalived wrote (2.2.7, a director whose web server is dead), and what else it may write."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived import dumps

FOLDER = Path(__file__).parent / "dumps"
TEXT, CHECKERS, JSON = ((FOLDER / f"2.2.7-keepalived{name}").read_text(encoding="utf-8") for name in (".data", "_check.data", ".json"))
SHOP = {
    "name": "shop",
    "state": "MASTER",
    "interface": "eth0",
    "virtual_router_id": 5,
    "version": 3,
    "priority": 250,
    "effective_priority": 250,
    "advertisement_interval": 1.0,
    "last_transition": 1795354163.676316,
    "addresses": [
        {"address": "192.0.2.150", "interface": "eth0", "held": True},
        {"address": "2001:db8::150", "interface": "eth0", "held": True},
    ],
    "held": ["192.0.2.150", "2001:db8::150"],
}
FAULT = """------< VRRP Topology >------
 VRRP Instance = a
   VRRP Version = 2
   State = FAULT
   Priority = 100
   Effective priority = 80
   Advert interval = 3 sec
   Virtual IP (1):
     192.0.2.150/32 dev eth0 scope global
 VRRP Instance = b
   State = BACKUP
------< VRRP Scripts >------
 VRRP Script = look
   Command = '/bin/false'
   Weight = -20
   Status = BAD
 VRRP Script = other
   Weight = 0
   Status = GOOD
"""


def test_json_and_text_say_the_same() -> None:
    assert dumps.instances_from_json(JSON) == [SHOP]
    assert dumps.instances_from_text(TEXT) == [SHOP]


def test_newer_json_has_the_instances_below_a_key() -> None:
    assert dumps.instances_from_json('{"json_version": 2, "vrrp": ' + JSON + "}") == [SHOP]


@pytest.mark.parametrize("broken", ["", JSON[:-10], '[{"data": {}}]', "[7]", '"x"'])
def test_json_that_is_not_whole_raises(broken: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        dumps.instances_from_json(broken)


def test_an_instance_in_trouble() -> None:
    first, second = dumps.instances_from_text(FAULT)
    assert (first["state"], first["effective_priority"], first["advertisement_interval"], first["held"]) == ("FAULT", 80, 3.0, [])
    assert first["addresses"] == [{"address": "192.0.2.150", "interface": "eth0", "held": False}]
    # What is not there is not guessed.
    assert (second["name"], second["state"], second["priority"], second["interface"]) == ("b", "BACKUP", None, None)


def test_scripts() -> None:
    expected = [{"name": "look", "status": "bad", "weight": -20}, {"name": "other", "status": "good", "weight": 0}]
    assert dumps.script_states(FAULT) == expected
    assert dumps.script_states(TEXT) == []


def test_virtual_servers_with_their_checks() -> None:
    shop, mark = dumps.virtual_servers(CHECKERS)
    assert {key: value for key, value in shop.items() if key != "real_servers"} == {
        "address": "192.0.2.150", "port": 80, "fwmark": None, "group": None, "protocol": "TCP", "scheduler": "wrr", "forward": "DR",
        "quorum": 1, "quorum_up": True, "sorry_server": {"address": "192.0.2.99", "port": 80},
    }  # fmt: skip
    dead, alive = shop["real_servers"]
    assert dead == {
        "address": "192.0.2.21", "port": 80, "weight": 3, "effective_weight": 3, "forward": "DR", "alive": False, "in_table": False,
        "failed_checks": 1, "checks": [{"type": "HTTP_GET", "up": False, "has_run": True}],
    }  # fmt: skip
    assert (alive["alive"], alive["in_table"], alive["checks"]) == (True, True, [{"type": "PING_CHECK", "up": True, "has_run": True}])
    assert (mark["fwmark"], mark["address"], mark["protocol"], mark["quorum_up"]) == (7, None, None, False)
    assert mark["real_servers"][0]["checks"] == [{"type": "TCP_CHECK", "up": False, "has_run": True}]


def test_nothing_is_nothing() -> None:
    assert (dumps.virtual_servers(""), dumps.instances_from_text(""), dumps.script_states("")) == ([], [], [])


def test_version_and_options() -> None:
    text = "Keepalived v2.2.7 (01/16,2022)\n\nConfig options:  NFTABLES LVS VRRP JSON\n\nSystem options:  X\n"
    assert dumps.version_of(text) == ("2.2.7", ["NFTABLES", "LVS", "VRRP", "JSON"])
    assert dumps.version_of("garbage") == (None, [])

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role writes, by a table of forms, and what it refuses to write."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.config import build
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.directives import parse_version
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.text import ConfigError, number
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.keepalived.forms import FORMS, completed

USUAL = """global_defs {
    router_id web1
    enable_script_security
    vrrp_version 3
    # A holder that yields says so once more: neighbours learn the winner's MAC address even after both believed to hold the VIP.
    vrrp_higher_prio_send_advert true
"""
INSTANCE = {"name": "shop", "interface": "eth0", "virtual_router_id": 51, "priority": 250, "virtual_ipaddresses": ["192.0.2.150/32"]}
SERVER = {"name": "shop", "address": "192.0.2.150", "port": 80, "real_servers": [{"address": "192.0.2.21", "port": 80}]}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form["name"])
def test_a_form_is_written_as_expected(form: dict[str, Any]) -> None:
    head, rest = build(completed(form["wish"]), "2.2.7").split("\n}\n", 1)
    assert rest.strip("\n") == form["text"].strip("\n")
    expected = form.get("globals", "").splitlines()
    lines = [line.removeprefix("    ") for line in head.splitlines()[1:]]
    usual = [line.removeprefix("    ") for line in USUAL.splitlines()[1:]]
    assert [line for line in lines if line not in usual] == expected


def test_script_security_is_always_on() -> None:
    assert all("enable_script_security" in build(completed(form["wish"])) for form in FORMS)


def test_an_account_is_named_only_where_something_runs() -> None:
    assert "script_user" not in build(completed({"vrrp_instances": [INSTANCE]}))
    assert "script_user keepalived_script" in build(completed({"vrrp_instances": [{**INSTANCE, "notify_master": "/bin/true"}]}))
    # A priority notification is no program.
    assert "script_user" not in build(completed({"vrrp_instances": [{**INSTANCE, "notify_priority_changes": True}]}))


REFUSED: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"vrrp_instances": [{**INSTANCE, "name": "the shop"}]}, "", ["vrrp_instances[0].name", "the shop", "blanks"]),
    ({"vrrp_instances": [{**INSTANCE, "interface": "eth0#"}]}, "", ["vrrp_instances[0].interface"]),
    ({"vrrp_instances": [{**INSTANCE, "notify_master": 'say "yes"'}]}, "", ["notify_master", "double quotes"]),
    ({"vrrp_instances": [{**INSTANCE, "raw": "track_bfd {"}]}, "", ["vrrp_instances[0].raw", "1 braces open, 0 close"]),
    ({"vrrp_instances": [{**INSTANCE, "down_timer_adverts": 4}]}, "2.1.5", ["down_timer_adverts", "2.1.5", "2.2.3"]),
    ({"vrrp_instances": [INSTANCE], "global_defs": {"vrrp_down_timer_adverts": 4}}, "2.2.2", ["global_defs", "2.2.3"]),
    ({"vrrp_scripts": [{"name": "a", "script": "/bin/true", "interval": 0.5}]}, "2.2.7", ["vrrp_scripts[0].interval", "2.3.2", "write 1"]),
    ({"vrrp_instances": [{**INSTANCE, "health": {"interval": 1.5}}]}, "2.3.1", ["health.interval", "write 2"]),
    ({"virtual_servers": [{**SERVER, "port": None}]}, "", ["virtual_servers[0].port", "persistent"]),
    ({"virtual_servers": [{**SERVER, "fwmark": 7}]}, "", ["virtual_servers[0]", "address and fwmark"]),
    ({"virtual_servers": [{**SERVER, "address": None}]}, "", ["virtual_servers[0]", "none"]),
    ({"virtual_servers": [{**SERVER, "scheduler_flags": ["sh-port"]}]}, "", ["scheduler_flags", "wlc"]),
    ({"virtual_servers": [{**SERVER, "forward": "TUN", "tunnel_type": "gue"}]}, "", ["tunnel_port", "6080"]),
    ({"virtual_servers": [{**SERVER, "check": {"type": "http", "status": "ok"}}]}, "", ["status", "200-299"]),
    ({"virtual_servers": [{**SERVER, "check": {"type": "misc"}}]}, "", ["check.command", "misc"]),
    ({"virtual_servers": [{**SERVER, "check": {"type": "udp", "payload": "hello"}}]}, "", ["payload", "hexadecimal"]),
    ({"virtual_servers": [{**SERVER, "check": {"type": "udp", "payload": "0a"}}]}, "2.1.5", ["payload", "2.2.0"]),
    ({"vrrp_instances": [INSTANCE], "scripts": [{"name": "../tell", "content": "x"}]}, "", ["scripts", "../tell"]),
    ({"vrrp_instances": [INSTANCE]}, "new", ["'new'", "2.2.7"]),
]


@pytest.mark.parametrize(("wish", "version", "words"), REFUSED)
def test_what_would_be_misread_is_refused(wish: dict[str, Any], version: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        build(completed(wish), version)
    for word in words:
        assert word in str(caught.value)


def test_a_password_is_never_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        build(completed({"vrrp_version": 2, "vrrp_instances": [{**INSTANCE, "auth_pass": "hu sh"}]}))
    assert "hu sh" not in str(caught.value)


def test_what_the_version_knows_is_written() -> None:
    scripts = {"vrrp_scripts": [{"name": "a", "script": "/bin/true", "interval": 0.5}]}
    assert "interval 0.5" in build(completed(scripts), "2.3.2")
    # Of an unknown version nothing is held against it.
    assert "interval 0.5" in build(completed(scripts))


@pytest.mark.parametrize(("text", "version"), [("", None), ("2.2.7", (2, 2, 7)), ("v2.3.3", (2, 3, 3)), ("1:2.2.7-1+b2", (2, 2, 7))])
def test_versions(text: str, version: Any) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize(
    ("value", "text"), [(1, "1"), (1.0, "1"), (0.01, "0.01"), (0.00001, "0.00001"), (100000, "100000"), (40.95, "40.95")]
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text

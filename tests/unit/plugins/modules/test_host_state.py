# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at a host, with its commands and files made up and its network real."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.steadfast.edge.plugins.module_utils._command import Runner
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._verify.look import look
from ansible_collections.steadfast.edge.plugins.modules import host_state
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.probe.site import Site

NOTHING: dict[str, Any] = {"interfaces": [], "services": [], "requests": [], "patience": 0, "certificates": [], "trees": []}
LINKS = [
    {"ifname": "lo", "addr_info": [{"family": "inet", "local": "127.0.0.1"}, {"family": "inet", "local": "192.0.2.150"}]},
    {"ifname": "eth0", "addr_info": [{"family": "inet", "local": "192.0.2.21"}, {"family": "inet6", "local": "2001:db8::21"}]},
    {"ifname": "eth1"},
    {},
]


def runner(codes: Mapping[str, tuple[int, str]] | None = None) -> Runner:
    answers = {"ip -json address show": (0, json.dumps(LINKS)), **(codes or {})}

    def execute(argv: Sequence[str], _stdin: str | None, _environment: Mapping[str, str]) -> tuple[int, str, str]:
        code, out = answers[" ".join(argv)]
        return code, out, "it said no" if code else ""

    return Runner(execute)


@pytest.fixture(name="root")
def fixture_root(tmp_path: Path) -> Path:
    for device, values in {"all": (1, 0), "eth0": (0, 2)}.items():
        folder = tmp_path / "proc/sys/net/ipv4/conf" / device
        folder.mkdir(parents=True)
        for name, value in zip(("arp_ignore", "arp_announce"), values):
            (folder / name).write_text(f"{value}\n")
    (tmp_path / "proc/stat").write_text("cpu 1 2\nbtime 1700000000\n")
    (tmp_path / "proc/1").mkdir()
    ticks = 12 * os.sysconf("SC_CLK_TCK")
    (tmp_path / "proc/1/stat").write_text(f"1 (sys (x) temd) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 {ticks} 22 23\n")
    return tmp_path


@pytest.fixture(name="see")
def fixture_see(root: Path) -> Callable[..., dict[str, Any]]:
    def see(codes: Mapping[str, tuple[int, str]] | None = None, **params: Any) -> dict[str, Any]:
        return look(runner(codes), Host(lambda argv: (1, "", ""), root=str(root)), {**NOTHING, **params}, root)

    return see


def test_addresses(see: Callable[..., dict[str, Any]]) -> None:
    assert see() == {
        "addresses": {"lo": ["127.0.0.1", "192.0.2.150"], "eth0": ["192.0.2.21", "2001:db8::21"], "eth1": []},
        "arp": {},
        "services": {},
        "ipvs": [],
        "answers": [],
        "certificates": [],
        "trees": {},
        "booted": 1700000012,
        "unknown": {},
    }


def test_the_posture_in_effect(see: Callable[..., dict[str, Any]]) -> None:
    assert see(interfaces=["eth0"])["arp"] == {"eth0": {"arp_ignore": 1, "arp_announce": 2}}


def test_services_that_run_and_do_not(see: Callable[..., dict[str, Any]]) -> None:
    states = {f"systemctl is-active {name}": (code, word + "\n") for name, code, word in (("a", 0, "active"), ("b", 3, "failed"))}
    assert see(states, services=["a", "b"])["services"] == {"a": "active", "b": "failed"}


def test_what_cannot_be_read_does_not_hide_the_rest(see: Callable[..., dict[str, Any]]) -> None:
    found = see({"ip -json address show": (1, ""), "systemctl is-active a": (1, "")}, services=["a"], interfaces=["nowhere"])
    assert found["unknown"].keys() == {"addresses", "services", "arp"}
    assert "it said no" in found["unknown"]["addresses"]
    assert (found["addresses"], found["services"], found["arp"]) == ({}, {}, {})


@pytest.fixture(name="site")
def fixture_site() -> Iterator[Site]:
    with Site() as site:
        yield site


def test_questions_are_asked_at_the_same_time(see: Callable[..., dict[str, Any]], site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        asked: list[dict[str, Any]] = [
            {"url": f"{site.url}/ok", "status": [200], "timeout": 5},
            {"url": f"{site.url}/status/503", "status": None, "timeout": 5},
            {"url": f"{site.url}/status/404", "status": [404], "timeout": 5},
            {"url": f"tcp://127.0.0.1:{port}", "status": None, "timeout": 5},
            {"url": "tcp://127.0.0.1:1", "status": None, "timeout": 5},
            {"url": f"http://127.0.0.1:{port}/", "status": None, "timeout": 0.3},
        ]
        asked.append({"url": f"http://shop.example.com:{site.port}/ok", "connect_to": "127.0.0.1", "status": None, "timeout": 5})
        answers = see(requests=[{"connect_to": None, **request} for request in asked])["answers"]
    errors = ["", "status 503", "", "", "ConnectionRefusedError (connect)", "TimeoutError (answer)", ""]
    assert [answer["error"] for answer in answers] == errors
    assert f"shop.example.com:{site.port}" in {headers["Host"] for _path, headers in site.seen}


def test_as_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {}

    def finish(_module: Any, **answer: Any) -> None:
        told.update(answer)
        raise SystemExit

    monkeypatch.setattr(basic.AnsibleModule, "exit_json", finish)
    monkeypatch.setattr(host_state, "module_runner", lambda _module: runner())
    with patch_module_args({"requests": [{"url": "tcp://127.0.0.1:1"}], "_ansible_check_mode": True}), pytest.raises(SystemExit):
        host_state.main()
    assert told["changed"] is False
    assert told["answers"] == [{"url": "tcp://127.0.0.1:1", "connect_to": None, "error": "ConnectionRefusedError (connect)"}]

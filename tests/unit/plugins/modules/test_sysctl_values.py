# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module sysctl_values from its arguments to its answer, on a host in memory."""
from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.steadfast.edge.plugins.modules import sysctl_values
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.arp.fakes import FakeFiles

FILE = "/etc/sysctl.d/90-steadfast-edge-director.conf"
MEMORY = "/var/lib/steadfast-edge/sysctl-director.json"
FORWARD = "/proc/sys/net/ipv4/ip_forward"
CONF = "/proc/sys/net/ipv4/conf"
NAT = {"net.ipv4.ip_forward": 1, "net.ipv4.conf.all.send_redirects": 0, "net.ipv4.conf.eth0.send_redirects": 0}


@pytest.fixture(name="files")
def a_host(monkeypatch: pytest.MonkeyPatch) -> FakeFiles:
    files = FakeFiles({FORWARD: "0\n", "/proc/sys/net/ipv4/tcp_rmem": "4096 131072 6291456\n"})
    for device in ("all", "eth0", "eth0.100"):
        files.texts.update({f"{CONF}/{device}/send_redirects": "1\n", f"{CONF}/{device}/rp_filter": "0\n"})
    monkeypatch.setattr(sysctl_values, "HostFiles", lambda: files)
    return files


@pytest.fixture(name="run")
def runner(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(values: dict[str, Any], name: str = "director", check: bool = False) -> dict[str, Any]:
        with patch_module_args({"name": name, "values": values, "_ansible_check_mode": check}), pytest.raises(SystemExit):
            sysctl_values.main()
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        answer.pop("invocation", None)
        return answer

    return call


def test_check_mode_says_what_the_real_run_does(files: FakeFiles, run: Any) -> None:
    untouched = dict(files.texts)
    predicted = run(NAT, check=True)
    assert files.texts == untouched
    assert run(NAT) == predicted
    assert (predicted["changed"], predicted["kept"]) == (True, NAT)
    assert predicted["restores"] == {
        "net.ipv4.conf.all.send_redirects": 1,
        "net.ipv4.conf.eth0.send_redirects": 1,
        "net.ipv4.ip_forward": 0,
    }
    assert (files.texts[FORWARD], files.texts[f"{CONF}/all/send_redirects"]) == ("1\n", "0\n")
    assert files.texts[FILE].splitlines()[1:] == [f"{key} = {NAT[key]}" for key in sorted(NAT)]
    again = run(NAT)
    assert again["changed"] is False
    assert again["diff"]["before"] == again["diff"]["after"]


def test_what_is_not_wanted_any_more_is_as_before(files: FakeFiles, run: Any) -> None:
    untouched = dict(files.texts)
    run(NAT)
    assert run({"net.ipv4.ip_forward": 1})["kept"] == {"net.ipv4.ip_forward": 1}
    assert (files.texts[f"{CONF}/eth0/send_redirects"], files.texts[FORWARD]) == ("1\n", "1\n")
    assert json.loads(files.texts[MEMORY])["before"] == {"net/ipv4/ip_forward": 0}
    assert run({})["changed"] is True
    assert files.texts == untouched
    assert run({})["changed"] is False


def test_what_somebody_changed_is_set_again_and_the_memory_is_kept(files: FakeFiles, run: Any) -> None:
    run(NAT)
    files.texts[FORWARD] = "0\n"
    assert run(NAT)["changed"] is True
    assert (files.texts[FORWARD], json.loads(files.texts[MEMORY])["before"]["net/ipv4/ip_forward"]) == ("1\n", 0)


def test_the_values_are_remembered_before_any_is_set(files: FakeFiles, run: Any) -> None:
    run(NAT)
    assert files.trace[:2] == [f"write {MEMORY}", f"write {FILE}"]
    files.trace.clear()
    run({})
    assert files.trace[-1] == f"remove {MEMORY}"


def test_a_name_with_a_dot(files: FakeFiles, run: Any) -> None:
    assert run({"net/ipv4/conf/eth0.100/rp_filter": 2})["changed"] is True
    assert files.texts[f"{CONF}/eth0.100/rp_filter"] == "2\n"
    assert "net/ipv4/conf/eth0.100/rp_filter = 2" in files.texts[FILE]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"net.ipv4.conf.eth0.send_redirects": 0}, ["net.ipv4.conf.all.send_redirects is 1", "takes the larger", "in vain"]),
        ({"net.ipv4.conf.eth7.rp_filter": 1}, ["no net.ipv4.conf.eth7.rp_filter", "interface may be missing"]),
        ({"net.ipv4.ip_forward": "yes"}, ["net.ipv4.ip_forward is 'yes'", "whole number"]),
        ({"net.ipv4.tcp_rmem": 1}, ["net.ipv4.tcp_rmem", "no single number"]),
        ({"forward": 1}, ["'forward' is no key"]),
        ({"net/../../etc/passwd": 1}, ["is no key"]),
        ({"net.ipv4.ip_forward": 1, "net/ipv4/ip_forward": 0}, ["given twice"]),
    ],
)
def test_bad_input_changes_nothing(files: FakeFiles, run: Any, values: dict[str, Any], words: list[str]) -> None:
    answer = run(values)
    assert (answer["failed"], answer["done"], files.trace) == (True, [], [])
    for word in words:
        assert word in answer["msg"]


def test_a_bad_name_changes_nothing(files: FakeFiles, run: Any) -> None:
    assert "part of a file's name" in run(NAT, name="../x")["msg"]
    assert files.trace == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("net.ipv4.ip_forward = 0", ["net.ipv4.ip_forward would be 0 because of /etc/sysctl.d/99-own.conf:1"]),
        ("net.ipv4.conf.all.rp_filter = 1", ["net.ipv4.conf.all.rp_filter would be 1", "larger"]),
    ],
)
def test_a_later_file_that_wins_at_boot_is_named(files: FakeFiles, run: Any, line: str, words: list[str]) -> None:
    files.texts["/etc/sysctl.d/99-own.conf"] = line + "\n"
    answer = run({"net.ipv4.ip_forward": 1, "net.ipv4.conf.eth0.rp_filter": 0})
    assert (answer["failed"], files.trace) == (True, [])
    for word in words:
        assert word in answer["msg"]


def test_a_partial_failure_says_what_was_done(files: FakeFiles, run: Any) -> None:
    files.broken = {FORWARD}
    answer = run({"net.ipv4.ip_forward": 1})
    assert answer["done"] == [f"remembered the earlier values in {MEMORY}", f"wrote {FILE}"]
    assert "ip_forward: Read-only file system; done before:" in answer["msg"]


def test_a_kernel_that_does_not_take_a_value_is_an_error(files: FakeFiles, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "poke", lambda path, text: None)
    assert "net.ipv4.ip_forward is 0 instead of 1" in run({"net.ipv4.ip_forward": 1})["msg"]


def test_a_damaged_memory_is_an_error(files: FakeFiles, run: Any) -> None:
    files.texts[MEMORY] = "[]"
    assert "is damaged" in run(NAT)["msg"]

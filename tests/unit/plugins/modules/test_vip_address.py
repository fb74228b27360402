# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module vip_address from its arguments to its answer."""
from __future__ import annotations

import errno
import json
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.steadfast.edge.plugins.modules import vip_address
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.arp.fakes import FakeFiles, host
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.vip.fake_kernel import FakeKernel

VIPS = ["192.0.2.150", "2001:db8::150"]


@pytest.fixture(name="files")
def a_host(monkeypatch: pytest.MonkeyPatch) -> FakeFiles:
    files = host({"eth0": (1, 2)})
    monkeypatch.setattr(vip_address, "HostFiles", lambda: files)
    return files


@pytest.fixture(name="kernel")
def a_kernel(monkeypatch: pytest.MonkeyPatch) -> FakeKernel:
    kernel = FakeKernel()
    monkeypatch.setattr(vip_address, "module_runner", lambda module: kernel.runner)
    return kernel


@pytest.fixture(name="run")
def runner(files: FakeFiles, kernel: FakeKernel, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*addresses: str, check: bool = False, **options: Any) -> dict[str, Any]:
        with patch_module_args({"addresses": list(addresses), "_ansible_check_mode": check, **options}), pytest.raises(SystemExit):
            vip_address.main()
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        answer.pop("invocation", None)
        return answer

    return call


def test_check_mode_says_what_the_real_run_does(run: Any, files: FakeFiles, kernel: FakeKernel) -> None:
    predicted = run(*VIPS, check=True, arp_interfaces=["eth0"])
    assert (files.trace, kernel.lines) == ([], [])
    assert run(*VIPS, arp_interfaces=["eth0"]) == predicted
    assert predicted["changed"] is True
    assert predicted["added"] == predicted["addresses"] == ["192.0.2.150/32", "2001:db8::150/128"]
    assert predicted["commands"] == kernel.lines
    again = run(*VIPS)
    assert (again["changed"], again["added"], again["commands"]) == (False, [], [])
    assert again["addresses"] == predicted["addresses"]
    assert set(again) == set(predicted)


def test_neighbours_hear_of_the_real_run_alone(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, list[str], bool]] = []
    monkeypatch.setattr(vip_address, "announce", lambda interface, those, router: told.append((interface, list(map(str, those)), router)))
    predicted = run(*VIPS, check=True, interface="eth0")
    assert (predicted["announced"], told) == (["192.0.2.150/32", "2001:db8::150/128"], [])
    assert run(*VIPS, interface="eth0") == predicted
    assert told == [("eth0", VIPS, False)]
    assert run(*VIPS, interface="eth0")["announced"] == []
    assert told == [("eth0", VIPS, False)]


def test_a_wire_that_is_down_holds_the_vip_and_warns(run: Any, kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_arguments: Any) -> None:
        raise OSError(errno.ENETDOWN, "Network is down")

    monkeypatch.setattr(vip_address, "announce", down)
    answer = run("192.0.2.150", interface="eth0")
    assert (answer["changed"], list(kernel.addresses)) == (True, [("eth0", "192.0.2.150/32")])
    assert "eth0 holds 192.0.2.150, but neighbours cannot be told: Network is down" in str(answer["warnings"])


def test_purging_all(run: Any, files: FakeFiles, kernel: FakeKernel) -> None:
    run(*VIPS)
    predicted = run(check=True, purge=True)
    assert run(purge=True) == predicted
    assert predicted["removed"] == ["192.0.2.150/32", "2001:db8::150/128"]
    assert (predicted["addresses"], kernel.addresses, files.links) == ([], {}, {})


def test_absent_takes_what_others_added(run: Any, kernel: FakeKernel) -> None:
    kernel.addresses["lo", "192.0.2.150/32"] = "global"
    assert run("192.0.2.150", state="absent")["removed"] == ["192.0.2.150/32"]
    assert run("192.0.2.150", state="absent")["changed"] is False


def test_a_missing_posture_fails_the_run_and_warns_in_check_mode(run: Any, files: FakeFiles, kernel: FakeKernel) -> None:
    files.texts.update(host({"eth0": (0, 0)}).texts)
    refused = run("192.0.2.150", arp_interfaces=["eth0"])
    assert refused["failed"] is True
    assert "arp_ignore of eth0 is effectively 0 and arp_announce 0" in refused["msg"]
    assert (files.trace, kernel.lines, refused["done"]) == ([], [], [])
    warned = run("192.0.2.150", arp_interfaces=["eth0"], check=True)
    assert warned["changed"] is True
    assert "arp_ignore of eth0 is effectively 0" in str(warned["warnings"])


@pytest.mark.parametrize(
    ("address", "options", "message"),
    [
        ("192.0.2.150/24", {}, "would make all of 192.0.2.0/24 local"),
        ("nonsense", {}, "'nonsense' is no IP address"),
        ("192.0.2.150", {"interface": "eth9"}, "no interface eth9"),
        ("192.0.2.150", {"interface": "eth0;x"}, "cannot be the name of an interface"),
        ("2001:db8::1", {"scope": "link"}, "choose host or global"),
    ],
)
def test_bad_input_changes_nothing(
    run: Any, files: FakeFiles, kernel: FakeKernel, address: str, options: dict[str, Any], message: str
) -> None:
    answer = run("192.0.2.151", address, **options)
    assert answer["failed"] is True
    assert message in answer["msg"]
    assert (files.trace, kernel.lines) == ([], [])


def test_a_partial_failure_says_what_was_done(run: Any, kernel: FakeKernel) -> None:
    kernel.fails = "address replace 2001:db8::150/128 dev lo preferred_lft 0"
    answer = run(*VIPS)
    assert answer["done"][-1] == "ip address replace 192.0.2.150/32 dev lo scope host"
    assert f"'ip {kernel.fails}' failed: RTNETLINK answers: Operation not permitted" in answer["msg"]

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module sysctl_arp from its arguments to its answer."""
from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.steadfast.edge.plugins.module_utils._arp.posture import SYSCTL_FILE
from ansible_collections.steadfast.edge.plugins.modules import sysctl_arp
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.arp.fakes import Expected, FakeFiles, Transcript, host

NO_VIPS = Expected(["ip", "-json", "-4", "address", "show"], out="[]")
ONE_VIP = Expected(
    NO_VIPS.argv,
    out=json.dumps([{"ifname": "lo", "flags": ["LOOPBACK"], "addr_info": [{"local": "192.0.2.150", "prefixlen": 32}]}]),
)


@pytest.fixture(name="files")
def a_host(monkeypatch: pytest.MonkeyPatch) -> FakeFiles:
    files = host({"eth0": (0, 0)})
    monkeypatch.setattr(sysctl_arp, "HostFiles", lambda: files)
    return files


@pytest.fixture(name="run")
def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*expected: Expected, check: bool = False, **options: Any) -> dict[str, Any]:
        transcript = Transcript(*expected)
        monkeypatch.setattr(sysctl_arp, "module_runner", lambda module: transcript.runner)
        with patch_module_args({"interfaces": ["eth0"], "_ansible_check_mode": check, **options}), pytest.raises(SystemExit):
            sysctl_arp.main()
        transcript.finish()
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        answer.pop("invocation", None)
        return answer

    return call


def test_check_mode_says_what_the_real_run_does(files: FakeFiles, run: Any) -> None:
    untouched = dict(files.texts)
    predicted = run(check=True)
    assert files.texts == untouched
    assert run() == predicted
    assert predicted["changed"] is True
    assert predicted["effective_before"] == {"eth0": {"arp_ignore": 0, "arp_announce": 0}}
    assert predicted["effective"] == {"eth0": {"arp_ignore": 1, "arp_announce": 2}}
    assert predicted["restores"] == {"net.ipv4.conf.all.arp_announce": 0, "net.ipv4.conf.all.arp_ignore": 0}
    again = run()
    assert again["changed"] is False
    assert again["diff"]["before"] == again["diff"]["after"]
    assert set(again) == set(predicted)


def test_the_diff_shows_values_and_file(files: FakeFiles, run: Any) -> None:
    diff = run(check=True)["diff"]
    assert diff["before"].splitlines() == [
        "net.ipv4.conf.all.arp_announce = 0",
        "net.ipv4.conf.all.arp_ignore = 0",
        "effective on eth0: arp_ignore = 0",
        "effective on eth0: arp_announce = 0",
        f"{SYSCTL_FILE}: absent",
    ]
    assert "  net.ipv4.conf.all.arp_ignore = 1" in diff["after"].splitlines()


def test_absent_asks_for_vips_only_when_it_would_change_something(files: FakeFiles, run: Any) -> None:
    before = dict(files.texts)
    assert run(state="absent")["changed"] is False
    run()
    predicted = run(ONE_VIP, check=True, state="absent", ignore_addresses=["192.0.2.150/32"])
    refused = run(ONE_VIP, state="absent")
    assert refused["failed"] is True
    assert refused["done"] == []
    assert "192.0.2.150 still on this host" in refused["msg"]
    assert run(NO_VIPS, state="absent", ignore_addresses=["192.0.2.150/32"]) == predicted
    assert files.texts == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"interfaces": ["lo"]}, "interfaces names lo, where these settings have no effect"),
        ({"interfaces": []}, "interfaces is empty"),
        ({"interfaces": ["eth7"]}, "no interface eth7"),
        ({"arp_announce": 1}, "value of arp_announce must be one of: 2, got: 1"),
        ({"arp_ignore": 3}, "value of arp_ignore must be one of: 1, 2, got: 3"),
    ],
)
def test_bad_input_changes_nothing(files: FakeFiles, run: Any, options: dict[str, Any], message: str) -> None:
    answer = run(**options)
    assert answer["failed"] is True
    assert message in answer["msg"]
    assert files.trace == []


def test_a_partial_failure_says_what_was_done(files: FakeFiles, run: Any) -> None:
    files.broken = {SYSCTL_FILE}
    answer = run()
    assert answer["done"][1:] == ["set net.ipv4.conf.all.arp_announce to 2", "set net.ipv4.conf.all.arp_ignore to 1"]
    assert answer["msg"].startswith(f"cannot write {SYSCTL_FILE}: Read-only file system; done before: ")

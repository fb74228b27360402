# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of the inventory go live under load: no request is lost, and only what has changed is different."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import pytest
from labclient import Lab

from .remote import NoAnswer, Remote, Request

SCENARIO = Path(__file__).resolve().parents[1]
METRICS = "http://198.51.100.21:9113/metrics"
EXPORTER = "prometheus-nginx-exporter.service"
SITE = "http://changing.balancing.example.com/"


class Load:
    """Requests without a pause, four at a time, while the body of the `with` runs."""

    def __init__(self, lab: Lab) -> None:
        self.origins: list[str] = []  # who answered, in order
        self.failed: list[str] = []
        self._remote = Remote(lab, "client1")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        while not self._over.is_set():
            try:
                answers = self._remote.together([Request(SITE)] * 4)
            except NoAnswer as error:
                self.failed.append(str(error))
            else:
                self.origins += [answer.origin for answer in answers if answer.status == 200]
                self.failed += [str(answer.status) for answer in answers if answer.status != 200]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._over.set()
        self._thread.join()
        self._remote.close()


class Run:
    """Runs of the scenario's playbook for web1."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def __call__(self, **variables: Any) -> None:
        self.lab.playbook(str(SCENARIO / "converge.yml"), "--limit", "web1", "-e", json.dumps(variables))


@pytest.fixture(scope="module")
def run(lab: Lab) -> Iterator[Run]:
    """What the runs have changed is as before afterwards."""
    once = Run(lab)
    yield once
    once()


def test_another_origin_and_another_version_of_a_cache(lab: Lab, client: Remote, run: Run, eventually: Callable[..., Any]) -> None:
    assert client.origins([SITE] * 5) == {"origin1": 5}
    page = f"http://cache.example.com/{uuid4().hex}"
    kept = client.get(page).headers["x-request"]
    assert client.get(page).headers["x-request"] == kept
    with Load(lab) as load:
        run(
            nginx_upstreams__z_change=[{"name": "changing", "servers": [{"address": "192.0.2.32", "port": 80}]}],
            nginx_caches__z_change=[{"name": "pages", "version": 2}],
        )
        eventually(lambda: load.origins[-10:], ["origin2"] * 10)
    assert load.failed == []
    # The load was there before, during and after the change.
    assert (load.origins[0], load.origins[-1]) == ("origin1", "origin2")
    assert client.origins([SITE] * 5) == {"origin2": 5}
    # Nothing of the old version is served, nor anything of the other cache thrown away.
    fresh = client.get(page)
    assert (fresh.headers["x-cache-status"], fresh.headers["x-request"] != kept) == ("MISS", True)
    assert client.get(page).headers["x-cache-status"] == "HIT"


def test_a_refused_change_leaves_everything_as_it_was(lab: Lab, client: Remote) -> None:
    before = lab.run("web1", "find", "/etc/nginx", "-type", "f", "-exec", "sha256sum", "{}", "+")
    servers = [{"name": "static", "locations": [{"path": "/x", "directives": {"proxy_bufering": "off"}}]}]
    argv = ["--limit", "web1", "-e", json.dumps({"nginx_servers__z_change": servers})]
    refused = lab.playbook_fails(str(SCENARIO / "converge.yml"), *argv)
    assert "nginx_servers[static].locations[/x].directives.proxy_bufering" in refused
    assert "proxy_buffering" in refused
    assert lab.run("web1", "find", "/etc/nginx", "-type", "f", "-exec", "sha256sum", "{}", "+") == before
    assert client.get("http://static.example.com/").status == 200


def exporter(lab: Lab) -> dict[str, str]:
    """Its unit, as systemd sees it."""
    shown = lab.run("web1", "systemctl", "show", "--property=ActiveState,UnitFileState,MainPID,DropInPaths", EXPORTER)
    return dict(line.split("=", 1) for line in shown.splitlines())


def test_an_exporter_that_cannot_listen_leaves_the_one_of_before(lab: Lab, from_host: Callable[[str], Remote]) -> None:
    wrong = {"nginx_exporter": {"enabled": True, "address": "198.51.100.99"}}
    said = lab.playbook_fails(str(SCENARIO / "converge.yml"), "--limit", "web1", "-e", json.dumps(wrong))
    assert "http://198.51.100.99:9113/metrics" in said
    assert "nginx_up 1" in from_host("origin2").get(METRICS).body


def test_an_exporter_that_is_not_wanted_any_more_goes(lab: Lab, from_host: Callable[[str], Remote], run: Run) -> None:
    before = exporter(lab)
    assert (before["ActiveState"], before["UnitFileState"]) == ("active", "enabled")
    run(nginx_exporter={})
    with pytest.raises(NoAnswer, match="ConnectionRefused"):
        from_host("origin2").get(METRICS)
    assert exporter(lab) == {"ActiveState": "inactive", "UnitFileState": "disabled", "MainPID": "0", "DropInPaths": ""}

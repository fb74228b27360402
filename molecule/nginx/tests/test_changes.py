# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of the inventory go live under load: no request is lost, and only what has changed is different."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from labclient import Lab

from .remote import Remote

SCENARIO = Path(__file__).resolve().parents[1]
SITE = "http://changing.balancing.example.com/"
CACHED = "http://cache.example.com/kept-by-version"


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
    kept = client.get(CACHED).headers["x-request"]
    assert client.get(CACHED).headers["x-request"] == kept
    with lab.probing("http://192.0.2.21:8089/", seconds=25, rate=50, timeout=2) as probing:
        run(
            nginx_upstreams__z_change=[{"name": "changing", "servers": [{"address": "192.0.2.32", "port": 80}]}],
            nginx_caches__z_change=[{"name": "pages", "version": 2}],
        )
    assert probing.summary.retried == 0, probing.summary.errors
    assert client.origins([SITE] * 5) == {"origin2": 5}
    # Nothing of the old version is served, nor anything of the other cache thrown away.
    fresh = client.get(CACHED)
    assert (fresh.headers["x-cache-status"], fresh.headers["x-request"] != kept) == ("MISS", True)
    assert client.get(CACHED).headers["x-cache-status"] == "HIT"


def test_a_refused_change_leaves_everything_as_it_was(lab: Lab, client: Remote) -> None:
    before = lab.run("web1", "find", "/etc/nginx", "-type", "f", "-exec", "sha256sum", "{}", "+")
    servers = [{"name": "static", "locations": [{"path": "/x", "directives": {"proxy_bufering": "off"}}]}]
    argv = ["--limit", "web1", "-e", json.dumps({"nginx_servers__z_change": servers})]
    refused = lab.playbook_fails(str(SCENARIO / "converge.yml"), *argv)
    assert "nginx_servers[static].locations[/x].directives.proxy_bufering" in refused
    assert "proxy_buffering" in refused
    assert lab.run("web1", "find", "/etc/nginx", "-type", "f", "-exec", "sha256sum", "{}", "+") == before
    assert client.get("http://static.example.com/").status == 200

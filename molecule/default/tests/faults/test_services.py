# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that stop, die or are reloaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from labclient import Lab
from topology import DIRECTORS, URL, VIP, WEB

pytestmark = pytest.mark.usefixtures("settled")


def table(lab: Lab, director: str = DIRECTORS[0]) -> set[str]:
    """Addresses of the real servers in a director's table."""
    lines = lab.run(director, "ipvsadm", "-Sn").splitlines()
    return {line.split()[4].rsplit(":", 1)[0] for line in lines if line.startswith("-a")}


def main_pid(lab: Lab, host: str, service: str) -> str:
    return lab.run(host, "systemctl", "show", "--property=MainPID", "--value", service).strip()


def test_a_stopped_nginx_leaves_the_table_and_comes_back(lab: Lab, eventually: Callable[..., Any]) -> None:
    with lab.probing(URL, rate=50, timeout=1, retries=10) as probing:
        lab.run("web1", "systemctl", "stop", "nginx")
        eventually(lambda: table(lab), {WEB["web2"]})
        lab.run("web1", "systemctl", "start", "nginx")
        eventually(lambda: table(lab), set(WEB.values()))
    assert probing.summary.lost == 0, probing.summary.errors


def test_a_killed_nginx_is_restarted(lab: Lab, eventually: Callable[..., Any]) -> None:
    before = main_pid(lab, "web1", "nginx")
    lab.run("web1", "kill", "-KILL", before)
    eventually(lambda: main_pid(lab, "web1", "nginx") not in (before, "0"), True)
    eventually(lambda: lab.run("client1", "curl", "-s", f"http://{WEB['web1']}/healthz"), "ok\n")


def test_a_killed_keepalived_is_restarted(lab: Lab, eventually: Callable[..., Any]) -> None:
    before = main_pid(lab, "director2", "keepalived")
    lab.run("director2", "kill", "-KILL", before)
    eventually(lambda: main_pid(lab, "director2", "keepalived") not in (before, "0"), True)
    eventually(lambda: table(lab, "director2"), set(WEB.values()))
    eventually(lambda: lab.holders(VIP, DIRECTORS), DIRECTORS[:1])


def test_a_reload_of_keepalived_moves_nothing_and_loses_nothing(lab: Lab) -> None:
    before = main_pid(lab, "director1", "keepalived")
    with lab.probing(URL, rate=50, timeout=5) as probing:
        probing.until(2)
        lab.run("director1", "systemctl", "reload", "keepalived")
        probing.go_on(5)
    assert probing.summary.retried == 0, probing.summary.errors
    assert lab.holders(VIP, DIRECTORS) == DIRECTORS[:1]
    assert main_pid(lab, "director1", "keepalived") == before


def test_a_new_configuration_of_nginx_loses_no_request(lab: Lab) -> None:
    """The rolling reload in its first form: a changed setting goes live under load, and back again."""
    with lab.probing(URL, rate=50, timeout=5) as probing:
        lab.playbook("playbooks/web.yml", "-e", "nginx_worker_connections=1500")
        assert "worker_connections 1500;" in lab.run("web1", "cat", "/etc/nginx/nginx.conf")
        lab.playbook("playbooks/web.yml")
    assert "worker_connections 1500;" not in lab.run("web1", "cat", "/etc/nginx/nginx.conf")
    assert probing.summary.retried == 0, probing.summary.errors


def test_a_bad_configuration_changes_nothing(lab: Lab) -> None:
    before = lab.run("web1", "find", "/etc/nginx", "-type", "f", "-exec", "sha256sum", "{}", "+")
    with lab.probing(URL, rate=50, timeout=5) as probing:
        refused = lab.playbook_fails("playbooks/web.yml", "-e", "nginx_raw_http='no_such_directive on;'")
    assert "no_such_directive" in refused
    assert lab.run("web1", "find", "/etc/nginx", "-type", "f", "-exec", "sha256sum", "{}", "+") == before
    assert probing.summary.retried == 0, probing.summary.errors

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on the hosts after the role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from labclient import Lab

APP = ["app1", "app2"]
UNITS = ["tomcat-shop", "tomcat-basket"]


@pytest.mark.parametrize("name", APP)
def test_each_instance_has_a_process_without_rights(lab: Lab, name: str) -> None:
    for unit in UNITS:
        pid = lab.run(name, "systemctl", "show", "--value", "--property=MainPID", unit).strip()
        assert lab.run(name, "ps", "-o", "user=,comm=", "-p", pid).split() == ["tomcat", "java"]
        rights = lab.run(name, "grep", "-E", "^(CapEff|NoNewPrivs)", f"/proc/{pid}/status").split()
        assert rights == ["CapEff:", "0000000000000000", "NoNewPrivs:", "1"]
        assert lab.run(name, "systemctl", "is-enabled", unit).strip() == "enabled"


def test_one_has_the_package_and_the_other_the_archive(lab: Lab) -> None:
    homes = [lab.run(name, "readlink", "/srv/tomcat/shop/home").strip() for name in APP]
    assert homes[0] == "/usr/share/tomcat10"
    assert homes[1].startswith("/srv/tomcat/artifacts/tomcat-")
    there = set(lab.run("app2", "ls", homes[1]).split())
    assert {"bin", "conf", "lib"} <= there and "webapps" not in there


def test_the_packages_own_tomcat_does_not_start(lab: Lab) -> None:
    shown = lab.run("app1", "systemctl", "show", "--property=LoadState", "--property=ActiveState", "tomcat10").split()
    assert sorted(shown) == ["ActiveState=inactive", "LoadState=masked"]


@pytest.mark.parametrize("name", APP)
def test_only_the_instances_listen(lab: Lab, name: str) -> None:
    """The connector of each, and the replication of one; no port ends a Tomcat."""
    lines = [line.split() for line in lab.run(name, "ss", "-Hltnp").splitlines() if "java" in line]
    assert sorted(int(line[3].rpartition(":")[2]) for line in lines) == [4000, 8080, 8081]


@pytest.mark.parametrize("name", APP)
def test_secrets_are_not_for_everybody(lab: Lab, name: str) -> None:
    shown = lab.run(name, "stat", "-c", "%U %a", "/srv/tomcat/shop/conf/secret.env", "/srv/tomcat/basket/conf/redisson.yaml")
    assert shown.splitlines() == ["root 600", "tomcat 400"]
    assert lab.run("web1", "stat", "-c", "%G %a", "/etc/redis/redis.conf").strip() == "redis 640"
    pid = lab.run(name, "systemctl", "show", "--value", "--property=MainPID", "tomcat-shop").strip()
    assert "00112233445566778899aabbccddeeff" not in lab.run(name, "cat", f"/proc/{pid}/cmdline")


@pytest.mark.parametrize("name", APP)
def test_applications_cannot_write_what_they_are(lab: Lab, name: str) -> None:
    pid = lab.run(name, "systemctl", "show", "--value", "--property=MainPID", "tomcat-shop").strip()
    # As the process sees its filesystem, though with more rights than it has.
    inside = ["nsenter", "--target", pid, "--mount"]
    refused = lab.run(name, *inside, "sh", "-c", "touch /srv/tomcat/shop/x 2>&1 || true")
    assert "Read-only file system" in refused
    assert lab.run(name, *inside, "sh", "-c", "touch /tmp/x && rm /tmp/x && echo written").strip() == "written"


def test_nothing_that_comes_with_tomcat_is_served(visitor: Callable[[], Any]) -> None:
    for port in (8080, 8081):
        urls = [f"http://127.0.0.1:{port}{path}" for path in ("/manager/html", "/host-manager/html", "/docs/", "/examples/")]
        for name in APP:
            assert [answer["status"] for answer in visitor().visit(*urls, host=name)] == [404] * 4


def test_the_client_is_the_one_that_nginx_names(visitor: Callable[[], Any]) -> None:
    """Only nginx is believed, and nothing that came before it."""
    assert visitor().once("http://192.0.2.21/", host="app1", **{"X-Forwarded-For": "203.0.113.9"})["client"] == "192.0.2.31"
    assert visitor().once("http://192.0.2.32:8080/", host="app1", **{"X-Forwarded-For": "203.0.113.9"})["client"] == "192.0.2.31"


def test_requests_are_logged(lab: Lab, visitor: Callable[[], Any], eventually: Callable[..., None]) -> None:
    visitor().once("http://127.0.0.1:8080/logged-once", host="app1")
    eventually(lambda: "/logged-once" in lab.run("app1", "sh", "-c", "cat /var/log/tomcat-shop/access*.log"), True)

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every host is what its roles promise; asked of the host's own tools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from topology import APP, DIRECTORS, VIP, WEB

SERVICES = [
    *((director, "keepalived") for director in DIRECTORS),
    *((web, "nginx") for web in WEB),
    *((app, "tomcat10") for app in APP),
]


@pytest.mark.parametrize(("host", "service"), SERVICES, indirect=["host"])
def test_services_run_and_start_at_boot(host: Any, service: str) -> None:
    assert host.service(service).is_running
    assert host.service(service).is_enabled


@pytest.mark.parametrize("host", DIRECTORS, indirect=True)
def test_the_table_of_the_kernel_is_the_wish(host: Any, eventually: Callable[..., Any]) -> None:
    """Both directors are ready: the backup balances the moment that it gets the VIP."""
    wanted = [f"-A -t {VIP}:80 -s wrr", *(f"-a -t {VIP}:80 -r {address}:80 -g -w 1" for address in WEB.values())]
    eventually(lambda: sorted(host.check_output("ipvsadm -Sn").splitlines()), sorted(wanted))


@pytest.mark.parametrize("host", DIRECTORS, indirect=True)
def test_directors_answer_for_servers_that_left(host: Any) -> None:
    assert host.sysctl("net.ipv4.vs.expire_nodest_conn") == 1
    assert host.sysctl("net.ipv4.vs.expire_quiescent_template") == 1
    assert host.sysctl("net.ipv4.conf.all.arp_announce") == 2 or host.sysctl("net.ipv4.conf.eth0.arp_announce") == 2


@pytest.mark.parametrize("host", DIRECTORS, indirect=True)
def test_keepalived_finds_nothing_to_complain_about(host: Any) -> None:
    checked = host.run("keepalived --config-test")
    assert checked.rc == 0, checked.stderr


@pytest.mark.parametrize("host", WEB, indirect=True)
def test_real_servers_accept_the_vip_and_keep_silent(host: Any) -> None:
    assert VIP in host.interface("lo").addresses
    for name, least in (("arp_ignore", 1), ("arp_announce", 2)):
        assert max(host.sysctl(f"net.ipv4.conf.all.{name}"), host.sysctl(f"net.ipv4.conf.eth0.{name}")) == least


@pytest.mark.parametrize("host", WEB, indirect=True)
def test_nginx_works_unprivileged_on_a_valid_configuration(host: Any) -> None:
    workers = [process for process in host.process.filter(comm="nginx") if "worker" in process.args]
    assert workers
    assert {worker.user for worker in workers} == {"www-data"}
    assert host.run("nginx -t").rc == 0


@pytest.mark.parametrize("host", APP, indirect=True)
def test_tomcat_serves_no_default_application(host: Any) -> None:
    assert "ok" in host.check_output("curl -sf http://127.0.0.1:8080/healthz")
    assert host.check_output("curl -s -o /dev/null -w %{http_code} http://127.0.0.1:8080/manager/html") == "404"
    tomcat = host.process.filter(comm="java")
    assert [process.user for process in tomcat] == ["tomcat"]

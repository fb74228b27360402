# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services that keepalived owns are not touched behind its back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import owner
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.drain import Policy
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import PartialFailure
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.normalise import service_key
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.reconcile import Declaration, Result, reconcile
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.ipvs.rig import MemoryHost, declared, fill

CONFIGURATION = """
# virtual_server 192.0.2.1 1 {
global_defs {
    router_id a   ! virtual_server 192.0.2.2 2 {
}
vrrp_instance shop {
    virtual_ipaddress {
        192.0.2.150/32
    }
}
virtual_server 192.0.2.150 80 {
    protocol TCP
    real_server 192.0.2.21 80 {
        weight 1
        TCP_CHECK {
            connect_port 81
            fwmark 9
        }
    }
    sorry_server 192.0.2.99 80
}
virtual_server fwmark 7 {
    ip_family inet6
}
virtual_server_group both {
    2001:DB8::150 443
    fwmark 8
}
virtual_server group both {
    real_server 192.0.2.22 443 {
    }
}
include conf.d/*.conf
"""
OURS = {"address": "192.0.2.150", "port": 443, "destinations": []}
THEIRS: list[dict[str, Any]] = [
    {"address": "192.0.2.150", "port": 80},
    {"address": "192.0.2.150", "port": 80, "protocol": "udp"},
    {"fwmark": 7},
    {"fwmark": 7, "family": "ipv6"},
    {"fwmark": 8},
    {"address": "2001:db8::150", "port": 443},
    {"address": "192.0.2.160", "port": 25},
]
NOBODYS: list[dict[str, Any]] = [
    OURS,
    {"address": "192.0.2.1", "port": 1},
    {"address": "192.0.2.2", "port": 2},
    {"address": "192.0.2.21", "port": 80},
    {"address": "192.0.2.22", "port": 443},
    {"address": "192.0.2.99", "port": 80},
    {"fwmark": 9},
]


@pytest.fixture(name="host")
def _host() -> MemoryHost:
    host = MemoryHost()
    host.files["/etc/keepalived/keepalived.conf"] = CONFIGURATION
    host.files["/etc/keepalived/conf.d/mail.conf"] = "virtual_server 192.0.2.160 25 {\n}\n"
    host.files["/run/keepalived.pid"] = "321\n"
    host.files["/proc/321/comm"] = "keepalived\n"
    return host


def go(host: MemoryHost, *services: dict[str, Any], **options: Any) -> Result:
    return reconcile(host, Declaration(declared(*services), **options), Policy(), check=False, whole=True)


@pytest.mark.parametrize("options", THEIRS, ids=str)
def test_what_keepalived_has_is_refused(host: MemoryHost, options: dict[str, Any]) -> None:
    with pytest.raises(PartialFailure, match="belongs to keepalived") as caught:
        go(host, OURS, options)
    assert [failure.subject for failure in caught.value.failures] == [str(service_key(options))]
    assert host.fake.requests == []


@pytest.mark.parametrize("options", NOBODYS, ids=str)
def test_what_it_does_not_have_is_free(host: MemoryHost, options: dict[str, Any]) -> None:
    assert service_key(options) not in owner.claims(host)


def test_purging_and_removing_are_refused_too(host: MemoryHost) -> None:
    fill(host.fake, declared(THEIRS[0]))
    assert go(host, OURS).foreign == ["tcp 192.0.2.150:80"]
    with pytest.raises(PartialFailure, match="belongs to keepalived"):
        go(host, OURS, purge=True)
    with pytest.raises(PartialFailure, match="belongs to keepalived"):
        reconcile(host, Declaration(absent=(service_key(THEIRS[0]),)), Policy(), check=True, whole=False)
    assert len(host.fake.services) == 2


def test_on_request_all_the_same(host: MemoryHost) -> None:
    assert go(host, THEIRS[0], shared=True).changed


def test_a_keepalived_that_does_not_run_owns_nothing(host: MemoryHost) -> None:
    del host.files["/proc/321/comm"]
    assert go(host, THEIRS[0]).changed
    host.files["/proc/321/comm"] = "nginx\n"
    assert service_key(THEIRS[0]) not in owner.claims(host)


def test_a_configuration_that_includes_itself_ends(host: MemoryHost) -> None:
    host.files["/etc/keepalived/conf.d/mail.conf"] = "include mail.conf\nvirtual_server 192.0.2.160 25 {\n"
    assert service_key(THEIRS[-1]) in owner.claims(host)

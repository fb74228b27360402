# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An nginx from source in a prefix and under a unit of its own, beside that of a package: built, upgraded under load, refused."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.steadfast.edge.tests.integration.nginx.host import WEB, Web

POOL = "http://deb.debian.org/debian/pool/main/n/nginx"
OLD: dict[str, Any] = {
    "nginx_source_url": f"{POOL}/nginx_1.22.1.orig.tar.gz",
    "nginx_source_checksum": "9ebb333a9e82b952acd3e2b4aeb1d4ff6406f72491bab6cd9fe69f0dea737f31",
}
NEW: dict[str, Any] = {
    "nginx_source_url": f"{POOL}/nginx_1.26.3.orig.tar.gz",
    "nginx_source_checksum": "69ee2b237744036e61d24b836668aad3040dda461fe6f570f1787eab570c75aa",
}
LEFT_OUT = ("auth_basic", "autoindex", "browser", "charset", "empty_gif", "fastcgi", "geo", "grpc", "limit_conn", "limit_req", "memcached",
            "mirror", "scgi", "split_clients", "ssi", "userid", "uwsgi")
PREFIX, SERVICE = "/usr/local/shop/nginx", "nginx-shop"
SHOP: dict[str, Any] = {
    "nginx_install": "source",
    "nginx_prefix": PREFIX,
    "nginx_service_name": SERVICE,
    # Quick to build: what it is made with is not what is tested.
    "nginx_source_flags": ["--with-cc-opt=-O0", *(f"--without-http_{name}_module" for name in LEFT_OUT)],
    "nginx_probe_url": "http://127.0.0.1:8081/healthz",
    "nginx_servers": [{"name": "shop", "listen": [{"port": 8081}], "server_names": ["shop.example.com"],
                       "locations": [{"path": "/", "return": {"status": 200, "text": "shop $nginx_version\n"}}]}],
}


def page(web: Web) -> str:
    return web.sh("curl -s http://127.0.0.1:8081/")


def test_sources_that_are_not_the_expected_ones_are_not_unpacked(web: Web) -> None:
    wrong = web.role(rc=2, **{**SHOP, **OLD, "nginx_source_checksum": "0" * 64})
    assert "did not match" in wrong
    assert "nginx_source_checksum" in web.role(rc=2, **{**SHOP, **OLD, "nginx_source_checksum": ""})
    assert web.sh(f"ls -A {PREFIX} 2>/dev/null || true") == ""


def test_a_build_runs_beside_the_package(web: Web) -> None:
    other = web.master()
    web.role(**SHOP, **OLD)
    assert page(web) == "shop 1.22.1"
    assert web.sh(f"cat /run/{SERVICE}.pid") == str(web.master(SERVICE))
    assert web.sh(f"systemctl is-enabled {SERVICE}") == "enabled"
    assert web.master() == other
    assert web.sh(f"ps -o user= -p {web.workers(SERVICE)[0]}") == "www-data"
    (facts,) = web.tasks({"steadfast.edge.nginx_info": {"binary": f"{PREFIX}/sbin/nginx", "service": SERVICE}})
    assert (facts["version"], facts["running_version"], facts["upgrade_pending"]) == ("1.22.1", "1.22.1", False)
    assert {*SHOP["nginx_source_flags"], f"--prefix={PREFIX}"} <= set(facts["configure_arguments"])
    assert (facts["unit"]["active"], facts["modules"]["left_out"]) == (True, [f"http_{name}_module" for name in LEFT_OUT])
    # Never a welcome page.
    assert web.sh(f"ls {PREFIX}/html 2>/dev/null || true") == ""


def test_an_upgrade_loses_nothing(web: Web) -> None:
    """Another version and other flags, while a client asks over fresh and over kept connections; the pid file is lost meanwhile."""
    old = web.master(SERVICE)
    web.sh(f"rm /run/{SERVICE}.pid")
    with web.asked(f"http://{WEB}:8081/", connections="both") as load:
        web.role(**SHOP, **NEW)
    new = web.master(SERVICE)
    assert page(web) == "shop 1.26.3"
    assert new != old and web.sh(f"cat /run/{SERVICE}.pid") == str(new)
    assert web.sh(f"test /proc/{new}/exe -ef {PREFIX}/sbin/nginx && echo same") == "same"
    assert web.sh(f"test -e /proc/{old} || echo gone") == "gone"
    assert not load.lost, load.lost[:3]
    assert len(load.answers) > 100
    assert re.search(r"changed=0\b", web.role(**SHOP, **NEW))


def test_systemd_has_the_new_master_in_hand(web: Web) -> None:
    workers = web.workers(SERVICE)
    web.sh(f"systemctl reload {SERVICE}")
    assert web.eventually(lambda: bool(web.workers(SERVICE)) and not set(web.workers(SERVICE)) & set(workers))
    web.sh(f"kill -9 {web.master(SERVICE)}")
    assert web.eventually(lambda: web.sh("curl -s http://127.0.0.1:8081/ || true") == "shop 1.26.3")
    web.sh(f"systemctl stop {SERVICE}")
    assert web.sh(f"pgrep -f '^nginx: master process {PREFIX}' || true") == ""
    web.sh(f"systemctl start {SERVICE}")
    assert page(web) == "shop 1.26.3"


def test_a_build_that_fails_changes_nothing(web: Web) -> None:
    before = web.sh(f"md5sum {PREFIX}/sbin/nginx {PREFIX}/.edge-build.json; cat /run/{SERVICE}.pid")
    failed = web.role(rc=2, **{**SHOP, **NEW, "nginx_source_flags": ["--with-cc-opt=-fno-such-option"]})
    assert "could not be configured" in failed
    assert web.sh(f"md5sum {PREFIX}/sbin/nginx {PREFIX}/.edge-build.json; cat /run/{SERVICE}.pid") == before
    assert web.sh(f"ls -d {PREFIX}/.edge-work 2>/dev/null || true") == ""
    assert page(web) == "shop 1.26.3"

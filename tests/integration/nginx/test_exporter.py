# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exporter for Prometheus, of the version that the release has. That it goes again is seen in test_logs.py."""

from __future__ import annotations

from typing import Any

from ansible_collections.steadfast.edge.tests.integration.nginx.host import Web
from ansible_collections.steadfast.edge.tests.integration.nginx.test_certificates import BOTH

UNIT = "prometheus-nginx-exporter.service"
# Beside what the tests of certificates have set up, and those of logs go on with.
WITH_EXPORTER: dict[str, Any] = {**BOTH, "nginx_status": {"enabled": True}, "nginx_exporter": {"enabled": True}}


def sees_nginx(web: Web) -> bool:
    return "nginx_up 1" in web.sh("curl -s http://127.0.0.1:9113/metrics", rc=None).splitlines()


def test_an_exporter_without_counters_is_refused_before_anything_is_done(web: Web) -> None:
    said = web.role(rc=1, **{**WITH_EXPORTER, "nginx_status": {}})
    assert "nginx_exporter.enabled: true" in said and "Write nginx_status: {enabled: true}" in said
    assert "Look at nginx" not in said


def test_it_sees_nginx_and_listens_where_it_is_told(web: Web) -> None:
    web.role(**WITH_EXPORTER)
    assert sees_nginx(web)
    assert web.sh("ss -Htln sport = :9113 | awk '{print $4}'") == "127.0.0.1:9113"
    assert web.sh(f"systemctl is-enabled {UNIT}") == "enabled"


def test_an_exporter_costs_a_run_that_changes_nothing_one_call(web: Web) -> None:
    process = web.master(UNIT)
    printed, modules = web.modules_sent(**WITH_EXPORTER)
    assert "changed=0" in printed
    assert modules == ["config_release", "config_release", "nginx_info"]
    assert web.master(UNIT) == process, "it was restarted"


def test_it_waits_for_an_nginx_that_comes_later(web: Web) -> None:
    """Longer than systemd tries by itself."""
    web.sh(f"systemctl stop nginx; systemctl restart {UNIT}; sleep 3")
    assert not sees_nginx(web)
    web.sh("systemctl start nginx")
    assert web.eventually(lambda: sees_nginx(web))

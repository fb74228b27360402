# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter adds defaults, Ansible's own kind of error, and nothing else."""

from __future__ import annotations

import re
from collections import UserDict, UserString
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.steadfast.edge.plugins.filter import nginx_files as plugin

nginx_files = plugin.FilterModule().filters()["nginx_files"]
SERVERS = {"nginx_servers": [{"name": "shop", "root": "/srv/shop"}]}


def test_files_are_ready_for_config_release() -> None:
    files = nginx_files(SERVERS)
    assert [file["path"] for file in files] == ["servers/shop.conf", "upstreams.conf", "nginx.conf"]
    assert all(set(file) == {"path", "content", "origins"} for file in files)
    assert files[0]["origins"][4] == "nginx_servers[shop].root"


def test_what_is_known_of_the_host_is_used() -> None:
    host = {"version": "1.25.1", "processors": 8, "user": "nginx", "log_directory": "/opt/logs", "modules_include": "modules/*.conf"}
    text = nginx_files({**SERVERS, "nginx_worker_processes": "cores-1"}, {**host, "openssl": None})[-1]["content"]
    for line in ("user nginx;", "worker_processes 7;", "include modules/*.conf;", "error_log /opt/logs/error.log warn;"):
        assert line in text


class Mapping(UserDict):  # type: ignore[type-arg]
    """Like Ansible's own containers."""


def test_values_may_come_in_wrappers_of_ansible() -> None:
    wrapped = Mapping({"nginx_servers": [Mapping({"name": UserString("shop"), "root": UserString("/srv/{{shop}}")})]})
    assert 'root "/srv/{{shop}}";' in nginx_files(wrapped)[0]["content"]


def test_the_order_of_the_variables_plays_no_part() -> None:
    variables: dict[str, Any] = {"nginx_servers__b": [{"name": "b"}], "nginx_servers__a": [{"name": "a"}], "nginx_user": "web"}
    assert nginx_files(variables) == nginx_files(dict(reversed(variables.items())))


def test_all_errors_are_in_one_message() -> None:
    variables = {"nginx_servers": [{"name": "shop", "rot": "/srv"}], "nginx_user": "root"}
    with pytest.raises(AnsibleFilterError) as caught:
        nginx_files(variables)
    message = str(caught.value)
    assert "2 errors" in message
    assert "1. nginx_servers[shop].rot: /srv\n   There is no such key. Did you mean root?\n   Write root instead." in message
    assert "2. nginx_user: root" in message


def test_a_key_is_never_shown() -> None:
    variables = {**SERVERS, "nginx_certificates": [{"name": "a", "certificate": "x", "key": "top secret"}]}
    with pytest.raises(AnsibleFilterError) as caught:
        nginx_files(variables)
    assert "nginx_certificates[a].key" in str(caught.value)
    assert "top secret" not in str(caught.value)


@pytest.mark.parametrize(("variables", "host"), [("text", {}), (SERVERS, {"verson": "1.22.1"})])
def test_anything_else_is_refused(variables: Any, host: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="what is known of the host"):
        nginx_files(variables, host)


def test_the_filter_is_documented() -> None:
    page = yaml.safe_load(Path(plugin.__file__).with_suffix(".yml").read_text(encoding="utf-8"))
    assert page["DOCUMENTATION"]["name"] == "nginx_files"
    assert all(f"V({name})" in str(page["DOCUMENTATION"]["options"]["host"]["description"]) for name in plugin.HOST)


def test_a_merged_list_is_complete() -> None:
    parts = {
        "nginx_certificates": [{"name": "shop", "self_signed": True}, {"name": "old", "self_signed": True}],
        "nginx_certificates__a": [{"name": "shop", "names": ["shop.example"]}, {"name": "old", "state": "absent"}],
        "nginx_servers": [{"nonsense": True}],
    }
    (shop,) = plugin.nginx_merged(parts, "nginx_certificates")
    assert (shop["names"], shop["self_signed"], shop["days"], shop["key_file"]) == (["shop.example"], True, 365, None)


@pytest.mark.parametrize(
    ("variables", "name", "said"),
    [
        ({}, "nginx_user", "one of its lists"),
        ([], "nginx_servers", "takes variables"),
        ({"nginx_maps__x": [{"nam": "a"}]}, "nginx_maps", "Did you mean name?"),
    ],
)
def test_what_cannot_be_merged_is_told(variables: Any, name: str, said: str) -> None:
    with pytest.raises(AnsibleFilterError, match=re.escape(said)):
        plugin.nginx_merged(variables, name)


def exporter(given: dict[str, Any], **status: Any) -> dict[str, str]:
    variables = {"nginx_exporter": {"enabled": True, **given}, "nginx_status": {"enabled": True, **status}, "nginx_servers": "no matter"}
    found: dict[str, str] = plugin.nginx_exporter(variables)
    return found


def test_the_exporter_asks_for_the_counters_where_they_are() -> None:
    assert exporter({}) == {
        "listen": "127.0.0.1:9113",
        "scrape_uri": "http://127.0.0.1:8081/nginx_status",
        "url": "http://127.0.0.1:9113/metrics",
    }
    found = exporter({"address": "192.0.2.21", "port": "9200"}, address="198.51.100.21", port=8090, path="/the counters")
    assert (found["listen"], found["scrape_uri"]) == ("192.0.2.21:9200", "http://198.51.100.21:8090/the%20counters")


@pytest.mark.parametrize(
    ("address", "listen", "reached"),
    [
        ("0.0.0.0", "0.0.0.0:9113", "127.0.0.1"),
        ("::", "[::]:9113", "[::1]"),
        ("[2001:db8::21]", "[2001:db8::21]:9113", "[2001:db8::21]"),
    ],
)
def test_the_host_reaches_what_listens_on_any_address(address: str, listen: str, reached: str) -> None:
    found = exporter({"address": address}, address=address)
    assert found == {"listen": listen, "scrape_uri": f"http://{reached}:8081/nginx_status", "url": f"http://{reached}:9113/metrics"}


@pytest.mark.parametrize("variables", [{}, {"nginx_exporter": {}}, {"nginx_exporter": {"enabled": False, "address": "web1"}}])
def test_no_exporter_unless_it_is_asked_for(variables: dict[str, Any]) -> None:
    assert plugin.nginx_exporter(variables) == {}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ([], "takes variables of the role: nginx_exporter, nginx_status"),
        ({"nginx_exporter": {"enabled": True}}, "1. nginx_exporter.enabled: true"),
        ({"nginx_exporter": {"enabeld": True}}, "Did you mean enabled?"),
    ],
)
def test_an_exporter_that_cannot_work_is_refused(variables: Any, said: str) -> None:
    with pytest.raises(AnsibleFilterError, match=re.escape(said)):
        plugin.nginx_exporter(variables)

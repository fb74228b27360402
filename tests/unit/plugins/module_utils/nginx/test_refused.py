# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused: the path of the value, and words of what is said."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.nginx.printing import wrong

MEMBER = {"address": "192.0.2.31", "port": 8080}


def one_server(**given: Any) -> dict[str, Any]:
    return {"nginx_servers": [{"name": "shop", **given}]}


def one_location(**given: Any) -> dict[str, Any]:
    return one_server(locations=[{"path": "/x", **given}])


def one_upstream(**given: Any) -> dict[str, Any]:
    return {"nginx_upstreams": [{"name": "app", "servers": [MEMBER], **given}]}


def one_stream(**given: Any) -> dict[str, Any]:
    return {"nginx_stream_servers": [{"name": "db", "listen": [{"port": 1}], "proxy_pass": "192.0.2.1:1", **given}]}


def exporter(**given: Any) -> dict[str, Any]:
    return {"nginx_status": {"enabled": True}, "nginx_exporter": {"enabled": True, **given}}


CASES = [
    ({"nginx_servers": []}, "nginx_servers", "listen on nothing"),
    ({"nginx_user": "root"}, "nginx_user", "never run as root"),
    ({"nginx_worker_processes": "many"}, "nginx_worker_processes", "cores-1"),
    ({"nginx_worker_connections": 40000}, "nginx_worker_rlimit_nofile", "80000 or more"),
    ({"nginx_access_log": {"format": "edgy"}}, "nginx_access_log.format", "edge_json"),
    ({"nginx_http_directives": {"sendfil": "on"}}, "nginx_http_directives.sendfil", "sendfile"),
    ({"nginx_main_directives": {"gzip": True}}, "nginx_main_directives.gzip", "http"),
    ({"nginx_events_directives": {"worker_connection": 1}}, "nginx_events_directives.worker_connection", "worker_connections"),
    ({"nginx_servers": [{"name": "a/b"}]}, "nginx_servers[a/b].name", "cannot be a name"),
    ({"nginx_servers": [{"name": "a"}, {"name": "a"}]}, "nginx_servers[a].name", "Another one"),
    (one_server(listen=[]), "nginx_servers[shop].listen", "nowhere"),
    (one_server(listen=[{"port": 443, "tls": True}]), "nginx_servers[shop].listen[0].tls", "certificate"),
    (one_server(listen=[{"port": 80, "parameters": "ssl; }"}]), "nginx_servers[shop].listen[0].parameters", "end the directive"),
    (one_server(tls={"certificate": "shp"}), "nginx_servers[shop].tls.certificate", "none of this name"),
    (one_server(listen=[{"port": 80}], tls={"certificate": "x"}), "nginx_servers[shop].listen", "no port that speaks it"),
    (one_server(access_log={"format": "x"}), "nginx_servers[shop].access_log.format", "no such format"),
    (one_server(cors={"origins": "*", "credentials": True}), "nginx_servers[shop].cors.credentials", "Browsers reject"),
    (one_server(cors={"origins": ["*", "https://a.example.com"]}), "nginx_servers[shop].cors.origins", "everybody"),
    (one_server(cors={"origins": []}), "nginx_servers[shop].cors.origins", "No origin"),
    (one_location(cors={"origins": ["https://a.example.com/"]}), "nginx_servers[shop].locations[/x].cors.origins[0]", "slash at the end"),
    (one_server(**{"return": {"status": 404}, "locations": [{"path": "/"}]}), "nginx_servers[shop].return", "answer everything"),
    (one_location(**{"return": {"status": 200}, "allow": ["192.0.2.1"]}), "nginx_servers[shop].locations[/x].allow", "before it looks"),
    (one_location(proxy_cache={"cache": "x"}), "nginx_servers[shop].locations[/x].proxy_cache", "no proxy_pass"),
    (one_location(proxy_pass="http://a", proxy_cache={"cache": "x"}), "nginx_servers[shop].locations[/x].proxy_cache.cache",
     "none of this name"),
    (one_location(directives={"proxy_bufering": "off"}), "nginx_servers[shop].locations[/x].directives.proxy_bufering", "proxy_buffering"),
    (one_location(directives={"sendfile": "on; }"}), "nginx_servers[shop].locations[/x].directives.sendfile", "end the directive"),
    (one_location(locations=[{"path": "/x/y", "match": "suffix"}]), "nginx_servers[shop].locations[/x].locations[/x/y].match", "prefix"),
    (one_location(locations=[{"path": "/x/y", "rot": "/srv"}]), "nginx_servers[shop].locations[/x].locations[/x/y].rot", "root"),
    (one_location(expires="1h; }"), "nginx_servers[shop].locations[/x].expires", "end the directive"),
    (one_location(root="/srv/\0"), "nginx_servers[shop].locations[/x].root", "NUL"),
    (one_upstream(servers=[]), "nginx_upstreams[app].servers", "needs a member"),
    (one_upstream(servers=[{**MEMBER, "backup": True}]), "nginx_upstreams[app].servers", "backups only"),
    (one_upstream(servers=[{"address": "192.0.2.31"}]), "nginx_upstreams[app].servers[0].port", "needs a port"),
    (one_upstream(method="hash"), "nginx_upstreams[app].key", "needs a key"),
    (one_upstream(key="$uri"), "nginx_upstreams[app].key", "has no key"),
    (one_upstream(method="ip_hash", servers=[MEMBER, {**MEMBER, "backup": True}]), "nginx_upstreams[app].servers[1].backup", "ip_hash"),
    (one_upstream(servers=[{**MEMBER, "slow_start": "30s"}]), "nginx_upstreams[app].servers[0].slow_start", "commercial"),
    (one_upstream(servers=[{**MEMBER, "parameters": "slow_start=30s"}]), "nginx_upstreams[app].servers[0].parameters", "commercial"),
    (one_upstream(servers=[{**MEMBER, "resolve": True}]), "nginx_upstreams[app].servers[0].resolve", "1.27.3"),
    (one_upstream(directives={"queue": "100"}), "nginx_upstreams[app].directives.queue", "commercial"),
    ({"nginx_certificates": [{"name": "a"}]}, "nginx_certificates[a]", "One of"),
    ({"nginx_certificates": [{"name": "a", "certificate": "x"}]}, "nginx_certificates[a].key", "together with"),
    ({"nginx_certificates": [{"name": "a", "certificate": "x", "key": "y"}]}, "nginx_certificates[a].certificate", "PEM"),
    ({"nginx_certificates": [{"name": "a", "self_signed": True}]}, "nginx_certificates[a].names", "needs a name"),
    (one_server(tls={"certificate": [], "ocsp_stapling": True}), "nginx_servers[shop].tls.ocsp_stapling", "nginx_resolvers"),
    ({"nginx_maps": [{"name": "$a", "source": "$b"}]}, "nginx_maps[$a].name", "cannot be a name"),
    ({"nginx_status": {"enabled": True, "address": "192.0.2.21"}}, "nginx_status.allow", "could read"),
    ({"nginx_exporter": {"enabled": True}}, "nginx_exporter.enabled", "nginx_status: {enabled: true}"),
    (exporter(address="web1"), "nginx_exporter.address", "127.0.0.1 for itself alone"),
    (exporter(address="192.0.2.21:9113"), "nginx_exporter.address", "not an IP address"),
    (exporter(port=70000), "nginx_exporter.port", "from 1 to 65535"),
    (one_stream(listen=[]), "nginx_stream_servers[db].listen", "nowhere"),
    (one_stream(proxy_pass=None), "nginx_stream_servers[db].proxy_pass", "leads nowhere"),
    (one_stream(proxy_responses=1), "nginx_stream_servers[db].proxy_responses", "udp"),
    (one_stream(protocol="udp", listen=[{"port": 1, "proxy_protocol": True}]), "nginx_stream_servers[db].listen", "tcp only"),
    (one_stream(protocol="udp", tls={"certificate": []}), "nginx_stream_servers[db].tls", "tcp only"),
    (one_stream(directives={"proxy_pss": "x"}), "nginx_stream_servers[db].directives.proxy_pss", "proxy_pass"),
]  # fmt: skip


@pytest.mark.parametrize(("variables", "path", "words"), CASES, ids=[path for _variables, path, _words in CASES])
def test_it_is_refused_where_it_stands(variables: dict[str, Any], path: str, words: str) -> None:
    found = wrong(variables)
    assert words in found.get(path, ""), found


def test_everything_is_said_at_once() -> None:
    together = {
        "nginx_user": "root",
        "nginx_servers": [{"name": "shop", "locations": [{"path": "/a", "rot": 1}, {"path": "/b", "directives": {"proxy_bufering": 1}}]}],
        "nginx_upstreams": [{"name": "app", "servers": []}],
        "nginx_servers__x": 7,
    }
    assert set(wrong(together)) == {
        "nginx_servers__x", "nginx_servers[shop].locations[/a].rot", "nginx_user", "nginx_upstreams[app].servers",
        "nginx_servers[shop].locations[/b].directives.proxy_bufering",
    }  # fmt: skip


def test_what_is_newer_than_the_host_is_no_error_while_nobody_knows_the_host() -> None:
    resolving = one_upstream(servers=[{**MEMBER, "resolve": True}])
    assert not wrong({**resolving, "nginx_resolvers": ["192.0.2.53"]}, None)
    assert not wrong({**resolving, "nginx_resolvers": ["192.0.2.53"]}, "1.27.3")


def test_directives_of_other_modules_are_taken_as_they_are() -> None:
    given = one_location(directives={"brotli": True, "brotli_types": "text/css"})
    assert len(wrong(given)) == 2
    assert not wrong({**given, "nginx_third_party_directives": ["brotli*"]})

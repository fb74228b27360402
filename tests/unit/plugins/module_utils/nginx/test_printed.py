# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables and the text that they become: one row for each key and its shapes."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.nginx.printing import SERVER, files, inside, location, server

MEMBERS: list[dict[str, Any]] = [{"address": "192.0.2.31", "port": "8080"}, {"address": "2001:db8::32", "port": 8080}]


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({}, "user www-data;"),
        ({"nginx_user": "web"}, "user web;"),
        ({}, "worker_processes auto;"),
        ({"nginx_worker_processes": 3}, "worker_processes 3;"),
        ({"nginx_worker_processes": "cores-1"}, "worker_processes 3;"),
        ({"nginx_worker_shutdown_timeout": "5"}, "worker_shutdown_timeout 5s;"),
        ({"nginx_error_log_level": "notice"}, "error_log /var/log/nginx/error.log notice;"),
        ({"nginx_main_directives": {"error_log": "syslog:server=192.0.2.9"}}, "error_log syslog:server=192.0.2.9;"),
        ({"nginx_main_directives": {"worker_cpu_affinity": "auto"}}, "worker_cpu_affinity auto;"),
        ({"nginx_raw_main": "# as it is {"}, "# as it is {"),
        ({}, "    use epoll;"),
        ({"nginx_events_directives": {"multi_accept": True, "use": False}}, "    multi_accept on;"),
        ({}, "    server_tokens off;"),
        ({}, "    gzip_comp_level 5;"),
        ({"nginx_gzip": {"enabled": False}}, "    gzip off;"),
        ({"nginx_gzip": {"static": "always"}}, "    gzip_static always;"),
        ({"nginx_gzip": {"disable": ["msie6"], "buffers": "32 4k"}}, "    gzip_buffers 32 4k;"),
        ({"nginx_http_directives": {"keepalive_timeout": "5s"}}, "    keepalive_timeout 5s;"),
        ({"nginx_resolvers": ["192.0.2.53", "2001:db8::53", "valid=30s"]}, "    resolver 192.0.2.53 [2001:db8::53] valid=30s;"),
        ({}, "    access_log /var/log/nginx/access.log edge buffer=64k flush=1s;"),
        ({"nginx_access_log": {"enabled": False}}, "    access_log off;"),
        ({"nginx_access_log": {"buffer": "", "condition": "$x"}}, "    access_log /var/log/nginx/access.log edge if=$x;"),
        ({"nginx_access_log": {"path": "syslog:server=192.0.2.9"}}, "    access_log syslog:server=192.0.2.9 edge;"),
        ({"nginx_log_formats": {"a": "$a \"$b\" it's"}}, "    log_format a \"$a \\\"$b\\\" it's\";"),
        ({"nginx_log_formats": {"a": {"x": "$a", 'y"': "2"}}}, "    log_format a escape=json '{\"x\":\"$a\"'"),
        ({"nginx_proxy_set_headers": {"Host": "$http_host"}}, '    proxy_set_header Host "$http_host";'),
        ({"nginx_caches": [{"name": "shop"}]},
         "    proxy_cache_path /var/cache/nginx-shop levels=1:2 "
         "keys_zone=cache_shop_02b28a28:10m max_size=1g inactive=60m use_temp_path=off;"),
        ({"nginx_raw_http": "geo $a {\n}\n"}, "geo $a {"),
        ({"nginx_servers": [{**SERVER, "server_names": ["a" * 200]}]}, "    server_names_hash_bucket_size 256;"),
        ({"nginx_servers": [{**SERVER, "server_names": [f"{n}.example.com" for n in range(300)]}]}, "    server_names_hash_max_size 2048;"),
    ],
)  # fmt: skip
def test_the_main_file(variables: dict[str, Any], line: str) -> None:
    assert line in files(variables, processors=4)["nginx.conf"].splitlines()


def test_what_the_user_says_replaces_what_the_role_says() -> None:
    directives = {"keepalive_timeout": False, "access_log": ["a", "b"]}
    text = files({"nginx_http_directives": directives, "nginx_proxy_set_headers": {"host": False}})["nginx.conf"]
    assert "keepalive_timeout" not in text
    assert [line.strip() for line in text.splitlines() if "access_log" in line] == ["access_log a;", "access_log b;"]
    assert "proxy_set_header Host" not in text


def test_the_pid_is_left_to_the_unit_and_includes_are_relative() -> None:
    printed = files({})
    assert set(printed) == {"servers/shop.conf", "upstreams.conf", "nginx.conf"}
    assert not any(line.startswith("pid ") for line in printed["nginx.conf"].splitlines())
    includes = [line.split()[1] for line in printed["nginx.conf"].splitlines() if line.strip().startswith("include")]
    assert includes == ["mime.types;", "upstreams.conf;", "servers/shop.conf;"]


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ({}, ["listen 80;"]),
        ({"listen": [{"port": "8080", "default_server": True, "parameters": "reuseport backlog=4096"}]},
         ["listen 8080 default_server reuseport backlog=4096;"]),
        ({"listen": [{"address": "192.0.2.21"}, {"address": "::", "proxy_protocol": True}]},
         ["listen 192.0.2.21:80;", "listen [::]:80 proxy_protocol;"]),
        ({"server_names": ["a.example.com", "~^(?<x>.+)\\.example\\.com$"]}, ["server_name a.example.com ~^(?<x>.+)\\.example\\.com$;"]),
        ({"root": "/srv/my shop", "index": ["index.html", "index.htm"]}, ['root "/srv/my shop";', "index index.html index.htm;"]),
        ({"add_headers": {"X-A": "$hostname", "X-B": None}}, ['add_header X-A "$hostname" always;']),
        ({"error_pages": [{"status": [500, 502], "uri": "/e.html"}, {"status": 404, "uri": "@x", "response": 200},
                          {"status": 403, "uri": "/f", "response": 0}]},
         ["error_page 500 502 /e.html;", "error_page 404 =200 @x;", "error_page 403 = /f;"]),
        ({"allow": ["192.0.2.0/24", "2001:db8::/32"]}, ["allow 192.0.2.0/24;", "allow 2001:db8::/32;", "deny all;"]),
        ({"expires": "modified +24h"}, ["expires modified +24h;"]),
        ({"cache_control": "public"}, ['add_header Cache-Control "public";']),
        ({"access_log": {"enabled": False}}, ["access_log off;"]),
        ({"access_log": {"format": "edge_json", "path": "/l"}}, ["access_log /l edge_json buffer=64k flush=1s;"]),
        ({"directives": {"client_max_body_size": "5m", "allow": ["192.0.2.1", "192.0.2.2"], "etag": False, "satisfy": None}},
         ["client_max_body_size 5m;", "allow 192.0.2.1;", "allow 192.0.2.2;"]),
    ],
)  # fmt: skip
def test_a_server(given: dict[str, Any], lines: list[str]) -> None:
    printed = [line.strip() for line in server({"health_path": "", **given}).splitlines()]
    assert [line for line in printed if line in lines] == lines
    assert "etag" not in "".join(printed)


def test_raw_is_untouched() -> None:
    raw = "  if ($a ~ \"{;\") {\n\treturn 204; # {{ }}\n  }"
    assert f"\n{raw}\n" in server({"raw": raw})
    assert f"\n{raw}\n" in server({"locations": [{"path": "/", "raw": raw}]})


@pytest.mark.parametrize(
    ("given", "path"),
    [({}, "= /healthz"), ({"health_path": "/up"}, "= /up"), ({"health_path": ""}, None)],
)
def test_health(given: dict[str, Any], path: str | None) -> None:
    heads = [line.strip() for line in server(given).splitlines() if "location" in line]
    assert heads == ([f"location {path} {{"] if path else [])


def test_a_return_of_a_server_leaves_the_health_path_alone() -> None:
    text = server({"return": {"status": 301, "text": "https://x.example.com$request_uri"}})
    assert inside(text, "location / {") == ["return 301 https://x.example.com$request_uri;"]
    assert "location = /healthz {" in text


@pytest.mark.parametrize(
    ("match", "path", "head"),
    [
        ("prefix", "/a", "location /a {"),
        ("prefix_final", "/a b", 'location ^~ "/a b" {'),
        ("exact", "/", "location = / {"),
        ("regex", r"\.php$", r"location ~ \.php$ {"),
        ("regex_nocase", r"\.{2}", 'location ~* "\\\\.{2}" {'),
        ("prefix", "@named", "location @named {"),
    ],
)
def test_kinds_of_location(match: str, path: str, head: str) -> None:
    assert f"    {head}" in server({"locations": [{"path": path, "match": match}]}).splitlines()


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ({"internal": True}, ["internal;"]),
        ({"proxy_pass": "http://app"}, ["proxy_pass http://app;"]),
        ({"alias": "/srv/x/"}, ["alias /srv/x/;"]),
        ({"try_files": ["$uri", "=404"]}, ["try_files $uri =404;"]),
        ({"stub_status": True}, ["stub_status;"]),
        ({"return": {"status": "200", "text": 'a "b"\n'}}, ["return 200 'a \"b\"\\n';"]),
        ({"directives": {"proxy_buffering": "off"}}, ["proxy_buffering off;"]),
        ({"locations": [{"path": "/x/y", "root": "/srv"}]}, ["location /x/y {", "root /srv;", "}"]),
    ],
)
def test_a_location(given: dict[str, Any], lines: list[str]) -> None:
    assert location(given) == lines


def test_headers_of_a_block_join_those_around_it() -> None:
    around = {"add_headers": {"X-A": "1", "X-B": "1"}, "proxy_set_headers": {"X-R": "s"}}
    inner = {"add_headers": {"x-b": "2"}, "locations": [{"path": "/x/y", "add_headers": {"X-A": False}, "cache_control": "private"}]}
    assert [line for line in location(inner, around) if "add_header" in line] == [
        'add_header X-A "1" always;', 'add_header x-b "2" always;',
        'add_header x-b "2" always;', 'add_header Cache-Control "private";',
    ]  # fmt: skip
    requests = [line for line in location({"proxy_set_headers": {"X-R": "l", "Connection": "$c"}}, around) if "proxy_set_header" in line]
    assert requests[-2:] == ['proxy_set_header X-R "l";', 'proxy_set_header Connection "$c";']
    assert 'proxy_set_header Host "$host";' in requests
    # nginx hands them down where nothing is changed.
    assert location({"root": "/srv"}, around) == ["root /srv;"]


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ({}, ["valid_referers none blocked server_names;", "if ($invalid_referer) {", "return 403;", "}"]),
        ({"allowed": ["*.example.com"], "status": 404}, ["valid_referers *.example.com;", "if ($invalid_referer) {", "return 404;", "}"]),
        ({"replacement": "/no.png"},
         ["valid_referers none blocked server_names;", "if ($invalid_referer) {", "rewrite ^(?!/no\\.png$) /no.png last;", "}"]),
        ({"replacement": "https://x.example.com/no.png"},
         ["valid_referers none blocked server_names;", "if ($invalid_referer) {", "return 302 https://x.example.com/no.png;", "}"]),
    ],
)  # fmt: skip
def test_referers(given: dict[str, Any], lines: list[str]) -> None:
    assert location({"referers": given}) == lines
    # A server's hold in its locations, and in what has none; the health path stays open.
    assert location({}, {"referers": given}) == lines
    text = server({"referers": given})
    assert inside(text, "location / {") == lines
    assert "referer" not in "".join(inside(text, "location = /healthz {"))


def test_cors_looks_the_origin_up_and_answers_preflights() -> None:
    cors = {"origins": ["https://a.example.com", "https://*.b.example.com", "~^https://c$"], "credentials": True, "expose_headers": ["X-N"]}
    printed = files({"nginx_servers": [{"name": "shop", "cors": cors, "add_headers": {"X-A": "1", "Vary": "Accept"}}]})
    lines = inside(printed["servers/shop.conf"], "location / {")
    assert lines[:4] == ["if ($edge_cors_preflight) {", "return 204;", "}", 'add_header X-A "1" always;']
    names = [line.split()[1] for line in lines[4:]]
    assert names == [
        "Access-Control-Allow-Origin", "Vary", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers",
        "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age",
    ]  # fmt: skip
    assert 'add_header Vary "Accept, Origin" always;' in lines
    variable = lines[4].split('"')[1]
    assert inside(printed["maps.conf"], f"map $http_origin {variable} {{") == [
        'default "";', "https://a.example.com $http_origin;",
        r"~^https://[a-z0-9.-]+\.b\.example\.com$ $http_origin;", "~^https://c$ $http_origin;",
    ]  # fmt: skip
    assert "include maps.conf;" in printed["nginx.conf"]
    # What a preflight is told depends on its origin, too.
    told = lines[8].split('"')[1].rpartition("_")[0]
    assert inside(printed["maps.conf"], f'map "$edge_cors_preflight {variable}" {told} {{') == ['default "";', '"~^1 ." 1;']


def test_cors_for_everybody_needs_no_map_of_origins() -> None:
    printed = files({"nginx_servers": [{"name": "shop", "locations": [{"path": "/", "cors": {"origins": "*"}}]}]})
    assert 'add_header Access-Control-Allow-Origin "*" always;' in printed["servers/shop.conf"]
    assert "Vary" not in printed["servers/shop.conf"]
    assert "$http_origin $edge" not in printed["maps.conf"]


def test_one_map_serves_all_who_list_the_same_origins() -> None:
    servers = [{"name": name, "cors": {"origins": ["https://a.example.com"]}} for name in ("a", "b")]
    assert files({"nginx_servers": servers})["maps.conf"].count("map $http_origin") == 1


def test_a_proxy_cache() -> None:
    given = {"proxy_pass": "http://app", "proxy_cache": {"cache": "shop", "stale": [], "lock": False, "valid": ["200 1h"]}}
    assert location(given, nginx_caches=[{"name": "shop", "version": "3"}]) == [
        'add_header X-Cache-Status "$upstream_cache_status" always;',
        "proxy_pass http://app;",
        "proxy_cache cache_shop_02b28a28;",
        "proxy_cache_key 3:$scheme$host$request_uri;",
        "proxy_cache_valid 200 1h;",
        "proxy_cache_methods GET HEAD;",
        "proxy_cache_min_uses 1;",
        "proxy_cache_lock off;",
        "proxy_cache_background_update on;",
        "proxy_cache_revalidate on;",
        "proxy_cache_use_stale off;",
        "proxy_cache_bypass $http_authorization;",
        "proxy_no_cache $http_authorization;",
    ]


def test_a_cache_that_moves_has_another_zone() -> None:
    """nginx refuses a reload that moves a zone."""
    zones = {files({"nginx_caches": [{"name": "shop", **place}]})["nginx.conf"].partition("keys_zone=")[2].partition(":")[0]
             for place in ({}, {"path": "/srv/cache"}, {"levels": "2:2"}, {"max_size": "2g"})}  # fmt: skip
    assert len(zones) == 3


def test_upstreams() -> None:
    upstreams: list[dict[str, Any]] = [
        {"name": "plain", "servers": MEMBERS},
        {"name": "hashed", "method": "hash", "key": "$request_uri", "consistent": True, "keepalive": 0, "servers": MEMBERS},
        {"name": "socket", "method": "ip_hash", "servers": [{"address": "unix:/run/a.sock", "parameters": "route=a"}],
         "directives": {"keepalive_time": "1h"}, "raw": "# raw"},
        {"name": "full", "servers": [{**MEMBERS[0], "weight": 5, "max_conns": 2, "down": True}, {**MEMBERS[1], "backup": True}]},
    ]  # fmt: skip
    text = files({"nginx_upstreams": upstreams}, None)["upstreams.conf"]
    assert inside(text, "upstream plain {") == [
        "zone plain 128k;",
        "server 192.0.2.31:8080 weight=1 max_fails=1 fail_timeout=10s;",
        "server [2001:db8::32]:8080 weight=1 max_fails=1 fail_timeout=10s;",
        "# Where failures have put all members out at once, they are asked all the same instead of answering 502.",
        "server 192.0.2.31:8080 weight=1 max_fails=0 backup;",
        "server [2001:db8::32]:8080 weight=1 max_fails=0 backup;",
        "keepalive 32;",
    ]
    assert inside(text, "upstream hashed {")[1] == "hash $request_uri consistent;"
    assert "backup" not in "".join(inside(text, "upstream hashed {"))
    assert inside(text, "upstream socket {")[1:] == [
        "ip_hash;", "server unix:/run/a.sock weight=1 max_fails=1 fail_timeout=10s route=a;",
        "keepalive 32;", "keepalive_time 1h;", "# raw",
    ]  # fmt: skip
    assert inside(text, "upstream full {")[1:3] == [
        "server 192.0.2.31:8080 weight=5 max_fails=1 fail_timeout=10s max_conns=2 down;",
        "server [2001:db8::32]:8080 weight=1 max_fails=1 fail_timeout=10s backup;",
    ]


def test_maps() -> None:
    given = {"name": "kind", "source": "$http_host", "default": "x y", "hostnames": True,
             "values": {"*.a.example.com": 1, "volatile": "v", "~^b(?<n>.)": "$n", "c": None}}  # fmt: skip
    assert inside(files({"nginx_maps": [given]})["maps.conf"], "map $http_host $kind {") == [
        "hostnames;", 'default "x y";', "*.a.example.com 1;", "\\volatile v;", "~^b(?<n>.) $n;", 'c "";',
    ]  # fmt: skip


def test_the_counters_are_for_the_host_alone() -> None:
    printed = files({"nginx_status": {"enabled": True}})
    assert "listen 127.0.0.1:8081;" in printed["status.conf"]
    assert inside(printed["status.conf"], "location = /nginx_status {") == ["stub_status;", "allow 127.0.0.1;", "allow ::1;", "deny all;"]
    assert "include status.conf;" in printed["nginx.conf"]
    assert "status.conf" not in files({})


@pytest.mark.parametrize(
    ("address", "own"), [("192.0.2.21", ["192.0.2.21"]), ("[2001:db8::21]", ["2001:db8::21"]), ("0.0.0.0", []), ("web1.example.com", [])]
)
def test_the_host_may_ask_its_replication_address_for_counters(address: str, own: list[str]) -> None:
    given = {"enabled": True, "address": address, "allow": ["192.0.2.9"]}
    lines = inside(files({"nginx_status": given})["status.conf"], "location = /nginx_status {")
    assert lines == ["stub_status;", *(f"allow {each};" for each in ("192.0.2.9", "127.0.0.1", "::1", *own)), "deny all;"]


def test_stream() -> None:
    servers: list[dict[str, Any]] = [
        {"name": "db", "listen": [{"port": "5432", "address": "::1", "proxy_protocol": True}], "proxy_pass": "db", "proxy_protocol": True,
         "allow": ["192.0.2.0/24"]},
        {"name": "dns", "protocol": "udp", "listen": [{"port": 53}], "proxy_pass": "192.0.2.53:53", "proxy_responses": "1",
         "proxy_timeout": "2s"},
    ]  # fmt: skip
    printed = files({"nginx_servers": [], "nginx_stream_servers": servers, "nginx_stream_upstreams": [{"name": "db", "servers": MEMBERS}]})
    assert inside(printed["streams/db.conf"], "server {") == [
        "listen [::1]:5432 proxy_protocol;", "allow 192.0.2.0/24;", "deny all;", "proxy_pass db;", "proxy_protocol on;",
        "proxy_timeout 10m;", "proxy_connect_timeout 2s;",
    ]  # fmt: skip
    assert inside(printed["streams/dns.conf"], "server {")[0] == "listen 53 udp;"
    assert "proxy_responses 1;" in printed["streams/dns.conf"]
    assert "zone stream_db 128k;" in printed["stream_upstreams.conf"]
    assert "max_fails=0" not in printed["stream_upstreams.conf"]
    assert "include streams/dns.conf;" in inside(printed["nginx.conf"], "stream {")
    assert "stream {" not in files({})["nginx.conf"]

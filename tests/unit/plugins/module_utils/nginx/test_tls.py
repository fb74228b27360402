# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPS: where it is spoken, with what, and what differs between versions."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.nginx.printing import built, files, inside, server

CERTIFICATES: list[dict[str, Any]] = [
    {"name": "shop", "certificate_file": "/etc/a.pem", "key_file": "/etc/a.key"},
    {"name": "rsa", "certificate_file": "/etc/b.pem", "key_file": "/etc/b.key"},
    {"name": "own", "self_signed": True, "names": ["a.example.com"]},
]
PEM = "-----BEGIN {0}-----\nAAAA\n-----END {0}-----"


def tls(given: dict[str, Any] | None = None, version: str | None = "1.22.1", **others: Any) -> str:
    return server({"tls": {"certificate": "shop", **(given or {})}, **others}, version, nginx_certificates=CERTIFICATES)


def blocks(text: str) -> list[str]:
    return [f"server {{{part}" for part in text.split("\nserver {")[1:]]


def test_port_80_leads_to_https() -> None:
    plain, secure = blocks(tls(server_names=["a.example.com"]))
    assert "listen 80;" in plain
    assert inside(plain, "location / {") == ["return 301 https://$host$request_uri;"]
    assert "location = /healthz {" in plain
    assert "server_name a.example.com;" in plain
    assert "listen 443 ssl http2;" in secure
    assert "ssl_certificate /etc/a.pem;" in secure
    assert 'add_header Strict-Transport-Security "max-age=63072000" always;' in secure


def test_another_port_is_named_in_the_redirect() -> None:
    assert "return 301 https://$host:8443$request_uri;" in tls(listen=[{"port": 80}, {"port": 8443}])


def test_without_the_redirect_one_server_speaks_both_and_only_one_of_them_has_hsts() -> None:
    both = {"name": "shop", "tls": {"certificate": "shop", "redirect": False}}
    printed = files({"nginx_servers": [both], "nginx_certificates": CERTIFICATES})
    (only,) = blocks(printed["servers/shop.conf"])
    assert "listen 80;" in only
    assert "listen 443 ssl http2;" in only
    assert 'add_header Strict-Transport-Security "$edge_hsts_63072000_00" always;' in only
    assert inside(printed["maps.conf"], "map $https $edge_hsts_63072000_00 {") == ['default "";', "on max-age=63072000;"]


@pytest.mark.parametrize(
    ("version", "listen", "directive"),
    [("1.18.0", "listen 443 ssl http2;", False), ("1.25.0", "listen 443 ssl http2;", False), ("1.25.1", "listen 443 ssl;", True),
     (None, "listen 443 ssl;", True)],
)  # fmt: skip
def test_http2_by_version(version: str | None, listen: str, directive: bool) -> None:
    secure = blocks(tls(version=version))[1]
    assert listen in secure
    assert ("http2 on;" in secure) is directive
    assert "http2" not in tls(version=version, http2=False)


@pytest.mark.parametrize(
    ("given", "value"),
    [({"max_age": 0}, "max-age=0"), ({"include_subdomains": True, "preload": True}, "max-age=63072000; includeSubDomains; preload")],
)
def test_hsts(given: dict[str, Any], value: str) -> None:
    assert f'add_header Strict-Transport-Security "{value}" always;' in tls({"hsts": given})


def test_hsts_is_a_header_like_others() -> None:
    assert "Strict-Transport-Security" not in tls(add_headers={"Strict-Transport-Security": False})
    location = inside(tls(locations=[{"path": "/x", "add_headers": {"X-A": "1"}}]), "location /x {")
    assert location == ['add_header Strict-Transport-Security "max-age=63072000" always;', 'add_header X-A "1" always;']


def test_profiles_are_those_of_the_guidelines() -> None:
    variables = {"nginx_servers": [{"name": "shop", "tls": {"certificate": ["shop", "rsa"], "profile": "modern"}}],
                 "nginx_certificates": CERTIFICATES}  # fmt: skip
    printed = files(variables)
    http = printed["nginx.conf"]
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in http
    assert "ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:" in http
    assert "DHE-RSA" not in http.replace("ECDHE-RSA", "")
    assert "ssl_ecdh_curve X25519:prime256v1:secp384r1;" in http
    assert "ssl_session_tickets off;" in http
    assert "ssl_protocols TLSv1.3;" in printed["servers/shop.conf"]
    assert printed["servers/shop.conf"].count("ssl_certificate ") == 2
    newer = files(variables, "1.28.0", openssl="3.5.4")["nginx.conf"]
    assert "ssl_ecdh_curve X25519MLKEM768:X25519:prime256v1:secp384r1;" in newer
    assert "ssl_session_tickets" not in newer
    assert "ssl_" not in files({})["nginx.conf"]


def test_certificates_given_as_text_become_files_and_keys_stay_secret() -> None:
    given = {"name": "shop", "certificate": PEM.format("CERTIFICATE"), "key": PEM.format("PRIVATE KEY")}
    found, problems = built({"nginx_servers": [{"name": "shop", "tls": {"certificate": "shop"}}], "nginx_certificates": [given]})
    assert not problems
    by_path = {file["path"]: file for file in found}
    assert by_path["certificates/shop.pem"]["content"] == given["certificate"] + "\n"
    assert "secret" not in by_path["certificates/shop.pem"]
    key = by_path["certificates/shop.key"]
    assert (key["mode"], key["secret"], key["content"]) == ("0600", True, given["key"] + "\n")
    assert "ssl_certificate_key certificates/shop.key;" in by_path["servers/shop.conf"]["content"]


def test_self_signed_ones_lie_on_the_host() -> None:
    assert "ssl_certificate_key /var/lib/steadfast-edge/certificates/own.key;" in tls({"certificate": "own"})


def test_ocsp_stapling() -> None:
    text = server({"tls": {"certificate": "shop", "ocsp_stapling": True, "trusted_certificate_file": "/etc/chain.pem"}},
                  nginx_certificates=CERTIFICATES, nginx_resolvers=["192.0.2.53"])  # fmt: skip
    assert [line.strip() for line in text.splitlines() if "stapling" in line or "trusted" in line] == [
        "ssl_stapling on;", "ssl_stapling_verify on;", "ssl_trusted_certificate /etc/chain.pem;",
    ]  # fmt: skip


def test_stream_speaks_tls_too() -> None:
    printed = files({"nginx_certificates": CERTIFICATES,
                     "nginx_stream_servers": [{"name": "db", "listen": [{"port": 636}], "proxy_pass": "192.0.2.1:389",
                                               "tls": {"certificate": "shop"}}]})  # fmt: skip
    assert "listen 636 ssl;" in printed["streams/db.conf"]
    assert "ssl_certificate /etc/a.pem;" in printed["streams/db.conf"]
    assert "ssl_session_cache shared:edge_stream_tls:10m;" in inside(printed["nginx.conf"], "stream {")

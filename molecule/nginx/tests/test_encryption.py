# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS as a scanner, curl and openssl see it."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from labclient import Lab

from .remote import NoAnswer, Remote
from .topology import WEB

CA = "/srv/edge/ca.crt"


@dataclass(frozen=True)
class Scan:
    protocols: set[str]
    ciphers: dict[str, set[str]]  # per protocol


def scan(lab: Lab, name: str, port: int) -> Scan:
    shown = lab.run("client1", "sslscan", f"--sni-name={name}", "--xml=-", f"{WEB}:{port}")
    found = ElementTree.fromstring(shown).find("ssltest")
    assert found is not None
    ciphers: dict[str, set[str]] = {}
    for cipher in found.iter("cipher"):
        ciphers.setdefault(cipher.attrib["sslversion"], set()).add(cipher.attrib["cipher"])
    protocols = {f"{each.attrib['type']} {each.attrib['version']}" for each in found.iter("protocol") if each.attrib["enabled"] == "1"}
    return Scan(protocols, ciphers)


TLS_1_3 = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}


def test_intermediate_is_what_mozilla_says(lab: Lab) -> None:
    """Forward secrecy and authenticated encryption alone; of its TLS 1.2 ciphers those for the RSA key that the server has."""
    seen = scan(lab, "secure.example.com", 443)
    assert seen.protocols == {"tls 1.2", "tls 1.3"}
    assert seen.ciphers["TLSv1.3"] == TLS_1_3
    assert seen.ciphers["TLSv1.2"] == {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"}


def test_modern_is_tls_1_3_alone(lab: Lab) -> None:
    seen = scan(lab, "modern.example.com", 8443)
    assert seen.protocols == {"tls 1.3"}
    assert seen.ciphers == {"TLSv1.3": TLS_1_3}


def test_the_scanner_sees_what_should_not_be_there(lab: Lab) -> None:
    """On a server whose directives are worse than any profile; otherwise the two above would say nothing."""
    seen = scan(lab, "lax.example.com", 8444)
    assert {"tls 1.0", "tls 1.1"} <= {each.lower() for each in seen.protocols}
    assert {"AES128-SHA", "AES256-SHA"} <= seen.ciphers["TLSv1.0"] & seen.ciphers["TLSv1.2"]


def test_the_certificate_is_the_given_one(client: Remote, lab: Lab) -> None:
    given = (lab.ssh_config.parent.parent / "authority/secure.crt").read_text()
    answer = client.get("https://secure.example.com/", ca=CA)
    assert answer.certificate == hashlib.sha256(ssl.PEM_cert_to_DER_cert(given)).hexdigest()
    assert answer.json["forwarded_proto"] == "https"


def test_a_self_signed_certificate_is_trusted_by_who_knows_it(client: Remote, lab: Lab) -> None:
    local, given = (client.get(f"https://{name}.example.com/").certificate for name in ("local", "secure"))
    assert local != given
    with pytest.raises(NoAnswer, match="CERTIFICATE_VERIFY_FAILED"):
        client.get("https://local.example.com/", ca=CA)
    fetch = f"openssl s_client -connect {WEB}:443 -servername local.example.com </dev/null | openssl x509 >/root/local.crt"
    lab.run("client1", "sh", "-c", fetch)
    assert client.get("https://local.example.com/", ca="/root/local.crt").body == "https"
    text = lab.run("client1", "openssl", "x509", "-in", "/root/local.crt", "-noout", "-ext", "subjectAltName")
    assert "DNS:local.example.com" in text
    assert f"IP Address:{WEB}" in text


def test_keys_are_for_root_alone(lab: Lab) -> None:
    """The given one, the one that the host has made, and the copies in earlier releases."""
    places = ["/etc", "/var/lib/steadfast-edge", "/srv"]
    keys = lab.run("web1", "grep", "--recursive", "--files-with-matches", "BEGIN.*PRIVATE KEY", *places).splitlines()
    # Those of the host itself, for ssh, are not ours.
    modes = {key: lab.run("web1", "stat", "--format", "%U %a", key).strip() for key in keys if not key.startswith("/etc/ssh/")}
    assert {"secure.key", "local.key"} <= {Path(key).name for key in modes}
    assert set(modes.values()) == {"root 600"}, modes


def http_version(lab: Lab, url: str, *options: str) -> str:
    name, port = url.removeprefix("https://").split("/")[0].split(":")
    where = ["--resolve", f"{name}:{port}:{WEB}"]
    shown = ["--output", "/dev/null", "--write-out", "%{http_version} %{http_code}"]
    return lab.run("client1", "curl", "--silent", "--insecure", *where, *shown, *options, url)


def test_http_2_is_spoken_where_it_is_wanted(lab: Lab) -> None:
    assert http_version(lab, "https://secure.example.com:443/", "--http2") == "2 200"
    assert http_version(lab, "https://secure.example.com:443/", "--http1.1") == "1.1 200"
    assert http_version(lab, "https://modern.example.com:8443/", "--http2") == "1.1 200"


def test_plain_http_is_redirected(client: Remote) -> None:
    answer = client.get("http://secure.example.com/orders?id=1")
    assert (answer.status, answer.headers["location"]) == (301, "https://secure.example.com/orders?id=1")
    # A director's check must get an answer, not a redirect.
    assert client.get("http://secure.example.com/healthz").status == 200
    assert client.get("http://local.example.com/").body == "http"


@pytest.mark.parametrize(
    ("url", "hsts"),
    [
        ("https://secure.example.com/", "max-age=63072000"),
        ("https://secure.example.com/broken", "max-age=63072000"),
        ("https://modern.example.com:8443/", "max-age=600; includeSubDomains; preload"),
        ("https://local.example.com/", None),
        # Browsers ignore it there, and scanners complain.
        ("http://secure.example.com/", None),
    ],
)
def test_browsers_are_told_to_come_by_https(client: Remote, url: str, hsts: str | None) -> None:
    assert client.get(url).headers.get("strict-transport-security") == hsts


def test_the_authority_answers_through_nginx(lab: Lab, eventually: Callable[..., Any]) -> None:
    """OCSP stapling: nginx has asked the authority, and hands on its answer with the handshake."""
    ask = f"openssl s_client -connect {WEB}:443 -servername secure.example.com -status -CAfile {CA} </dev/null 2>/dev/null"
    eventually(lambda: "Cert Status: good" in lab.run("client1", "sh", "-c", ask), True)


def test_sessions_are_resumed_without_tickets(lab: Lab) -> None:
    """What Mozilla asks for: the keys of tickets would have to be changed daily, by hand."""
    ask = f"openssl s_client -connect {WEB}:443 -servername secure.example.com -tls1_2 -reconnect </dev/null 2>/dev/null"
    shown = lab.run("client1", "sh", "-c", ask)
    assert "Reused, TLSv1.2" in shown
    assert "TLS session ticket" not in shown

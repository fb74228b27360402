# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS: certificates, and which protocols and ciphers are spoken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .context import Context
from .tree import Block

__all__ = ["certificate_files", "check_certificates", "hsts", "print_certificates", "print_common", "print_profile"]

# Mozilla's Server Side TLS guidelines, version 6.0 of 2026-04-06: https://ssl-config.mozilla.org/guidelines/6.0.json
PROTOCOLS = {"intermediate": "TLSv1.2 TLSv1.3", "modern": "TLSv1.3"}
CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
)
CURVES = ("X25519", "prime256v1", "secp384r1")
# The hybrid of elliptic curves and ML-KEM, first in the guidelines. OpenSSL before 3.5 refuses the whole list because of it.
HYBRID = "X25519MLKEM768"


def print_profile(block: Block, context: Context, profile: str, origin: str) -> None:
    block.put("ssl_protocols", PROTOCOLS[profile], origin)
    if profile == "intermediate":
        block.put("ssl_ciphers", ":".join(CIPHERS), origin)
    curves = (HYBRID, *CURVES) if context.host.has_openssl(3, 5) else CURVES
    block.put("ssl_ecdh_curve", ":".join(curves), origin)
    block.put("ssl_prefer_server_ciphers", "off", origin)


def print_common(block: Block, context: Context, cache: str) -> None:
    """What all servers of an http or stream block share."""
    print_profile(block, context, context.values["nginx_tls_profile"], "nginx_tls_profile")
    # About 40,000 sessions.
    block.put("ssl_session_cache", f"shared:{cache}:10m")
    block.put("ssl_session_timeout", "1d")
    if not context.host.has(1, 23, 2):
        # Before, the key of tickets stayed the same until the next restart.
        block.put("ssl_session_tickets", "off")


def print_certificates(block: Block, context: Context, tls: Mapping[str, Any], path: str) -> None:
    """The certificates of a server, and a profile that is not everybody's."""
    known = {item["name"]: item for item in context.values["nginx_certificates"]}
    for name in tls["certificate"]:
        if context.known(name, "nginx_certificates", f"{path}.certificate"):
            certificate, key = _paths(known[name], context)
            block.add("ssl_certificate", certificate, origin=f"{path}.certificate")
            block.add("ssl_certificate_key", key, origin=f"{path}.certificate")
    if tls["profile"] not in (None, context.values["nginx_tls_profile"]):
        print_profile(block, context, tls["profile"], f"{path}.profile")


def _paths(item: Mapping[str, Any], context: Context) -> tuple[str, str]:
    name = item["name"]
    if item.get("certificate_file"):
        return item["certificate_file"], item.get("key_file") or ""
    folder = context.host.self_signed_directory if item.get("self_signed") else "certificates"
    return f"{folder}/{name}.pem", f"{folder}/{name}.key"


def check_certificates(context: Context) -> None:
    context.check_names("nginx_certificates")
    for item in context.values["nginx_certificates"]:
        path = f"nginx_certificates[{item.get('name')}]"
        if item.get("self_signed") and not item["names"]:
            remedy = "Write the names of the servers, names: [shop.example.com]."
            context.problems.add(f"{path}.names", None, "The certificate needs a name.", remedy)
        for key, begin in (("certificate", "CERTIFICATE"), ("key", "PRIVATE KEY")):
            text = item.get(key)
            if text and f"{begin}-----" not in text:
                message = f"This is no PEM text with a {begin.lower()}."
                context.problems.add(f"{path}.{key}", None, message, f"Write the file's text, from -----BEGIN on, or use {key}_file.")


def certificate_files(context: Context) -> list[dict[str, Any]]:
    """The files of the certificates that are given as text. A key is for root alone, and never shown."""
    files = []
    for item in context.values["nginx_certificates"]:
        if item.get("certificate"):
            path = f"nginx_certificates[{item['name']}]"
            name = f"certificates/{item['name']}"
            files.append({"path": f"{name}.pem", "content": _ended(item["certificate"]), "origins": {1: f"{path}.certificate"}})
            secret: dict[str, Any] = {"mode": "0600", "secret": True, "origins": {1: f"{path}.key"}}
            files.append({"path": f"{name}.key", "content": _ended(item["key"] or ""), **secret})
    return files


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


def hsts(settings: Mapping[str, Any]) -> str:
    """The value of Strict-Transport-Security."""
    extra = {"include_subdomains": "; includeSubDomains", "preload": "; preload"}
    return f"max-age={settings['max_age']}" + "".join(text for key, text in extra.items() if settings[key])

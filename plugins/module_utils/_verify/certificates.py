# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate that an endpoint shows for a name: how long it is valid, and whether it is for that name."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._command import CommandError, Runner

__all__ = ["certificate", "judge"]

TIMEOUT = 5
DAY = 86400


def certificate(run: Runner, endpoint: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {**endpoint, "days": None, "named": False, "error": ""}
    try:
        return {**found, **judge(run, shown(endpoint["address"], endpoint["port"], endpoint["name"]), endpoint["name"])}
    except (CommandError, OSError, ValueError) as error:
        return {**found, "error": str(error) or type(error).__name__}


def shown(address: str, port: int, name: str) -> str:
    """In PEM. Who vouches for it is another question than whether it is the right one."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((address, port), TIMEOUT) as wire, context.wrap_socket(wire, server_hostname=name) as secured:
        return ssl.DER_cert_to_PEM_cert(secured.getpeercert(binary_form=True) or b"")


def judge(run: Runner, pem: str, name: str, now: float | None = None) -> dict[str, Any]:
    """openssl reads it: the standard library decodes only certificates that it has verified."""
    said = run(["openssl", "x509", "-noout", "-enddate", "-checkhost", name], stdin=pem, accept=(0, 1)).out
    end = next((line.partition("=")[2] for line in said.splitlines() if line.startswith("notAfter=")), "")
    if not end:
        raise ValueError("openssl does not tell until when it is valid")
    left = ssl.cert_time_to_seconds(end) - (time.time() if now is None else now)
    return {"days": round(left / DAY, 1), "named": "does match certificate" in said}

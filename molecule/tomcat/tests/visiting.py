# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host of the lab: one visitor, who keeps his cookies, asks URLs one after the other and prints the answers as JSON."""

from __future__ import annotations

import http.client
import json
import sys
import urllib.parse
from typing import Any


def ask(url: str, cookies: dict[str, str], headers: dict[str, str]) -> dict[str, Any]:
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port or 80, timeout=30)
    sent = {**headers, **({"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {})}
    try:
        connection.request("GET", parts.path or "/", headers=sent)
        answer = connection.getresponse()
        body = answer.read().decode()
    except OSError as error:
        return {"status": 0, "body": str(error)}
    finally:
        connection.close()
    for value in answer.headers.get_all("Set-Cookie") or []:
        name, _equals, rest = value.partition("=")
        cookies[name] = rest.partition(";")[0]
    page = json.loads(body) if answer.getheader("Content-Type", "").startswith("application/json") else {}
    return {**page, "status": answer.status, "body": body}


order = json.loads(sys.argv[1])
jar: dict[str, str] = order["cookies"]
print(json.dumps({"answers": [ask(url, jar, order["headers"]) for url in order["urls"]], "cookies": jar}))

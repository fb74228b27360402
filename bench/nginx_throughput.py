# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests per second with the role's defaults and with the distribution's, for a static file and for a proxied answer."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from typing import Any

from labclient import LabError
from nginx_host import WEB, Bench

__all__ = ["SECONDS", "measure", "rows"]

SECONDS = 5
BACKEND = "192.0.2.90"
ROLE, DISTRIBUTION = 80, 81  # ports
KINDS = {"static file of 10 KiB": ("/page.html", "faster"), "proxied answer": ("/app", "1.5x")}


def prepare(bench: Bench) -> None:
    """Both on the same host, with one page and one backend for both. Settings are those of a host that nobody has tuned."""
    bench.shell("mkdir -p /srv/www && head -c 10240 /dev/zero | tr '\\0' x > /srv/www/page.html")
    bench.fresh()
    bench.role({
        "nginx_upstreams": [{"name": "app", "servers": [{"address": BACKEND, "port": 8080}]}],
        "nginx_servers": [{"name": "shop", "root": "/srv/www", "locations": [{"path": "/app", "proxy_pass": "http://app"}]}],
    })  # fmt: skip
    site = f"server {{ listen {DISTRIBUTION}; root /srv/www; location /app {{ proxy_pass http://{BACKEND}:8080; }} }}"
    bench.shell(
        "rm -rf /root/distribution && cp -a /root/packaged /root/distribution && cd /root/distribution"
        " && sed -i 's,/etc/nginx/,/root/distribution/,; s,^pid .*,pid /run/distribution.pid;,' nginx.conf"
        f" && echo '{site}' > sites-enabled/default.new && mv sites-enabled/default.new sites-enabled/default"
        " && nginx -c /root/distribution/nginx.conf"
    )
    # An answer like that of an application; connections stay open for whoever wants to keep them.
    backend = "server { listen 8080; access_log off; location / { default_type text/html; return 200 answer; } }"
    script = f"rm -f /etc/nginx/sites-enabled/default && echo '{backend}' > /etc/nginx/conf.d/backend.conf && systemctl restart nginx"
    bench.shell(script, "client1")


def requests_per_second(bench: Bench, port: int, path: str) -> float:
    output = bench.shell(f"wrk -t 2 -c 64 -d {SECONDS}s http://{WEB}:{port}{path}", "client1")
    if re.search(r"Non-2xx|Socket errors", output):
        raise LabError(f"wrk saw errors: {output}")
    found = re.search(r"Requests/sec:\s*([\d.]+)", output)
    if not found:
        raise LabError(f"wrk says no rate: {output}")
    return float(found.group(1))


def measure(bench: Bench, rounds: int) -> dict[str, Any]:
    """Medians by kind, the role's and the distribution's, in turns."""
    prepare(bench)
    medians = {}
    for kind, (path, _goal) in KINDS.items():
        rates: dict[int, list[float]] = {ROLE: [], DISTRIBUTION: []}
        for _turn in range(rounds + 1):
            for port, seen in rates.items():
                seen.append(requests_per_second(bench, port, path))
        # The first turn warms up.
        medians[kind] = [statistics.median(rates[port][1:]) for port in (ROLE, DISTRIBUTION)]
    return medians


def rows(measured: dict[str, Any]) -> Iterator[str]:
    yield "| requests per second | role's defaults | distribution's | factor | goal |"
    yield "|---|---|---|---|---|"
    for kind, (ours, theirs) in measured.items():
        yield f"| {kind} | {ours:,.0f} | {theirs:,.0f} | {ours / theirs:.2f}x | {KINDS[kind][1]} |"

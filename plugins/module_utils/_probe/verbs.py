# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module http_probe does, and what it answers."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from . import background, client, figures
from .background import Probe, ProbeError, Record

__all__ = ["absent", "collected", "plan", "started"]

CONNECTIONS = {"fresh": "fresh", "kept_alive": "kept", "both": "both"}
# The largest value of each.
LIMITS = {"rate": 2000, "duration": 86400, "timeout": 600}


def plan(params: Mapping[str, Any]) -> client.Plan:
    """The plan that the module's options describe."""
    for option, most in LIMITS.items():
        if not 0 < params[option] <= most:
            raise ProbeError(f"{option} is {params[option]:g}; it must be more than 0 and at most {most}.")
    if params["retries"] < 0:
        raise ProbeError(f"retries is {params['retries']}; it cannot be less than 0.")
    _check_url(params["url"])
    wanted = client.Plan(
        url=params["url"],
        rate=params["rate"],
        seconds=params["duration"],
        timeout=params["timeout"],
        retries=params["retries"],
        connections=CONNECTIONS[params["connections"]],
        connect_to=params["connect_to"] or "",
        headers=tuple(sorted((str(name), str(value)) for name, value in params["headers"].items())),
        statuses=tuple(params["status"]),
        contains=params["contains"],
        verify=params["validate_certs"],
        ca_file=params["ca_path"] or "",
        served_by=tuple(params["count_headers"]),
    )
    if wanted.waiting > client.MOST_WAITING:
        raise ProbeError(
            f"With these values {wanted.waiting} requests could be waiting at the same time; {client.MOST_WAITING} are possible. "
            "Choose a lower rate, a shorter timeout or fewer retries."
        )
    return wanted


def _check_url(url: str) -> None:
    try:
        parts = urllib.parse.urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        usable = usable and url.isascii() and not any(character.isspace() for character in url)
    except ValueError:
        usable = False
    if not usable:
        raise ProbeError(f"{url} cannot be asked: write a whole URL such as http://192.0.2.150/healthz.")


def started(probe: Probe, wanted: client.Plan, check: bool) -> dict[str, Any]:
    record = probe.read()
    running = record is not None and record.state == background.RUNNING
    if record and running:
        given = json.loads(json.dumps(asdict(wanted)))
        other = sorted(key for key, value in given.items() if record.plan.get(key) != value)
        if other:
            raise ProbeError(
                f"The probe {probe.name} is running with other values ({', '.join(other)}). "
                "Collect or remove it first ('state: collected', 'state: absent'), or take another name."
            )
    elif not check:
        probe.start(wanted)
    return {"changed": not running, "state": background.RUNNING, "msg": f"The probe {probe.name} asks {wanted.url}."}


def collected(probe: Probe, wait: bool, check: bool) -> dict[str, Any]:
    before = probe.read()
    if before is None:
        raise ProbeError(f"There is no probe {probe.name}: it was never started here, or the host has been rebooted since.")
    if not check:
        probe.end(wait)
    record = probe.read() or before
    return {"changed": before.state == background.RUNNING, **_figures(probe, record)}


def absent(probe: Probe, check: bool) -> dict[str, Any]:
    there = probe.exists
    if not check:
        try:
            probe.end()
        except ProbeError:
            if probe.alive():
                raise
        probe.remove()
    return {"changed": there, "state": "absent", "msg": f"There is no probe {probe.name}."}


def _figures(probe: Probe, record: Record) -> dict[str, Any]:
    summary = record.summary
    timeline = [figures.Moment(**moment) for moment in summary["timeline"]]
    died = f"The probe {probe.name} died: {record.reason}. Until then " if record.state == background.DIED else ""
    headers = client.Plan.stored(record.plan).served_by
    return {
        **summary,
        "state": record.state,
        "began": record.began,
        "ended": record.ended,
        "servers": dict(zip(headers, summary["servers"])),
        "chart": figures.chart(timeline),
        "msg": died + _sentence(summary),
    }


def _sentence(summary: Mapping[str, Any]) -> str:
    latency = summary["latency"]
    saved = summary["retried"] - summary["lost"]
    return (
        f"{summary['requests']} requests: {summary['lost']} lost, {saved} answered after a retry; "
        f"longest gap {summary['longest_gap']:.3f} s; "
        f"p50 {latency['p50'] * 1000:.1f} ms, p99 {latency['p99'] * 1000:.1f} ms, at most {latency['max'] * 1000:.0f} ms."
    )

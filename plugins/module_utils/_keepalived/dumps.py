# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keepalived writes when it is asked for its state: JSON about VRRP, and indented text about everything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["instances_from_json", "instances_from_text", "script_states", "version_of", "virtual_servers"]

STATES = {0: "INIT", 1: "BACKUP", 2: "MASTER", 3: "FAULT"}
SECTION = re.compile(r"\s*-+<\s*(.+?)\s*>-+\s*$")
PAIR = re.compile(r"\s*([^=:]+?)\s*=\s*(.*?)\s*$")
TARGET = re.compile(r"\[(?P<address>[^\]]+)\]:(?P<protocol>\w+):(?P<port>\d+)$")


def version_of(text: str) -> tuple[str | None, list[str]]:
    """The version and the build options, from `keepalived --version`."""
    version = re.search(r"Keepalived v(\d+(?:\.\d+)+)", text)
    options = re.search(r"^Config options:\s*(.*)$", text, re.MULTILINE)
    return version[1] if version else None, options[1].split() if options else []


def _address(text: str) -> dict[str, Any]:
    """`192.0.2.150 dev eth0 scope global set`: the last word says that it is on the interface."""
    parts = text.split()
    device = parts[parts.index("dev") + 1] if "dev" in parts[:-1] else None
    return {"address": parts[0].split("/")[0], "interface": device, "held": parts[-1] == "set"}


def _instance(**known: Any) -> dict[str, Any]:
    return {**known, "held": [vip["address"] for vip in known["addresses"] if vip["held"]]}


def instances_from_json(text: str) -> list[dict[str, Any]]:
    """Raises ValueError while the text is not whole."""
    data = json.loads(text)
    items = data if isinstance(data, list) else data.get("vrrp", [])
    found = []
    for item in items:
        about = item["data"]
        found.append(
            _instance(
                name=about["iname"],
                state=STATES.get(about["state"], "UNKNOWN"),
                interface=about.get("ifp_ifname"),
                virtual_router_id=about["vrid"],
                version=about.get("version"),
                priority=about["base_priority"],
                effective_priority=about["effective_priority"],
                advertisement_interval=round(float(about["adver_int"]), 2),
                last_transition=about.get("last_transition"),
                addresses=[_address(vip) for key in ("vips", "evips") for vip in about.get(key, [])],
            )
        )
    return found


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    name = ""
    lines: list[str] = []
    for line in text.splitlines():
        match = SECTION.match(line)
        if match:
            yield name, lines
            name, lines = match[1], []
        elif line.strip():
            lines.append(line)
    yield name, lines


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _blocks(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """A line with less indentation than what follows it, and what follows."""
    head = ""
    body: list[str] = []
    for line in lines:
        if not head or _depth(line) <= _depth(head):
            if head:
                yield head, body
            head, body = line, []
        else:
            body.append(line)
    if head:
        yield head, body


def _pairs(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        match = PAIR.match(line)
        if match:
            found.setdefault(match[1], match[2])
    return found


def _below(lines: list[str], title: str) -> list[str]:
    """The lines that stand deeper than the one that begins with the title."""
    for index, line in enumerate(lines):
        if line.strip().startswith(title):
            found = []
            for further in lines[index + 1 :]:
                if _depth(further) <= _depth(line):
                    break
                found.append(further.strip())
            return found
    return []


def _seconds(text: str) -> float | None:
    match = re.match(r"([\d.]+)\s*(milli-sec|sec|usecs)?", text)
    if not match:
        return None
    return round(float(match[1]) / {"milli-sec": 1000, "usecs": 1000000}.get(match[2] or "sec", 1), 2)


def _number(text: str | None) -> int | None:
    match = re.match(r"-?\d+", text or "")
    return int(match[0]) if match else None


def _instance_from_text(name: str, lines: list[str]) -> dict[str, Any]:
    pairs = _pairs(lines)
    transition = pairs.get("Last transition", "").split(" ")[0]
    addresses = _below(lines, "Virtual IP (") + _below(lines, "Virtual IP Excluded")
    return _instance(
        name=name,
        state=pairs.get("State", "UNKNOWN").split(" ")[0],
        interface=pairs.get("Interface"),
        virtual_router_id=_number(pairs.get("Virtual Router ID")),
        version=_number(pairs.get("VRRP Version")),
        priority=_number(pairs.get("Priority")),
        effective_priority=_number(pairs.get("Effective priority")),
        advertisement_interval=_seconds(pairs.get("Advert interval", "")),
        last_transition=float(transition) if re.fullmatch(r"\d+\.\d+", transition) else None,
        addresses=[_address(address) for address in addresses],
    )


def _named(text: str, section: str, key: str) -> Iterator[tuple[str, list[str]]]:
    for name, lines in _sections(text):
        if name != section:
            continue
        for head, body in _blocks(lines):
            pair = PAIR.match(head)
            if pair and pair[1] == key:
                yield pair[2], body


def instances_from_text(text: str) -> list[dict[str, Any]]:
    return [_instance_from_text(name, body) for name, body in _named(text, "VRRP Topology", "VRRP Instance")]


def script_states(text: str) -> list[dict[str, Any]]:
    """Tracked scripts: `good` as long as they count as such, whatever the last run said."""
    found = []
    for name, body in _named(text, "VRRP Scripts", "VRRP Script"):
        pairs = _pairs(body)
        found.append({"name": name, "status": pairs.get("Status", "unknown").lower(), "weight": _number(pairs.get("Weight"))})
    return found


def _flag(pairs: dict[str, str], key: str) -> bool | None:
    return {"1": True, "0": False}.get(pairs.get(key, ""))


def _checkers(text: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The checks, by their virtual server and their real server as keepalived prints both."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for name, lines in _sections(text):
        if name != "Health checkers":
            continue
        for head, body in _blocks(lines):
            server, _arrow, real = head.strip().partition(" -> ")
            pairs = _pairs(body)
            kind = pairs.get("Keepalive method", "unknown").split(",")[0]
            up, ran = pairs.get("Up") == "yes", pairs.get("Has run") != "no"
            found.setdefault((server, real), []).append({"type": kind, "up": up, "has_run": ran})
    return found


def _real_server(lines: list[str]) -> dict[str, Any]:
    text = lines[0] if lines else ""
    match = re.search(r"RIP = (\S+?), RPORT = (\d+)", text)
    pairs = _pairs(lines[1:])
    return {
        "address": match[1] if match else None,
        "port": int(match[2]) if match else None,
        "weight": _number(pairs.get("initial weight")),
        "effective_weight": _number(pairs.get("effective weight")),
        "forward": pairs.get("forwarding method"),
        "alive": _flag(pairs, "alive"),
        "in_table": _flag(pairs, "RS set"),
        "failed_checks": _number(pairs.get("num failed checkers")),
        "checks": [],
    }


def _virtual_server(lines: list[str]) -> dict[str, Any]:
    pairs = _pairs(lines)
    head = lines[0].strip() if lines else ""
    match = re.match(r"VS VIP = (\S+?), VPORT = (\d+)", head)
    sorry = TARGET.search(pairs.get("sorry server", ""))
    return {
        "address": match[1] if match else None,
        "port": int(match[2]) if match else None,
        "fwmark": _number(pairs.get("VS FWMARK")),
        "group": pairs["VS GROUP"].split()[0] if pairs.get("VS GROUP") else None,
        "protocol": None if pairs.get("protocol") in (None, "none") else pairs["protocol"],
        "scheduler": pairs.get("lvs_sched"),
        "forward": pairs.get("default forwarding method"),
        "quorum": _number(pairs.get("quorum")),
        "quorum_up": _flag(pairs, "quorum_state_up"),
        "sorry_server": {"address": sorry["address"], "port": int(sorry["port"])} if sorry else None,
        "real_servers": [],
    }


def _label(server: dict[str, Any]) -> str:
    """As keepalived names a virtual server in front of its checks."""
    if server["fwmark"] is not None:
        return f"FWM {server['fwmark']}"
    return f"[{server['address']}]:{(server['protocol'] or 'none').lower()}:{server['port']}"


def virtual_servers(text: str) -> list[dict[str, Any]]:
    """Virtual servers with their real servers, and what the checks of these say at present."""
    found: list[dict[str, Any]] = []
    checks = _checkers(text)
    for name, lines in _sections(text):
        if name == "Virtual server":
            found.append(_virtual_server(lines))
        elif name == "Real server" and found:
            server = found[-1]
            real = _real_server(lines)
            label = f"[{real['address']}]:{(server['protocol'] or 'none').lower()}:{real['port']}"
            real["checks"] = checks.get((_label(server), label), [])
            server["real_servers"].append(real)
    return found

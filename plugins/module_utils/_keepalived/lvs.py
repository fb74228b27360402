# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of keepalived.conf that concerns LVS: virtual servers, their real servers and how these are checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.directives import (
    Version,
    check_known,
    commands,
    flags,
    settings,
    switches,
    words,
)
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.text import (
    Block,
    ConfigError,
    Line,
    command,
    number,
    raw_lines,
    word,
)

__all__ = ["virtual_server_blocks"]

FLAGS = ("sh-port", "sh-fallback", "mh-port", "mh-fallback", "flag-1", "flag-2", "flag-3")
HEXADECIMAL = re.compile(r"[0-9a-fA-FxX]+( [0-9a-fA-FxX]+)*")
STATUS = re.compile(r"\d{3}(-\d{3})?( \d{3}(-\d{3})?)*")

BEFORE_PROTOCOL = words("persistence_timeout", "persistence_granularity", "persistence_engine")
SERVER = {
    **flags(one_packet="ops"),
    **words(family="ip_family"),
    **flags("alpha", "omega", "ha_suspend", "inhibit_on_failure"),
    **words("quorum", "hysteresis"),
    **commands("quorum_up", "quorum_down"),
    **words("virtualhost"),
    **switches("smtp_alert"),
}
REAL_SERVER = {
    **words(upper_threshold="uthreshold", lower_threshold="lthreshold"),
    **switches("inhibit_on_failure", "smtp_alert"),
    **commands("notify_up", "notify_down"),
    **words("virtualhost"),
}
KINDS = {
    "http": "HTTP_GET",
    "https": "SSL_GET",
    "tcp": "TCP_CHECK",
    "udp": "UDP_CHECK",
    "ping": "PING_CHECK",
    "dns": "DNS_CHECK",
    "smtp": "SMTP_CHECK",
    "misc": "MISC_CHECK",
    "file": "FILE_CHECK",
    "bfd": "BFD_CHECK",
}
CONNECTION = words(address="connect_ip", port="connect_port", bind_address="bindto", bind_interface="bind_if", fwmark="fwmark")
TIMING = {**words(timeout="connect_timeout", retries="retry", retry_delay="delay_before_retry"), **switches("log_all_failures")}
URL = words("digest", "virtualhost")
OWN = {
    "http": words("http_protocol"),
    "https": {**words("http_protocol"), **flags(sni="enable_sni")},
    "udp": words("min_reply_length", "max_reply_length"),
    "dns": words(dns_type="type", dns_name="name"),
    "smtp": words("helo_name"),
    "misc": {**commands(command="misc_path"), **words(timeout="misc_timeout", user="user"), **flags(dynamic="misc_dynamic")},
    "file": words("track_file", "weight"),
    "bfd": words(bfd="name"),
}
NEEDED = {"misc": "command", "file": "track_file", "bfd": "bfd"}
# What connects, and so has an address, a port and a time-out of its own.
CONNECTING = ("http", "https", "tcp", "udp", "ping", "dns", "smtp")


def _forward(item: Mapping[str, Any], keyword: str, where: str) -> list[Line]:
    method = item.get("forward")
    if method is None:
        return []
    if method != "TUN" or item.get("tunnel_type") is None:
        return [f"{keyword} {method}"]
    parts = [keyword, "TUN", "type", item["tunnel_type"]]
    if item["tunnel_type"] == "gue":
        if item.get("tunnel_port") is None:
            raise ConfigError(f"{where}.tunnel_port: a gue tunnel needs the port of the other end; write it, for example 6080.")
        parts += ["port", str(item["tunnel_port"])]
    if item.get("tunnel_checksum"):
        parts.append(item["tunnel_checksum"])
    return [" ".join(parts)]


def _url(check: Mapping[str, Any], where: str, version: Version) -> list[Line]:
    body: list[Line] = [f"path {word(check['path'] or '/', where + '.path')}"]
    status = str(check["status"] or 200)
    if not STATUS.fullmatch(status):
        raise ConfigError(f"{where}.status: {status!r} names no HTTP status; write 200, 200-299, or several with a blank between.")
    # Without any condition keepalived accepts 200 to 299; ours is always written out.
    body.append(f"status_code {status}")
    body += settings(check, URL, where, version)
    if check.get("regex"):
        body.append(f"regex {command(check['regex'], where + '.regex')}")
    if check.get("regex_no_match"):
        body.append("regex_no_match")
    return [Block("url", body)]


def _hexadecimal(text: Any, where: str) -> str:
    if not HEXADECIMAL.fullmatch(str(text)):
        raise ConfigError(f"{where}: {text!r} are no bytes; write hexadecimal digits, 0a ff for example.")
    return str(text)


def _datagrams(check: Mapping[str, Any], where: str, version: Version) -> list[Line]:
    """What is sent, and what must come back."""
    found: list[Line] = []
    if check.get("payload"):
        check_known("payload", f"{where}.payload", version)
        found.append(f"payload {_hexadecimal(check['payload'], where + '.payload')}")
    if check.get("reply"):
        found.append(f"require_reply {_hexadecimal(check['reply'], where + '.reply')}")
    elif check.get("require_reply"):
        found.append("require_reply")
    return found


def _check(check: Mapping[str, Any], where: str, version: Version) -> list[Line]:
    """The health check of a real server; with none, the server is always taken as well."""
    kind = check["type"]
    if kind == "none":
        return []
    if kind in NEEDED and not check.get(NEEDED[kind]):
        raise ConfigError(f"{where}.{NEEDED[kind]}: a check of type {kind} needs it; write it, or choose another type.")
    body: list[Line] = _url(check, where, version) if kind in ("http", "https") else []
    body += settings(check, OWN.get(kind, {}), where, version)
    if kind == "udp":
        body += _datagrams(check, where, version)
    if kind in CONNECTING:
        body += settings(check, {**CONNECTION, **TIMING}, where, version)
    elif kind == "misc":
        body += settings({**check, "timeout": None}, TIMING, where, version)
    if kind not in ("file", "bfd"):
        # The first check waits for no random part of the interval.
        body += ["# The first check waits for no random part of the interval.", f"warmup {number(check.get('warmup') or 0)}"]
    return [Block(KINDS[kind], body + raw_lines(check.get("raw"), f"{where}.raw"))]


def _with_port(address: str, port: Any) -> str:
    return address if port is None else f"{address} {port}"


def _real_server(server: Mapping[str, Any], owner: Mapping[str, Any], where: str, version: Version) -> list[Line]:
    check, port = server.get("check") or owner["check"], server.get("port")
    if owner.get("fwmark") is not None:
        # Packets with a mark keep their ports; the check has to know one all the same.
        check, port = {**check, "port": check.get("port") or port}, None
    body: list[Line] = [
        f"weight {server['weight']}",
        *_forward(server, "lvs_method", where),
        *settings(server, REAL_SERVER, where, version),
        *_check(check, f"{where}.check", version),
        *raw_lines(server.get("raw"), f"{where}.raw"),
    ]
    head = _with_port(word(server["address"], f"{where}.address"), port)
    return ["", Block(f"real_server {head}", body)]


def _sorry(server: Mapping[str, Any], where: str) -> list[Line]:
    sorry = server.get("sorry_server")
    if not sorry:
        return []
    found: list[Line] = [f"sorry_server {_with_port(word(sorry['address'], where), sorry.get('port'))}"]
    found += ["sorry_server_inhibit"] if sorry.get("inhibit") else []
    return found + _forward(sorry, "sorry_server_lvs_method", f"{where}.sorry_server")


def _head(server: Mapping[str, Any], where: str) -> str:
    named = [key for key in ("address", "fwmark", "group") if server.get(key) is not None]
    if len(named) != 1:
        raise ConfigError(f"{where}: a virtual server has exactly one of address, fwmark and group, not {' and '.join(named) or 'none'}.")
    if named == ["address"]:
        if server.get("port") is None and not server.get("persistence_timeout"):
            raise ConfigError(f"{where}.port: only a persistent virtual server may leave it out; write the port.")
        return _with_port(word(server["address"], f"{where}.address"), server.get("port"))
    return f"{named[0]} {word(server[named[0]], where)}"


def _flags(server: Mapping[str, Any], where: str) -> list[Line]:
    scheduler = server["scheduler"]
    for flag in server.get("scheduler_flags") or []:
        if not flag.startswith((f"{scheduler}-", "flag-")):
            raise ConfigError(f"{where}.scheduler_flags: {flag} does not belong to the scheduler {scheduler}; remove it.")
    return list(server.get("scheduler_flags") or [])


def _server(server: Mapping[str, Any], where: str, version: Version) -> Block:
    # 0 is off; the keyword alone would mean six minutes.
    persistence = {**server, "persistence_timeout": server.get("persistence_timeout") or None}
    body: list[Line] = [
        f"delay_loop {number(server['check']['interval'])}",
        f"lvs_sched {server['scheduler']}",
        *_flags(server, where),
        *_forward(server, "lvs_method", where),
        *settings(persistence, BEFORE_PROTOCOL, where, version),
        # Always: without it and without a check of a TCP kind keepalived takes UDP. A firewall mark has none, and it warns of one.
        *([f"protocol {server['protocol']}"] if server.get("fwmark") is None else []),
        *settings(server, SERVER, where, version),
        *_sorry(server, where),
        *raw_lines(server.get("raw"), f"{where}.raw"),
    ]
    for index, real in enumerate(server["real_servers"]):
        body += _real_server(real, server, f"{where}.real_servers[{index}]", version)
    return Block(f"virtual_server {_head(server, where)}", body)


def virtual_server_blocks(wish: Mapping[str, Any], version: Version) -> list[Line]:
    found: list[Line] = []
    for index, server in enumerate(wish.get("virtual_servers") or []):
        name = str(server["name"]).replace("\n", " ")
        found += ["", f"# {name}", _server(server, f"virtual_servers[{index}]", version)]
    return found

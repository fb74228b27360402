# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ipvsadm as the independent witness: what it prints, in the shape of the modules' options; and options as its commands."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from typing import Any

FORWARD = {"-g": "route", "-i": "tunnel", "-m": "masquerade"}
CHECKSUM = {"--tun-nocsum": "none", "--tun-csum": "standard", "--tun-remcsum": "remote"}
PROTOCOL = {"-t": "tcp", "-u": "udp", "--sctp-service": "sctp"}


def ipvsadm(*arguments: str, code: int = 0) -> str:
    ended = subprocess.run(["ipvsadm", *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == code, (arguments, ended)
    return ended.stdout


def _split(endpoint: str) -> tuple[str, int]:
    address, port = endpoint.rsplit(":", 1)
    return address.strip("[]"), int(port)


def _service(words: Iterator[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "scheduler_flags": [],
        "persistence_timeout": 0,
        "persistence_netmask": None,
        "persistence_engine": None,
        "one_packet": False,
    }
    for word in words:
        if word in PROTOCOL:
            address, port = _split(next(words))
            found.update(protocol=PROTOCOL[word], address=address, port=port, family="ipv6" if ":" in address else "ipv4")
        elif word == "-f":
            # Printed as a signed number.
            found.update(fwmark=int(next(words)) % (1 << 32), family="ipv4")
        elif word == "-6":
            found["family"] = "ipv6"
        elif word == "-o":
            found["one_packet"] = True
        else:
            name, convert = {
                "-s": ("scheduler", str),
                "-p": ("persistence_timeout", int),
                "-M": ("persistence_netmask", str),
                "--pe": ("persistence_engine", str),
                "-b": ("scheduler_flags", lambda text: sorted(text.split(","))),
            }[word]
            found[name] = convert(next(words))  # type: ignore[operator]
    if found["persistence_timeout"] and not found["persistence_netmask"]:
        found["persistence_netmask"] = "128" if found["family"] == "ipv6" else "255.255.255.255"
    return found


def _server(words: Iterator[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for word in words:
        if word in FORWARD:
            found["forward"] = FORWARD[word]
        elif word in CHECKSUM:
            found["tunnel_checksum"] = CHECKSUM[word]
        elif word == "-r":
            found["address"], found["port"] = _split(next(words))
        elif word == "-w":
            found["weight"] = int(next(words))
        elif word == "--tun-type":
            found["tunnel_type"] = next(words)
        elif word == "--tun-port":
            found["tunnel_port"] = int(next(words))
        elif word != "-6":
            next(words)
    if found["forward"] == "tunnel":
        found.setdefault("tunnel_port", None)
        found.setdefault("tunnel_checksum", "none")
    return found


def _name(words: list[str]) -> str:
    return " ".join(words[1 : 4 if words[1] == "-f" and words[3:4] == ["-6"] else 3])


def table() -> list[dict[str, Any]]:
    """The whole table, from -Sn, with the thresholds that it leaves out from -Ln --thresholds."""
    services: dict[str, dict[str, Any]] = {}
    for line in ipvsadm("-Sn").splitlines():
        words = line.split()
        if words[0] == "-A":
            services[_name(words)] = {**_service(iter(words[1:])), "destinations": []}
        else:
            services[_name(words)]["destinations"].append(_server(iter(words[1:])))
    order = list(services.values())
    servers = [server for service in order for server in service["destinations"]]
    lines = [line.split() for line in ipvsadm("-Ln", "--thresholds").splitlines() if re.match(r"  -> [^R]", line)]
    # Both listings are sorted alike.
    for server, (_arrow, endpoint, upper, lower, _active, _inactive) in zip(servers, lines, strict=True):
        assert _split(endpoint) == (server["address"], server["port"])
        server.update(upper_threshold=int(upper), lower_threshold=int(lower))
    return order


def comparable(services: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same order and no spelling that means the same."""

    def rank(service: dict[str, Any]) -> tuple[Any, ...]:
        return service.get("fwmark", 0), service["family"], service.get("protocol", ""), service.get("address", ""), service.get("port", 0)

    plain = []
    for service in sorted(services, key=rank):
        servers = sorted(service["destinations"], key=lambda server: (":" in server["address"], server["address"], server["port"]))
        plain.append({**service, "scheduler_flags": sorted(service["scheduler_flags"]), "destinations": servers})
    return plain


def _endpoint(options: dict[str, Any]) -> str:
    return f"[{options['address']}]:{options['port']}" if ":" in options["address"] else f"{options['address']}:{options['port']}"


def _key(service: dict[str, Any]) -> list[str]:
    if "fwmark" in service:
        return ["-f", str(service["fwmark"]), *(["-6"] if service["family"] == "ipv6" else [])]
    option = next(word for word, protocol in PROTOCOL.items() if protocol == service["protocol"])
    return [option, _endpoint(service)]


def make(services: list[dict[str, Any]]) -> None:
    """Has ipvsadm make this table, whatever is there now. One process, since each takes its time here."""
    lines = ["-C", *(" ".join(words) for service in services for words in _commands(service))]
    ended = subprocess.run(["ipvsadm", "-R"], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    # Its exit code is that of the last line alone.
    assert ended.stderr == "", ended


def _commands(service: dict[str, Any]) -> Iterator[list[str]]:
    words = ["-A", *_key(service), "-s", service["scheduler"]]
    if service["scheduler_flags"]:
        words += ["-b", ",".join(service["scheduler_flags"])]
    if service["persistence_timeout"]:
        words += ["-p", str(service["persistence_timeout"]), "-M", service["persistence_netmask"]]
    if service["persistence_engine"]:
        words += ["--pe", service["persistence_engine"]]
    yield [*words, *(["-o"] if service["one_packet"] else [])]
    for server in service["destinations"]:
        yield ["-a", *_key(service), *_server_words(server)]


def _server_words(server: dict[str, Any]) -> list[str]:
    method = next(word for word, forward in FORWARD.items() if forward == server["forward"])
    words = [
        "-r",
        _endpoint(server),
        method,
        "-w",
        str(server["weight"]),
        "-x",
        str(server["upper_threshold"]),
        "-y",
        str(server["lower_threshold"]),
    ]
    if server["forward"] == "tunnel":
        words += ["--tun-type", server["tunnel_type"]]
        if server["tunnel_type"] != "ipip":
            words.append(next(word for word, checksum in CHECKSUM.items() if checksum == server["tunnel_checksum"]))
        if server["tunnel_port"]:
            words += ["--tun-port", str(server["tunnel_port"])]
    return words

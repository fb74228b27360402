# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vocabulary itself: every variable, key, range and default. docs/vocabulary.md describes the same for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .problems import Problems
from .scalars import (
    boolean,
    choice,
    duration,
    integer,
    interface,
    interval,
    matching,
    name,
    network_address,
    number,
    text,
)
from .schema import Field, Item, Section, list_of, nested, read_section

__all__ = [
    "DEFAULT_INTERFACE",
    "HOST_VARIABLES",
    "PRESETS",
    "SECTIONS",
    "SHARED_VARIABLES",
    "Vocabulary",
    "advertisement_interval",
    "parse",
]

# Written once for the whole inventory, so every host must see the same.
SHARED_VARIABLES = (
    "edge_vips",
    "edge_vrrp",
    "edge_director",
    "edge_virtual_services",
    "edge_upstreams",
    "edge_drained",
    "edge_foreign_variables",
)
HOST_VARIABLES = ("edge_address", "edge_interface", "edge_other_addresses", "edge_gateway")
DEFAULT_INTERFACE = "eth0"

# What keepalived knows and every supported kernel has as a module (twos came only lately).
SCHEDULERS = ("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh")
SCHEDULER_ALIASES = {
    "round_robin": "rr",
    "roundrobin": "rr",
    "weighted_round_robin": "wrr",
    "least_conn": "lc",
    "leastconn": "lc",
    "source": "sh",
    "ip_hash": "sh",
    "maglev": "mh",
}
FORWARD_ALIASES = {
    "dr": "route",
    "direct": "route",
    "gate": "route",
    "tun": "tunnel",
    "ipip": "tunnel",
    "nat": "masquerade",
    "masq": "masquerade",
}
# What neither ends a word of the configuration file nor begins a comment there.
CHECK_PATH = r"/[^\s\"'#!{};\\]*"
HASH_KEY = r"(?:\$\{\w+\}|[^\s;{}\"'\\#])+"
# keepalived reads up to a blank, takes quotes apart, and '#' and '!' begin its comments.
PASSWORD = r"[^\s\"'#!{}\\]{1,8}"
# What Tomcat adds to a session's identifier, and nginx finds in the cookie of this name.
ROUTE = r"[A-Za-z0-9_.-]+"
COOKIE = r"[A-Za-z0-9_]+"
EMPTY = "{} needs at least one {}; the list, or the group that it names, is empty."
HOST_HEADER = r"[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?"
PROCESS = r"[^\s\"'#!{}/]{1,15}"
# How fast a dead holder is noticed, as the interval of advertisements: three of them missed, and a little.
PRESETS = {"patient": 1, "standard": 0.3, "fast": 0.1, "extreme": 0.01}
PRESET_ALIASES = {"slow": "patient", "default": "patient", "normal": "standard", "fastest": "extreme"}
SCHEDULER_FLAGS = ("sh-port", "sh-fallback", "mh-port", "mh-fallback")
COMMERCIAL = "Only nginx's commercial edition knows this; open-source nginx refuses to start with it."
NOT_YET = "This version of steadfast.edge does not support this."

TRACK = Section(
    fields={
        "process": Field(
            matching(
                PROCESS,
                "This cannot be the name of a process.",
                "Write it as /proc/PID/comm has it, at most 15 characters, for example nginx.",
            )
        ),
        "port": Field(integer(1, 65535, 80), default=80),
        "path": Field(
            matching(CHECK_PATH, "This is not the path of a URL.", "Write a path that begins with '/', for example /healthz."),
            default="/healthz",
        ),
        "host": Field(matching(HOST_HEADER, "This cannot be the name of a web site.", "Write a name such as shop.example.com.")),
        "status": Field(integer(100, 599, 200), default=200),
        "interval": Field(integer(1, 3600, 1), default=1),
        "timeout": Field(integer(1, 3600, 1), default=1),
        "retries": Field(integer(0, 1000, 1), default=1),
        "recovery": Field(integer(1, 3600, 3), default=3),
    },
    example="{process: nginx, path: /healthz}",
    shorthand="process",
    advice={
        "weight": "A holder that cannot serve must lose the VIP at once; a smaller priority would let the others wait.",
        "script": NOT_YET,
    },
)

VIP = Section(
    fields={
        "name": Field(name, required=True),
        "address": Field(network_address, required=True),
        # Required where VRRP moves the VIP: rules_vrrp says so.
        "virtual_router_id": Field(integer(1, 255, 51)),
        "holders": Field(
            structure=list_of(text, "[director1, director2]", EMPTY.format("A VIP", "holder")),
            required=True,
        ),
        "interface": Field(interface),
        "nopreempt": Field(boolean, default=False),
        "preempt_delay": Field(number(0, 1000), default=0),
        "sync_group": Field(name),
        "track": Field(structure=nested(TRACK)),
    },
    example="{name: shop, address: 192.0.2.150/24, virtual_router_id: 51, holders: [director1, director2]}",
    advice={
        "priority": "Priorities follow from the order of the holders.",
        "state": "The initial state follows from the order of the holders.",
    },
)

VRRP = Section(
    fields={
        "version": Field(integer(2, 3, 3), default=3),
        "preset": Field(choice(tuple(PRESETS), aliases=PRESET_ALIASES), default="patient"),
        "advertisement_interval": Field(interval),
        "password": Field(
            matching(
                PASSWORD,
                "A VRRPv2 password is 1 to 8 characters, none of them a blank, a quote, a backslash or one of # ! { }.",
                "Choose a shorter or simpler one, in quotes.",
            ),
            secret=True,
        ),
        "unicast": Field(boolean, default=True),
        "connection_sync": Field(boolean, default=False),
    },
    example="{version: 3, preset: standard}",
)

DIRECTOR = Section(
    fields={"manager": Field(choice(("keepalived", "ipvs"), aliases={"ipvsadm": "ipvs", "vrrp": "keepalived"}), default="keepalived")},
    example="{manager: keepalived}",
    advice={
        "conntrack": "Write it in lvs_director_sysctls, beside the other values below net.ipv4.vs.",
        "sloppy_tcp": "It follows from edge_vrrp.connection_sync and a scheduler that hashes (mh, sh).",
        "ip_forward": "It follows from forward: masquerade.",
    },
)

CHECK = Section(
    fields={
        "type": Field(
            choice(("http", "https", "tcp", "udp", "ping"), later=("misc", "dns", "smtp", "bfd"), aliases={"ssl": "https", "icmp": "ping"}),
            default="http",
        ),
        "path": Field(matching(CHECK_PATH, "This is not the path of a URL.", "Write a path that begins with '/', for example /healthz.")),
        "status": Field(integer(100, 599, 200)),
        "host": Field(matching(HOST_HEADER, "This cannot be the name of a web site.", "Write a name such as shop.example.com.")),
        "port": Field(integer(1, 65535, 80)),
        "interval": Field(number(0.1, 3600), default=2),
        "timeout": Field(number(0.1, 3600), default=2),
        "retries": Field(integer(0, 1000, 1), default=1),
        "retry_delay": Field(number(0, 3600), default=1),
    },
    example="{type: http, path: /healthz, status: 200}",
)

REAL_SERVER = Section(
    fields={
        "name": Field(text, required=True),
        "weight": Field(integer(0, 65535, 1), default=1),
        "port": Field(integer(1, 65535, 80)),
        "upper_threshold": Field(integer(0, 2147483647, 1000), default=0),
        "lower_threshold": Field(integer(0, 2147483647, 800), default=0),
    },
    example="{name: web1, weight: 1}",
    shorthand="name",
)

SORRY_SERVER = Section(
    fields={"name": Field(text, required=True), "port": Field(integer(1, 65535, 80))},
    example="{name: web3}",
    shorthand="name",
)

SERVICE = Section(
    fields={
        "name": Field(name, required=True),
        "vip": Field(text, required=True),
        "port": Field(integer(1, 65535, 80), required=True),
        "protocol": Field(choice(("tcp", "udp"), later=("sctp",)), default="tcp"),
        "scheduler": Field(choice(SCHEDULERS, aliases=SCHEDULER_ALIASES), default="wlc"),
        "scheduler_flags": Field(
            structure=list_of(choice(SCHEDULER_FLAGS), "[sh-port]"),
        ),
        "one_packet": Field(boolean, default=False),
        "forward": Field(choice(("route", "tunnel", "masquerade"), aliases=FORWARD_ALIASES), default="route"),
        "persistence_timeout": Field(integer(0, 2678400, 300), default=0),
        "persistence_netmask": Field(text),
        "quorum": Field(integer(1, 2147483647, 1), default=1),
        "hysteresis": Field(integer(0, 2147483647, 0), default=0),
        "sorry_server": Field(structure=nested(SORRY_SERVER)),
        "inhibit_on_failure": Field(boolean, default=False),
        "real_servers": Field(
            structure=list_of(REAL_SERVER, "[web1, web2]", EMPTY.format("A service", "real server")),
            required=True,
        ),
        "check": Field(structure=nested(CHECK)),
    },
    example="{name: shop-http, vip: shop, port: 80, real_servers: [web1, web2]}",
    advice={"fwmark": NOT_YET, "persistence_granularity": "Write persistence_netmask."},
)

METHODS = ("round_robin", "least_conn", "ip_hash", "random", "hash")
METHOD_ALIASES = {"rr": "round_robin", "roundrobin": "round_robin", "weight": "round_robin", "wrr": "round_robin", "url_hash": "hash"}

MEMBER = Section(
    fields={
        "name": Field(text, required=True),
        "port": Field(integer(1, 65535, 8080)),
        "weight": Field(integer(1, 65535, 1), default=1),
        "max_conns": Field(integer(0, 1000000, 0), default=0),
        "max_fails": Field(integer(0, 1000000, 1), default=1),
        "fail_timeout": Field(duration, default="10s"),
        "backup": Field(boolean, default=False),
        "down": Field(boolean, default=False),
        "route": Field(matching(ROUTE, "This cannot be a route.", "Write letters, digits, '_', '-' and '.', for example app1.")),
    },
    example="{name: app1, weight: 1}",
    shorthand="name",
    advice={"slow_start": COMMERCIAL, "resolve": NOT_YET, "drain": NOT_YET},
)

UPSTREAM = Section(
    fields={
        "name": Field(name, required=True),
        "method": Field(
            choice(METHODS, later=("least_time", "sticky"), aliases=METHOD_ALIASES, advice={"queue": COMMERCIAL, "ntlm": COMMERCIAL}),
            default="round_robin",
        ),
        "key": Field(
            matching(
                HASH_KEY,
                "This cannot be a key of nginx's hash.",
                "Write nginx variables without blanks or quotes, for example $request_uri.",
            )
        ),
        "consistent": Field(boolean, default=False),
        "port": Field(integer(1, 65535, 8080)),
        "members": Field(
            structure=list_of(MEMBER, "[app1, app2]", EMPTY.format("An upstream", "member")),
            required=True,
        ),
        "keepalive": Field(integer(0, 1000000, 32), default=32),
        "sticky": Field(matching(COOKIE, "This is no name of a cookie.", "Write the name of the sessions' cookie, as JSESSIONID.")),
    },
    example="{name: shop-app, port: 8080, members: [app1, app2]}",
    advice={
        **{method: f"A balancing method is the value of `method`: write method: {method}." for method in METHODS},
        "slow_start": COMMERCIAL,
        "queue": COMMERCIAL,
        "ntlm": COMMERCIAL,
        "least_time": NOT_YET,
    },
)

# For the reference page and its test.
SECTIONS: Mapping[str, Section] = {
    "edge_vips[]": VIP,
    "edge_vips[].track": TRACK,
    "edge_vrrp": VRRP,
    "edge_director": DIRECTOR,
    "edge_virtual_services[]": SERVICE,
    "edge_virtual_services[].real_servers[]": REAL_SERVER,
    "edge_virtual_services[].sorry_server": SORRY_SERVER,
    "edge_virtual_services[].check": CHECK,
    "edge_upstreams[]": UPSTREAM,
    "edge_upstreams[].members[]": MEMBER,
}


@dataclass
class Vocabulary:
    """What the inventory says, in one spelling; wrong parts are left out and reported."""

    vips: list[Item] = field(default_factory=list)
    vrrp: dict[str, Any] = field(default_factory=dict)
    director: dict[str, Any] = field(default_factory=dict)
    services: list[Item] = field(default_factory=list)
    upstreams: list[Item] = field(default_factory=list)
    drained: list[Item] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def vip(self, wanted: str | None) -> Item | None:
        return next((vip for vip in self.vips if wanted and vip.value.get("name") == wanted), None)

    def is_drained(self, host: str) -> bool:
        return any(item.value == host for item in self.drained)

    def participants(self) -> list[str]:
        """Every host that the vocabulary names, each once."""
        named = [holder.value for vip in self.vips for holder in vip.value.get("holders", [])]
        for item in self.services:
            named += [server.value["name"] for server in item.value.get("real_servers", []) if "name" in server.value]
            sorry = item.value.get("sorry_server")
            named += [sorry["name"]] if sorry and "name" in sorry else []
        for item in self.upstreams:
            named += [member.value["name"] for member in item.value.get("members", []) if "name" in member.value]
        return list(dict.fromkeys(named))


HTTP_DEFAULTS = {"path": "/", "status": 200, "host": None}


def _check_or_default(service: dict[str, Any], path: str, problems: Problems) -> None:
    """Without `check` a connection suffices, and of UDP that nobody refuses; keys of HTTP mean nothing there."""
    if "check" not in service:
        return
    usual = "udp" if service.get("protocol") == "udp" else "tcp"
    check = service["check"] or read_section({"type": usual}, CHECK, path, problems)
    if check is None or "type" not in check:
        return
    kind = check["type"]
    for key, default in HTTP_DEFAULTS.items():
        if kind in ("http", "https"):
            if key in check:
                check[key] = default if check[key] is None else check[key]
        elif check.get(key) is not None:
            problems.add(f"{path}.check.{key}", check[key], f"A {kind} check sends no request.", f"Remove {key}, or write type: http.")
    if kind == "ping" and check.get("port") is not None:
        problems.add(f"{path}.check.port", check["port"], "A ping check knows no port.", "Remove port, or write type: tcp.")
    service["check"] = check


def advertisement_interval(vrrp: Mapping[str, Any]) -> float | None:
    """The interval that is written, else that of the preset; None where neither could be read."""
    if vrrp.get("advertisement_interval") is not None:
        found: float = vrrp["advertisement_interval"]
        return found
    preset = vrrp.get("preset") if "advertisement_interval" in vrrp else None
    return None if preset is None else PRESETS[preset]


def parse(values: Mapping[str, Any], problems: Problems) -> Vocabulary:
    """Reads the shared variables, as one host sees them."""

    def items(variable: str, section: Section) -> list[Item]:
        found: list[Item] | None = list_of(section, f"[{section.example}]")(values.get(variable) or [], variable, problems)
        return found or []

    def mapping(variable: str, section: Section) -> dict[str, Any]:
        given = values.get(variable)
        return read_section({} if given is None else given, section, variable, problems) or {}

    vocabulary = Vocabulary(
        vips=items("edge_vips", VIP),
        vrrp=mapping("edge_vrrp", VRRP),
        director=mapping("edge_director", DIRECTOR),
        services=items("edge_virtual_services", SERVICE),
        upstreams=items("edge_upstreams", UPSTREAM),
    )
    # Without keepalived nobody checks: a check that is written then is an error, and none is made up.
    for service in vocabulary.services if vocabulary.director.get("manager") != "ipvs" else []:
        _check_or_default(service.value, service.path, problems)
    vocabulary.drained = list_of(text, "[web1]")(values.get("edge_drained") or [], "edge_drained", problems) or []
    foreign = list_of(text, "['nginx_exporter_*']")(values.get("edge_foreign_variables") or [], "edge_foreign_variables", problems)
    vocabulary.foreign = [item.value for item in foreign or []]
    return vocabulary

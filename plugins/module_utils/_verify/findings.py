# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a live edge: the looks at all hosts against the vocabulary, every finding at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._drain.members import name_of

from .wishes import HostVars, Wish, wish

__all__ = ["Finding", "findings"]

Looks = Mapping[str, Mapping[str, Any]]
# keepalived's words and ours.
FORWARD = {"DR": "route", "NAT": "masquerade", "TUN": "tunnel"}
# Any of these keeps a host silent about addresses that another interface has.
SILENT = (1, 2, 8)

REPEAT = "Run site.yml; with --check --diff it only shows what it would change."
RUNS = "See whether keepalived runs there. "
START = "Start keepalived on one of its holders."
ASK = "See whether the server behind this address runs."
RELOAD = "Reload keepalived there. It repairs nothing that others have changed: restart it if that is not enough."
LOST = "Its check fails, or it was taken out by hand: see whether it answers."
UNDRAIN = "When the work on it is done, put it back with ipvs_destination (state: present)."
BACK = "When the work on it is done, put it back: steadfast.edge.undrain with --limit and its name."
# The table of a director without keepalived does not say who has drained somebody.
NAMELESS = f"It was drained by hand, or a roll was interrupted. {BACK}"
ROLL = "roll"
LEFT = "A roll was interrupted here. The next one puts it back, or steadfast.edge.undrain does."
# Shorter than a renewal and a week-end.
DAYS = 14
APART = "They do not hear each other's VRRP: see whether the network between them is cut, and what filters protocol 112."


@dataclass(frozen=True)
class Finding:
    """Where, what, and what to do about it."""

    where: str
    what: str
    remedy: str
    by: str = ""  # in whose name somebody is out of service; empty where it is another kind of finding


def findings(hostvars: HostVars, looks: Looks) -> list[dict[str, str]]:
    """Everything that is wrong, the hosts in the order in which they were looked at."""
    seen = {str(host): look for host, look in looks.items() if "addresses" in look}
    wishes = {str(host): wish(hostvars, str(host)) for host in hostvars}
    found: list[Finding] = []
    for host, look in looks.items():
        found += _missing(str(host), look) if str(host) not in seen else _of_host(str(host), look, wishes[str(host)])
    found += _vips(wishes, {str(host) for host in looks}, seen)
    return [asdict(finding) for finding in dict.fromkeys(found)]


def _missing(host: str, look: Mapping[str, Any]) -> list[Finding]:
    why = str(look.get("msg") or "no reason is known").strip().splitlines()[0]
    return [Finding(host, f"It could not be looked at: {why}", "See whether it runs and can be reached; what it does is unknown.")]


def _of_host(host: str, look: Mapping[str, Any], wanted: Wish) -> Iterator[Finding]:
    for part, why in look["unknown"].items():
        yield Finding(host, f"Its {part} could not be read: {why}", "Run this as root (become), and see what the message says.")
    for unit, state in look["services"].items():
        if state != "active":
            yield Finding(host, f"{unit} is {state}.", f"See `journalctl -u {unit}` there, then `systemctl start {unit}`.")
    for answer in look["answers"]:
        if answer["error"]:
            at = f" at {answer['connect_to']}" if answer.get("connect_to") and answer["connect_to"] not in answer["url"] else ""
            yield Finding(host, f"{answer['url']}{at} does not answer it: {answer['error']}.", ASK)
    yield from _certificates(host, look.get("certificates", []))
    yield from _trees(host, look.get("trees", {}))
    if "ipvs" not in look["unknown"]:
        drained = {item["member"] for tree in look.get("trees", {}).values() for item in tree["drained"]}
        yield from _table(host, look["ipvs"], wanted, drained)
    if "addresses" not in look["unknown"]:
        yield from _real_server(host, look, wanted)


def _certificates(host: str, seen: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    for item in seen:
        where = f"{item['name']} at {item['address']}:{item['port']}"
        if item["error"]:
            yield Finding(host, f"The certificate for {where} cannot be seen: {item['error']}.", ASK)
        elif not item["named"]:
            what = f"The certificate for {where} is for another name."
            yield Finding(host, what, "See nginx_certificates and the tls.certificate of the server.")
        elif item["days"] < DAYS:
            state = "has expired" if item["days"] < 0 else f"expires in {item['days']:.0f} days"
            yield Finding(host, f"The certificate for {where} {state}.", "Renew it; nginx takes up what has changed when it is reloaded.")


def _trees(host: str, trees: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """What the hosts' files have become since they were released."""
    for path, tree in trees.items():
        for item in tree["drained"]:
            remedy = LEFT if item["by"] == ROLL else BACK
            yield Finding(host, f"{item['member']} is drained in {item['pool']} (by {item['by']}).", remedy, item["by"])
        if tree["yielded"]:
            remedy = LEFT if tree["yielded"] == ROLL else BACK
            yield Finding(host, f"It yields its VIPs to others (by {tree['yielded']}).", remedy, tree["yielded"])
        if tree["interrupted"]:
            yield Finding(host, f"A release of {path} was interrupted.", "Run site.yml: it finishes or undoes that.")
        if tree["edited"]:
            what = f"Changed by hand in {path}: {', '.join(tree['edited'])}."
            yield Finding(host, what, "site.yml --check --diff shows the difference, and site.yml brings the inventory's version back.")


def _table(host: str, table: list[Mapping[str, Any]], wanted: Wish, drained: Collection[str]) -> Iterator[Finding]:
    """The kernel's table against the virtual services that this director should have."""
    there = {_key(item): item for item in table}
    for item in wanted.services:
        key = _key(item)
        live = there.pop(key, None)
        if live is None:
            yield Finding(host, f"The table lacks the virtual service {_name(key)}.", f"{RUNS if wanted.instances else ''}{REPEAT}")
            continue
        for option in ("scheduler", "persistence_timeout"):
            if live[option] != item[option]:
                what = f"{_name(key)} has {option} {live[option]} instead of {item[option]}."
                yield Finding(host, what, RELOAD if wanted.instances else REPEAT)
        yield from _members(host, _name(key), bool(wanted.instances), live, item, drained)
    for key in there:
        what = f"The table has the virtual service {_name(key)}, which the inventory does not know."
        yield Finding(host, what, "Add it to edge_virtual_services, or remove it with ipvs_service.")


def _members(
    host: str, service: str, checked: bool, live: Mapping[str, Any], item: Mapping[str, Any], drained: Collection[str]
) -> Iterator[Finding]:
    """`checked`: there is a keepalived, which takes out who fails, and whose files undrain puts in order."""
    there = {(member["address"], member["port"]): member for member in live.get("destinations", [])}
    for server in item["real_servers"]:
        found = there.pop((server["address"], server["port"]), None)
        name = name_of(server["address"], server["port"])
        if found is None:
            yield Finding(host, f"{service} has lost the real server {name}.", LOST if checked else REPEAT)
            continue
        if found["weight"] == 0 and name in drained:
            pass  # that is said of the file
        elif found["weight"] == 0 and server["weight"]:
            why = "its check fails, or it is drained" if item.get("inhibit_on_failure") else "it is drained"
            yield Finding(host, f"{service} sends nothing to {name}: {why}.", UNDRAIN if checked else NAMELESS)
        elif found["weight"] != server["weight"]:
            yield Finding(host, f"{service}: {name} has weight {found['weight']} instead of {server['weight']}.", REPEAT)
        forward = FORWARD.get(item["forward"], item["forward"])
        if found["forward"] != forward:
            yield Finding(host, f"{service}: {name} is reached by {found['forward']} instead of {forward}.", REPEAT)
    sorry = item.get("sorry_server") or {}
    for address, port in there:
        if (address, port) == (sorry.get("address"), sorry.get("port")):
            continue  # it stands in for those that are lost, and these are findings already
        yield Finding(host, f"{service} has the real server {name_of(address, port)}, which the inventory does not know.", REPEAT)


def _real_server(host: str, look: Mapping[str, Any], wanted: Wish) -> Iterator[Finding]:
    """Whether it accepts the VIPs of its services, and keeps silent about them."""
    held = {address for addresses in look["addresses"].values() for address in addresses}
    for vip in wanted.realserver_vips:
        if vip not in held:
            yield Finding(host, f"It does not have the VIP {vip}, so it drops what directors send to it.", REPEAT)
    if not any("." in vip for vip in wanted.realserver_vips):
        return
    for interface, values in look["arp"].items():
        if values["arp_ignore"] not in SILENT or values["arp_announce"] != 2:
            what = f"It may answer ARP for VIPs on {interface} (arp_ignore {values['arp_ignore']}, arp_announce {values['arp_announce']}), "
            yield Finding(host, what + "and take them from the director.", REPEAT)


def _vips(wishes: Mapping[str, Wish], asked: set[str], seen: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Each VIP is held once, by one of its holders."""
    holders: dict[str, dict[str, str]] = {}
    for host, wanted in wishes.items():
        for vip, interface in wanted.vips.items():
            holders.setdefault(vip, {})[host] = interface
    for vip, candidates in holders.items():
        held = [host for host, interface in candidates.items() if vip in seen.get(host, {"addresses": {}})["addresses"].get(interface, [])]
        unseen = [host for host in candidates if host not in seen]
        if len(held) > 1:
            yield Finding(" and ".join(held), f"Both hold the VIP {vip}.", APART)
        elif not held and asked >= set(candidates):
            doubt = f", unless {' or '.join(unseen)} does, which could not be looked at" if unseen else ""
            remedy = START if any(wishes[host].instances for host in candidates) else REPEAT
            yield Finding(" and ".join(candidates), f"Nobody holds the VIP {vip}{doubt}.", remedy)


def _key(item: Mapping[str, Any]) -> tuple[str, str, int]:
    return str(item.get("protocol", "")).lower(), str(item.get("address") or item.get("fwmark")), int(item.get("port") or 0)


def _name(key: tuple[str, str, int]) -> str:
    return f"{key[0]} {name_of(key[1], key[2])}"

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of keepalived.conf that concerns VRRP: instances, groups, and what they watch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.directives import (
    Version,
    blocks_of,
    check_script_interval,
    commands,
    flags,
    lists,
    settings,
    switches,
    words,
)
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.text import Block, ConfigError, Line, command, number, word

__all__ = ["vrrp_blocks"]

# Where the units of watched processes note their end; the role's drop-ins write there.
ENDED = "/run/keepalived-ended"

NOTIFY = commands("notify_master", "notify_backup", "notify_fault", "notify_stop", "notify")
INSTANCE_HEAD = {**words("interface", "state", "virtual_router_id", "priority")}
INSTANCE = {
    **flags("nopreempt"),
    **words("preempt_delay", "version"),
    **flags("dont_track_primary", "track_src_ip"),
    **words("mcast_src_ip", "mcast_dst_ip", "unicast_ttl"),
    **words("garp_master_delay", "garp_master_repeat", "garp_master_refresh", "garp_master_refresh_repeat"),
    **words("garp_lower_prio_delay", "garp_lower_prio_repeat", "down_timer_adverts"),
    **switches("lower_prio_no_advert", "higher_prio_send_advert", "strict_mode"),
    **flags("promote_secondaries"),
    **NOTIFY,
    **commands("notify_master_rx_lower_pri"),
    **switches("notify_priority_changes", "smtp_alert"),
}
ROUTING = lists("virtual_routes", "virtual_rules")
GROUP = {**lists(instances="group"), **NOTIFY, **switches("notify_priority_changes", "smtp_alert"), **flags("sync_group_tracking_weight")}
SCRIPT = {**commands("script"), **words("interval", "timeout", "rise", "fall", "user"), **flags("init_fail")}
PROCESS = {**words("param_match", "quorum", "quorum_max", "delay", "fork_delay", "terminate_delay"), **flags("full_command")}

TRACKERS = ("interface", "script", "process", "file")
TRACKER_KEYS = {"interface": "track_interfaces", "script": "track_scripts", "process": "track_processes", "file": "track_files"}


def _weight(item: Mapping[str, Any]) -> str:
    """Nothing where the weight is not said: then the watched thing's own counts, or FAULT."""
    if item.get("weight") is None:
        return ""
    return f"weight {item['weight']}" + (" reverse" if item.get("reverse") else "")


def _trackers(item: Mapping[str, Any], where: str, health: Mapping[str, list[str]]) -> list[Line]:
    found: list[Line] = []
    for kind in TRACKERS:
        key = TRACKER_KEYS[kind]
        lines = [f"{word(each['name'], where)} {_weight(each)}".rstrip() for each in item.get(key) or []] + health.get(kind, [])
        if lines:
            found.append(Block(f"track_{kind}", list(lines)))
    return found


def _health_key(health: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(sorted((key, str(value)) for key, value in health.items()))


def _health_leaders(instances: Sequence[Mapping[str, Any]]) -> dict[tuple[Any, ...], int]:
    """Instances that ask for the same share one check, that of the first of them."""
    leaders: dict[tuple[Any, ...], int] = {}
    for index, instance in enumerate(instances):
        if instance.get("health"):
            leaders.setdefault(_health_key(instance["health"]), index)
    return leaders


def _ended(process: Any, where: str) -> str:
    """The file in which systemd writes when the unit of this name has ended; 0 where it runs."""
    name = word(process, f"{where}.process")
    if "/" in name or name.startswith("."):
        raise ConfigError(f"{where}.process: {name!r} is no name of a process; write it as /proc/PID/comm shows it.")
    return f"{ENDED}/{name}"


def _health_check(health: Mapping[str, Any], where: str, check: str, version: Version) -> list[Line]:
    check_script_interval(health["interval"], f"{where}.interval", version)
    argv = [health["address"], health["port"], health["path"], health["status"], health["timeout"]]
    if health.get("process"):
        argv += [health.get("host") or "-", _ended(health["process"], where), math.ceil(health["recovery"])]
    elif health.get("host"):
        argv.append(health["host"])
    return [
        f"script {command(' '.join([check, *(word(part, where) for part in argv)]), where)}",
        f"interval {number(health['interval'])}",
        # Beyond the script's own patience, so that its own answer is what counts.
        f"timeout {int(health['timeout']) + 1}",
        f"fall {health['retries'] + 1}",
        f"rise {max(1, round(health['recovery'] / health['interval']))}",
    ]


def _health_blocks(instances: Sequence[Mapping[str, Any]], check: str, events: bool, version: Version) -> list[Line]:
    """What the health of instances needs outside of them.

    An HTTP check; for a process, the file in which systemd notes its end, and where the kernel reports processes, the kernel's own word.
    """
    found: list[Line] = []
    for index in _health_leaders(instances).values():
        health, where = instances[index]["health"], f"vrrp_instances[{index}].health"
        name = word(f"health_{instances[index]['name']}", where)
        found += ["", Block(f"vrrp_script {name}", _health_check(health, where, check, version))]
        if health.get("process"):
            found += ["", Block(f"track_file {name}", [f"file {_ended(health['process'], where)}", "weight 0"])]
        if health.get("process") and events:
            process: list[Line] = [f"process {word(health['process'], where)}", "weight 0", f"fork_delay {number(health['recovery'])}"]
            found += ["", Block(f"vrrp_track_process {name}", process)]
    return found


def _health_trackers(instance: Mapping[str, Any], names: Mapping[tuple[Any, ...], str], events: bool) -> dict[str, list[str]]:
    health = instance.get("health")
    if not health:
        return {}
    # Weight 0 is FAULT, which the peers hear of at once; a lower priority would have them wait out their timers.
    mine = [f"{names[_health_key(health)]} weight 0"]
    watched = ["file", *(["process"] if events else [])] if health.get("process") else []
    return dict.fromkeys(["script", *watched], mine)


def _vmac(instance: Mapping[str, Any], where: str) -> list[Line]:
    if not instance.get("use_vmac"):
        return []
    name = instance.get("vmac_interface")
    found: list[Line] = [f"use_vmac {word(name, where)}" if name else "use_vmac"]
    return found + (["vmac_xmit_base"] if instance.get("vmac_xmit_base") else [])


def _addresses(keyword: str, items: Any, interface: str, where: str) -> list[Line]:
    """An address may bring options of its own; without a device among them it goes to the instance's interface."""
    body: list[Line] = []
    for item in items or []:
        parts = [word(part, where) for part in str(item).split()]
        body.append(" ".join(parts if "dev" in parts else [parts[0], "dev", interface, *parts[1:]]))
    return [Block(keyword, body)] if body else []


def _unicast(instance: Mapping[str, Any], where: str) -> list[Line]:
    source, peers = instance.get("unicast_src_ip"), instance.get("unicast_peers")
    if not source or not peers:
        return []
    body: list[Line] = [word(peer, where) for peer in peers]
    found: list[Line] = [f"unicast_src_ip {word(source, where)}", Block("unicast_peer", body)]
    return found + (["check_unicast_src"] if instance.get("check_unicast_src") else [])


def _authentication(instance: Mapping[str, Any], where: str) -> list[Line]:
    password = instance.get("auth_pass")
    if not password:
        return []
    try:
        secret = word(password, where)
    except ConfigError:
        raise ConfigError(f"{where}.auth_pass: the password holds a blank, a quote, a brace, '#' or '!'; choose another one.") from None
    return [Block("authentication", ["auth_type PASS", f"auth_pass {secret}"])]


def _instance(instance: Mapping[str, Any], where: str, health: Mapping[str, list[str]], version: Version) -> list[Line]:
    interface = word(instance["interface"], f"{where}.interface")
    accept = [] if instance.get("accept") is None else ["accept" if instance["accept"] else "no_accept"]
    return [
        *settings(instance, INSTANCE_HEAD, where, version),
        f"advert_int {number(instance['advert_int'])}",
        *_vmac(instance, where),
        *settings(instance, INSTANCE, where, version),
        *accept,
        *_unicast(instance, where),
        *_authentication(instance, where),
        *_trackers(instance, where, health),
        *_addresses("virtual_ipaddress", instance["virtual_ipaddresses"], interface, f"{where}.virtual_ipaddresses"),
        *_addresses("virtual_ipaddress_excluded", instance.get("virtual_ipaddresses_excluded"), interface, where),
        *settings(instance, ROUTING, where, version),
    ]


def _script(item: Mapping[str, Any], where: str, version: Version) -> list[Line]:
    check_script_interval(item.get("interval") or 1, f"{where}.interval", version)
    return settings(item, SCRIPT, where, version) + ([_weight(item)] if _weight(item) else [])


def _process(item: Mapping[str, Any], where: str, version: Version) -> list[Line]:
    argv = " ".join(word(part, f"{where}.process") for part in str(item["process"]).split())
    return [f"process {argv}", *settings(item, PROCESS, where, version), *([_weight(item)] if _weight(item) else [])]


def _file(item: Mapping[str, Any], where: str) -> list[Line]:
    found: list[Line] = [f"file {command(item['file'], where)}"]
    if _weight(item):
        found.append(_weight(item))
    if item.get("initial") is not None:
        found.append(f"init_file {item['initial']}" + (" overwrite" if item.get("overwrite") else ""))
    return found


def vrrp_blocks(wish: Mapping[str, Any], check: str, version: Version) -> list[Line]:
    """What is watched, then who is grouped, then the instances: keepalived wants names known before they are used."""
    events = bool(wish.get("process_events"))
    instances = wish.get("vrrp_instances") or []
    found: list[Line] = [
        *blocks_of("track_file", wish.get("track_files"), "track_files", _file),
        *blocks_of("vrrp_track_process", wish.get("vrrp_track_processes"), "vrrp_track_processes", lambda i, w: _process(i, w, version)),
        *blocks_of("vrrp_script", wish.get("vrrp_scripts"), "vrrp_scripts", lambda i, w: _script(i, w, version)),
    ]
    found += _health_blocks(instances, check, events, version)
    found += blocks_of(
        "vrrp_sync_group",
        wish.get("vrrp_sync_groups"),
        "vrrp_sync_groups",
        lambda i, w: settings(i, GROUP, w, version) + _trackers(i, w, {}),
    )
    names = {key: f"health_{instances[index]['name']}" for key, index in _health_leaders(instances).items()}
    return found + blocks_of(
        "vrrp_instance", instances, "vrrp_instances", lambda i, w: _instance(i, w, _health_trackers(i, names, events), version)
    )

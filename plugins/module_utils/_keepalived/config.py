# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole of keepalived.conf from data. Pure; the caller has filled in the defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.directives import (
    Version,
    commands,
    flags,
    lists,
    parse_version,
    settings,
    switches,
    words,
)
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.lvs import virtual_server_blocks
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.text import Block, ConfigError, Line, raw_lines, render, word
from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.vrrp import vrrp_blocks

__all__ = ["build", "runs_scripts"]

# keepalived puts the folder of its configuration there, so a staged tree is judged with its own scripts.
SCRIPTS = "${_PWD}/scripts"
CHECK_HTTP = f"{SCRIPTS}/check-http"
# A realtime process that computes for longer is killed; ten milliseconds, keepalived's default, is less than a burst of gratuitous ARP.
RLIMIT_RTTIME = 1000000
FLUSH_REASON = "# keepalived owns the IPVS table: what an earlier, killed instance left behind would keep its old scheduler and weights."
# Seconds. Who starts has its IPVS table before it takes a VIP; after a boot the process with the table may be the later one.
STARTUP_DELAY = 1
YIELD = "# A holder that yields says so once more: neighbours learn the winner's MAC address even after both believed to hold the VIP."

GLOBAL = {
    **words("vrrp_garp_master_delay", "vrrp_garp_master_repeat", "vrrp_garp_master_refresh", "vrrp_garp_master_refresh_repeat"),
    **words("vrrp_garp_lower_prio_delay", "vrrp_garp_lower_prio_repeat", "vrrp_garp_interval", "vrrp_gna_interval"),
    **switches("vrrp_min_garp", "vrrp_lower_prio_no_advert"),
    **words("vrrp_mcast_group4", "vrrp_mcast_group6", "vrrp_startup_delay", "vrrp_down_timer_adverts"),
    **flags("vrrp_check_unicast_src", "vrrp_skip_check_adv_addr", "vrrp_strict", "dynamic_interfaces", "log_unknown_vrids"),
    **words("vrrp_priority", "checker_priority", "vrrp_rt_priority", "checker_rt_priority"),
    **words("vrrp_rlimit_rttime", "checker_rlimit_rttime", "max_auto_priority"),
    **flags("vrrp_no_swap", "checker_no_swap"),
    **switches("checker_log_all_failures", "vrrp_notify_priority_changes"),
    **words("notify_fifo", "vrrp_notify_fifo", "lvs_notify_fifo"),
    **commands("notify_fifo_script", "vrrp_notify_fifo_script", "lvs_notify_fifo_script"),
    **lists("notification_email"),
    **words("notification_email_from", "smtp_server", "smtp_helo_name", "smtp_connect_timeout"),
    **switches("smtp_alert", "smtp_alert_vrrp", "smtp_alert_checker"),
}
# Keys that hold a command; `notify_master` and its like begin with `notify`.
COMMANDS = ("script", "command", "quorum_up", "quorum_down", "notify_fifo_script", "vrrp_notify_fifo_script", "lvs_notify_fifo_script")
NO_COMMANDS = ("notify_priority_changes", "notify_fifo")


def _values(data: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield str(key), value
            yield from _values(value)
    elif isinstance(data, (list, tuple)):
        for item in data:
            yield from _values(item)


def _is_command(key: str) -> bool:
    return key in COMMANDS or (key.startswith("notify") and key not in NO_COMMANDS)


def runs_scripts(wish: Mapping[str, Any]) -> bool:
    """Whether anything in the configuration starts a program, which then needs an account to run under."""
    given = {key: value for key, value in wish.items() if key not in ("scripts", "script_user")}
    return any(value and (_is_command(key) or key in ("health", "raw")) for key, value in _values(given))


def _local(value: Any, names: list[str]) -> Any:
    """A command whose program is one of the role's own scripts, with the folder in which it lies."""
    program, blank, rest = str(value).partition(" ")
    return f"{SCRIPTS}/{program}{blank}{rest}" if program in names else value


def _resolve(data: Any, names: list[str], key: str = "") -> Any:
    if isinstance(data, Mapping):
        return {each: _resolve(value, names, str(each)) for each, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_resolve(item, names) for item in data]
    return _local(data, names) if isinstance(data, str) and _is_command(key) else data


def _lvs(given: Mapping[str, Any]) -> list[Line]:
    found: list[Line] = []
    timeouts = {key: value for key, value in (given.get("lvs_timeouts") or {}).items() if value is not None}
    if timeouts:
        found.append(" ".join(["lvs_timeouts", *(f"{key} {value}" for key, value in timeouts.items())]))
    sync = given.get("lvs_sync_daemon")
    if sync:
        parts = ["lvs_sync_daemon", word(sync["interface"], "global_defs.lvs_sync_daemon.interface")]
        for key in ("instance", "id", "maxlen", "port", "ttl", "group"):
            if sync.get(key) is not None:
                parts += ["inst" if key == "instance" else key, word(sync[key], f"global_defs.lvs_sync_daemon.{key}")]
        found.append(" ".join(parts))
    return found


def _global_defs(wish: Mapping[str, Any], version: Version) -> Block:
    given = dict(wish.get("global_defs") or {})
    for process in ("vrrp", "checker"):
        if given.get(f"{process}_rt_priority") and given.get(f"{process}_rlimit_rttime") is None:
            given[f"{process}_rlimit_rttime"] = RLIMIT_RTTIME
    higher = given.get("vrrp_higher_prio_send_advert")
    if given.get("vrrp_startup_delay") is None and wish.get("vrrp_instances") and wish.get("virtual_servers"):
        given["vrrp_startup_delay"] = STARTUP_DELAY
    elif given.get("vrrp_startup_delay") == 0:
        # keepalived knows no such value.
        del given["vrrp_startup_delay"]
    body: list[Line] = [
        f"router_id {word(wish['router_id'], 'router_id')}",
        "enable_script_security",
        *([f"script_user {word(wish['script_user'], 'script_user')}"] if runs_scripts(wish) else []),
        f"vrrp_version {wish['vrrp_version']}",
        YIELD,
        f"vrrp_higher_prio_send_advert {'false' if higher is False else 'true'}",
    ]
    if wish.get("virtual_servers"):
        body += [FLUSH_REASON, "lvs_flush"]
    body += [*settings(given, GLOBAL, "global_defs", version), *_lvs(given), *raw_lines(given.get("raw"), "global_defs.raw")]
    return Block("global_defs", body)


def build(wish: Mapping[str, Any], version: str = "") -> str:
    """keepalived.conf for a keepalived of this version ('' where it is not known: then nothing is held against it)."""
    known = parse_version(version)
    names = [str(script["name"]) for script in wish.get("scripts") or []]
    for name in names:
        if "/" in name or name.startswith("."):
            raise ConfigError(f"scripts: {name!r} is no plain file name; write it without '/' and leading dot.")
    resolved = _resolve({key: value for key, value in wish.items() if key != "scripts"}, names)
    lines: list[Line] = [
        _global_defs(resolved, known),
        # First, since names must be known before they are used.
        *([""] if resolved.get("raw") else []),
        *raw_lines(resolved.get("raw"), "raw"),
        *vrrp_blocks(resolved, CHECK_HTTP, known),
        *virtual_server_blocks(resolved, known),
    ]
    return "\n".join(render(lines)) + "\n"

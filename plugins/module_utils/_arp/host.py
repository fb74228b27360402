# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the ARP settings of a host, and brings a planned state about in an order that is never exposed."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .._command import Runner
from .files import FileError, Files
from .posture import ALL, NAMES, STATE_FILE, SYSCTL_FILE, Key, Observed, PostureError, State, dump_saved, effective, load_saved
from .sysctld import read_files

__all__ = ["ApplyError", "apply", "effective_table", "observe", "vips_without_arp"]

CONF = "/proc/sys/net/ipv4/conf"
_PSEUDO = ("lo", "default")


class ApplyError(Exception):
    """A write failed; `done` says what had been changed by then."""

    def __init__(self, message: str, done: Sequence[str]) -> None:
        self.done = list(done)
        super().__init__(message)


def observe(files: Files) -> Observed:
    """Everything the plan depends on."""
    live: dict[Key, int] = {}
    for device in files.names(CONF):
        if device in _PSEUDO:
            continue
        for name in NAMES:
            text = files.read(f"{CONF}/{device}/{name}")
            if text is not None:
                live[Key(device, name)] = int(text)
    if Key(ALL, NAMES[0]) not in live:
        raise PostureError(f"{CONF} is not there; this needs a Linux host with IPv4 and a mounted /proc")
    state = State(live, load_saved(files.read(STATE_FILE)), files.read(SYSCTL_FILE))
    return Observed(state, read_files(files))


def vips_without_arp(run: Runner, ignored: Sequence[str]) -> list[str]:
    """IPv4 addresses on loopback, and /32 on dummy and tunnel interfaces: those only the posture keeps silent."""
    found = []
    for link in json.loads(run(["ip", "-json", "-4", "address", "show"]).out or "[]"):
        found.extend(_unspoken(link))
    skipped = {item.partition("/")[0] for item in ignored}
    return [address for address in found if address not in skipped]


def _unspoken(link: Mapping[str, Any]) -> list[str]:
    flags = link.get("flags", [])
    infos = link.get("addr_info", [])
    if "LOOPBACK" in flags:
        return [info["local"] for info in infos if not info["local"].startswith("127.")]
    if "NOARP" in flags and link.get("link_type") in ("ether", "ipip", "gre"):
        return [info["local"] for info in infos if info.get("prefixlen") == 32]
    return []


def effective_table(live: Mapping[Key, int], interfaces: Sequence[str]) -> dict[str, dict[str, int]]:
    known = [device for device in interfaces if Key(device, NAMES[0]) in live]
    return {device: {name: effective(live, device, name) for name in NAMES} for device in known}


def apply(files: Files, before: State, after: State) -> list[str]:
    """Remember, raise, persist, and only then give values back: `all` before interfaces, so that no moment is without cover."""
    done: list[str] = []
    changes = [key for key in sorted(after.live, key=lambda key: (key.device != ALL, key)) if after.live[key] != before.live[key]]
    sets = [key for key in changes if key in after.saved]
    restores = [key for key in reversed(changes) if key not in after.saved]
    try:
        if after.saved and after.saved != before.saved:
            files.write(STATE_FILE, dump_saved({**after.saved, **_dropped(before, after)}), 0o600)
            done.append(f"remembered the earlier values in {STATE_FILE}")
        _poke(files, sets, after, done)
        if after.text is not None and after.text != before.text:
            files.write(SYSCTL_FILE, after.text)
            done.append(f"wrote {SYSCTL_FILE}")
        _poke(files, restores, after, done)
        _forget(files, before, after, done)
    except FileError as error:
        raise ApplyError(str(error), done) from error
    _verify(files, after, done)
    return done


def _dropped(before: State, after: State) -> dict[Key, int]:
    """Values that are about to be restored stay in memory until they are."""
    return {key: value for key, value in before.saved.items() if key not in after.saved}


def _poke(files: Files, keys: Sequence[Key], after: State, done: list[str]) -> None:
    for key in keys:
        files.poke("/proc/sys/" + key.path, f"{after.live[key]}\n")
        done.append(f"set {key} to {after.live[key]}")


def _forget(files: Files, before: State, after: State, done: list[str]) -> None:
    if after.text is None and before.text is not None:
        files.remove(SYSCTL_FILE)
        done.append(f"removed {SYSCTL_FILE}")
    if not after.saved and before.saved:
        files.remove(STATE_FILE)
        done.append(f"removed {STATE_FILE}")
    elif after.saved and _dropped(before, after):
        files.write(STATE_FILE, dump_saved(after.saved), 0o600)
        done.append(f"dropped restored values from {STATE_FILE}")


def _verify(files: Files, after: State, done: Sequence[str]) -> None:
    live = observe(files).state.live
    wrong = [key for key in after.saved if live.get(key) != after.live[key]]
    if wrong:
        values = "; ".join(f"{key} is {live.get(key)} instead of {after.live[key]}" for key in wrong)
        raise ApplyError(f"something else changed the ARP settings meanwhile: {values}; find it, or the VIP is answered for", done)

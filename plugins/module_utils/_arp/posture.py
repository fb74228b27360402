# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ARP posture of a real server: pure rules, from what is to what shall be.

The kernel uses max(conf.all, conf.<interface>) of both values, where the interface is the one on which a
request arrives or leaves; conf.lo plays no part, although the VIP sits there.
"""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .sysctld import Origin, boot_values, render_key, replaced

__all__ = ["ALL", "Key", "Observed", "PostureError", "State", "Wanted", "absent", "check_names", "effective", "present", "silent"]

ALL = "all"
NAMES = ("arp_ignore", "arp_announce")
SYSCTL_FILE = "/etc/sysctl.d/90-steadfast-edge-arp.conf"
STATE_FILE = "/var/lib/steadfast-edge/sysctl_arp.json"
_HEAD = """\
# Written by steadfast.edge.sysctl_arp; state: absent removes it.
# Without these values this host answers ARP for VIPs on lo, and takes them from the director.
"""


class PostureError(Exception):
    """The wanted posture cannot be had; nothing has been changed."""


class Key(NamedTuple):
    """One sysctl: the interface (or "all") and arp_ignore or arp_announce."""

    device: str
    name: str

    @property
    def path(self) -> str:
        return f"net/ipv4/conf/{self.device}/{self.name}"

    def __str__(self) -> str:
        return render_key(self.path)


@dataclass(frozen=True)
class Wanted:
    """The posture that was asked for."""

    interfaces: Sequence[str]
    set_on: str = ALL
    arp_ignore: int = 1
    arp_announce: int = 2

    def value(self, name: str) -> int:
        return self.arp_ignore if name == "arp_ignore" else self.arp_announce


@dataclass(frozen=True)
class State:
    """What this module owns on a host: live values, the values of before, its sysctl.d file."""

    live: Mapping[Key, int]
    saved: Mapping[Key, int]
    text: str | None


@dataclass(frozen=True)
class Observed:
    """A host as it is: the state above and all sysctl.d files in their order."""

    state: State
    texts: Sequence[tuple[str, str]]


def check_names(interfaces: Sequence[str]) -> None:
    """Refuse what is no interface on which ARP is spoken."""
    if not interfaces:
        raise PostureError("interfaces is empty; name the interfaces on which clients or the router reach this host")
    for name in interfaces:
        if name == "lo":
            raise PostureError("interfaces names lo, where these settings have no effect; name the interface on which ARP requests arrive")
        if name in (ALL, "default"):
            raise PostureError(f"interfaces names '{name}', which is no interface; list real ones and choose with set_on where to set")
        if not name or len(name) > 15 or name in (".", "..") or any(char.isspace() or char == "/" for char in name):
            raise PostureError(f"'{name}' cannot be the name of an interface; write it as `ip link` shows it")


def effective(values: Mapping[Key, int], interface: str, name: str) -> int:
    """What the kernel acts on."""
    return max(values.get(Key(ALL, name), 0), values.get(Key(interface, name), 0))


def silent(arp_ignore: int, arp_announce: int) -> bool:
    """Whether a VIP on lo stays unheard of. Not "at least": 3 and 4 to 7 of arp_ignore answer, 3 of arp_announce announces."""
    return arp_ignore in (1, 2) and arp_announce == 2


def render(wanted: Wanted, keys: Sequence[Key]) -> str:
    lines = [f"{key} = {wanted.value(key.name)}" for key in sorted(keys, key=_all_first)]
    return _HEAD + "\n".join(lines) + "\n"


def dump_saved(saved: Mapping[Key, int]) -> str:
    before = {key.path: saved[key] for key in sorted(saved)}
    return json.dumps({"version": 1, "before": before}, indent=2) + "\n"


def load_saved(text: str | None) -> dict[Key, int]:
    """The remembered values; a damaged memory is an error, because restoring by guess is worse."""
    if text is None:
        return {}
    try:
        before = json.loads(text)["before"]
        pairs = [(path.split("/"), value) for path, value in before.items()]
        return {Key(parts[3], parts[4]): int(value) for parts, value in pairs}
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise PostureError(f"{STATE_FILE} is damaged ({error}); remove it to have the defaults restored instead") from error


def _all_first(key: Key) -> tuple[bool, Key]:
    return key.device != ALL, key


def _at_boot(texts: Sequence[tuple[str, str]], devices: Sequence[str]) -> dict[Key, Origin]:
    """Every key at the next boot; an interface without a line of its own starts with the value of conf.default."""
    keys = [Key(device, name) for device in [ALL, "default", *devices] for name in NAMES]
    lines = boot_values(texts, [key.path for key in keys])
    values = {key: lines.get(key.path, Origin(0)) for key in keys}
    for device in devices:
        for name in NAMES:
            if Key(device, name).path not in lines:
                values[Key(device, name)] = values[Key("default", name)]
    return values


def _owned(wanted: Wanted, live: Mapping[Key, int], remembered: Mapping[Key, int], foreign: Mapping[Key, Origin]) -> list[Key]:
    """The keys to set: on each interface, or on all plus those interfaces whose own value (not one of ours) is too high."""
    each = [Key(device, name) for device in wanted.interfaces for name in NAMES]
    if wanted.set_on != ALL:
        return each

    def too_high(key: Key) -> bool:
        return max(remembered.get(key, live[key]), foreign[key].value) > wanted.value(key.name)

    return [Key(ALL, name) for name in NAMES] + [key for key in each if too_high(key)]


def _check_live(wanted: Wanted, live: Mapping[Key, int]) -> None:
    for device in wanted.interfaces:
        for name in NAMES:
            value = effective(live, device, name)
            if value != wanted.value(name):
                raise PostureError(
                    f"{Key(ALL, name)} is {value}, and the kernel takes the larger of it and that of {device}:"
                    f" {name} there would be {value}, not {wanted.value(name)}; lower it, or choose set_on: all"
                )


def _check_boot(wanted: Wanted, texts: Sequence[tuple[str, str]]) -> None:
    values = _at_boot(texts, wanted.interfaces)
    wrong = []
    for device in wanted.interfaces:
        for name in NAMES:
            pair = values[Key(ALL, name)], values[Key(device, name)]
            value, goal = max(origin.value for origin in pair), wanted.value(name)
            if value == goal:
                continue
            blamed = [origin for origin in pair if origin.path not in ("", SYSCTL_FILE) and origin.value != goal]
            places = " and ".join(dict.fromkeys(f"{origin.where} (sets {origin.value})" for origin in blamed))
            wrong.append(f"{name} of {device} would be {value} instead of {goal} because of {places}")
    if wrong:
        reasons = "; ".join(wrong)
        raise PostureError(f"after the next boot {reasons}; remove these lines, or move them to a file read before {SYSCTL_FILE}")


def present(wanted: Wanted, seen: Observed) -> State:
    """The state in which every interface has the wanted effective values, now and after a boot."""
    check_names(wanted.interfaces)
    for device in wanted.interfaces:
        if Key(device, NAMES[0]) not in seen.state.live:
            known = sorted({key.device for key in seen.state.live} - {ALL})
            raise PostureError("this host has no interface {} with IPv4; it has {}".format(device, ", ".join(known) or "none"))
    others = replaced(seen.texts, SYSCTL_FILE, None)
    foreign = _at_boot(others, sorted({key.device for key in seen.state.live} - {ALL}))
    live = dict(seen.state.live)
    remembered = _remembered(seen, foreign)
    keys = _owned(wanted, live, remembered, foreign)
    for key, value in remembered.items():
        if key in live and key not in keys:
            live[key] = value
    saved = {key: remembered.get(key, seen.state.live[key]) for key in keys}
    live.update({key: wanted.value(key.name) for key in keys})
    _check_live(wanted, live)
    text = render(wanted, keys)
    _check_boot(wanted, replaced(others, SYSCTL_FILE, text))
    return State(live, saved, text)


def _remembered(seen: Observed, foreign: Mapping[Key, Origin]) -> dict[Key, int]:
    """The values of before; for keys whose memory was lost, what this host would boot with if we had never been here."""
    own = {key.path: key for key in foreign if key.device != "default"}
    lines = boot_values([(SYSCTL_FILE, seen.state.text)] if seen.state.text is not None else [], own)
    lost = {own[path]: foreign[own[path]].value for path in lines}
    return {**lost, **seen.state.saved}


def absent(wanted: Wanted, seen: Observed, vips: Sequence[str]) -> State:
    """The state of before; refused as long as a VIP would be heard of."""
    check_names(wanted.interfaces)
    others = replaced(seen.texts, SYSCTL_FILE, None)
    foreign = _at_boot(others, sorted({key.device for key in seen.state.live} - {ALL}))
    live = dict(seen.state.live)
    live.update({key: value for key, value in _remembered(seen, foreign).items() if key in live})
    if vips and live != dict(seen.state.live):
        _refuse_exposure(wanted, live, vips)
    return State(live, {}, None)


def _refuse_exposure(wanted: Wanted, live: Mapping[Key, int], vips: Sequence[str]) -> None:
    for device in wanted.interfaces:
        if Key(device, NAMES[0]) not in live:
            continue
        if not silent(effective(live, device, "arp_ignore"), effective(live, device, "arp_announce")):
            raise PostureError(
                "{} still on this host would be answered for on {} once the ARP settings of before are back;"
                " remove it first (steadfast.edge.vip_address), or list it in ignore_addresses".format(", ".join(vips), device)
            )

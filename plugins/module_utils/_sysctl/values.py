# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sysctl values of one purpose: what is, what shall be now and after a boot, and what was before. Pure."""
from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._arp.sysctld import boot_values, key_path, render_key, replaced

__all__ = ["Names", "Observed", "State", "ValuesError", "dump_saved", "keys_of", "load_saved", "paths_needed", "plan"]

# The kernel acts on the larger value of "all" and the interface (for switches: it is on where one of the two is).
COMBINED = ("accept_local", "arp_announce", "arp_filter", "arp_ignore", "arp_notify", "proxy_arp", "rp_filter", "send_redirects")
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_PATH = re.compile(r"[A-Za-z0-9_.@:-]+(/[A-Za-z0-9_.@:-]+)+")


class ValuesError(Exception):
    """The values cannot be had; nothing has been changed."""


@dataclass(frozen=True)
class Names:
    """The files of one purpose."""

    name: str

    @property
    def sysctl(self) -> str:
        return f"/etc/sysctl.d/90-steadfast-edge-{self.name}.conf"

    @property
    def memory(self) -> str:
        return f"/var/lib/steadfast-edge/sysctl-{self.name}.json"


@dataclass(frozen=True)
class State:
    """Live values by their path below /proc/sys, the values of before, and the sysctl.d file."""

    live: Mapping[str, int]
    saved: Mapping[str, int]
    text: str | None


@dataclass(frozen=True)
class Observed:
    """A host as it is: the state above and all sysctl.d files in their order."""

    state: State
    texts: Sequence[tuple[str, str]]


def check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValuesError(f"'{name}' cannot be a part of a file's name; write lower-case letters, digits and '-', a letter first")


def keys_of(values: Mapping[str, object]) -> dict[str, int]:
    """net.ipv4.ip_forward: 1 -> net/ipv4/ip_forward: 1"""
    found: dict[str, int] = {}
    for key, value in values.items():
        path = key_path(str(key))
        if not _PATH.fullmatch(path) or ".." in path:
            raise ValuesError(f"'{key}' is no key of a sysctl; write one such as net.ipv4.ip_forward")
        try:
            number = int(str(value))
        except ValueError:
            raise ValuesError(f"{key} is '{value}', but must be a whole number") from None
        if found.setdefault(path, number) != number:
            raise ValuesError(f"{key} is given twice, in two spellings and with two values; keep one")
    return found


def _above(path: str) -> str | None:
    """The key of `all` that the kernel combines with that of an interface."""
    parts = path.split("/")
    if parts[:3] != ["net", "ipv4", "conf"] or len(parts) != 5 or parts[4] not in COMBINED or parts[3] in ("all", "default"):
        return None
    return "/".join([*parts[:3], "all", parts[4]])


def paths_needed(wanted: Mapping[str, int], saved: Mapping[str, int]) -> list[str]:
    """Everything that has to be read to decide."""
    above = [over for over in map(_above, wanted) if over]
    return list(dict.fromkeys([*wanted, *above, *saved]))


def plan(names: Names, wanted: Mapping[str, int], seen: Observed) -> State:
    """Every wanted value is in force, now and after a boot; what is not wanted any more is as it was before."""
    missing = [render_key(path) for path in wanted if path not in seen.state.live]
    if missing:
        listed = ", ".join(missing)
        raise ValuesError(f"this host has no {listed}; a network interface may be missing, or a module of the kernel not loaded")
    live = dict(seen.state.live)
    live.update({path: value for path, value in seen.state.saved.items() if path in live and path not in wanted})
    saved = {path: seen.state.saved.get(path, live[path]) for path in wanted}
    live.update(wanted)
    _check_effective(wanted, live, "")
    text = _render(names, wanted) if wanted else None
    _check_boot(names, wanted, replaced(seen.texts, names.sysctl, text))
    return State(live, saved, text)


def _render(names: Names, wanted: Mapping[str, int]) -> str:
    head = f"# Written by steadfast.edge.sysctl_values for {names.name}; changes made here are overwritten.\n"
    return head + "".join(f"{render_key(path)} = {wanted[path]}\n" for path in sorted(wanted))


def _check_effective(wanted: Mapping[str, int], live: Mapping[str, int], when: str) -> None:
    for path, value in wanted.items():
        over = _above(path)
        if over and max(live[over], live[path]) != value:
            raise ValuesError(
                f"{when}{render_key(over)} is {live[over]}, and the kernel takes the larger of it and {render_key(path)}, which would"
                f" be {value} in vain; give it a value here, too"
            )


def _check_boot(names: Names, wanted: Mapping[str, int], texts: Sequence[tuple[str, str]]) -> None:
    origins = boot_values(texts, paths_needed(wanted, {}))
    for path, value in wanted.items():
        origin = origins[path]
        if origin.value != value:
            raise ValuesError(
                f"after the next boot {render_key(path)} would be {origin.value} because of {origin.where}; remove that line, or move it to"
                f" a file that is read before {names.sysctl}"
            )
        over = _above(path)
        if over and over in origins and origins[over].value > value:
            raise ValuesError(
                f"after the next boot {render_key(over)} would be {origins[over].value} because of {origins[over].where}, and the kernel"
                f" takes the larger of it and {render_key(path)}; remove that line, or give the key a value here, too"
            )


def dump_saved(saved: Mapping[str, int]) -> str:
    return json.dumps({"version": 1, "before": {path: saved[path] for path in sorted(saved)}}, indent=2) + "\n"


def load_saved(names: Names, text: str | None) -> dict[str, int]:
    """The remembered values; a damaged memory is an error, because restoring by guess is worse."""
    if text is None:
        return {}
    try:
        return {str(path): int(value) for path, value in json.loads(text)["before"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValuesError(f"{names.memory} is damaged ({error}); remove it to leave the present values as they are") from error

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of sysctl_values that touches the host: reads it, and carries a decision out step by step."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._arp.files import FileError, Files
from .._arp.sysctld import read_files, render_key
from .values import Names, Observed, State, ValuesError, check_name, dump_saved, load_saved, paths_needed

__all__ = ["ApplyError", "apply", "observe"]

SYS = "/proc/sys/"


class ApplyError(Exception):
    """A step failed; `done` says what had been changed by then."""

    def __init__(self, message: str, done: Sequence[str]) -> None:
        self.done = list(done)
        super().__init__(message)


def _live(files: Files, paths: Sequence[str]) -> dict[str, int]:
    found = {}
    for path in paths:
        text = files.read(SYS + path)
        if text is not None:
            try:
                found[path] = int(text)
            except ValueError:
                message = f"{render_key(path)} is no single number ('{text.strip()}'); this module sets whole numbers only"
                raise ValuesError(message) from None
    return found


def observe(files: Files, names: Names, wanted: Mapping[str, int]) -> Observed:
    check_name(names.name)
    saved = load_saved(names, files.read(names.memory))
    state = State(_live(files, paths_needed(wanted, saved)), saved, files.read(names.sysctl))
    return Observed(state, read_files(files))


def apply(files: Files, names: Names, before: State, after: State) -> list[str]:
    """Remember first and forget last: whatever interrupts this, the values of before are known."""
    done: list[str] = []
    changes = sorted(path for path in after.live if after.live[path] != before.live[path])
    try:
        if after.saved and after.saved != before.saved:
            files.write(names.memory, dump_saved({**before.saved, **after.saved}), 0o600)
            done.append(f"remembered the earlier values in {names.memory}")
        if after.text is not None and after.text != before.text:
            files.write(names.sysctl, after.text)
            done.append(f"wrote {names.sysctl}")
        if after.text is None and before.text is not None:
            files.remove(names.sysctl)
            done.append(f"removed {names.sysctl}")
        # What was before may come back through another key: the wanted ones have the last word.
        for path in sorted(changes, key=lambda path: path in after.saved):
            files.poke(SYS + path, f"{after.live[path]}\n")
            done.append(f"set {render_key(path)} to {after.live[path]}")
        _forget(files, names, before, after, done)
        now = _live(files, list(after.live))
    except FileError as error:
        raise ApplyError(str(error), done) from error
    wrong = [path for path in after.saved if now.get(path) != after.live[path]]
    if wrong:
        values = "; ".join(f"{render_key(path)} is {now.get(path)} instead of {after.live[path]}" for path in wrong)
        raise ApplyError(f"the kernel did not take what was set, or something else changed it meanwhile: {values}", done)
    return done


def _forget(files: Files, names: Names, before: State, after: State, done: list[str]) -> None:
    if not after.saved and before.saved:
        files.remove(names.memory)
        done.append(f"removed {names.memory}")
    elif set(before.saved) - set(after.saved):
        files.write(names.memory, dump_saved(after.saved), 0o600)
        done.append(f"dropped restored values from {names.memory}")

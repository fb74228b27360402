# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sysctl.d files of a host will set at the next boot, and which line decides it.

The rules are those of systemd-sysctl: of files with the same name the first folder wins, then all are
read in the order of their names and a later line beats an earlier one; a key spelt out beats every
pattern, wherever it stands. /etc/sysctl.conf counts as read last, as `sysctl --system` does.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .files import Files

__all__ = ["Origin", "Setting", "boot_values", "key_path", "parse", "read_files", "render_key"]

FOLDERS = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
LEGACY = "/etc/sysctl.conf"
_PATTERN = "*?["


@dataclass(frozen=True)
class Setting:
    """One line: the key as a path below /proc/sys; no value means "leave out of the patterns"."""

    key: str
    value: str | None
    path: str
    line: int


@dataclass(frozen=True)
class Origin:
    """A value at boot and the line that gives it; no path means the default of the kernel."""

    value: int
    path: str = ""
    line: int = 0

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}" if self.path else "the default of the kernel"


def key_path(key: str) -> str:
    """net.ipv4.conf.eth0/100.x, net/ipv4/conf/eth0.100/x -> net/ipv4/conf/eth0.100/x"""
    dot, slash = key.find("."), key.find("/")
    if slash >= 0 and (dot < 0 or slash < dot):
        return key
    return key.translate(str.maketrans("./", "/."))


def render_key(path: str) -> str:
    """The usual dotted form, unless a dot belongs to a name in the path."""
    return path if "." in path else path.replace("/", ".")


def parse(path: str, text: str) -> list[Setting]:
    """The settings of one file; what is not a setting is left to systemd-sysctl to complain about."""
    found = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        key, equals, value = line.partition("=")
        key = key.strip()
        dashed = key.startswith("-")
        key = key.lstrip("-").strip()
        if not key or (not equals and not dashed):
            continue
        found.append(Setting(key_path(key), value.strip() if equals else None, path, number))
    return found


def read_files(files: Files) -> list[tuple[str, str]]:
    """All (path, text) that apply, in the order in which they are applied."""
    chosen: dict[str, str] = {}
    for folder in FOLDERS:
        for name in files.names(folder):
            if name.endswith(".conf"):
                chosen.setdefault(name, f"{folder}/{name}")
    paths = [chosen[name] for name in sorted(chosen)]
    # Debian links sysctl.conf into sysctl.d: read it once, where systemd does.
    if LEGACY not in {files.real(path) for path in paths}:
        paths.append(LEGACY)
    return [(path, text) for path in paths for text in [files.read(path)] if text is not None]


def replaced(texts: Sequence[tuple[str, str]], path: str, text: str | None) -> list[tuple[str, str]]:
    """The same files with one of them changed, added or (text None) gone."""
    name = path.rpartition("/")[2]
    kept = [pair for pair in texts if pair[0] != path and pair[0].rpartition("/")[2] != name]
    if text is not None:
        before = [pair for pair in kept if pair[0] != LEGACY and pair[0].rpartition("/")[2] < name]
        kept = before + [(path, text)] + kept[len(before):]
    return kept


def _matches(pattern: str, key: str) -> bool:
    left, right = pattern.split("/"), key.split("/")
    return len(left) == len(right) and all(fnmatchcase(part, glob) for part, glob in zip(right, left))


def _integer(setting: Setting) -> int | None:
    try:
        return int(setting.value or "", 0)
    except ValueError:
        return None


def boot_values(texts: Iterable[tuple[str, str]], keys: Iterable[str]) -> Mapping[str, Origin]:
    """The value of each of keys after the next boot; keys that no line sets are absent."""
    exact: dict[str, Setting] = {}
    patterns: list[Setting] = []
    for path, text in texts:
        for setting in parse(path, text):
            if any(char in setting.key for char in _PATTERN):
                patterns.append(setting)
            else:
                exact[setting.key] = setting
    values: dict[str, Origin] = {}
    for key in keys:
        winner = exact.get(key)
        if winner is None:
            winner = next((item for item in reversed(patterns) if _matches(item.key, key)), None)
        number = _integer(winner) if winner else None
        if winner is not None and number is not None:
            values[key] = Origin(number, winner.path, winner.line)
    return values

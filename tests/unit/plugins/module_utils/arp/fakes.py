# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host in memory: its files, the ARP values of its kernel, and a transcript of the commands it expects."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.steadfast.edge.plugins.module_utils._arp.files import FileError
from ansible_collections.steadfast.edge.plugins.module_utils._arp.host import CONF
from ansible_collections.steadfast.edge.plugins.module_utils._command import Runner


@dataclass
class FakeFiles:
    """The Files protocol over two dicts; `trace` lists every write, `broken` the paths that cannot be written."""

    texts: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    trace: list[str] = field(default_factory=list)
    watch: Callable[[], None] = lambda: None

    def read(self, path: str) -> str | None:
        return self.texts.get(self.links.get(path, path))

    def names(self, folder: str) -> list[str]:
        prefix = folder.rstrip("/") + "/"
        return sorted({path[len(prefix) :].split("/")[0] for path in [*self.texts, *self.links] if path.startswith(prefix)})

    def target(self, path: str) -> str | None:
        return self.links.get(path)

    def real(self, path: str) -> str:
        return self.links.get(path, path)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        self._store("write", path, text)

    def poke(self, path: str, text: str) -> None:
        self._store("poke", path, text)

    def link(self, path: str, target: str) -> None:
        self._fail("link", path)
        self.links[path] = target
        self.trace.append(f"link {path}")

    def remove(self, path: str) -> None:
        self._fail("remove", path)
        self.texts.pop(path, None)
        self.links.pop(path, None)
        self.trace.append(f"remove {path}")

    def _store(self, verb: str, path: str, text: str) -> None:
        self._fail(verb, path)
        self.texts[path] = text
        self.trace.append(f"{verb} {path}" + (f" {text.strip()}" if verb == "poke" else ""))
        self.watch()

    def _fail(self, verb: str, path: str) -> None:
        if path in self.broken:
            raise FileError(verb, path, OSError(30, "Read-only file system"))


def host(values: Mapping[str, tuple[int, int]], **texts: str) -> FakeFiles:
    """host({"all": (0, 0), "eth0": (0, 0)}): arp_ignore and arp_announce of each device."""
    files = FakeFiles(dict(texts))
    for device, (ignore, announce) in {"all": (0, 0), "default": (0, 0), "lo": (0, 0), **values}.items():
        files.texts[f"{CONF}/{device}/arp_ignore"] = f"{ignore}\n"
        files.texts[f"{CONF}/{device}/arp_announce"] = f"{announce}\n"
    return files


@dataclass(frozen=True)
class Expected:
    """One command that must come next, exactly so."""

    argv: Sequence[str]
    stdin: str | None = None
    rc: int = 0
    out: str = ""
    err: str = ""


class Transcript:
    """Fails on a command that differs, on one too many, and (by `finish`) on one that never came."""

    def __init__(self, *expected: Expected) -> None:
        self._left = list(expected)

    @property
    def runner(self) -> Runner:
        return Runner(self._execute)

    def _execute(self, argv: Sequence[str], stdin: str | None, environment: Mapping[str, str]) -> tuple[int, str, str]:
        assert self._left, f"one command too many: {list(argv)}"
        expected = self._left.pop(0)
        assert (list(argv), stdin) == (list(expected.argv), expected.stdin)
        assert environment["LC_ALL"] == "C"
        return expected.rc, expected.out, expected.err

    def finish(self) -> None:
        assert not self._left, f"never run: {self._left}"

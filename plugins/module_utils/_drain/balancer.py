# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a balancer, amended and released as one transaction, and proof that the kernel follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._drain import keepalived, nginx
from ansible_collections.steadfast.edge.plugins.module_utils._drain.members import (
    DrainError,
    Member,
    Wish,
    check_known,
    check_remaining,
)
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import table
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host as IpvsHost
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import FILE, Manifest, Prove, Request, Wanted
from ansible_collections.steadfast.edge.plugins.module_utils._release._prove import unit_of
from ansible_collections.steadfast.edge.plugins.module_utils._release._release import Outcome, locked, release_locked
from ansible_collections.steadfast.edge.plugins.module_utils._release._stage import Paths, read_token
from ansible_collections.steadfast.edge.plugins.module_utils._release._store import Store

__all__ = ["Balancer", "Outcome", "Place", "Result", "amended"]

KEEPALIVED = "keepalived"
KERNEL_FOLLOWS = 15.0  # seconds; keepalived reads its files again some time after the reload was asked for
INTERVAL = 0.2


@dataclass(frozen=True)
class Place:
    """Where a balancer keeps its files, and how it takes new ones."""

    kind: str
    path: str
    service: str
    binary: str
    error_log: str = ""
    state_dir: str = "/var/lib/steadfast-edge/releases"
    python: str = "/usr/bin/python3"
    accepted_warnings: tuple[str, ...] = ()

    def request(self, wanted: list[Wanted], check: bool) -> Request:
        if self.kind == KEEPALIVED:
            judge = [self.python, "-I", "{tree}/scripts/check-config", "{tree}/keepalived.conf", *self.accepted_warnings]
            prove = Prove()
        else:
            judge = [self.binary, "-t", "-q", "-c", "{tree}/nginx.conf", "-g", "pid {scratch}/nginx.pid;"]
            prove = Prove(workers="started", log=self.error_log or None)
        return Request(
            path=self.path, state_dir=self.state_dir, wanted=tuple(wanted), validate=tuple(judge), service=self.service,
            reload=("systemctl", "reload", self.service), prove=prove, check_mode=check, history=False,
        )  # fmt: skip


@dataclass
class Result:
    """Who was and who is drained, by pool and name, and the VIPs."""

    changed: bool
    before: list[dict[str, str]]
    after: list[dict[str, str]]
    yielded: str = ""
    msg: str = ""
    actions: list[str] = field(default_factory=list)

    def data(self) -> dict[str, Any]:
        return {**self.__dict__, "diff": {"before": self.before, "after": self.after}}


def amended(place: Place, texts: Mapping[str, str], wish: Wish, vips: str | None) -> dict[str, str]:
    """The files as they shall be. Pure; raises DrainError for members that are not there, and where too few would be left."""
    amend, read = (keepalived.amend, keepalived.members) if place.kind == KEEPALIVED else (nginx.amend, nginx.members)
    found = {path: amend(text, wish.decide) for path, text in texts.items()}
    before = [member for text in texts.values() for member in read(text)]
    after = [member for text in found.values() for member in read(text)]
    check_known(before, wish, place.path)
    check_remaining(before, after, wish)
    if vips is None or place.kind != KEEPALIVED:
        return found
    main = found["keepalived.conf"]
    by = keepalived.yielded(main)
    wanted = (by or wish.by) if vips == "yielded" else "" if by == wish.by else by
    found["keepalived.conf"] = keepalived.yielding(main, wanted, f"{place.path}/{keepalived.TRACK_FILE}")
    found.pop(keepalived.TRACK_FILE, None)
    if keepalived.yielded(found["keepalived.conf"]):
        found[keepalived.TRACK_FILE] = "1\n"
    return found


class Balancer:
    def __init__(self, place: Place, host: Host, ipvs: IpvsHost, warn: Callable[[str], None]) -> None:
        self.place = place
        self.host = host
        self.ipvs = ipvs
        self.warn = warn

    def apply(self, wish: Wish, vips: str | None, check: bool) -> Result:
        wish.check()
        # From before the files are read: a call at the same time waits, and then amends and judges what this one has made of them.
        with locked(self.host, self.place.request([], check)) as paths:
            return self._apply(paths, wish, vips, check)

    def _apply(self, paths: Paths, wish: Wish, vips: str | None, check: bool) -> Result:
        manifest, files = self._files()
        texts = {path: item.content.decode("utf-8", "surrogateescape") for path, item in files.items() if item.kind == FILE}
        wanted = amended(self.place, texts, wish, vips)
        result = self._result(texts, wanted)
        # Also where the files are as wanted: a call that was cut off may owe the reload.
        outcome = release_locked(self.host, self.place.request(_released(files, wanted, manifest), check), paths, self.warn)
        result.msg, result.changed = outcome.msg, result.changed or outcome.changed
        if self.place.kind == KEEPALIVED and not check and (outcome.reloaded or (wish.drained and self._runs())):
            self._await_kernel(wanted["keepalived.conf"])
        return result

    def text(self, path: str) -> str:
        """A released file as it is now; empty where there is none."""
        content = self.host.read(f"{self.place.path}/{path}") if path in self._manifest().files else None
        return (content or b"").decode("utf-8", "surrogateescape")

    def _manifest(self) -> Manifest:
        """Of the tree that lies there: a release that was cut off has brought its own to life, or not yet."""
        live = self.host.resolve(self.place.path)
        state = Store(self.host, self.place.state_dir, live).load()
        return state.switch.manifest if state.switch and read_token(self.host, live) == state.switch.token else state.live

    def _files(self) -> tuple[Manifest, dict[str, Wanted]]:
        manifest = self._manifest()
        tree = self.host.scan(self.place.path, set(manifest.files))
        gone = sorted(path for path in manifest.files if path not in tree)
        if gone or not manifest.files:
            what = f"{gone[0]} is missing in" if gone else "Nothing was released to"
            raise DrainError(f"path: {what} {self.place.path}, so nobody can be taken out there. Run site.yml first.")
        found = {}
        for path, secret in manifest.files.items():
            node = tree[path]
            found[path] = Wanted(path, node.kind, node.content or b"", node.target, node.mode, node.uid, node.gid, secret)
        return manifest, found

    def _result(self, texts: Mapping[str, str], wanted: Mapping[str, str]) -> Result:
        read = keepalived.members if self.place.kind == KEEPALIVED else nginx.members
        before, after = (_drained(read, files) for files in (texts, wanted))
        actions = [f"take {item['member']} out of {item['pool']}" for item in after if item not in before]
        actions += [f"put {item['member']} back into {item['pool']}" for item in before if item not in after]
        main = "keepalived.conf"
        was, is_now = (keepalived.yielded(files.get(main, "")) for files in (texts, wanted))
        if was != is_now:
            actions.append("yield the VIPs" if is_now else "take part in the election of VIPs again")
        return Result(dict(texts) != dict(wanted), before, after, is_now, actions=actions)

    def _runs(self) -> bool:
        return unit_of(self.host, self.place.service).running

    def _await_kernel(self, text: str) -> None:
        """A weight in a file is a wish; connections go where the kernel's table says."""
        found = keepalived.members(text)
        serving, resting = ({(one.address, int(one.port or 0)) for one in found if one.serving is kind} for kind in (True, False))
        drained = resting - serving
        deadline = self.host.now() + KERNEL_FOLLOWS
        while drained and self.ipvs.loaded():
            entries = table.read(self.ipvs.kernel())
            busy = [key for entry in entries.values() for key, item in (entry.destinations or {}).items()
                    if item.weight and (key.address, key.port) in drained]  # fmt: skip
            if not busy:
                return
            if self.host.now() >= deadline:
                raise DrainError(
                    f"{busy[0]} still gets connections {KERNEL_FOLLOWS:g} s after keepalived was reloaded: see its log there "
                    "(journalctl -u keepalived)."
                )
            self.host.sleep(INTERVAL)


def _released(files: Mapping[str, Wanted], wanted: Mapping[str, str], manifest: Manifest) -> list[Wanted]:
    """Every file with the mode, owner and secrecy that it has; links as they are."""
    like = next(iter(files.values()))
    found = [item for item in files.values() if item.kind != FILE]
    for path, text in wanted.items():
        content = text.encode("utf-8", "surrogateescape")
        old = files.get(path)
        secret = manifest.files.get(path, False)
        mode, uid, gid = (old.mode, old.uid, old.gid) if old else (0o644, like.uid, like.gid)
        found.append(Wanted(path, FILE, content, mode=mode, uid=uid, gid=gid, secret=secret))
    return found


def _drained(read: Callable[[str], list[Member]], files: Mapping[str, str]) -> list[dict[str, str]]:
    found = [member for text in files.values() for member in read(text) if member.by]
    return [{"pool": pool, "member": name, "by": by} for pool, name, by in dict.fromkeys((one.pool, one.name, one.by) for one in found)]

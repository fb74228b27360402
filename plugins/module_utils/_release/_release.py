# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One release from start to end: recover, compare, stage, check, switch, prove."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ansible_collections.steadfast.edge.plugins.module_utils._release._check import check_tree, locate
from ansible_collections.steadfast.edge.plugins.module_utils._release._diff import make_diff
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import (
    BusyError,
    PlaceError,
    ReleaseError,
    ReloadFailed,
    RollbackError,
)
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import (
    Manifest,
    Node,
    Plan,
    Request,
    State,
    Switch,
    Wanted,
    fingerprint,
    sequence_of,
)
from ansible_collections.steadfast.edge.plugins.module_utils._release._plan import make_plan
from ansible_collections.steadfast.edge.plugins.module_utils._release._stage import Paths, check_place, exchange_error, stage_tree
from ansible_collections.steadfast.edge.plugins.module_utils._release._store import Earlier, Store
from ansible_collections.steadfast.edge.plugins.module_utils._release._switch import Switcher

__all__ = ["Outcome", "locked", "release", "release_locked"]

ATTEMPTS = 5
LOCK_INTERVAL = 0.1


@dataclass(frozen=True)
class Outcome:
    changed: bool
    msg: str
    release: str
    releases: list[str]
    files_added: list[str] = field(default_factory=list)
    files_changed: list[str] = field(default_factory=list)
    files_removed: list[str] = field(default_factory=list)
    reloaded: bool = False
    validated: bool = False
    recovered: str = "none"
    diff: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Situation:
    """Where a run starts: the tree to compare with, and the state that goes with it."""

    source: str
    state: State
    recovered: str = "none"

    @property
    def manifest(self) -> Manifest:
        """With a switch that only lacks its proof, the new tree is the one that is live."""
        return self.state.switch.manifest if self.state.switch else self.state.live


def release(host: Host, request: Request, warn: Callable[[str], None]) -> Outcome:
    """Raises ReleaseError; the live tree is then the one that was there before."""
    with locked(host, request) as paths:
        return release_locked(host, request, paths, warn)


@contextmanager
def locked(host: Host, request: Request) -> Iterator[Paths]:
    """Keeps everybody else from releasing. For those who make the new files from the ones that are there."""
    paths = check_place(host, request.path, request.state_dir, request.check_mode)
    lock = _lock(host, paths, request.timeout) if host.is_directory(paths.parent) else None
    try:
        yield paths
    finally:
        if lock is not None:
            host.unlock(lock)


def release_locked(host: Host, request: Request, paths: Paths, warn: Callable[[str], None]) -> Outcome:
    """What release() does, for a caller who holds the lock."""
    run = _Run(host, request, paths, warn)
    return run.run() if host.is_directory(paths.parent) else run.forecast_without_parent()


def _lock(host: Host, paths: Paths, timeout: float) -> int:
    """On the folder above: it is there in check mode too, stays through an exchange, and nothing is left behind."""
    deadline = host.now() + timeout
    while (lock := host.lock(paths.parent)) is None:
        if host.now() >= deadline:
            raise BusyError(f"path: another run has been at work in {paths.parent} for more than {timeout:g} s; wait for it or end it.")
        host.sleep(LOCK_INTERVAL)
    return lock


class _Run:
    def __init__(self, host: Host, request: Request, paths: Paths, warn: Callable[[str], None]) -> None:
        self.host = host
        self.request = request
        self.paths = paths
        self.warn = warn
        self.store = Store(host, request.state_dir, paths.live)
        self.switcher = Switcher(host, request, paths, self.store, warn)

    def run(self) -> Outcome:
        recovered = "none"
        for _attempt in range(ATTEMPTS):
            situation = self._recover(self.store.load())
            recovered = situation.recovered if recovered == "none" else recovered
            outcome = self._attempt(replace(situation, recovered=recovered))
            if outcome is not None:
                return outcome
        raise BusyError(f"path: somebody keeps changing files in {self.paths.live}; end that and run again. Nothing was changed.")

    def forecast_without_parent(self) -> Outcome:
        self.warn(f"{self.paths.parent} does not exist yet, so the new files of {self.paths.live} were not checked.")
        plan, _tree = self._plan(_Situation(self.paths.live, State()))
        return self._outcome(_Situation(self.paths.live, State()), plan, {}, changed=plan.changes_tree)

    def _recover(self, state: State) -> _Situation:
        """Settles what a dead run left, or, in check mode, foresees what would become of it."""
        switcher, checking = self.switcher, self.request.check_mode
        switcher.clean(state, checking)
        switch = state.switch
        if switch is None:
            return _Situation(self.paths.live, state)
        if not switcher.switched(state):
            return _Situation(self.paths.live, State(state.live, proven=False) if checking else switcher.forget(state, switch), "undone")
        if not switcher.can_return():  # removed by hand: there is no way but forward
            return _Situation(self.paths.live, State(switch.manifest, proven=False), "finished")
        onward = _Situation(self.paths.live, state, "finished")
        if switcher.old_is_intact(switch) and not self._plan(onward)[0].changes_tree:
            return onward
        # A rollback that finds an unproven release has only that one to take back.
        restored = state.live.release if self.request.rolled_back and self.request.release is None else None
        if checking:
            live = replace(state.live, restored=restored or state.live.restored)
            return _Situation(self.paths.partner, State(live, proven=False), "undone")
        return _Situation(self.paths.live, switcher.undo(state, switch, restored), "undone")

    # Comparing

    def _plan(self, situation: _Situation) -> tuple[Plan, dict[str, Node]]:
        manifest = situation.manifest
        if not self.request.rolled_back:
            names = {item.path for item in self.request.wanted}
            tree = self.host.scan(situation.source, names | set(manifest.files))
            return make_plan(tree, manifest, self.request.wanted), tree
        chain = self._chain(manifest)
        names = {name for earlier in chain for name in (*earlier.files, *earlier.displaced)}
        tree = self.host.scan(situation.source, names | set(manifest.files))
        if not chain:
            return make_plan(tree, manifest, None), tree
        return make_plan(tree, manifest, _rolled_back(chain, manifest, tree), restored=chain[0].manifest.release), tree

    def _chain(self, manifest: Manifest) -> list[Earlier]:
        """The releases from the one to bring back to the youngest before the live one; empty: it is live already."""
        wanted = self.request.release
        if (wanted is None and manifest.restored) or wanted in (manifest.release, manifest.restored or manifest.release):
            return []
        earlier = self.store.earlier(manifest.release)
        if not earlier:
            raise RollbackError(f"state: there is no earlier release of {self.paths.live} to roll back to.")
        if wanted is not None and wanted not in earlier:
            there = ", ".join(earlier)
            raise RollbackError(f"release: there is no '{wanted}' among the earlier releases of {self.paths.live}; there are {there}.")
        first = sequence_of(wanted or earlier[-1])
        return [self.store.open(name) for name in earlier if sequence_of(name) >= first]

    # Changing

    def _attempt(self, situation: _Situation) -> Outcome | None:
        """One try; None where somebody changed the tree meanwhile."""
        plan, tree = self._plan(situation)
        if not plan.changes_tree:
            return self._settle(situation, plan, tree)
        if situation.state.switch is not None:  # it was as wanted a moment ago
            return None
        stage = self.paths.check if self.request.check_mode else self.paths.stage
        token = secrets.token_hex(8)
        try:
            stage_tree(self.host, situation.source, stage, tree, plan, token)
        except FileNotFoundError:  # somebody removed a file before it was linked
            self.switcher.remove(stage)
            return None
        except OSError as error:
            self.switcher.remove(stage)
            raise exchange_error(self.paths.live, error) from error
        validated = self._checked(situation, stage, plan)
        if self.request.check_mode:
            self.switcher.remove(stage)
            return self._outcome(situation, plan, tree, changed=True, validated=validated, reloaded=self.switcher.would_reload())
        return self._switch(situation, plan, tree, token, validated)

    def _checked(self, situation: _Situation, stage: str, plan: Plan) -> bool:
        try:
            return self._check(stage, plan)
        except ReleaseError:
            self.switcher.remove(stage)
            if not self.request.check_mode and not situation.state.proven:
                self._pay_reload(situation)
            raise

    def _pay_reload(self, situation: _Situation) -> None:
        """A dead run left the service with who knows what; the tree that stays must be what it runs with."""
        try:
            self._settle_live(situation)
        except ReleaseError as error:
            self.warn(str(error))

    def _check(self, stage: str, plan: Plan) -> bool:
        request = self.request
        if not request.validate:
            return False
        try:
            written = {item.path: item for item in plan.write}
            check_tree(self.host, request.validate, request.validate_rc, self.paths, stage, written, request.timeout)
        except (FileNotFoundError, PermissionError) as error:
            message = f"validate: '{request.validate[0]}' cannot be run: {error.strerror}"
            if not request.check_mode:
                raise PlaceError(f"{message}; install it before, or name it by its full path.") from error
            self.warn(f"{message}; the new files of {self.paths.live} were not checked.")
            return False
        return True

    def _switch(self, situation: _Situation, plan: Plan, tree: dict[str, Node], token: str, validated: bool) -> Outcome | None:
        host, paths = self.host, self.paths
        old, new = (fingerprint(found, plan.touched) for found in (tree, host.scan(paths.stage)))
        switch = Switch(plan.manifest, token, plan.touched, old, new, created=not host.exists(paths.live))
        if self.switcher.print_of(paths.live, switch) != switch.old_print:
            self.switcher.remove(paths.stage)
            return None
        if self.request.keep and self.request.history:
            self.store.keep(situation.manifest, tree, plan)
        reloaded = self.switcher.switch(situation.state, switch)
        if reloaded is None:
            return None
        return self._outcome(situation, plan, tree, changed=True, validated=validated, reloaded=reloaded)

    def _settle(self, situation: _Situation, plan: Plan, tree: dict[str, Node]) -> Outcome:
        """The files are right. What may be missing is a reload that a dead run owes, and a name in the manifest."""
        state = situation.state
        pending = state.switch is not None or not state.proven
        if self.request.check_mode:
            reloaded = pending and self.switcher.would_reload()
            return self._outcome(situation, plan, tree, changed=reloaded, reloaded=reloaded)
        reloaded = False
        if state.switch is not None:
            reloaded = self.switcher.prove_switch(state, state.switch)
        elif pending:
            reloaded = self._settle_live(situation)
        if plan.manifest != situation.manifest:
            self.store.save(State(plan.manifest))
        return self._outcome(situation, plan, tree, changed=reloaded, reloaded=reloaded)

    def _settle_live(self, situation: _Situation) -> bool:
        """There is no other tree to go back to: what fails here stays owed."""
        try:
            reloaded = self.switcher.settle()
        except ReloadFailed as error:
            text = f"The files of {self.paths.live} are in place, but they did not come into effect: {error}"
            raise ReloadFailed(text, error.output, *locate(error.output, self.paths.live)) from error
        self.store.save(State(situation.manifest))
        return reloaded

    def _outcome(
        self, situation: _Situation, plan: Plan, tree: dict[str, Node], changed: bool, validated: bool = False, reloaded: bool = False
    ) -> Outcome:
        earlier = [name for name in self.store.earlier(plan.manifest.release) if name != situation.manifest.release]
        if plan.changes_tree:
            earlier.append(situation.manifest.release)
        counts = {"added": plan.added, "changed": plan.changed, "removed": plan.removed}
        words = ", ".join(f"{len(names)} {word}" for word, names in counts.items() if names)
        parts = [f"{words} in {self.paths.live}" if words else f"{self.paths.live} is as wanted"]
        if reloaded:
            parts.append("reloaded")
        if situation.recovered != "none":
            parts.append(f"an interrupted release was {situation.recovered}")
        return Outcome(changed, "; ".join(parts), plan.manifest.release, earlier[-self.request.keep:] if self.request.keep else [],
                       list(plan.added), list(plan.changed), list(plan.removed), reloaded, validated, situation.recovered,
                       make_diff(self.paths.live, tree, situation.manifest, plan) if self.request.diff else [])


def _rolled_back(chain: list[Earlier], manifest: Manifest, tree: dict[str, Node]) -> list[Wanted]:
    """The files of the oldest of `chain`, and the foreign files that it and its successors overwrote.

    What belongs to somebody by now is left alone; of several versions the youngest is given back.
    """
    target = chain[0].files
    given_back: dict[str, Wanted] = {}
    for earlier in chain:
        for path, item in earlier.displaced.items():
            if path not in target and (path in manifest.files or path not in tree):
                given_back[path] = item
    return [*target.values(), *given_back.values()]

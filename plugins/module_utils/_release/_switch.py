# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exchange of two trees, the journal around it, and what to do after a run that died.

The order is: stage durable, journal durable, exchange, reload, proof, journal settled. Whoever finds an unsettled
journal cannot know what the service runs with, so it reloads; the mark in the live tree tells which tree it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._release._check import fill, locate
from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import PlaceError, ReleaseError, ReloadFailed
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import Manifest, Request, State, Switch, fingerprint
from ansible_collections.steadfast.edge.plugins.module_utils._release._prove import reload_and_prove, unit_of
from ansible_collections.steadfast.edge.plugins.module_utils._release._stage import Paths, exchange_error, read_token
from ansible_collections.steadfast.edge.plugins.module_utils._release._store import Store

__all__ = ["Switcher"]


class Switcher:
    def __init__(self, host: Host, request: Request, paths: Paths, store: Store, warn: Callable[[str], None]) -> None:
        self.host = host
        self.request = request
        self.paths = paths
        self.store = store
        self.warn = warn

    # The exchange

    def switch(self, state: State, switch: Switch) -> bool | None:
        """Brings the staged tree to life. Tells whether the service was reloaded, or None where the tree had been
        changed by somebody in the last instant: then the old tree is back, and the caller starts over."""
        host, paths = self.host, self.paths
        host.sync_filesystem(paths.stage)
        self.store.save(replace(state, switch=switch, discard=None))
        try:
            host.rename(paths.stage, paths.partner)
            if switch.created:
                host.make_directory(paths.live, 0o755)
            host.exchange(paths.live, paths.partner)
        except OSError as error:
            self._forget(state, switch, state.proven)
            raise exchange_error(paths.live, error) from error
        host.sync_directory(paths.parent)
        if self.print_of(paths.partner, switch) != switch.old_print:
            self._exchange()
            self._forget(state, switch, state.proven)
            return None
        return self.prove_switch(replace(state, switch=switch, discard=None), switch)

    def prove_switch(self, state: State, switch: Switch) -> bool:
        """Reloads into the exchanged tree, and settles; takes it back where the service does not follow."""
        try:
            reloaded = self.settle()
        except ReleaseError as error:
            outcome = self._take_back(state, switch)
            text = f"The new files of {self.paths.live} did not come into effect: {str(error).rstrip('.')}. {outcome}"
            raise ReloadFailed(text, error.output, *locate(error.output, self.paths.live)) from error
        self.store.save(State(switch.manifest, discard={"print": switch.old_print, "touched": sorted(switch.touched)}))
        self.sweep(switch.old_print, switch.touched)
        if self.request.history:
            self.store.prune(switch.manifest.release, self.request.keep)
        return reloaded

    def settle(self, back: bool = False) -> bool:
        """Reloads and waits for the proof; False where there is nothing to reload or nothing runs."""
        request = self.request
        if not self.would_reload(proving=True):
            return False
        prove = request.prove and replace(request.prove, command=tuple(fill(request.prove.command, self.paths.live)))
        if prove and back:
            # An address or a command may speak of what only the refused tree has, and nginx goes on to log why it refused it.
            prove = replace(prove, log=None, url=None, urls=(), command=())
        reload_and_prove(self.host, fill(request.reload, self.paths.live), request.service, prove, request.timeout)
        return bool(request.reload)

    def would_reload(self, proving: bool = False) -> bool:
        request = self.request
        if not request.reload and not (proving and request.prove):
            return False
        return request.service is None or unit_of(self.host, request.service).running

    def print_of(self, tree: str, switch: Switch) -> str:
        return fingerprint(self.host.scan(tree), switch.touched)

    def _exchange(self) -> None:
        self.host.exchange(self.paths.live, self.paths.partner)
        self.host.sync_directory(self.paths.parent)

    def _take_back(self, state: State, switch: Switch) -> str:
        service = self.request.service
        self._exchange()
        self._forget(state, switch, proven=False)
        try:
            reloaded = self.settle(back=True)
            if service and not reloaded and not unit_of(self.host, service).running:
                return self._start_again(service)
        except ReleaseError as error:
            return f"The previous tree is back, but it did not come into effect either: {error}"
        self.store.save(replace(self.store.load(), proven=True))
        return "The previous tree is back and was reloaded." if reloaded else "The previous tree is back."

    def _start_again(self, service: str) -> str:
        """The reload killed the service, which therefore cannot be reloaded into the old tree."""
        finished = self.host.run(["systemctl", "restart", "--", service], self.request.timeout)
        if finished.rc != 0:
            return f"The previous tree is back, but {service} does not run and could not be started: {finished.output}"
        self.store.save(replace(self.store.load(), proven=True))
        return f"The previous tree is back, and {service}, which had stopped, was started with it."

    def _forget(self, state: State, switch: Switch, proven: bool) -> None:
        """The live path holds the old tree: settles on it, and throws the other one away."""
        self.store.save(State(state.live, proven, discard={"print": switch.new_print, "touched": sorted(switch.touched)}))
        self.sweep(switch.new_print, switch.touched)
        if switch.created and self.host.exists(self.paths.live) and not self.host.names(self.paths.live):
            self.host.remove_directory(self.paths.live)

    # After a run that died

    def clean(self, state: State, check_mode: bool) -> None:
        """Removes what a dead run left beside the tree. With a switch under way its partner is not rubbish."""
        leftovers = [self.paths.check, self.paths.scratch] + ([] if check_mode else [self.paths.trash, self.paths.stage])
        for leftover in leftovers:
            self.remove(leftover)
        if check_mode:
            return
        if state.switch is None:
            discard: Mapping[str, Any] = state.discard or {}
            self.sweep(discard.get("print"), frozenset(discard.get("touched", ())))

    def switched(self, state: State) -> bool:
        """Whether the live path holds the tree that the unsettled switch was to bring."""
        return state.switch is not None and read_token(self.host, self.paths.live) == state.switch.token

    def can_return(self) -> bool:
        """Whether the old tree still lies there."""
        return self.host.exists(self.paths.partner)

    def old_is_intact(self, switch: Switch) -> bool:
        return self.print_of(self.paths.partner, switch) == switch.old_print

    def undo(self, state: State, switch: Switch, restored: str | None) -> State:
        """Goes back to the last proven tree; what the service runs with is not known."""
        self._exchange()
        return self.forget(state, switch, restored)

    def forget(self, state: State, switch: Switch, restored: str | None = None) -> State:
        live: Manifest = replace(state.live, restored=restored) if restored else state.live
        self._forget(replace(state, live=live), switch, proven=False)
        return State(live, proven=False)

    # Throwing away

    def sweep(self, expected: str | None, touched: frozenset[str]) -> None:
        """Removes the partner, but not what somebody wrote into it while it was live: that is put aside, with a warning.

        Renamed first: a half removed tree must never look like one that somebody changed.
        """
        host, partner = self.host, self.paths.partner
        if not host.exists(partner):
            return
        if expected is not None and fingerprint(host.scan(partner), touched) != expected:
            number = next(number for number in range(1, 10**6) if not host.exists(self.paths.kept(number)))
            host.rename(partner, self.paths.kept(number))
            self.warn(f"Somebody changed files in {self.paths.live} during the switch; that tree is kept in {self.paths.kept(number)}. "
                      f"Take over what is wanted from it, and remove it.")
            return
        self.remove(self.paths.trash)
        host.rename(partner, self.paths.trash)
        self.remove(self.paths.trash)

    def remove(self, tree: str) -> None:
        """Only for trees that never were live, or that are not needed for sure."""
        try:
            if self.host.exists(tree):
                self.host.remove_tree(tree)
        except OSError as error:
            text = f"{tree} is left over from an earlier run and cannot be removed: {error.strerror}; remove it by hand."
            raise PlaceError(text) from error

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out a plan. Only here requests that change something are sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import drain
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import IpvsError, PartialFailure, from_errno
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.netlink import Kernel
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.plan import Changes, Operation

__all__ = ["Outcome", "apply"]


@dataclass
class Outcome:
    done: list[str] = field(default_factory=list)
    remaining: list[drain.Remaining] = field(default_factory=list)


def apply(kernel: Kernel, changes: Changes, policy: drain.Policy, clock: drain.Clock | None = None, done: Sequence[str] = ()) -> Outcome:
    """Each phase is one batch. A refusal ends the run after its phase, so that nothing is removed for a replacement that is not there."""
    outcome = Outcome(done=list(done))
    for phase in changes.before_wait:
        _send(kernel, phase, outcome)
    if changes.leaving and policy.timeout:
        outcome.remaining = drain.wait(kernel, changes.leaving, policy, clock or drain.Clock())
        drain.enforce(policy, outcome.remaining, outcome.done)
    for phase in changes.after_wait:
        _send(kernel, phase, outcome)
    return outcome


def _send(kernel: Kernel, phase: Sequence[Operation], outcome: Outcome) -> None:
    if not phase:
        return
    try:
        codes = kernel.batch([operation.request for operation in phase])
    except IpvsError as error:
        raise PartialFailure([error], outcome.done) from error
    missing = {operation.service for operation, code in zip(phase, codes) if code and operation.kind == "service"}
    failures: list[IpvsError] = []
    for operation, code in zip(phase, codes):
        if not code:
            outcome.done.append(str(operation))
        elif operation.kind == "service" or operation.service not in missing:
            # The servers of a service that could not be added fail for its reason, not for their own.
            failures.append(from_errno(operation.verb, operation.kind, operation.subject, code))
    if failures:
        raise PartialFailure(failures, outcome.done)

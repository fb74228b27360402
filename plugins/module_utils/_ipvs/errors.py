# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, typed, each error naming the object it is about.

Only a module's main() turns these into fail_json.
"""

from __future__ import annotations

import errno as errnos
import os
from typing import Any

__all__ = [
    "InvalidValue",
    "IpvsError",
    "KernelRefused",
    "NoAnswer",
    "NotAvailable",
    "NotPermitted",
    "PartialFailure",
    "TooFewLeft",
    "from_errno",
    "report",
]


class IpvsError(Exception):
    """Base of everything the core raises: one sentence for the operator, and the object it is about."""

    def __init__(self, message: str, subject: str = "", errno: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.subject = subject
        self.errno = errno


class InvalidValue(IpvsError):
    """A declared value that no kernel would take, or that would not mean what it says."""


class NotAvailable(IpvsError):
    """The running kernel has no IPVS, or lacks the requested part of it."""


class NotPermitted(IpvsError):
    """The kernel wants CAP_NET_ADMIN, even for reading."""


class KernelRefused(IpvsError):
    """The kernel rejected one request about one object."""


class NoAnswer(IpvsError):
    """The netlink socket failed, or the kernel stayed silent."""


class TooFewLeft(IpvsError):
    """A service would be left with fewer real servers than must go on serving."""


class PartialFailure(IpvsError):
    """Some requests of a batch were carried out before others were refused."""

    def __init__(self, failures: list[IpvsError], done: list[str]) -> None:
        first = failures[0].message
        more = "" if len(failures) == 1 else " (and %s more failing objects)" % (len(failures) - 1)
        state = "Nothing was changed." if not done else f"{len(done)} change(s) were made before; they are listed in 'actions'."
        super().__init__(f"{first}{more} {state}", failures[0].subject, failures[0].errno)
        self.failures = failures
        self.done = done


_PERMISSION = (
    "the kernel refuses IPVS requests without CAP_NET_ADMIN in the initial user namespace: "
    "run the task as root (become: true), not in an unprivileged container"
)

# What each errno means for each kind of request; the kernel gives no text with it.
_MEANINGS = {
    ("service", errnos.EEXIST): "a virtual service with this identity already exists; something else changed the table at the same time",
    ("service", errnos.ESRCH): "there is no such virtual service; something else changed the table at the same time",
    ("service", errnos.ENOENT): "the kernel has no such scheduler or persistence engine (is its ip_vs_* module installed?)",
    ("service", errnos.EINVAL): "the kernel does not accept this combination of address, netmask and flags",
    ("destination", errnos.EEXIST): "the real server is already in this service; something else changed the table at the same time",
    ("destination", errnos.ENOENT): "the real server is not in this service; something else changed the table at the same time",
    ("destination", errnos.ESRCH): "its virtual service does not exist",
    ("destination", errnos.ERANGE): "the weight is negative or the lower threshold is above the upper one",
    ("destination", errnos.EINVAL): (
        "the address must be a unicast or local one; another address family than the service's "
        "needs the tunnel method and no sync daemon running"
    ),
    ("daemon", errnos.EEXIST): "a sync daemon of this kind is already running",
    ("daemon", errnos.ESRCH): "no sync daemon of this kind is running",
    ("daemon", errnos.ENODEV): "there is no such network interface",
    ("daemon", errnos.ENETUNREACH): "the interface has no route to the multicast group (is it up, with an address of that family?)",
    ("daemon", errnos.EINVAL): (
        "the kernel does not accept these values, or the table holds real servers of another address family than their service"
    ),
}


def from_errno(action: str, kind: str, subject: str, errno: int) -> IpvsError:
    """The typed error for a refused request: action is a verb ('add'), kind one of service, destination, daemon, ..."""
    if errno in (errnos.EPERM, errnos.EACCES):
        return NotPermitted(f"Cannot {action} {subject}: {_PERMISSION}.", subject, errno)
    meaning = _MEANINGS.get((kind, errno), os.strerror(errno))
    return KernelRefused(f"Cannot {action} {subject}: {meaning} ({errnos.errorcode.get(errno, errno)}).", subject, errno)


def report(error: IpvsError) -> dict[str, Any]:
    """What a module returns about a failure: every failing object, and exactly what was done before."""
    failures = error.failures if isinstance(error, PartialFailure) else [error]
    done = error.done if isinstance(error, PartialFailure) else []
    return {
        "msg": error.message,
        "errors": [{"subject": failure.subject, "msg": failure.message} for failure in failures],
        "actions": done,
        "changed": bool(done),
    }

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with a release. Every message names the value and the remedy; main() only prints it."""

from __future__ import annotations

__all__ = ["BusyError", "CheckRefused", "ExchangeError", "PlaceError", "ReleaseError", "ReloadFailed", "RollbackError", "WantedError"]


class ReleaseError(Exception):
    """Base of all errors of a release; what a tool printed rides along for the caller."""

    def __init__(self, message: str, output: str = "", file: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.output = output
        self.file = file
        self.line = line


class WantedError(ReleaseError):
    """An entry of the wanted files cannot be right, whatever is on the host, or contradicts what is there."""


class PlaceError(ReleaseError):
    """The live path is not a place where a tree can be exchanged."""


class ExchangeError(PlaceError):
    """The kernel or the filesystem refuses to exchange two directories."""


class BusyError(ReleaseError):
    """Somebody else is at work on the tree."""


class CheckRefused(ReleaseError):
    """The service's own checker refuses the staged tree."""


class ReloadFailed(ReleaseError):
    """The service did not take the tree over."""


class RollbackError(ReleaseError):
    """There is no such earlier release."""

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with nginx on a host. Every message names the cause and, where there is one, the remedy."""

from __future__ import annotations

__all__ = ["NginxError", "OldMasterStays"]


class NginxError(Exception):
    """Base of all; what a tool or a log said rides along for the caller."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output


class OldMasterStays(NginxError):
    """The new nginx serves; the old one still has open requests when the time is over."""

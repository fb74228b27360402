# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario's hosts, as its inventory names them."""

from __future__ import annotations

ADDRESSES = {
    "web1": "192.0.2.21",
    "web1-back": "198.51.100.21",
    "origin1": "192.0.2.31",
    "origin2": "192.0.2.32",
    "origin3": "192.0.2.33",
    "client1": "192.0.2.90",
}
WEB = ADDRESSES["web1"]
ORIGINS = ["origin1", "origin2", "origin3"]

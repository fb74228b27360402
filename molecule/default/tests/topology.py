# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario's hosts, as inventories/lab names them."""

from __future__ import annotations

VIP = "192.0.2.150"
URL = f"http://{VIP}/"
DIRECTORS = ["director1", "director2"]
WEB = {"web1": "192.0.2.21", "web2": "192.0.2.22"}
APP = {"app1": "192.0.2.31", "app2": "192.0.2.32", "app3": "192.0.2.33"}

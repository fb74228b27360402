# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An nginx configuration from typed data: what nginx knows, and how it is written. Pure, and on the controller only."""

from __future__ import annotations

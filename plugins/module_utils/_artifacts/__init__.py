# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives and files that the controller fetches and verifies, and hosts keep by their digest: the functional core of artifact_store."""

from __future__ import annotations

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads values by an argument specification: defaults filled in, types converted, and everything that is wrong at once.

The specification is the one that Ansible knows from a role's meta/argument_specs.yml. Ansible stops at types and names what is
wrong by key alone; this names the path of each value, and what to write instead. Pure.
"""

from __future__ import annotations

from .reader import Specification, item_path, read

__all__ = ["Specification", "item_path", "read"]

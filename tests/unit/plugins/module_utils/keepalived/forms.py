# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forms of keepalived's configuration: what the role is given, and what it writes. A real keepalived is asked about the same ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible_collections.steadfast.edge.plugins.module_utils._spec import Specification
from ansible_collections.steadfast.edge.plugins.module_utils._spec.roles import options_of
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import Problems

FORMS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "forms.yml").read_text(encoding="utf-8"))
NESTED = (
    "global_defs",
    "track_files",
    "vrrp_track_processes",
    "vrrp_scripts",
    "vrrp_sync_groups",
    "vrrp_instances",
    "virtual_servers",
)


def completed(wish: dict[str, Any]) -> dict[str, Any]:
    """A form as the template hands it to the filter: with the role's defaults."""
    usual = {"router_id": "web1", "vrrp_version": 3, "script_user": "keepalived_script", "global_defs": {}}
    given = {**usual, **wish}
    options, problems = Specification(options_of("keepalived")), Problems()
    found = {key: options.read_variable(f"keepalived_{key}", value, problems) if key in NESTED else value for key, value in given.items()}
    assert not problems.found
    return found

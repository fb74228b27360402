# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/vocabulary.md says what the code does: the same keys, the same defaults, and an example that passes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.steadfast.edge.plugins.module_utils._topology import preflight, vocabulary
from ansible_collections.steadfast.edge.plugins.module_utils._topology.inventory import Inventory

PAGE = Path(__file__).resolve().parents[5] / "docs" / "vocabulary.md"
# A key that has no default of its own takes it from elsewhere, or from the kind of the check; the page says it in words.
IN_WORDS = {
    *("interface", "port", "key", "password", "path", "status", "check", "host", "sync_group", "track", "process"),
    *("advertisement_interval", "persistence_netmask", "scheduler_flags", "sorry_server", "sticky", "route", "virtual_router_id"),
}


def chapters() -> dict[str, str]:
    found = re.split(r"^#{2,3} (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2]))


def rows(chapter: str) -> dict[str, list[str]]:
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in chapter.splitlines() if line.startswith("| `")]
    return {row[0].strip(" `"): [cell.strip() for cell in row] for row in cells}


@pytest.mark.parametrize("name", vocabulary.SECTIONS)
def test_each_section_is_described(name: str) -> None:
    chapter = chapters().get(name) or chapters()[name.replace("[]", "")]
    described = rows(chapter)
    fields = vocabulary.SECTIONS[name].fields
    assert list(described) == list(fields)
    for key, field in fields.items():
        default = described[key][2]
        if field.required:
            assert default == "required"
        elif field.default is None:
            assert key in IN_WORDS
        else:
            assert yaml.safe_load(default.strip("`")) == field.default


def test_each_variable_is_described() -> None:
    assert set(rows(chapters()["Hosts"])) == set(vocabulary.HOST_VARIABLES)
    assert set(vocabulary.SHARED_VARIABLES) <= set(chapters())


def test_the_schedulers_are_listed() -> None:
    for key, known in (("edge_virtual_services", vocabulary.SCHEDULERS), ("edge_upstreams", vocabulary.METHODS)):
        row = rows(chapters()[key])["scheduler" if key == "edge_virtual_services" else "method"]
        assert row[1] == "one of " + " ".join(known)


def render(value: Any, groups: dict[str, list[str]]) -> Any:
    if isinstance(value, dict):
        return {key: render(each, groups) for key, each in value.items()}
    if isinstance(value, list):
        return [render(each, groups) for each in value]
    match = re.fullmatch(r"\{\{ groups\['(\w+)'\] \}\}", str(value))
    return groups[match[1]] if match else value


def test_the_example_passes() -> None:
    shared, hosts = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    children = hosts["all"]["children"]
    groups = {name: list(group["hosts"]) for name, group in children.items()}
    own = {host: values for group in children.values() for host, values in group["hosts"].items()}
    seen = {host: {**render(shared, groups), **values, "groups": groups} for host, values in own.items()}
    found, problems = preflight.check(Inventory(seen, groups), {})
    assert problems == []
    assert (len(found.vips), len(found.services), len(found.upstreams)) == (2, 2, 2)

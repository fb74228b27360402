# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of the printed configuration share."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.steadfast.edge.plugins.module_utils._nginx.files import Host, build
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import Problem, Problems

ROLE = Path(__file__).resolve().parents[5] / "roles/nginx"
SERVER = {"name": "shop", "root": "/srv/shop"}


@cache
def specification() -> dict[str, Any]:
    text = (ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["argument_specs"]["main"]["options"]
    return found


def built(variables: dict[str, Any], version: str | None = "1.22.1", **host: Any) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The files, and what is wrong."""
    problems = Problems()
    given = {"nginx_servers": [SERVER], **variables}
    return build(given, specification(), Host(version=version, **host), problems), list(problems)


def files(variables: dict[str, Any], version: str | None = "1.22.1", **host: Any) -> dict[str, str]:
    """The contents by path, of variables in which nothing is wrong."""
    found, problems = built(variables, version, **host)
    assert not problems, [str(problem) for problem in problems]
    return {file["path"]: file["content"] for file in found}


def wrong(variables: dict[str, Any], version: str | None = "1.22.1") -> dict[str, str]:
    """Each path where something is wrong, with what is said of it."""
    found: dict[str, str] = {}
    for problem in built(variables, version)[1]:
        found[problem.path] = f"{found.get(problem.path, '')} {problem.message} {problem.remedy}"
    return found


def server(given: dict[str, Any], version: str | None = "1.22.1", **others: Any) -> str:
    """The file of one server."""
    return files({"nginx_servers": [{"name": "shop", **given}], **others}, version)["servers/shop.conf"]


def location(given: dict[str, Any], around: dict[str, Any] | None = None, **others: Any) -> list[str]:
    """The lines inside of one location, without indentation."""
    text = server({**(around or {}), "locations": [{"path": "/x", **given}]}, **others)
    return inside(text, next(line.strip() for line in text.splitlines() if "/x" in line and line.endswith("{")))


def inside(text: str, head: str) -> list[str]:
    """The lines of the block with this head."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.strip() == head)
    indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
    end = next(number for number in range(start, len(lines)) if lines[number] == f"{indent}}}")
    return [line.strip() for line in lines[start + 1 : end] if line.strip()]

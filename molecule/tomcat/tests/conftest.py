# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Visitors with their cookies, and applications in other versions."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from labclient import Lab

SCRIPT = Path(__file__).with_name("visiting.py")
SCENARIO = Path(__file__).resolve().parent.parent
SHOP = "http://192.0.2.21:80/"
BASKET = "http://192.0.2.21:81/"


class Visitor:
    """Asks through nginx, from the nginx host itself, unless a URL says otherwise."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.cookies: dict[str, str] = {}

    def visit(self, *urls: str, host: str = "web1", **headers: str) -> list[dict[str, Any]]:
        order = {"urls": urls, "cookies": self.cookies, "headers": headers}
        found = json.loads(self._lab.run(host, "python3", "-c", SCRIPT.read_text(), json.dumps(order)))
        self.cookies = found["cookies"]
        return list(found["answers"])

    def once(self, url: str, **rest: Any) -> dict[str, Any]:
        return self.visit(url, **rest)[0]


@pytest.fixture
def visitor(lab: Lab) -> Callable[[], Visitor]:
    """A new one, without cookies."""
    return lambda: Visitor(lab)


@pytest.fixture
def visitor_of(visitor: Callable[[], Visitor], eventually: Callable[..., None]) -> Callable[[str, str], Visitor]:
    """One whose session at this URL was made by this Tomcat."""

    def made(url: str, route: str) -> Visitor:
        found: list[Visitor] = []

        def attempt() -> Any:
            found.append(visitor())
            return found[-1].once(url).get("route")

        eventually(attempt, route)
        return found[-1]

    return made


@pytest.fixture
def version(tmp_path: Path) -> Callable[..., str]:
    """An archive of the test application, with another version or with something in it that fails."""

    def make(number: str, broken: bool = False) -> str:
        source, target = SCENARIO / "applications/shop", tmp_path / f"shop-{number}.war"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(source.rglob("*")):
                text = path.read_text() if path.is_file() else ""
                text = text.replace("<param-value>1<", f"<param-value>{number}<")
                if broken:
                    text = text.replace("</web-app>", "<listener><listener-class>no.such.Listener</listener-class></listener></web-app>")
                if path.is_file():
                    archive.writestr(path.relative_to(source).as_posix(), text)
        return str(target)

    return make


@pytest.fixture
def arguments(tmp_path: Path) -> Callable[..., list[str]]:
    """What runs an entry of the role on app2, with these applications on one of its instances."""

    def build(entry: str, applications: dict[str, str] | None = None, instance: str = "basket") -> list[str]:
        given: dict[str, Any] = {"entry": entry}
        if applications is not None:
            given[f"test_{instance}_applications"] = [{"context": context, "src": src} for context, src in applications.items()]
        file = tmp_path / "variables.json"
        file.write_text(json.dumps(given))
        return [str(SCENARIO / "entry.yml"), "--limit", "app2", "-e", f"@{file}"]

    return build

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applications come, stand beside each other, are refused, go back and leave. One story on one instance; sessions are in the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labclient import Lab

BASE = "http://127.0.0.1:8081"


def versions(visitor: Any, *paths: str) -> list[Any]:
    return [answer.get("version", answer["status"]) for answer in visitor.visit(*[BASE + path for path in paths], host="app2")]


def test_a_story_of_deployments(
    lab: Lab, visitor: Callable[[], Any], version: Callable[..., str], arguments: Callable[..., list[str]]
) -> None:
    def pids() -> list[str]:
        units = ("tomcat-shop", "tomcat-basket")
        return [lab.run("app2", "systemctl", "show", "--value", "--property=MainPID", unit).strip() for unit in units]

    began = pids()
    assert versions(visitor(), "/", "/shop/") == ["1", 404]

    # An archive in the place of the folder, and another application beside it.
    first = {"ROOT": version("2"), "shop##1": version("s1")}
    lab.playbook(*arguments("deploy", first))
    assert versions(visitor(), "/", "/shop/") == ["2", "s1"]
    assert pids()[0] == began[0], "the other instance was not touched"
    old = visitor()
    assert versions(old, "/shop/") == ["s1"]

    # A parallel version: new visitors get it, and since versions share the store, who was here goes on in it.
    lab.playbook(*arguments("deploy", {**first, "shop##2": version("s2")}))
    assert versions(visitor(), "/shop/") == ["s2"]
    answer = old.once(f"{BASE}/shop/", host="app2")
    assert (answer.get("version"), answer.get("visits")) == ("s2", 2)

    # One that does not start: Tomcat itself says so, although the path that is asked would answer.
    said = lab.playbook_fails(*arguments("deploy", {"ROOT": version("3"), "bad": version("4", broken=True)}))
    assert "app2 has the applications that were live before" in said and "/.edge/state answers 503 instead of 200" in said
    assert versions(visitor(), "/", "/shop/", "/bad/") == ["2", "s2", 404]

    # Back to the ones before; asked again, nothing happens.
    lab.playbook(*arguments("rollback"))
    assert versions(visitor(), "/", "/shop/") == ["2", "s1"]
    settled = pids()
    lab.playbook(*arguments("rollback"))
    assert pids() == settled
    assert versions(visitor(), "/", "/shop/") == ["2", "s1"]

    # What is not listed leaves, and so do archives that nothing needs any more.
    lab.playbook(*arguments("deploy"))
    assert versions(visitor(), "/", "/shop/") == ["1", 404]
    stored = [name for name in lab.run("app2", "ls", "/srv/tomcat/artifacts").split() if name.startswith("bad")]
    assert stored == []

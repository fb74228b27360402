# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's variables become plain data, and what cannot be rendered is told apart from what is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._topology import agreement
from ansible_collections.steadfast.edge.plugins.module_utils._topology.inventory import Inventory, Unrendered
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import Problem, Problems, closest, join_names


class Text(str):
    """As Ansible tags its texts."""


class Lazy(Mapping):  # type: ignore[type-arg]
    """As hostvars render: at each access, and not always with success."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values_ = values
        self.looks = 0

    def __getitem__(self, name: str) -> Any:
        self.looks += 1
        value = self.values_[name]
        if isinstance(value, Exception):
            raise value
        return value

    def __contains__(self, name: object) -> bool:
        return name in self.values_

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


def test_values_come_out_plain() -> None:
    view = Lazy({"x": {Text("a"): [Text("b"), 1, True, None, (2.5,)]}})
    value = Inventory({"h": view}).get("h", "x")
    assert value == {"a": ["b", 1, True, None, [2.5]]}
    assert not any(isinstance(each, Text) for each in (*value, *value["a"]))


def test_a_value_is_rendered_once() -> None:
    view = Lazy({"x": 1})
    inventory = Inventory({"h": view})
    assert [inventory.get("h", "x"), inventory.get("h", "x"), view.looks] == [1, 1, 1]


def test_absent_is_none_but_unrendered_is_an_error() -> None:
    inventory = Inventory({"h": Lazy({"x": RuntimeError("'y' is undefined\nin some file")})})
    assert inventory.get("h", "z") is None
    with pytest.raises(Unrendered, match=r"^'y' is undefined$"):
        inventory.get("h", "x")
    with pytest.raises(Unrendered, match="RuntimeError"):
        Inventory({"h": Lazy({"x": RuntimeError()})}).get("h", "x")


def test_groups_are_found_without_being_given() -> None:
    assert Inventory({"h": {"groups": {"g": ["h"]}}}).groups == {"g": ["h"]}
    assert Inventory({}).groups == {}


def test_hosts_that_fail_alike_are_one_problem() -> None:
    views = {host: Lazy({"edge_vips": RuntimeError("'y' is undefined"), "groups": {}}) for host in ("a", "b")}
    views["c"] = Lazy({"edge_vips": []})
    found: list[Problem] = []
    collector = Problems(found)
    assert agreement.agreed_values(Inventory(views), collector)["edge_vips"] == []
    assert [(problem.path, problem.host) for problem in found] == [("edge_vips", "a and b")]


@pytest.mark.parametrize(
    ("first", "second", "where"),
    [
        ({"a": 1}, {"a": 2}, ("x.a", 1, 2)),
        ({"a": 1}, {"a": 1, "b": 2}, ("x.b", None, 2)),
        ([1, [2, 3]], [1, [2, 4]], ("x[1][1]", 3, 4)),
        ([1], [1, 2], ("x", "1 items", "2 items")),
        ([1], "one", ("x", [1], "one")),
    ],
)
def test_the_first_difference_is_named(first: Any, second: Any, where: tuple[str, Any, Any]) -> None:
    assert agreement.first_difference("x", first, second) == where


def test_words_for_people() -> None:
    assert join_names(["a"]) == "a"
    assert join_names(["a", "b", "c"]) == "a, b and c"
    assert join_names("abcdefg") == "a, b, c, d and 3 more"
    assert closest("Scheduller", ["scheduler", "port"]) == "scheduler"
    assert closest("xyz", ["scheduler", "port"]) is None

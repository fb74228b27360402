# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values read by a specification: completed, converted, and every error with its path, in words for people."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible_collections.steadfast.edge.plugins.module_utils._spec import Specification, read
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import HIDDEN, Problems

OPTIONS = yaml.safe_load(
    """
    servers:
      type: list
      elements: dict
      options:
        name: {type: str, required: true}
        port: {type: int, default: 80}
        ratio: {type: float}
        fast: {type: bool, default: false}
        names: {type: list, elements: str, default: []}
        listen: {type: list, elements: dict, default: [{port: 80}], options: {port: {type: int}, address: {}}}
        mode: {choices: ["on", "off", auto], default: auto}
        level: {type: int, choices: [1, 2], default: 1}
        root: {type: path}
        anything: {type: raw}
        headers: {type: dict, default: {}}
        password: {no_log: true}
        locations:
          type: list
          elements: dict
          options: {path: {required: true}, match: {choices: [prefix, regex], default: prefix}}
    tls:
      type: dict
      options: {certificate: {}, key: {no_log: true}, self_signed: {type: bool}, days: {type: int, default: 9}, method: {}, hash: {}}
      mutually_exclusive: [[certificate, self_signed]]
      required_together: [[certificate, key]]
      required_one_of: [[certificate, self_signed]]
      required_if: [[method, hash, [hash]], [days, 7, [method, hash], true]]
      required_by: {hash: method}
    """
)


def one(**server: Any) -> tuple[Any, list[str]]:
    """A server read, and what is wrong with it."""
    problems = Problems()
    data = read({"servers": [{"name": "shop", **server}]}, OPTIONS, "", problems)
    assert data is not None
    return data["servers"][0], [str(problem) for problem in problems]


def wrong(values: Any) -> list[str]:
    problems = Problems()
    read(values, OPTIONS, "", problems)
    return [str(problem) for problem in problems]


def test_every_key_is_there_in_the_order_of_the_specification() -> None:
    server, problems = one()
    assert problems == []
    assert list(server) == list(OPTIONS["servers"]["options"])
    assert server == {
        "name": "shop", "port": 80, "ratio": None, "fast": False, "names": [], "listen": [{"port": 80, "address": None}], "mode": "auto",
        "level": 1, "root": None, "anything": None, "headers": {}, "password": None, "locations": None,
    }  # fmt: skip


def test_defaults_are_not_shared() -> None:
    specification = Specification(OPTIONS)
    problems = Problems()
    first, second = (specification.read({"servers": [{"name": "x"}]}, "", problems)["servers"][0] for each in range(2))  # type: ignore[index]
    first["names"].append("x")
    first["listen"][0]["port"] = 1
    first["headers"]["a"] = 1
    assert (second["names"], second["listen"][0]["port"], second["headers"]) == ([], 80, {})


@pytest.mark.parametrize(
    ("key", "given", "expected"),
    [
        ("port", "8080", 8080),
        ("port", 8080.0, 8080),
        ("port", "-1", -1),
        ("port", None, 80),
        ("ratio", "0.5", 0.5),
        ("ratio", 2, 2),
        ("fast", "yes", True),
        ("fast", "Off", False),
        ("fast", 1, True),
        ("name", 80, "80"),
        ("names", "a, b", ["a", "b"]),
        ("names", "", []),
        ("names", 7, ["7"]),
        ("names", ("a", 1), ["a", "1"]),
        ("mode", True, "on"),
        ("mode", False, "off"),
        ("level", "2", 2),
        ("root", "~/x", "~/x"),
        ("anything", {1: [None]}, {1: [None]}),
        ("headers", {80: None}, {"80": None}),
    ],
)
def test_a_value_is_converted_to_its_type(key: str, given: Any, expected: Any) -> None:
    server, problems = one(**{key: given})
    assert problems == []
    assert server[key] == expected
    assert type(server[key]) is type(expected)


@pytest.mark.parametrize(
    ("key", "given", "words", "instead"),
    [
        ("port", "http", "whole number", 80),
        ("port", True, "whole number", 80),
        ("port", 80.5, "whole number", 80),
        ("ratio", "x", "must be a number", None),
        ("fast", "perhaps", "true or false", False),
        ("fast", [True], "true or false", False),
        ("name", True, "in quotes", None),
        ("root", ["x"], "must be a text", None),
        ("names", {"a": 1}, "must be a list", []),
        ("names", ["a", ["b"]], 'names[1]: ["b"] - This must be a text', ["a"]),
        ("locations", "/a,/b", "must be a list", None),
        ("mode", "atuo", "Did you mean auto? Write one of: on, off, auto.", "auto"),
        ("mode", ["on"], "Exactly one", "auto"),
        ("level", 3, "Write one of: 1, 2.", 1),
        ("headers", "a=b", "mapping", {}),
    ],
)
def test_a_wrong_value_is_named_and_the_default_stands_for_it(key: str, given: Any, words: str, instead: Any) -> None:
    server, (problem,) = one(**{key: given})
    where = given if key == "name" else "shop"
    assert f"servers[{where}].{key}" in problem or key == "name"
    assert words in problem
    assert server[key] == instead


def test_paths_go_by_name_path_or_index() -> None:
    assert [problem.split(" - ")[0] for problem in wrong({"servers": [
        {"name": "shop", "locations": [{"path": "/api", "mtach": 1}, {"match": "prefix"}, 7]},
        {"prot": 1},
        {"name": True, "port": "x"},
    ]})] == [
        "servers[shop].locations[/api].mtach: 1",
        "servers[shop].locations[1].path",
        "servers[shop].locations[2]: 7",
        "servers[1].prot: 1",
        "servers[1].name",
        "servers[2].name: true",
        "servers[2].port: x",
    ]  # fmt: skip


def test_an_unknown_key_comes_with_the_one_that_was_meant_or_with_all() -> None:
    assert wrong({"tsl": {}}) == ["tsl: {} - There is no such key. Did you mean tls? Write tls instead."]
    assert "Remove it; the keys here are servers, tls." in wrong({"completely": 1})[0]


def test_what_is_no_mapping_at_all() -> None:
    problems = Problems()
    assert read([1], OPTIONS, "all", problems) is None
    assert "all: [1] - This must be a mapping" in str(problems.found[0])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"certificate": "a", "key": "b", "self_signed": True}, "tls - certificate and self_signed exclude each other."),
        ({"certificate": "a"}, "tls.key - This key is required together with certificate."),
        ({"certificate": None}, "tls - One of certificate and self_signed is required."),
        ({"self_signed": True, "method": "hash"}, "tls.hash - This key is required where method is hash."),
        ({"self_signed": True, "days": 7}, "tls.method - This key is required where days is 7."),
        ({"self_signed": True, "hash": "x"}, "tls.method - This key is required together with hash."),
        ({"self_signed": True, "days": 7, "method": "x"}, ""),
        ({"certificate": "a", "key": "b"}, ""),
    ],
)
def test_keys_that_need_or_exclude_each_other(given: Any, words: str) -> None:
    found = wrong({"tls": given})
    assert any(each.startswith(words) for each in found) if words else found == []


def test_a_secret_is_never_shown() -> None:
    values = {"servers": [{"name": "a", "password": ["hush"], "pasword": "hush"}, "hush"], "tls": "hush"}
    found = wrong(values)
    assert len(found) == 4
    assert "hush" not in " ".join(found)
    assert sum(HIDDEN in each for each in found) == 4


def test_everything_inside_of_a_secret_is_one() -> None:
    options = {"keys": {"type": "list", "elements": "dict", "no_log": True, "options": {"a": {"type": "int"}}}}
    for given in ([{"a": "hush"}], [{"b": "hush"}], ["hush"], "hush"):
        problems = Problems()
        read({"keys": given}, options, "", problems)
        assert len(problems) == 1
        assert "hush" not in str(problems.found[0])


@pytest.mark.parametrize("option", [{"fallback": 1}, {"type": "int", "default": "x"}])
def test_a_specification_that_would_be_misread_is_refused(option: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"not understood here|whole number"):
        Specification({"x": option})


def work(read: Callable[[], object]) -> int:
    """How many calls it makes; unlike time it is the same on every machine, busy or not."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        read()
    finally:
        sys.setprofile(None)
    return calls


def test_work_grows_with_the_number_of_servers_and_no_faster() -> None:
    specification = Specification(OPTIONS)

    def read(number: int) -> None:
        servers = [{"name": f"s{n}", "port": "80", "locations": [{"path": f"/{m}"} for m in range(3)]} for n in range(number)]
        problems = Problems()
        specification.read({"servers": servers}, "", problems)
        assert len(problems) == 0

    assert work(lambda: read(500)) < 5.5 * work(lambda: read(100))


def test_work_grows_with_the_number_of_errors_and_no_faster() -> None:
    def read(number: int) -> None:
        assert len(wrong({"servers": [{"name": f"s{n}", "port": "x"} for n in range(number)]})) == number

    assert work(lambda: read(500)) < 5.5 * work(lambda: read(100))

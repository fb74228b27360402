# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles' own specifications: found, and all of them readable."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._spec import Specification
from ansible_collections.steadfast.edge.plugins.module_utils._spec.roles import options_of, plain, roles


def test_options_of_all_entry_points(tmp_path: Path) -> None:
    meta = tmp_path / "web" / "meta"
    meta.mkdir(parents=True)
    main = "main: {options: {web_port: {required: true}}}"
    other = "other: {options: {web_port: {}, web_user: {required: true}}}"
    (meta / "argument_specs.yml").write_text(f"argument_specs: {{{main}, {other}, bare: {{}}}}\n")
    (tmp_path / "empty" / "meta").mkdir(parents=True)
    (tmp_path / "empty" / "meta" / "argument_specs.yml").write_text("---\n")
    (tmp_path / "none").mkdir()
    assert roles(tmp_path) == {"web": {"web_port": {"required": True}, "web_user": {"required": False}}, "empty": {}}
    with pytest.raises(OSError, match="none"):
        options_of("none", tmp_path)


@pytest.mark.parametrize("role", sorted(roles()))
def test_each_role_of_the_collection_can_be_read(role: str) -> None:
    Specification(options_of(role))


def test_it_finds_the_roles_of_its_own_collection() -> None:
    assert {"keepalived", "nginx", "tomcat"} <= set(roles())


def test_plain_leaves_nothing_of_its_wrappers() -> None:
    class Text(str):
        pass

    class Number(int):
        pass

    found = plain({Text("a"): (Number(1), Text("x"), None, True, 0.5)})
    assert found == {"a": [1, "x", None, True, 0.5]}
    assert [type(each) for each in (*found, *found["a"])] == [str, int, str, type(None), bool, float]

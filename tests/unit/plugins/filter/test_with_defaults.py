# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Defaults of a role's specification, filled into nested data."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.steadfast.edge.plugins.filter.with_defaults import with_defaults

SERVER = {"name": "shop", "address": "192.0.2.150", "port": "80", "real_servers": [{"address": "192.0.2.21", "port": 80}]}


def completed(**changes: Any) -> Any:
    return with_defaults([{**SERVER, **changes}], "keepalived", "keepalived_virtual_servers")[0]


def test_every_key_is_present_and_typed() -> None:
    server = completed()
    assert server["port"] == 80
    assert server["protocol"] == "TCP"
    assert {"address": "192.0.2.21", "port": 80, "weight": 1}.items() <= server["real_servers"][0].items()
    assert server["check"]["type"] == "tcp"


def test_defaults_reach_into_what_was_given() -> None:
    assert {"type": "http", "path": "/", "interval": 2, "retries": 1}.items() <= completed(check={"type": "http"})["check"].items()


def test_everything_that_does_not_fit_is_said_at_once_with_its_path() -> None:
    with pytest.raises(AnsibleFilterError) as raised:
        completed(port="x", real_servers=[{"address": "192.0.2.21", "port": 80, "wieght": 1}])
    assert "keepalived_virtual_servers[shop].port: x - This must be a whole number." in str(raised.value)
    assert "keepalived_virtual_servers[shop].real_servers[0].wieght: 1 - There is no such key. Did you mean weight?" in str(raised.value)


def test_the_input_is_not_changed() -> None:
    given = [dict(SERVER)]
    with_defaults(given, "keepalived", "keepalived_virtual_servers")
    assert given == [SERVER]


@pytest.mark.parametrize(
    ("value", "variable", "words"),
    [
        ([{"name": "shop"}], "keepalived_virtual_servers", "required"),
        ([{**SERVER, "prot": 1}], "keepalived_virtual_servers", "prot"),
        ([{**SERVER, "scheduler": "best"}], "keepalived_virtual_servers", "best"),
        ([], "keepalived_typo", "keepalived_typo"),
    ],
)
def test_what_does_not_fit_is_named(value: Any, variable: str, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        with_defaults(value, "keepalived", variable)


def test_an_unknown_role_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match="apache"):
        with_defaults([], "apache", "apache_sites")

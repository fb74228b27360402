# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One list from several variables."""

from __future__ import annotations

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._nginx.merge import MERGED, merge
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import Problems
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.nginx.printing import specification


def merged(**variables: object) -> tuple[dict[str, object], list[str]]:
    problems = Problems()
    found = merge(variables, problems)
    return found, [problem.path for problem in problems]


def test_parts_follow_the_list_in_the_order_of_their_names() -> None:
    found, wrong = merged(nginx_maps__b=[{"name": "c"}], nginx_maps__a=[{"name": "b"}], nginx_maps=[{"name": "a"}], nginx_user="x")
    assert (found, wrong) == ({"nginx_maps": [{"name": "a"}, {"name": "b"}, {"name": "c"}], "nginx_user": "x"}, [])


def test_items_of_one_name_become_one_in_the_place_of_the_first() -> None:
    first = [{"name": "a", "tls": {"certificate": ["x"], "hsts": {"max_age": 1}}, "server_names": ["a", "b"]}, {"name": "b"}]
    found, wrong = merged(nginx_servers=first, nginx_servers__x=[{"name": "a", "tls": {"hsts": {"preload": True}}, "server_names": ["c"]}])
    assert found["nginx_servers"] == [
        {"name": "a", "tls": {"certificate": ["x"], "hsts": {"max_age": 1, "preload": True}}, "server_names": ["c"]},
        {"name": "b"},
    ]
    assert not wrong


def test_the_later_one_wins_whatever_its_type() -> None:
    found, _wrong = merged(nginx_servers=[{"name": "a", "tls": {"certificate": "x"}}], nginx_servers__x=[{"name": "a", "tls": None}])
    assert found["nginx_servers"] == [{"name": "a", "tls": None}]


def test_absent_takes_the_earlier_ones_off_and_not_the_later_ones() -> None:
    found, wrong = merged(
        nginx_caches=[{"name": "a", "version": 1}, {"name": "b"}],
        nginx_caches__1=[{"name": "a", "state": "absent"}, {"name": "never", "state": "absent"}],
        nginx_caches__2=[{"name": "a", "state": "present", "version": 2}],
    )
    assert (found["nginx_caches"], wrong) == ([{"name": "b"}, {"name": "a", "version": 2}], [])


def test_the_list_itself_need_not_be_there() -> None:
    assert merged(nginx_upstreams__x=[{"name": "a"}], nginx_upstreams=None)[0] == {"nginx_upstreams": [{"name": "a"}]}


def test_items_without_a_name_are_kept_for_the_reader_to_refuse() -> None:
    found, _wrong = merged(nginx_maps=[{"source": "$a"}, 7], nginx_maps__x=[{"source": "$a"}])
    assert found["nginx_maps"] == [{"source": "$a"}, 7, {"source": "$a"}]


def test_the_input_is_not_changed() -> None:
    given = {"name": "a", "directives": {"x": 1}}
    merged(nginx_servers=[given], nginx_servers__x=[{"name": "a", "directives": {"y": 2}}])
    assert given == {"name": "a", "directives": {"x": 1}}


@pytest.mark.parametrize(
    ("variables", "path"),
    [
        ({"nginx_maps__x": {"name": "a"}}, "nginx_maps__x"),
        ({"nginx_maps__x": [{"name": "a", "state": "gone"}]}, "nginx_maps__x[0].state"),
        ({"nginx_maps__x": [{"name": "a"}, {"name": "a"}]}, "nginx_maps__x[1]"),
        ({"nginx_server__x": []}, "nginx_server__x"),
        ({"nginx_http_directives__x": {}}, "nginx_http_directives__x"),
    ],
)
def test_what_cannot_be_merged_is_said(variables: dict[str, object], path: str) -> None:
    assert merged(**variables)[1] == [path]


def test_exactly_the_lists_of_named_items_can_be_merged() -> None:
    named = {name for name, option in specification().items() if "name" in option.get("options", {})}
    assert named == set(MERGED)

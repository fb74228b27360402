# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several inventory groups say about the same thing."""

from __future__ import annotations

import pytest

from .remote import Remote


def test_mappings_are_merged_and_lists_replaced(client: Remote) -> None:
    answer = client.get("http://more.example.com/")
    headers = {name: answer.headers.get(name) for name in ("x-base", "x-both", "x-more")}
    assert headers == {"x-base": "base", "x-both": "more", "x-more": "more"}
    assert answer.status == 200  # the locations of the first group are still there
    assert client.get("http://base.example.com/").body == "no such site"


def test_the_members_of_the_later_group_replace_the_others(client: Remote) -> None:
    assert client.origins(["http://more.example.com/"] * 20).keys() == {"origin2", "origin3"}


def test_what_was_merged_keeps_the_keys_of_the_earlier_group(client: Remote) -> None:
    """The method is least_conn, though the group that is merged later names none."""
    held = [client.get("http://more.example.com/slow", hold=True) for _turn in range(2)]
    busy = held[0].origin
    client.drop([held[1]])
    try:
        assert client.origins(["http://more.example.com/"] * 10).keys() == {"origin2", "origin3"} - {busy}
    finally:
        client.drop([held[0]])


@pytest.mark.parametrize("name", ["gone.example.com", "base.example.com"])
def test_what_is_absent_is_gone(client: Remote, name: str) -> None:
    answer = client.get(f"http://{name}/")
    assert (answer.status, answer.body) == (404, "no such site")

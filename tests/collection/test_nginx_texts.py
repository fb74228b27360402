# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any text in any quotes, as the real nginx reads it: nothing becomes a directive, and a wrong line leads back to its value."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import real_nginx
from ansible_collections.steadfast.edge.plugins.filter.nginx_files import nginx_files
from hypothesis import given, settings
from hypothesis import strategies as st

# Without what nginx has a meaning for inside of quotes: a dollar begins a variable.
TEXT = st.text(
    st.one_of(st.characters(exclude_characters="\0$", exclude_categories=["Cs"]), st.sampled_from(list(" ;{}\"'\\#\n\t"))),
    max_size=30,
)
# What breaks out of naive quotes, tried each time.
NASTY = ["\\", "a\\", '"', "'", "\"'", '\\"', "\\\\'", ";", "}", "a; }", "{", "#", "\n}", "\\n", " ", ""]


def server(number: int, text: str) -> dict[str, Any]:
    """One text in every place that takes any."""
    return {
        "name": f"s{number}",
        "server_names": [f"s{number}.example.com"],
        "root": f"/srv/{text}",
        "index": [f"index{text}.html"],
        "add_headers": {"X-Text": text},
        "access_log": {"path": f"/var/log/nginx/{re.sub('[/]', '', text)[:20]}.log"},
        "locations": [
            {"path": f"/a{text}", "return": {"status": 200, "text": text}},
            {"path": f"/b{text}", "match": "exact", "proxy_pass": "http://192.0.2.31", "proxy_set_headers": {"X-Text": text}},
            {"path": f"/c{text}", "match": "prefix_final", "try_files": [f"/{text}", "=404"], "cache_control": text},
            {"path": f"/d{text}", "error_pages": [{"status": [404], "uri": f"/{text}"}]},
        ],
    }


@settings(max_examples=5, deadline=None)
@given(st.lists(TEXT, min_size=20, max_size=20))
def test_nginx_reads_every_text_as_one_argument(generated: list[str]) -> None:
    texts = list(dict.fromkeys([*NASTY, *generated]))
    maps = [{"name": "text", "source": "$uri", "default": texts[0], "values": {f"k{text}": text for text in texts}}]
    variables = {"nginx_servers": [server(number, text) for number, text in enumerate(texts)], "nginx_maps": maps}
    for age in real_nginx.AGES:
        with tempfile.TemporaryDirectory() as folder:
            real_nginx.lay_out(Path(folder), nginx_files(variables, {"version": real_nginx.version(age)}), age)
            judged = real_nginx.judge(Path(folder), age)
        assert judged.returncode == 0, judged.stderr


def test_the_line_that_nginx_refuses_leads_to_the_value(tmp_path: Path) -> None:
    """What no table knows beforehand: a regular expression that is none, deep inside."""
    nested = {"path": "/a/(", "match": "regex"}
    servers = [{"name": "shop", "root": "/srv"}, {"name": "center", "locations": [{"path": "/a/", "locations": [nested]}]}]
    files = nginx_files({"nginx_servers": servers}, {"version": real_nginx.version()})
    real_nginx.lay_out(tmp_path, files)
    judged = real_nginx.judge(tmp_path)
    found = re.search(r"in /etc/nginx/(\S+):(\d+)", judged.stderr)
    assert found, judged.stderr
    origins = next(file["origins"] for file in files if file["path"] == found[1])
    assert origins[int(found[2])] == "nginx_servers[center].locations[/a/].locations[/a/(]"

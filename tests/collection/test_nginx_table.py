# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool that writes the table of nginx's directives, on small sources of its own with every shape that it must read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT

TOOL = ROOT / "tools" / "nginx_directives.py"

COMMAND = """
    {{ ngx_string("{name}"),
      {flags},
      ngx_handler,
      0, 0, NULL }},
"""
PAGE = """<?xml version="1.0"?>
<!DOCTYPE module SYSTEM "../../../../dtd/module.dtd">
<module name="Module ngx_{module}_module">
<section id="directives">{directives}</section>
</module>
"""


class Clone:
    """A git repository in the making."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet")

    def git(self, *arguments: str) -> None:
        who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True)

    def commit(self, files: dict[str, str], tag: str = "") -> None:
        for path, content in files.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", tag or "work", "--allow-empty")
        if tag:
            self.git("tag", tag)


def source(words: str = "", **commands: str) -> str:
    table = "".join(COMMAND.format(name=name, flags=flags) for name, flags in commands.items())
    return f"static ngx_command_t ngx_commands[] = {{\n{table}\n      ngx_null_command\n}};\n{words}"


def directive(name: str, context: str, about: str, syntax: str = "<value>x</value>", block: str = "no") -> str:
    return (
        f'<directive name="{name}"><syntax block="{block}">{syntax}</syntax><default/><context>{context}</context>'
        f"<para>{about}</para></directive>"
    )


ONE = "NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE12"
COMMERCIAL = "It is available as part of our <commercial_version>subscription</commercial_version>."


@pytest.fixture(name="clones")
def two_clones(tmp_path: Path) -> tuple[Clone, Clone]:
    nginx, site = Clone(tmp_path / "nginx"), Clone(tmp_path / "site")
    path = "src/http/modules/ngx_http_example_filter_module.c"
    switch = "NGX_HTTP_LOC_CONF\n                        |NGX_HTTP_LIF_CONF|NGX_CONF_FLAG"
    nginx.commit({path: source(old=ONE), "src/core/nginx.h": '#define NGINX_VERSION "1.13.0"'}, "release-1.13.0")
    nginx.commit({path: source(old=ONE, size=ONE)}, "release-1.14.0")
    nginx.commit({path: source('"fast="', size=ONE, switch=switch)}, "release-1.15.2")
    # A stable release that is younger than the one above, without what is new there.
    nginx.commit({path: source(old=ONE, size=ONE)}, "release-1.14.1")
    wide = source('"fast="', size=ONE.replace("_SRV", "_UPS"), switch=switch, place="NGX_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_2MORE")
    nginx.commit({path: wide, "src/core/nginx.h": '#define NGINX_VERSION "1.15.3"'})
    tags = (
        '<list type="tag"><tag-name><literal>fast</literal>=<value>on</value></tag-name><tag-desc>so fast (1.15.2)</tag-desc></list></para>'
        f'<para>{COMMERCIAL}</para><para><list type="tag"><tag-name><literal>faster</literal></tag-name><tag-desc>so.</tag-desc></list>'
    )
    pages = {
        "example": directive("size", "http", f"The following: {tags}") + directive("paid", "server", COMMERCIAL),
        "js": directive("js_code", "location", "Runs it (0.1.0).", "<literal>on</literal> | <literal>off</literal>"),
    }
    site.commit({f"xml/en/docs/http/ngx_http_{name}_module.xml": PAGE.format(module=name, directives=text) for name, text in pages.items()})
    return nginx, site


def table(nginx: Clone, site: Clone, output: Path) -> tuple[list[str], list[str], str]:
    command = [sys.executable, str(TOOL), str(nginx.folder), str(site.folder), "--output", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    text = output.read_text()
    found: dict[str, str] = {}
    exec(compile(text, str(output), "exec"), found)
    return found["TABLE"].strip().splitlines(), found["PARAMETERS"].strip().splitlines(), text


def test_versions_contexts_arguments_and_editions(clones: tuple[Clone, Clone], tmp_path: Path) -> None:
    lines, parameters, text = table(*clones, tmp_path / "table.py")
    assert lines == [
        "js_code http_js flag location",
        "old http_example_filter<1.15.2 1|2 http server",
        "paid http_example! * server",
        "place http_example_filter@1.15.3 2+{} main",
        "size http_example_filter 1|2 http server<1.15.3 upstream@1.15.3",
        "switch http_example_filter@1.15.2 flag location location_if",
    ]
    assert parameters == ["size http_example_filter 1 fast@1.15.2 faster!"]
    for clone in clones:
        revision = subprocess.run(["git", "rev-parse", "HEAD"], cwd=clone.folder, check=True, capture_output=True, text=True).stdout
        assert revision.strip() in text
    assert 'NEWEST = "1.15.3"' in text


def test_the_same_sources_yield_the_same_table(clones: tuple[Clone, Clone], tmp_path: Path) -> None:
    assert table(*clones, tmp_path / "a.py")[2] == table(*clones, tmp_path / "b.py")[2]


def test_a_directive_that_nobody_explains_is_not_passed_over(clones: tuple[Clone, Clone], tmp_path: Path) -> None:
    nginx, site = clones
    page = PAGE.format(module="new", directives=directive("strange", "http", "Does something."))
    site.commit({"xml/en/docs/http/ngx_http_new_module.xml": page})
    command = [sys.executable, str(TOOL), str(nginx.folder), str(site.folder), "--output", str(tmp_path / "x.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "http_new strange: neither in the sources nor commercial" in done.stderr
    assert not (tmp_path / "x.py").exists()

"""Writes plugins/module_utils/_nginx/table.py, the table of nginx's directives, from nginx's own sources and documentation.

    tools/nginx_directives.py NGINX NGINX_ORG [--output FILE]

NGINX and NGINX_ORG are clones (with tags; bare ones serve) of nginx's source and of its documentation. Every release from OLDEST on
is read, so the table knows since when, and until when, a directive stands in a context. Only facts are taken: names, contexts,
numbers of arguments, versions, editions.
"""
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

TABLE = Path(__file__).resolve().parents[1] / "plugins" / "module_utils" / "_nginx" / "table.py"
# Nobody runs older ones; what they had alone is left out.
OLDEST = (1, 14, 0)
DOCUMENTS = "xml/en/docs"

# Flags of the C sources, and what the table calls them. Contexts of events, stream and mail begin alike in all of them.
CONTEXT_FLAGS = {
    "NGX_ANY_CONF": "any",
    "NGX_MAIN_CONF": "main",
    "NGX_EVENT_CONF": "events",
    "NGX_HTTP_MAIN_CONF": "http",
    "NGX_HTTP_SRV_CONF": "server",
    "NGX_HTTP_LOC_CONF": "location",
    "NGX_HTTP_UPS_CONF": "upstream",
    "NGX_HTTP_SIF_CONF": "server_if",
    "NGX_HTTP_LIF_CONF": "location_if",
    "NGX_HTTP_LMT_CONF": "limit_except",
    "NGX_STREAM_MAIN_CONF": "stream",
    "NGX_STREAM_SRV_CONF": "stream_server",
    "NGX_STREAM_UPS_CONF": "stream_upstream",
    "NGX_MAIL_MAIN_CONF": "mail",
    "NGX_MAIL_SRV_CONF": "mail_server",
}
# The documentation's names of contexts, by the folder of the module.
CONTEXT_NAMES = {
    ("http", "if in location"): "location_if",
    ("http", "if"): "server_if",
    ("stream", "server"): "stream_server",
    ("stream", "upstream"): "stream_upstream",
    ("mail", "server"): "mail_server",
}
# Modules with releases of their own, whose versions are not nginx's.
OWN_RELEASES = {"http_js", "stream_js", "http_acme", "otel"}

Version = tuple[int, ...]


@dataclass
class Row:
    """A directive of one module: its newest shape, and the releases in which each of its contexts was there."""

    module: str
    name: str
    arguments: str = "*"
    contexts: dict[str, set[Version]] = field(default_factory=dict)
    commercial: bool = False
    own_releases: bool = False
    parameters: dict[str, str] = field(default_factory=dict)
    # How many arguments come before the parameters.
    before_parameters: int = 0


def git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8", errors="replace").stdout


def as_text(version: Version) -> str:
    return ".".join(map(str, version))


# --- The sources


def releases(repository: Path) -> dict[Version, str]:
    """Each release and its tag, oldest first; the commit at hand last, under the version that it will have."""
    found = {}
    for tag in git(repository, "tag").split():
        match = re.fullmatch(r"release-(\d+)\.(\d+)\.(\d+)", tag)
        if match and tuple(map(int, match.groups())) >= OLDEST:
            found[tuple(map(int, match.groups()))] = tag
    coming = re.search(r'NGINX_VERSION\s+"([\d.]+)"', git(repository, "show", "HEAD:src/core/nginx.h"))
    if coming:
        found[tuple(map(int, coming.group(1).split(".")))] = "HEAD"
    return dict(sorted(found.items()))


class Sources:
    """The C files of every release, each read once."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository
        self.releases = releases(repository)
        self._files = {version: dict(self._listed(commit)) for version, commit in self.releases.items()}
        self._contents = self._read({name for files in self._files.values() for name in files.values()})
        self._literals: dict[tuple[frozenset[str], str], bool] = {}
        self._commands = {name: _commands(content) for name, content in self._contents.items()}

    def _listed(self, commit: str) -> Iterator[tuple[str, str]]:
        for line in git(self._repository, "ls-tree", "-r", commit, "src").splitlines():
            about, path = line.split("\t")
            if path.endswith(".c"):
                yield path, about.split()[2]

    def _read(self, names: set[str]) -> dict[str, str]:
        command = ["git", "-C", str(self._repository), "cat-file", "--batch"]
        answer = subprocess.run(command, check=True, capture_output=True, input="\n".join(names).encode()).stdout
        found, position = {}, 0
        while position < len(answer):
            head = answer.index(b"\n", position)
            name, _kind, size = answer[position:head].split()
            found[name.decode()] = answer[head + 1 : head + 1 + int(size)].decode(errors="replace")
            position = head + int(size) + 2
        return found

    def commands(self) -> Iterator[tuple[Version, str, str, frozenset[str]]]:
        """Release, module, name and flags of each directive, the oldest release first."""
        for version, files in self._files.items():
            for path, name in files.items():
                for directive, flags in self._commands[name]:
                    yield version, _module(path), directive, flags

    def literal_since(self, modules: set[str], word: str) -> Version | None:
        """The release from which on the modules have the word as a text, alone or before a `=`. Empty: in all; None: in none."""
        since: Version | None = None
        for version, files in reversed(self._files.items()):
            names = frozenset(name for path, name in files.items() if _module(path) in modules)
            if not self._has_literal(names, word):
                return since
            since = version
        return ()

    def _has_literal(self, names: frozenset[str], word: str) -> bool:
        # Most releases have most files in common.
        if (names, word) not in self._literals:
            contents = map(self._contents.__getitem__, names)
            self._literals[names, word] = any(f'"{word}"' in content or f'"{word}=' in content for content in contents)
        return self._literals[names, word]


def _commands(content: str) -> list[tuple[str, frozenset[str]]]:
    """Directives of one C file, with their flags."""
    found = []
    for table in re.findall(r"ngx_command_t\s+\w+\[\] = \{(.*?)\n\};", content, re.S):
        entries = re.findall(r'\{\s*ngx_string\("([^"]+)"\),([A-Z0-9_|\s]+?),\s*(?:[a-z]|NULL)', table)
        if len(entries) != table.count("ngx_string("):
            raise ValueError(f"a table of commands could not be read: {table[:200]}")
        found += [(directive, frozenset(re.findall(r"NGX_\w+", flags))) for directive, flags in entries]
    return found


@cache
def _module(path: str) -> str:
    return Path(path).stem.removeprefix("ngx_").removesuffix("_module")


def _contexts(flags: frozenset[str]) -> set[str]:
    return {CONTEXT_FLAGS[flag] for flag in flags if flag in CONTEXT_FLAGS}


def _arguments(flags: frozenset[str]) -> str:
    """`flag`, `*` for any number, or the numbers that are allowed, `2+` for two and more; `{}` follows for a block."""
    shape = set()
    for flag in flags:
        if flag == "NGX_CONF_NOARGS":
            shape.add("0")
        elif flag == "NGX_CONF_ANY":
            shape.add("*")
        elif match := re.fullmatch(r"NGX_CONF_(\d)MORE", flag):
            shape.add(f"{match.group(1)}+")
        elif match := re.fullmatch(r"NGX_CONF_TAKE(\d+)", flag):
            shape.update(match.group(1))
        elif flag == "NGX_CONF_FLAG":
            shape.add("flag")
    return "|".join(sorted(shape)) + ("{}" if "NGX_CONF_BLOCK" in flags else "")


def read_sources(sources: Sources) -> dict[tuple[str, str], Row]:
    rows: dict[tuple[str, str], Row] = {}
    for version, module, directive, flags in sources.commands():
        row = rows.setdefault((module, directive), Row(module, directive))
        row.arguments = _arguments(flags)
        for context in _contexts(flags):
            row.contexts.setdefault(context, set()).add(version)
    return rows


# --- The documentation


def _text(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _is_commercial(element: ElementTree.Element) -> bool:
    """Whether it says that something belongs to the commercial edition, and does so to this day."""
    return element.find(".//commercial_version") is not None and not re.search(r"[Pp]rior to version", _text(element))


def documents(repository: Path) -> Iterator[tuple[str, str, ElementTree.Element]]:
    """Folder, module and content of each module's page."""
    for path in git(repository, "ls-tree", "-r", "--name-only", "HEAD", DOCUMENTS).split():
        page = git(repository, "show", f"HEAD:{path}") if "/ngx_" in path else ""
        if "<directive " not in page:
            continue
        # Some pages are continued in others: their outermost element is begun or ended elsewhere.
        page = re.sub(r"<\?xml.*?\?>|<!DOCTYPE.*?(\[.*?\]\s*)?>|</?module\b[^>]*>", "", page, flags=re.S)
        page = re.sub(r"&(?!lt;|gt;|amp;|#)\w+;", " ", page)
        content = ElementTree.fromstring(f"<all>{page}</all>")
        yield path.removeprefix(DOCUMENTS).split("/")[1], _module(path.replace("_head.xml", "")), content


def _documented_contexts(folder: str, directive: ElementTree.Element) -> set[str]:
    names = [context.text or "" for context in directive.findall("context")]
    return {CONTEXT_NAMES.get((folder, name), name) for name in names}


def _documented(folder: str, module: str, directive: ElementTree.Element, page: ElementTree.Element) -> Row | None:
    """A directive that no source has: of the commercial edition, or of a module with releases of its own. None: given up long ago."""
    name = directive.attrib["name"]
    row = Row(module, name, own_releases=module in OWN_RELEASES)
    row.commercial = not row.own_releases
    summary = [section for section in page.iter("section") if section.get("id") in ("summary", None)]
    if row.commercial and not any(_is_commercial(part) for part in [*directive.findall("para"), *summary]):
        if re.search("obsolete|removed|superseded", _text(page)):
            return None
        raise ValueError(f"{module} {name}: neither in the sources nor commercial")
    syntax = [_text(each) for each in directive.findall("syntax")]
    if any(each.get("block") == "yes" for each in directive.findall("syntax")):
        row.arguments = "*{}"
    elif syntax == ["on | off"]:
        row.arguments = "flag"
    row.contexts = {context: set() for context in _documented_contexts(folder, directive)}
    return row


WORD = r"[A-Za-z][\w.]*"
# What reads parameters on behalf of many modules.
SHARED_SOURCES = {"resolver", "http_file_cache", "http_upstream", "syslog"}


def _word(literal: ElementTree.Element) -> str:
    return re.split("[= ]", _text(literal))[0]


def _mentions(directive: ElementTree.Element) -> dict[str, list[ElementTree.Element]]:
    """Words that may be parameters, each with the elements that describe it."""
    found: dict[str, list[ElementTree.Element]] = {}
    for paragraph in directive.iter("para"):
        named = {word for part in re.findall(r"The ([^.()]{1,60}?) parameters?\b", _text(paragraph)) for word in re.findall(WORD, part)}
        for literal in paragraph.findall("literal"):
            if _word(literal) in named or re.match(r"\s*(parameter )?\(\d", literal.tail or ""):
                found.setdefault(_word(literal), []).append(paragraph)
    paragraphs = directive.findall("para")
    for around in directive.iter():
        for position, tags in enumerate(around):
            if tags.tag != "list" or tags.get("type") != "tag":
                continue
            # What comes before a list speaks of all of it, in the same paragraph or in the one before.
            before = ElementTree.Element("para")
            before.text = around.text
            before.extend(around[:position])
            if not _text(before) and around in paragraphs[1:]:
                before = paragraphs[paragraphs.index(around) - 1]
            for name, description in zip(tags.findall("tag-name"), tags.findall("tag-desc")):
                found.setdefault(_word(name), []).extend([description, before])
    return {word: elements for word, elements in found.items() if re.fullmatch(WORD, word)}


def _begins_with_value(syntax: ElementTree.Element) -> bool:
    return len(syntax) > 0 and syntax[0].tag == "value" and not (syntax.text or "").strip("[ \n")


def _parameters(sources: Sources, module: str, directive: ElementTree.Element) -> dict[str, str]:
    """Parameters that not every release or edition has: `@1.25.0`, or `!` for the commercial edition."""
    found = {}
    for word, elements in sorted(_mentions(directive).items()):
        since = sources.literal_since({module, *SHARED_SOURCES}, word)
        if since is None and any(_is_commercial(element) for element in elements):
            found[word] = "!"
        # Both must say so: a source may get a word for another reason, and a description a version.
        elif since and any(as_text(since) in _text(element) for element in elements):
            found[word] = f"@{as_text(since)}"
    return found


# --- The table


def _span(there: set[Version], known: list[Version]) -> str:
    """`@since`, `<removed`, both, or nothing. A directive that came and went counts from its last coming."""
    last = known.index(max(there))
    first = last
    while first > 0 and known[first - 1] in there:
        first -= 1
    return (f"@{as_text(known[first])}" if first else "") + (f"<{as_text(known[last + 1])}" if last + 1 < len(known) else "")


def _line(row: Row, known: list[Version]) -> str:
    order = list(dict.fromkeys([*CONTEXT_FLAGS.values(), *sorted(row.contexts)]))
    contexts = [context for context in order if context in row.contexts]
    spans = [_span(row.contexts[context], known) if row.contexts[context] else "" for context in contexts]
    all_of_it = spans[0] if len(set(spans)) == 1 else ""
    places = [context if all_of_it else context + span for context, span in zip(contexts, spans)]
    return f"{row.name} {row.module}{'!' if row.commercial else all_of_it} {row.arguments} {' '.join(places)}"


def write(rows: Iterable[Row], known: list[Version], revisions: dict[str, str]) -> str:
    ordered = sorted(rows, key=lambda row: (row.name, row.module))
    lines = [_line(row, known) for row in ordered]
    parameters = [
        " ".join([row.name, row.module, str(row.before_parameters), *(word + mark for word, mark in sorted(row.parameters.items()))])
        for row in ordered
        if row.parameters
    ]
    return HEAD.format(
        nginx=revisions["nginx"],
        documents=revisions["nginx.org"],
        oldest=as_text(known[0]),
        newest=as_text(known[-1]),
        table="\n".join(lines),
        parameters="\n".join(parameters),
    )


HEAD = '''# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every directive of nginx. Written by tools/nginx_directives.py; do not change it by hand.

Facts from nginx {nginx}
and its documentation, nginx.org {documents},
both published under the two-clause BSD licence (Igor Sysoev, Nginx, Inc. and contributors).
"""

from __future__ import annotations

__all__ = ["NEWEST", "PARAMETERS", "TABLE"]

# The release that the sources will become.
NEWEST = "{newest}"

# name, module, arguments, contexts.
# After the module or a context: @ the first release that has the directive there, < the first one that has it no more. After the
# module ! where it belongs to the commercial edition. What was there in {oldest}, or has releases of its own, has no mark.
# Arguments: their number (1|2, 2+ for two and more), * for any, flag for on or off; {{}} after it: a block.
TABLE = """
{table}
"""

# Parameters that not every release or edition has: the directive, its module, the number of arguments that come before
# parameters, then each with @ its first release, or ! where it belongs to the commercial edition.
PARAMETERS = """
{parameters}
"""
'''


def _in_sources(rows: Iterable[Row], folder: str, module: str, directive: ElementTree.Element) -> Row | None:
    """The row that a page describes. Files are often, but not always, called like their module."""
    contexts = _documented_contexts(folder, directive)
    candidates = [row for row in rows if row.name == directive.attrib["name"] and (contexts & set(row.contexts) or "any" in row.contexts)]
    return max(candidates, key=lambda row: (row.module == module, row.module.startswith(module)), default=None)


def generate(nginx: Path, nginx_org: Path) -> str:
    sources = Sources(nginx)
    rows = list(read_sources(sources).values())
    described: dict[tuple[str, str], Row] = {}
    for folder, module, page in documents(nginx_org):
        for directive in page.iter("directive"):
            row = _in_sources(rows, folder, module, directive)
            if row is None:
                row = _documented(folder, module, directive, page)
                if row:
                    described[module, row.name] = row
            else:
                row.parameters.update(_parameters(sources, row.module, directive))
                row.before_parameters = int(all(_begins_with_value(syntax) for syntax in directive.findall("syntax")))
    revisions = {name: git(path, "rev-parse", "HEAD").strip() for name, path in (("nginx", nginx), ("nginx.org", nginx_org))}
    return write([*rows, *described.values()], list(sources.releases), revisions)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nginx", type=Path)
    parser.add_argument("nginx_org", type=Path)
    parser.add_argument("--output", type=Path, default=TABLE)
    options = parser.parse_args()
    options.output.write_text(generate(options.nginx, options.nginx_org), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

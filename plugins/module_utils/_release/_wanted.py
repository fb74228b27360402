# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the module's `files` to checked entries. Nothing on the host has been touched when this complains."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from posixpath import isabs, normpath
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import WantedError
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import FILE, LINK, MARKER, Wanted
from ansible_collections.steadfast.edge.plugins.module_utils._release._plan import ancestors

__all__ = ["parse_files"]

Lookup = Callable[[str], int]
MODE = re.compile(r"[0-7]{3,4}", re.ASCII)


def parse_files(files: Sequence[Mapping[str, Any]], tree: str, uid_of: Lookup, gid_of: Lookup) -> tuple[Wanted, ...]:
    """`uid_of` and `gid_of` raise KeyError for a name that the host does not know."""
    seen: dict[str, Wanted] = {}
    for item in files:
        wanted = _entry(item, tree, uid_of, gid_of)
        if wanted.path in seen:
            raise WantedError(f"files: '{wanted.path}' is listed twice; keep one of the two entries.")
        seen[wanted.path] = wanted
    for path in seen:
        for folder in ancestors(path):
            if folder in seen:
                raise WantedError(f"files: '{folder}' is both a file and the folder of '{path}'; rename one of the two.")
    return tuple(seen.values())


def _entry(item: Mapping[str, Any], tree: str, uid_of: Lookup, gid_of: Lookup) -> Wanted:
    path = _path(item["path"])
    content, link = item.get("content"), item.get("link")
    if (content is None) == (link is None):
        raise WantedError(f"files: '{path}' needs exactly one of content and link.")
    secret = bool(item.get("secret"))
    uid = _number(path, "owner", item.get("owner") or "root", uid_of)
    gid = _number(path, "group", item.get("group") or "root", gid_of)
    if link is not None:
        return Wanted(path, LINK, target=_target(path, link, tree), mode=0o777, uid=uid, gid=gid)
    if not isinstance(content, str):
        kind = type(content).__name__
        raise WantedError(f"files: the content of '{path}' is a {kind}, not text; render it with a template or the to_json filter.")
    # Ansible carries bytes that are not UTF-8 as surrogates; they become the same bytes again.
    data = content.encode("utf-8", "surrogateescape")
    return Wanted(path, FILE, data, mode=_mode(path, item.get("mode", "0644")), uid=uid, gid=gid, secret=secret)


def _path(path: str) -> str:
    if not path or "\0" in path or isabs(path) or normpath(path) != path or path.split("/")[0] in ("..", "."):
        raise WantedError(f"files: '{path}' is not a file below the tree; write it relative, like conf.d/site.conf.")
    if path == MARKER:
        raise WantedError(f"files: '{MARKER}' is the module's own mark in the tree; choose another path.")
    return path


def _target(path: str, link: str, tree: str) -> str:
    if not link or "\0" in link:
        raise WantedError(f"files: the link '{path}' has no usable target.")
    if normpath(link) == tree or normpath(link).startswith(tree + "/"):
        raise WantedError(f"files: the link '{path}' names '{link}', which from the staged tree leads to the live one; write it relative.")
    return link


def _mode(path: str, mode: Any) -> int:
    if not isinstance(mode, str) or not MODE.fullmatch(mode):
        raise WantedError(f"files: the mode of '{path}' is {mode!r}; write octal digits as quoted text, like \"0644\".")
    return int(mode, 8)


def _number(path: str, what: str, name: str, lookup: Lookup) -> int:
    if name.isascii() and name.isdigit():
        return int(name)
    try:
        return lookup(name)
    except KeyError:
        raise WantedError(f"files: the {what} '{name}' of '{path}' does not exist on the host; create it or name another.") from None

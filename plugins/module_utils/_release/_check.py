# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the service's own checker judge a staged tree, and reads what it says about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ansible_collections.steadfast.edge.plugins.module_utils._release._errors import CheckRefused
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._release._model import Wanted
from ansible_collections.steadfast.edge.plugins.module_utils._release._stage import Paths

__all__ = ["check_tree", "fill", "locate"]


def fill(argv: Sequence[str], tree: str, scratch: str = "") -> list[str]:
    """Replaces {tree} and {scratch}, and leaves every other brace alone: configuration snippets are full of them."""
    return [word.replace("{tree}", tree).replace("{scratch}", scratch) for word in argv]


def check_tree(
    host: Host, argv: Sequence[str], accepted: Sequence[int], paths: Paths, stage: str, wanted: Mapping[str, Wanted], timeout: float
) -> None:
    """Raises CheckRefused, with the paths as they would be in the live tree; OSError where there is no such checker."""
    live = paths.live
    host.make_directory(paths.scratch, 0o700)
    try:
        finished = host.run(fill(argv, stage, paths.scratch), timeout)
    finally:
        host.remove_tree(paths.scratch)
    if finished.rc in accepted:
        return
    output = _without_secrets(finished.output.replace(stage, live).replace(paths.scratch, "{scratch}"), wanted)
    file, line = locate(output, live)
    ended = f"did not end within {timeout:g} s" if finished.rc is None else f"exit code {finished.rc}"
    text = f"The new files of {live} were refused by '{' '.join(fill(argv, live, '{scratch}'))}' ({ended}); nothing was changed. " \
           f"{output or 'It printed nothing.'}{_quote(wanted, file, line)}"
    raise CheckRefused(text, output, file, line)


def locate(output: str, live: str) -> tuple[str | None, int | None]:
    """The file, relative to the tree, and the line a checker complains about: nginx's `FILE:3`, keepalived's `FILE: Line 3`."""
    pattern = re.escape(live) + r"/([^\s:()\"']+)(?::\s*(?:[Ll]ine\s+)?(\d+))?"
    # nginx ends by naming its main file, wherever the mistake is.
    lines = [line for line in output.splitlines() if "[warn]" not in line and not line.endswith("test failed")]
    found = [match for line in lines for match in re.finditer(pattern, line)]
    if not found:
        return None, None
    match = next((match for match in found if match.group(2)), found[0])
    return match.group(1), int(match.group(2)) if match.group(2) else None


def _without_secrets(output: str, wanted: Mapping[str, Wanted]) -> str:
    """Checkers quote the words that they do not understand. What follows the first word of a line of a secret file is not repeated."""
    public = " ".join(wanted)
    for item in wanted.values():
        lines = item.content.decode("utf-8", "replace").splitlines() if item.secret else []
        words = {word.strip("\"';{}") for line in lines for word in (line.split()[1:] or line.split())}
        for word in sorted((word for word in words if len(word) >= 4 and word not in public), key=len, reverse=True):
            output = output.replace(word, "********")
    return output


def _quote(wanted: Mapping[str, Wanted], file: str | None, line: int | None) -> str:
    """The line itself, which is what a person looks for first."""
    item = wanted.get(file or "")
    if item is None or line is None:
        return ""
    if item.secret:
        return f" [{file}, line {line}: not shown, the file is secret]"
    lines = item.content.decode("utf-8", "replace").splitlines()
    return f" [{file}, line {line}: {lines[line - 1].strip()}]" if 0 < line <= len(lines) else ""

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before and after of a plan, for people. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.steadfast.edge.plugins.module_utils._release._model import LINK, Manifest, Node, Plan, Wanted

__all__ = ["make_diff"]

SECRET = "(secret content, {what})\n"
LIMIT = 100 * 1024


def make_diff(path: str, tree: Mapping[str, Node], manifest: Manifest, plan: Plan) -> list[dict[str, str]]:
    """In the form of Ansible's diff mode; `manifest` is the one before, which knows what was secret."""
    after = {item.path: item for item in plan.write}
    entries = []
    for name in sorted({*after, *plan.removed}):
        node, item = tree.get(name), after.get(name)
        if node is not None and node.kind not in ("file", LINK):
            node = None
        secret = manifest.files.get(name, False) or (item is not None and item.secret)
        full = f"{path}/{name}"
        old, new = _old_text(node, secret), _new_text(item, secret)
        if secret and node is not None and item is not None and node.content != item.content:
            new = SECRET.format(what="other than before")
        if old != new or node is None or item is None:
            entries.append(_entry(old, new, full if node else "/dev/null", full if item else "/dev/null"))
        old, new = _old_attributes(node), _new_attributes(item)
        if node is not None and item is not None and old != new:
            entries.append(_entry(old, new, f"{full} (attributes)", f"{full} (attributes)"))
    return entries


def _entry(before: str, after: str, before_header: str, after_header: str) -> dict[str, str]:
    return {"before": before, "after": after, "before_header": before_header, "after_header": after_header}


def _old_text(node: Node | None, secret: bool) -> str:
    if node is None:
        return ""
    return f"link to {node.target}\n" if node.kind == LINK else _text(node.content or b"", secret)


def _new_text(item: Wanted | None, secret: bool) -> str:
    if item is None:
        return ""
    return f"link to {item.target}\n" if item.kind == LINK else _text(item.content, secret)


def _text(content: bytes, secret: bool) -> str:
    if secret:
        return SECRET.format(what="not shown")
    if len(content) > LIMIT:
        return f"({len(content)} bytes, too many to show)\n"
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return f"({len(content)} bytes that are not text)\n"


def _old_attributes(node: Node | None) -> str:
    return "" if node is None or node.kind == LINK else _attributes(node.mode, node.uid, node.gid)


def _new_attributes(item: Wanted | None) -> str:
    return "" if item is None or item.kind == LINK else _attributes(item.mode, item.uid, item.gid)


def _attributes(mode: int, uid: int, gid: int) -> str:
    numbers = ["not known yet" if number < 0 else str(number) for number in (uid, gid)]
    return f"mode: {mode:04o}\nowner: {numbers[0]}\ngroup: {numbers[1]}\n"

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Elements of XML as text: an ampersand or a quote in a value must not end the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

__all__ = ["DECLARATION", "Element"]

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
ONE_LINE = 120


class Element:
    """An element with attributes, a comment before it and elements inside."""

    def __init__(self, tag: str, attributes: Mapping[str, Any] | None = None, *children: Element, comment: str = "") -> None:
        self.tag = tag
        self.attributes = dict(attributes or {})
        self.children = list(children)
        self.comment = comment

    def add(self, *children: Element | None) -> Element:
        self.children += [child for child in children if child is not None]
        return self

    def lines(self, indent: str = "") -> list[str]:
        pairs = [f"{name}={quoteattr(_text(value), {chr(10): '&#10;'})}" for name, value in self.attributes.items() if value is not None]
        before = [f"{indent}<!-- {self.comment} -->"] if self.comment else []
        end = ">" if self.children else "/>"
        opening = " ".join([f"{indent}<{self.tag}", *pairs])
        if len(opening) + len(end) <= ONE_LINE:
            head = [opening + end]
        else:
            head = [f"{indent}<{self.tag}", *(f"{indent}    {pair}" for pair in pairs)]
            head[-1] += end
        inside = [line for child in self.children for line in child.lines(indent + "  ")]
        return [*before, *head, *inside, *([f"{indent}</{self.tag}>"] if self.children else [])]

    def document(self, comment: str) -> str:
        return f"{DECLARATION}<!-- {comment} -->\n" + "\n".join(self.lines()) + "\n"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

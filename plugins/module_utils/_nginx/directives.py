# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether nginx knows a directive, in this place, with these arguments, in this version."""

from __future__ import annotations

import re
from collections.abc import Collection
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, NamedTuple

from .._topology.problems import Problems, closest, join_names
from .._topology.scalars import Reject
from .arguments import printed, split
from .known import Directive, Version, find, names_in, version_of, with_parameter

__all__ = ["CONTEXTS", "check"]

# What stands in these blocks can be checked; their names in messages.
CONTEXTS = {
    "main": "outside of all blocks",
    "events": "in events",
    "http": "in http",
    "server": "in a server",
    "location": "in a location",
    "upstream": "in an upstream",
    "stream": "in stream",
    "stream_server": "in a stream server",
    "stream_upstream": "in a stream upstream",
}
# The others that the table has.
PLACES = {
    **CONTEXTS,
    "server_if": "in an if of a server",
    "location_if": "in an if of a location",
    "limit_except": "in limit_except",
    "mail": "in mail",
    "mail_server": "in a mail server",
    "acme_issuer": "in acme_issuer",
    "oidc_provider": "in oidc_provider",
    "mgmt": "in mgmt",
}
# Blocks that have variables of their own.
BLOCKS = {
    ("main", "events"): "nginx_events_directives",
    ("main", "http"): "nginx_http_directives",
    ("main", "stream"): "nginx_stream_servers",
    ("http", "map"): "nginx_maps",
    ("http", "server"): "nginx_servers",
    ("http", "upstream"): "nginx_upstreams",
    ("server", "location"): "locations",
    ("location", "location"): "locations",
    ("stream", "server"): "nginx_stream_servers",
    ("stream", "upstream"): "nginx_stream_upstreams",
}
NAME = re.compile(r"[A-Za-z_][\w.-]*")
# A suggestion further away than this would be a wild guess among so many names.
LIKENESS = 0.8
COMMERCIAL = "belongs to nginx's commercial edition; open-source nginx refuses to start with it."


class Finding(NamedTuple):
    message: str
    remedy: str


def check(
    name: str, value: Any, context: str, path: str, version: str | None, problems: Problems, third_party: Collection[str] = ()
) -> None:
    """Adds to `problems` why nginx would refuse the directive `name` with `value` in `context` (one of CONTEXTS).

    `path` is where the value stands in the variables. `version` is that of the nginx in use ("1.22.1"), None if nobody knows:
    then nothing is too new. `third_party`: names and patterns of directives of modules that the table does not have; their
    values alone are checked. A value is printed as `arguments.printed` says.
    """
    try:
        lines = printed(value)
        arguments = [split(line) for line in lines]
    except Reject as reject:
        problems.add(path, value, reject.message, reject.remedy)
        return
    directive, finding = _judge(name, context, version)
    if finding and NAME.fullmatch(name) and any(fnmatchcase(name, pattern) for pattern in third_party):
        return
    if not lines and find(name):
        # Nothing is printed, so nothing can be refused; a misspelt name does nothing either way.
        return
    if directive is not None:
        findings = (_judge_arguments(directive, value, each, version_of(version)) for each in arguments)
        finding = next((each for each in findings if each), None)
    if finding:
        problems.add(path, value, *finding)


@cache
def _judge(name: str, context: str, version: str | None) -> tuple[Directive | None, Finding | None]:
    """The directive that stands here by this name, or why there is none."""
    meanings = find(name)
    if not meanings:
        return None, _unknown(name, context)
    here = [each for each in meanings if each.span(context)]
    if not here:
        return None, _misplaced(meanings, context)
    blocks = [each for each in here if each.block]
    if blocks:
        own = BLOCKS.get((context, name))
        return None, Finding(f"{name} is a block.", f"Describe it by {own}." if own else "Write it in raw.")
    free = [each for each in here if not each.commercial]
    if not free:
        return None, Finding(f"This {COMMERCIAL}", "Remove it; if the host has that edition, add it to nginx_third_party_directives.")
    at_hand = version_of(version)
    current = [each for each in free if (span := each.span(context)) and span.has(at_hand)]
    return (current[-1], None) if current else (None, _other_release(free[-1], context, version))


def _unknown(name: str, context: str) -> Finding:
    owners = with_parameter(name)
    if owners:
        return Finding(f"This is a parameter of {join_names(owners)}, not a directive.", f"Write it among the arguments of {owners[0]}.")
    meant = closest(name, names_in(context), LIKENESS) or closest(name, names_in(), LIKENESS)
    question = f" Did you mean {meant}?" if meant else ""
    ours = f"Write {meant} instead" if meant else "Correct the name"
    remedy = f"{ours}; if a module of somebody else's brings it, add it to nginx_third_party_directives."
    return Finding(f"nginx has no directive of this name.{question}", remedy)


def _misplaced(meanings: tuple[Directive, ...], context: str) -> Finding:
    places = dict.fromkeys(PLACES.get(place, f"in {place}") for each in meanings for place in each.contexts)
    *most, last = places
    belongs = f"{', '.join(most)} or {last}" if most else last
    return Finding(f"nginx does not take it {PLACES[context]}; it belongs {belongs}.", "Move it there.")


def _other_release(directive: Directive, context: str, version: str | None) -> Finding:
    span = directive.span(context)
    at_hand = version_of(version) or ()
    if span and span.since and at_hand < span.since:
        return _too_new("nginx knows this", span.since, version)
    removed = ".".join(map(str, span.until)) if span and span.until else "?"
    return Finding(f"nginx has this no more since {removed}; the host has {version}.", "Remove it.")


def _too_new(what: str, since: Version, version: str | None) -> Finding:
    release = ".".join(map(str, since))
    return Finding(f"{what} since {release} only; the host has {version}.", f"Remove it, or install nginx {release} or newer.")


def _judge_arguments(directive: Directive, value: Any, arguments: list[str], version: Version | None) -> Finding | None:
    if directive.flag and (len(arguments) != 1 or arguments[0].lower() not in ("on", "off")):
        return Finding("This is either on or off.", 'Write true for on, "off" in quotes for off; false leaves the directive out.')
    if not directive.flag and not directive.takes(len(arguments)):
        if directive.counts == (0,) and value is True:
            return Finding("This takes no argument, and true prints one.", 'Write an empty text, "".')
        given = f"{len(arguments)} argument{'' if len(arguments) == 1 else 's'}"
        remedy = "Correct it; what has blanks and is one argument needs quotes, and what is to be said again an item in a list."
        return Finding(f"This takes {_counts(directive)}, not {given}.", remedy)
    for argument in arguments[directive.before_parameters :]:
        word = argument.split("=")[0]
        if word not in directive.parameters:
            continue
        since = directive.parameters[word]
        if since is None:
            return Finding(f"The parameter {word} {COMMERCIAL}", f"Leave {word} out.")
        if version is not None and version < since:
            return _too_new(f"nginx knows the parameter {word}", since, ".".join(map(str, version)))
    return None


def _counts(directive: Directive) -> str:
    if directive.counts == (0,):
        return "no argument"
    texts = [str(count) for count in directive.counts]
    amount = f"{texts[-1]} or more" if directive.more else " or ".join([*([", ".join(texts[:-1])] if texts[1:] else []), texts[-1]])
    return f"{amount} argument{'' if amount == '1' else 's'}"

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Upstreams of http and of stream: members, and how one of them is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .context import Context, with_brackets
from .tree import Block, word

__all__ = ["print_upstreams"]

# With these, nginx has no use for a backup member.
NO_BACKUP = ("ip_hash", "hash", "random")


def print_upstreams(block: Block, context: Context, variable: str, kind: str, prefix: str = "") -> None:
    """All of a list; `prefix` keeps the zones of http and stream apart."""
    context.check_names(variable)
    for upstream in context.values[variable]:
        if upstream.get("name") is None or upstream.get("servers") is None:
            continue
        path = f"{variable}[{upstream['name']}]"
        _check(context, upstream, path)
        block.gap()
        inner = block.block(f"upstream {word(upstream['name'])}", path)
        inner.add("zone", f"{prefix}{upstream['name']}", context.values["nginx_upstream_zone_size"], origin="nginx_upstream_zone_size")
        _print_method(inner, upstream, path)
        _print_members(inner, context, upstream, kind, path)
        if upstream.get("keepalive"):
            inner.add("keepalive", upstream["keepalive"], origin=f"{path}.keepalive")
        context.directives(inner, upstream["directives"], kind, f"{path}.directives")
        inner.raw(upstream["raw"], f"{path}.raw")


def _print_method(block: Block, upstream: Mapping[str, Any], path: str) -> None:
    method = upstream["method"]
    if method == "hash":
        block.add(method, upstream["key"] or "", *(["consistent"] if upstream["consistent"] else []), origin=f"{path}.key")
    elif method != "round_robin":
        block.add(method, origin=f"{path}.method")


def _print_members(block: Block, context: Context, upstream: Mapping[str, Any], kind: str, path: str) -> None:
    for index, server in enumerate(upstream["servers"]):
        where = f"{path}.servers[{index}]"
        _check_member(context, upstream, server, where)
        words = [_member(server), f"max_fails={server['max_fails']}", word(f"fail_timeout={server['fail_timeout']}")]
        words += [f"max_conns={server['max_conns']}"] if server["max_conns"] else []
        words += [flag for flag in ("backup", "down", "resolve") if server[flag]]
        if server["parameters"]:
            words.append(server["parameters"])
            context.check("server", " ".join(words), kind, f"{where}.parameters")
        block.put("server", " ".join(words), where)
    if _has_last_resort(upstream):
        block.comment("Where failures have put all members out at once, they are asked all the same instead of answering 502.")
        for index, server in enumerate(upstream["servers"]):
            if not server["down"]:
                resolve = " resolve" if server["resolve"] else ""
                block.put("server", f"{_member(server)} max_fails=0 backup{resolve}", f"{path}.servers[{index}]")


def _has_last_resort(upstream: Mapping[str, Any]) -> bool:
    """nginx knows no backup with the other methods; where there are real ones they are the last resort; and a full member
    (max_conns) would be filled twice."""
    servers = upstream["servers"]
    return bool(
        upstream.get("last_resort")
        and upstream["method"] in ("round_robin", "least_conn")
        and len(servers) > 1
        and not any(server["backup"] or server["max_conns"] for server in servers)
    )


def _member(server: Mapping[str, Any]) -> str:
    address = server.get("address") or ""
    at = address if address.startswith("unix:") or not server["port"] else f"{with_brackets(address)}:{server['port']}"
    return f"{word(at)} weight={server['weight']}"


def _check(context: Context, upstream: Mapping[str, Any], path: str) -> None:
    problems, servers = context.problems, upstream["servers"]
    if upstream["method"] == "hash" and not upstream["key"]:
        problems.add(f"{path}.key", None, "The method hash needs a key.", "Write what is hashed, for example $request_uri.")
    if upstream["method"] != "hash" and upstream["key"]:
        message = f"The method {upstream['method']} has no key."
        problems.add(f"{path}.key", upstream["key"], message, "Write method: hash, or leave the key out.")
    if not servers:
        problems.add(f"{path}.servers", None, "An upstream needs a member.", "Write at least one, or take the upstream off.")
    elif all(server["backup"] for server in servers):
        problems.add(f"{path}.servers", None, "There are backups only.", "Leave backup out of at least one member.")


def _check_member(context: Context, upstream: Mapping[str, Any], server: Mapping[str, Any], path: str) -> None:
    problems, method = context.problems, upstream["method"]
    if not server["port"] and not (server.get("address") or "").startswith("unix:"):
        problems.add(f"{path}.port", None, "This member needs a port.", "Add it, for example port: 8080.")
    if server["backup"] and method in NO_BACKUP:
        message = f"nginx knows no backup with the method {method}."
        problems.add(f"{path}.backup", True, message, "Leave it out, or choose round_robin or least_conn.")
    if server["slow_start"]:
        message = "slow_start belongs to nginx's commercial edition."
        problems.add(f"{path}.slow_start", server["slow_start"], message, "Remove it; max_conns or a small weight protects a cold member.")
    if server["resolve"] and not context.host.has(1, 27, 3):
        message = f"resolve needs nginx 1.27.3, and this one is {context.host.version}."
        problems.add(f"{path}.resolve", True, message, "Remove it, or install a newer nginx (nginx_install).")
    if server["resolve"] and not context.has_resolver():
        problems.add(f"{path}.resolve", True, "Nobody says which name server is asked.", "Set nginx_resolvers, for example [192.0.2.53].")

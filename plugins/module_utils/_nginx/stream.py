# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain TCP and UDP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import tls
from .context import Context, with_brackets
from .tree import Block, quoted, word

__all__ = ["print_stream", "print_stream_server", "uses_stream"]

# A format has the name edge in http already; the two know nothing of each other.
FORMAT = (
    '$remote_addr [$time_local] $protocol $status $bytes_sent $bytes_received $session_time '
    'ua=$upstream_addr ubs=$upstream_bytes_sent ubr=$upstream_bytes_received uct=$upstream_connect_time'
)


def uses_stream(context: Context) -> bool:
    return bool(context.values["nginx_stream_servers"] or context.values["nginx_raw_stream"])


def print_stream(file: Block, context: Context) -> None:
    """The block itself; upstreams and servers have files of their own."""
    values = context.values
    block = file.block("stream")
    own = Block()
    own.put("log_format", f"edge {quoted(FORMAT)}")
    own.put("access_log", f"{word(context.host.log_directory + '/stream.log')} edge buffer=64k flush=1s")
    own.put("proxy_socket_keepalive", "on")
    if values["nginx_resolvers"]:
        own.put("resolver", " ".join(word(with_brackets(each)) for each in values["nginx_resolvers"]), "nginx_resolvers")
    if any(server["tls"] for server in values["nginx_stream_servers"]):
        tls.print_common(own, context, "edge_stream_tls")
    own.drop(values["nginx_stream_directives"])
    block.extend(own)
    context.directives(block, values["nginx_stream_directives"], "stream", "nginx_stream_directives")
    block.put("include", "stream_upstreams.conf")
    for server in values["nginx_stream_servers"]:
        if server["name"] is not None:
            block.put("include", f"streams/{server['name']}.conf")
    block.raw(values["nginx_raw_stream"], "nginx_raw_stream")


def print_stream_server(file: Block, context: Context, server: Mapping[str, Any]) -> None:
    path = f"nginx_stream_servers[{server['name']}]"
    _check(context, server, path)
    block = file.block("server", path)
    for index, listen in enumerate(server["listen"] or []):
        _print_listen(block, context, server, listen, f"{path}.listen[{index}]")
    if server["tls"]:
        tls.print_certificates(block, context, server["tls"], f"{path}.tls")
    for index, address in enumerate(server["allow"]):
        block.add("allow", address, origin=f"{path}.allow[{index}]")
    if server["allow"]:
        block.put("deny", "all", f"{path}.allow")
    if server["proxy_pass"]:
        block.add("proxy_pass", server["proxy_pass"], origin=f"{path}.proxy_pass")
    if server["proxy_protocol"]:
        block.put("proxy_protocol", "on", f"{path}.proxy_protocol")
    for key in ("proxy_timeout", "proxy_connect_timeout", "proxy_responses"):
        if server[key] is not None:
            block.add(key, server[key], origin=f"{path}.{key}")
    context.directives(block, server["directives"], "stream_server", f"{path}.directives")
    block.raw(server["raw"], f"{path}.raw")


def _print_listen(block: Block, context: Context, server: Mapping[str, Any], listen: Mapping[str, Any], path: str) -> None:
    at = f"{with_brackets(listen['address'])}:{listen['port']}" if listen["address"] else str(listen["port"])
    flags = [
        *(["ssl"] if server["tls"] else []),
        *(["udp"] if server["protocol"] == "udp" else []),
        *(["proxy_protocol"] if listen["proxy_protocol"] else []),
        *([context.notation(listen["parameters"], f"{path}.parameters")] if listen["parameters"] else []),
    ]
    block.put("listen", " ".join([word(at), *flags]), path)


def _check(context: Context, server: Mapping[str, Any], path: str) -> None:
    problems, udp = context.problems, server["protocol"] == "udp"
    if not server["listen"]:
        problems.add(f"{path}.listen", None, "The server listens nowhere.", "Write a port, for example listen: [{port: 5432}].")
    if udp and server["tls"]:
        problems.add(f"{path}.tls", None, "nginx speaks TLS over tcp only.", "Write protocol: tcp, or take tls off.")
    if udp and any(listen["proxy_protocol"] for listen in server["listen"] or []):
        problems.add(f"{path}.listen", None, "nginx takes the PROXY protocol over tcp only.", "Leave proxy_protocol out.")
    if not udp and server["proxy_responses"] is not None:
        problems.add(f"{path}.proxy_responses", server["proxy_responses"], "This is for udp only.", "Leave it out.")
    if not server["proxy_pass"] and not server["raw"] and not server["directives"]:
        problems.add(f"{path}.proxy_pass", None, "The server leads nowhere.", "Write the name of one of nginx_stream_upstreams.")

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual servers of http."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._spec import item_path
from . import tls
from .context import Context, with_brackets
from .cors import check_cors
from .headers import Header
from .locations import Surroundings, enter, print_common, print_location
from .tree import Block, word, words

__all__ = ["print_server", "surroundings_of_http", "uses_tls"]


def surroundings_of_http(context: Context) -> Surroundings:
    return Surroundings({}, {}, context.request_headers, context.values["nginx_access_log"])


def uses_tls(context: Context) -> bool:
    return any(server["tls"] for server in context.values["nginx_servers"])


def _ports(server: Mapping[str, Any], path: str) -> list[dict[str, Any]]:
    """Where the server listens, each with whether it speaks TLS there and with its path."""
    given = server["listen"]
    if given is None:
        plain = {"address": None, "proxy_protocol": False, "default_server": False, "parameters": "", "tls": None}
        given = [{**plain, "port": port} for port in ((80, 443) if server["tls"] else (80,))]
    return [
        {**listen, "tls": listen["port"] != 80 and server["tls"] is not None if listen["tls"] is None else listen["tls"],
         "path": f"{path}.listen[{index}]"}
        for index, listen in enumerate(given)
    ]  # fmt: skip


def print_server(file: Block, context: Context, server: Mapping[str, Any], outer: Surroundings) -> None:
    """The server, and before it where there is TLS, one that leads there."""
    path = f"nginx_servers[{server['name']}]"
    ports = _ports(server, path)
    _check(context, server, ports, path)
    if server["tls"] and server["tls"]["redirect"]:
        encrypted = [listen for listen in ports if listen["tls"]]
        plain = [listen for listen in ports if not listen["tls"]]
        if plain and encrypted:
            _print_redirect(file, context, server, plain, encrypted[0]["port"], path)
            file.gap()
            ports = encrypted
    _print_main(file.block("server", path), context, server, ports, outer, path)


def _print_main(
    block: Block, context: Context, server: Mapping[str, Any], ports: Sequence[Mapping[str, Any]], outer: Surroundings, path: str
) -> None:
    _print_names(block, context, server, ports, path)
    own: dict[str, Header] = {}
    if server["tls"]:
        tls.print_certificates(block, context, server["tls"], f"{path}.tls")
        _print_stapling(block, context, server["tls"], f"{path}.tls")
        own["Strict-Transport-Security"] = _hsts(context, server["tls"]["hsts"], ports, f"{path}.tls.hsts")
    inside = enter(outer, server, path, own)
    print_common(block, context, server, inside, outer, path)
    context.directives(block, server["directives"], "server", f"{path}.directives")
    block.raw(server["raw"], f"{path}.raw")
    _print_health(block, context, server, path)
    _check_guards(context, server, path)
    for location in server["locations"]:
        print_location(block, context, location, inside, item_path(f"{path}.locations", 0, location))
    whole = any(location.get("path") == "/" and location["match"] in ("prefix", "prefix_final") for location in server["locations"])
    if server["return"] and whole:
        message = "Both this and the location / answer everything."
        context.problems.add(f"{path}.return", None, message, "Keep one of them.")
    elif server["return"] or ((inside.cors or inside.referers) and not whole):
        # In a location of its own: in the server, return would answer for the health path too. And what keeps other pages off,
        # nginx does not hand down to places without a location.
        rest = context.location.read({"path": "/"}, path, context.problems) or {}
        print_location(block, context, {**rest, "return": server["return"]}, inside, path)


def _print_names(block: Block, context: Context, server: Mapping[str, Any], ports: Sequence[Mapping[str, Any]], path: str) -> None:
    own_directive = context.host.has(1, 25, 1)
    encrypted = any(listen["tls"] for listen in ports)
    for listen in ports:
        at = f"{with_brackets(listen['address'])}:{listen['port']}" if listen["address"] else str(listen["port"])
        flags = [
            *(["default_server"] if listen["default_server"] else []),
            *(["ssl"] if listen["tls"] else []),
            *(["http2"] if listen["tls"] and server["http2"] and not own_directive else []),
            *(["proxy_protocol"] if listen["proxy_protocol"] else []),
            *([context.notation(listen["parameters"], f"{listen['path']}.parameters")] if listen["parameters"] else []),
        ]
        block.put("listen", " ".join([word(at), *flags]), listen["path"])
    if encrypted and server["http2"] and own_directive:
        block.put("http2", "on", f"{path}.http2")
    if server["server_names"]:
        block.put("server_name", words(server["server_names"]), f"{path}.server_names")


def _print_redirect(
    file: Block, context: Context, server: Mapping[str, Any], ports: Sequence[Mapping[str, Any]], port: int, path: str
) -> None:
    block = file.block("server", path)
    _print_names(block, context, server, ports, path)
    _print_health(block, context, server, path)
    block.gap()
    target = "https://$host" if port == 443 else f"https://$host:{port}"
    block.block("location /", f"{path}.tls.redirect").put("return", f"301 {target}$request_uri", f"{path}.tls.redirect")


def _print_stapling(block: Block, context: Context, settings: Mapping[str, Any], path: str) -> None:
    if not settings["ocsp_stapling"]:
        return
    block.put("ssl_stapling", "on", f"{path}.ocsp_stapling")
    if settings["trusted_certificate_file"]:
        block.put("ssl_stapling_verify", "on", f"{path}.trusted_certificate_file")
        block.add("ssl_trusted_certificate", settings["trusted_certificate_file"], origin=f"{path}.trusted_certificate_file")
    if not context.has_resolver():
        message = "Nobody says which name server is asked for the authority's address."
        context.problems.add(f"{path}.ocsp_stapling", True, message, "Set nginx_resolvers, for example [192.0.2.53].")


def _hsts(context: Context, settings: Mapping[str, Any], ports: Sequence[Mapping[str, Any]], path: str) -> Header:
    """Only answers over TLS may have it (RFC 6797, 7.2): where the server speaks both, a map tells them apart."""
    value = tls.hsts(settings)
    if all(listen["tls"] for listen in ports):
        return Header(value, True, path)
    variable = f"$edge_hsts_{settings['max_age']}_{int(settings['include_subdomains'])}{int(settings['preload'])}"
    if variable not in context.maps:
        context.maps[variable] = Block(f"map $https {variable}")
        context.maps[variable].put("default", '""')
        context.maps[variable].add("on", value)
    return Header(variable, True, path)


def _print_health(block: Block, context: Context, server: Mapping[str, Any], path: str) -> None:
    given = server["health_path"]
    health_path = context.values["nginx_health_path"] if given is None else given
    if health_path:
        origin = "nginx_health_path" if given is None else f"{path}.health_path"
        block.gap()
        location = block.block(f"location = {word(health_path)}", origin)
        location.put("access_log", "off")
        location.put("default_type", "text/plain")
        location.put("return", '200 "ok\\n"')


def _check(context: Context, server: Mapping[str, Any], ports: Sequence[Mapping[str, Any]], path: str) -> None:
    problems = context.problems
    if not ports:
        problems.add(f"{path}.listen", None, "The server listens nowhere.", "Write a port, listen: [{port: 80}], or leave listen out.")
    if server["tls"] and ports and not any(listen["tls"] for listen in ports):
        problems.add(f"{path}.listen", None, "The server has tls, but no port that speaks it.", "Add one, for example {port: 443}.")
    for listen in ports:
        if listen["tls"] and not server["tls"]:
            message = "This port would speak TLS, but the server has no certificate."
            problems.add(f"{listen['path']}.tls", True, message, "Add tls: {certificate: NAME} to the server.")


def _check_guards(context: Context, given: Mapping[str, Any], path: str) -> None:
    """CORS of a server and of all its locations, once each however many inherit it."""
    if given["cors"]:
        check_cors(context, given["cors"], f"{path}.cors")
    for location in given["locations"]:
        _check_guards(context, location, item_path(f"{path}.locations", 0, location))

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the variables of the role to the files of nginx."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._spec import Specification
from .._topology.problems import Problems
from . import servers, stream, tls
from .context import Context, Host
from .core import print_events, print_main
from .exporter import plan_exporter
from .locations import read_nested
from .maps import print_maps
from .merge import MERGED, merge
from .status import print_status
from .tree import Block
from .upstreams import print_upstreams
from .web import print_http, request_headers

__all__ = ["MARK", "Host", "build"]

MARK = "Managed by Ansible, role steadfast.edge.nginx: changes made here are lost."


def build(variables: Mapping[str, Any], specification: Mapping[str, Any], host: Host, problems: Problems) -> list[dict[str, Any]]:
    """The files for config_release, each with `origins`: from the number of a line to the path of the value that it comes from.

    `specification` is that of the role's options, of which `variables` may have a part. Everything that is wrong is added to
    `problems`; the files are then incomplete.
    """
    location = Specification(specification["nginx_servers"]["options"]["locations"]["options"])
    context = Context(_read(variables, specification, problems), host, problems, location)
    for server in context.values["nginx_servers"]:
        read_nested(context, server["locations"], f"nginx_servers[{server['name']}].locations")
    context.request_headers = request_headers(context)
    _check(context)
    files = _http_files(context)
    names = [name for name in files if name.startswith("servers/")]
    if stream.uses_stream(context):
        files.update(_stream_files(context))
    files["nginx.conf"] = _main_file(context, names, [name for name in ("maps.conf", "upstreams.conf", "status.conf") if name in files])
    printed = [_file(path, file, problems) for path, file in files.items()]
    return [*tls.certificate_files(context), *printed]


def _read(variables: Mapping[str, Any], specification: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    values = Specification(specification).read(merge(variables, problems), "", problems) or {}
    for name in MERGED:
        # What could not be read is no list; there is nothing to go on with.
        values[name] = [item for item in values.get(name) or [] if isinstance(item, dict)]
    return values


def _check(context: Context) -> None:
    values = context.values
    if not values["nginx_servers"] and not stream.uses_stream(context):
        remedy = "Describe at least one server, or take the host out of the group of web hosts."
        context.problems.add("nginx_servers", None, "An nginx without a server would run and listen on nothing.", remedy)
    for variable in ("nginx_servers", "nginx_stream_servers"):
        context.check_names(variable)
    tls.check_certificates(context)
    plan_exporter(values, context.problems)


def _new_file() -> Block:
    file = Block()
    file.comment(MARK)
    return file


def _http_files(context: Context) -> dict[str, Block]:
    files: dict[str, Block] = {}
    outer = servers.surroundings_of_http(context)
    for server in context.values["nginx_servers"]:
        if server["name"] is not None:
            file = files[f"servers/{server['name']}.conf"] = _new_file()
            servers.print_server(file, context, server, outer)
    upstreams = files["upstreams.conf"] = _new_file()
    upstreams.comment("A zone is shared by all workers: one turn of the round robin, one count of failures and of connections.")
    print_upstreams(upstreams, context, "nginx_upstreams", "upstream")
    if context.values["nginx_maps"] or context.maps:
        print_maps(files.setdefault("maps.conf", _new_file()), context)
    if context.values["nginx_status"]["enabled"]:
        print_status(files.setdefault("status.conf", _new_file()), context)
    return files


def _stream_files(context: Context) -> dict[str, Block]:
    files: dict[str, Block] = {}
    for server in context.values["nginx_stream_servers"]:
        if server["name"] is not None:
            file = files[f"streams/{server['name']}.conf"] = _new_file()
            stream.print_stream_server(file, context, server)
    file = files["stream_upstreams.conf"] = _new_file()
    print_upstreams(file, context, "nginx_stream_upstreams", "stream_upstream", "stream_")
    return files


def _main_file(context: Context, names: list[str], others: list[str]) -> Block:
    file = _new_file()
    file.comment(
        "Only the files named here are read; includes are relative, so that a copy of this folder can be tested by itself.",
        "There is no pid directive on purpose: the path built into nginx is the one that its systemd unit expects.",
    )
    print_main(file, context)
    file.gap()
    print_events(file, context)
    file.gap()
    print_http(file, context, names, others)
    if stream.uses_stream(context):
        file.gap()
        stream.print_stream(file, context)
    return file


def _file(path: str, file: Block, problems: Problems) -> dict[str, Any]:
    content, origins = file.render()
    if "\0" in content:
        line = content[: content.index("\0")].count("\n") + 1
        problems.add(origins.get(line, path), None, "There is a NUL character in it, where nginx would stop reading.", "Remove it.")
    return {"path": path, "content": content, "origins": origins}

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no type can express: what belongs together, and what must differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .._topology.problems import HIDDEN, Problems

__all__ = ["check", "session_modes"]

NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
CONTEXT = re.compile(r"[A-Za-z0-9_.-][A-Za-z0-9_.-]*(#[A-Za-z0-9_.-]+)*(##[A-Za-z0-9_.-]+)?")
CHECKSUM = re.compile(r"sha(256:[0-9a-fA-F]{64}|384:[0-9a-fA-F]{96}|512:[0-9a-fA-F]{128})")
KEY = re.compile(r"([0-9a-fA-F]{32}|[0-9a-fA-F]{48}|[0-9a-fA-F]{64})")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SIZE = re.compile(r"[1-9][0-9]*[kKmMgG]?")


def check(values: Mapping[str, Any], problems: Problems) -> None:
    """`values`: the role's variables by their names, complete; a value that was refused is None."""
    if not values:
        return
    _check_archive(values, problems)
    _check_instances(values, problems)
    _check_sessions(values, problems)
    for path, item in _artifacts(values):
        _check_artifact(path, item, problems)
    _check_routes(values, problems)


def session_modes(values: Mapping[str, Any]) -> set[str]:
    """How the instances that shall be there keep their sessions."""
    present = [one for one in values["tomcat_instances"] or [] if one["state"] == "present"]
    return {one["sessions"] or values["tomcat_sessions"] for one in present} if present else {values["tomcat_sessions"]}


def _check_archive(values: Mapping[str, Any], problems: Problems) -> None:
    if values["tomcat_install"] != "archive":
        return
    if not values["tomcat_archive_url"]:
        problems.add("tomcat_archive_url", None, "An install from an archive needs its URL.", "Write where Tomcat's .tar.gz is.")
    if not CHECKSUM.fullmatch(values["tomcat_archive_checksum"] or ""):
        problems.add("tomcat_archive_checksum", values["tomcat_archive_checksum"], "This is no digest.", _digest_remedy())


def _digest_remedy() -> str:
    return "Write sha512: (or sha384:, sha256:) and the digest in hexadecimal digits, as Tomcat's project publishes it."


def _check_instances(values: Mapping[str, Any], problems: Problems) -> None:
    given = values["tomcat_instances"] or []
    names: set[str] = set()
    ports: dict[tuple[str, int], str] = {}
    for one in given:
        path = f"tomcat_instances[{one['name']}]"
        if one["name"] and not NAME.fullmatch(one["name"]):
            problems.add(f"{path}.name", one["name"], "This is no name for an instance.", "Use lower-case letters, digits and -.")
        if one["name"] in names:
            problems.add(path, None, "There are two instances of this name.", "Give each a name of its own.")
        names.add(one["name"])
        if one["state"] == "absent":
            continue
        for kind, port, remedy in (
            ("port", one["port"] or values["tomcat_port"], "port"),
            ("replication", _replication_port(values, one), "replication_port"),
        ):
            if kind == "replication" and (one["sessions"] or values["tomcat_sessions"]) != "replicated":
                continue
            other = ports.setdefault((kind, port), one["name"])
            if other != one["name"]:
                problems.add(f"{path}.{remedy}", port, f"The instance {other} has this port already.", "Choose a port of its own.")
        _check_applications(f"{path}.applications", one["applications"] or [], problems)
        _check_memory(path + ".", one, problems)
        _check_environment(f"{path}.environment", one["environment"] or {}, problems)
    _check_applications("tomcat_applications", values["tomcat_applications"] or [], problems)
    _check_memory("tomcat_", {name: values[f"tomcat_{name}"] for name in ("heap_initial", "heap_max")}, problems)
    _check_environment("tomcat_environment", values["tomcat_environment"] or {}, problems)


def _replication_port(values: Mapping[str, Any], one: Mapping[str, Any]) -> int:
    port: int = one["replication_port"] or (values["tomcat_replication"] or {}).get("port") or 0
    return port


def _check_memory(prefix: str, values: Mapping[str, Any], problems: Problems) -> None:
    for name in ("heap_initial", "heap_max"):
        value = values[name]
        if value is not None and not SIZE.fullmatch(value):
            problems.add(f"{prefix}{name}", value, "This is no size of a heap.", "Write a number and k, m or g, for example 512m.")


def _check_environment(path: str, environment: Mapping[str, Any], problems: Problems) -> None:
    for name in environment:
        if not VARIABLE.fullmatch(str(name)):
            problems.add(f"{path}.{name}", HIDDEN, "This is no name of a variable.", "Use letters, digits and _, no digit first.")


def _check_applications(path: str, applications: Iterable[Mapping[str, Any]], problems: Problems) -> None:
    contexts: set[str] = set()
    for one in applications:
        context = one["context"] or ""
        where = f"{path}[{context}]"
        if context and not CONTEXT.fullmatch(context):
            remedy = "Write ROOT, a name, parent#child for /parent/child, and name##2 for a version."
            problems.add(f"{where}.context", context, "This is no name of a context.", remedy)
        if context in contexts:
            problems.add(where, None, "There are two applications with this context.", "Keep one, or give versions: name##1, name##2.")
        contexts.add(context)
        if one["health_path"] and not one["health_path"].startswith("/"):
            remedy = "Write it with its context, /shop/healthz."
            problems.add(f"{where}.health_path", one["health_path"], "A path begins with a slash.", remedy)


def _check_sessions(values: Mapping[str, Any], problems: Problems) -> None:
    replication, store = values["tomcat_replication"] or {}, values["tomcat_session_store"] or {}
    modes = session_modes(values)
    if "replicated" in modes and not KEY.fullmatch(replication.get("key") or ""):
        message = "Replication needs a key: without encryption, whoever reaches the port runs code in Tomcat."
        problems.add("tomcat_replication.key", HIDDEN, message, "Write 32, 48 or 64 random hexadecimal digits, and keep them in a vault.")
    if "stored" in modes:
        if not store.get("address"):
            problems.add("tomcat_session_store.address", None, "Nobody says where the store is.", "Write its address.")
        if not store.get("libraries"):
            message = "The session manager does not come with Tomcat."
            problems.add("tomcat_session_store.libraries", None, message, "List the archives of Redisson, with their checksums.")


def _artifacts(values: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    for one in values["tomcat_libraries"] or []:
        yield f"tomcat_libraries[{one['name']}]", one
    for one in (values["tomcat_session_store"] or {}).get("libraries") or []:
        yield f"tomcat_session_store.libraries[{one['name']}]", one
    for one in values["tomcat_applications"] or []:
        yield f"tomcat_applications[{one['context']}]", one
    for instance in values["tomcat_instances"] or []:
        for one in instance["applications"] or []:
            yield f"tomcat_instances[{instance['name']}].applications[{one['context']}]", one


def _check_artifact(path: str, item: Mapping[str, Any], problems: Problems) -> None:
    if "://" in (item["src"] or "") and not item["checksum"]:
        problems.add(f"{path}.checksum", None, "What comes from an URL needs a digest.", _digest_remedy())
    elif item["checksum"] and not CHECKSUM.fullmatch(item["checksum"]):
        problems.add(f"{path}.checksum", item["checksum"], "This is no digest.", _digest_remedy())


def _check_routes(values: Mapping[str, Any], problems: Problems) -> None:
    """A session's identifier ends with a dot and the route."""
    routes = [("tomcat_jvm_route", values["tomcat_jvm_route"])]
    routes += [(f"tomcat_instances[{one['name']}].jvm_route", one["jvm_route"]) for one in values["tomcat_instances"] or []]
    for path, route in routes:
        if route and re.search(r"[^A-Za-z0-9_.-]", route):
            problems.add(path, route, "A route is part of a cookie.", "Use letters, digits, -, _ and dots.")

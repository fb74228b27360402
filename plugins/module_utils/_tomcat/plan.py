# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role does on one host: instances with their files, and what has to be brought for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._spec import Specification
from .._topology.problems import Problems
from .checks import check, session_modes
from .files import files, unit_text
from .model import Application, Host, Instance

__all__ = ["artifacts", "build", "instances", "judge"]

PREFIX = "tomcat_"
# The name of the only instance where none is named.
ONLY = "main"
# Of Tomcat's own archive: no application that comes with it.
LEFT_OUT = ["webapps", "logs", "temp", "work"]
TOMCAT = "tomcat"
# Of an instance, and no variable of the host.
OWN = ("name", "state", "applications", "replication_port")


def read(variables: Mapping[str, Any], options: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """The role's variables, complete."""
    found = Specification(options).read({name: value for name, value in variables.items() if name in options}, "", problems)
    return found or {}


def instances(values: Mapping[str, Any], host: Host, absent: bool = False) -> list[Instance]:
    """Those that shall be there, or those that shall not."""
    given = values["tomcat_instances"]
    shared = {name[len(PREFIX):]: value for name, value in values.items()}
    if not given:
        return [] if absent else [_instance(shared, {"name": ONLY}, host.service, values)]
    wanted = [one for one in given if one["name"] and (one["state"] == "absent") == absent]
    return [_instance(shared, one, f"tomcat-{one['name']}", values) for one in wanted]


def _instance(shared: Mapping[str, Any], given: Mapping[str, Any], unit: str, values: Mapping[str, Any]) -> Instance:
    own = {name: value for name, value in given.items() if value is not None and name not in OWN}
    if "state" in given and "jvm_route" not in own:
        own["jvm_route"] = f"{shared['jvm_route']}-{given['name']}"
    merged = {**shared, **own}
    merged["replication"] = {**shared["replication"], "port": given.get("replication_port") or shared["replication"].get("port")}
    chosen = given.get("applications")
    applications = values["tomcat_applications"] if chosen is None else chosen
    found = tuple(Application(one["context"], one["src"], one["checksum"], one["health_path"]) for one in applications)
    return Instance(given["name"], unit, f"{values['tomcat_directory']}/{given['name']}", merged, found)


def _libraries(values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    store = values["tomcat_session_store"]["libraries"] if "stored" in session_modes(values) else []
    return [*values["tomcat_libraries"], *store]


def artifacts(values: Mapping[str, Any], host: Host) -> list[dict[str, Any]]:
    """What the store of the host shall have: Tomcat itself, libraries and applications."""
    found: dict[str, dict[str, Any]] = {}
    if values["tomcat_install"] == "archive":
        src, checksum = values["tomcat_archive_url"], values["tomcat_archive_checksum"]
        found[TOMCAT] = {"name": TOMCAT, "src": src, "checksum": checksum, "unpack": "tar", "exclude": LEFT_OUT}
    for library in _libraries(values):
        found[library["name"]] = {"name": library["name"], "src": library["src"], "checksum": library["checksum"]}
    for instance in instances(values, host):
        for one in instance.applications:
            found[one.artifact] = {"name": one.artifact, "src": one.src, "checksum": one.checksum, "unpack": "zip"}
    return [{key: value for key, value in one.items() if value is not None} for one in found.values()]


def judge(variables: Mapping[str, Any], options: Mapping[str, Any], problems: Problems) -> None:
    """What is wrong with the variables of a host, as far as the inventory alone tells."""
    values = read({PREFIX + "jvm_route": "host", **variables}, options, problems)
    if not len(problems):
        check(values, problems)


def build(
    variables: Mapping[str, Any], options: Mapping[str, Any], host: Host, problems: Problems, paths: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """All of it as data for the tasks. `paths`: where the artifacts lie, once that is known."""
    values = read(variables, options, problems)
    check(values, problems)
    if "replicated" in session_modes(values) and not values["tomcat_replication_address"]:
        message = "The other Tomcats must reach this one."
        problems.add("tomcat_replication_address", None, message, "Write its address; the playbooks of the collection derive it.")
    if len(problems):
        return {}
    paths = paths or {}
    home = paths.get(TOMCAT, "") if values["tomcat_install"] == "archive" else host.home
    libraries = {library["name"]: paths.get(library["name"], "") for library in _libraries(values)}
    present = instances(values, host)
    return {
        "artifacts": artifacts(values, host),
        "instances": [_described(instance, host, home, libraries, paths, values) for instance in present],
        "absent": [{"name": one.name, "unit": one.unit, "base": one.base, "webapps": one.webapps} for one in instances(values, host, True)],
        # Of the package, which would serve its welcome page.
        "foreign_unit": host.service if all(instance.unit != host.service for instance in present) else "",
    }


def _described(
    instance: Instance, host: Host, home: str, libraries: Mapping[str, str], paths: Mapping[str, str], values: Mapping[str, Any]
) -> dict[str, Any]:
    proof = {"main_pid": "replaced", "timeout": values["tomcat_start_timeout"], "url": instance.urls[0], "status_refused": 503}
    return {
        "name": instance.name,
        "unit": instance.unit,
        "base": instance.base,
        "webapps": instance.webapps,
        "unit_text": unit_text(instance, host),
        "files": files(instance, host, home, libraries),
        "links": [{"path": one.context, "link": paths.get(one.artifact, "")} for one in instance.applications],
        "urls": instance.urls,
        # A new configuration is proven with the applications that are there, which may not have these paths yet.
        "proof": proof,
        "applications_proof": {**proof, "urls": instance.urls[1:]},
    }

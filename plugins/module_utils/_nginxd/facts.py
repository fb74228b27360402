# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what nginx is: its binary and how it was built, its unit, its processes. Nothing is changed, and nothing missing is an error."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from posixpath import basename, isabs, join
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.host import NginxHost
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Process
from ansible_collections.steadfast.edge.plugins.module_utils._release._prove import LEAVING

__all__ = [
    "STAMP",
    "Binary",
    "UnitState",
    "Workers",
    "binary_of",
    "gather",
    "parse_version_output",
    "running_version",
    "unit_state",
    "upgrade_pending",
    "workers_of",
]

# Lies in the prefix of a build of nginx_source and tells what it was made from.
STAMP = ".edge-build.json"

VERSION = re.compile(r"^nginx version: [^/\s]+/(\S+)(.*)$", re.MULTILINE)
OPENSSL = re.compile(r"^built with OpenSSL (\S+).*?(?:running with OpenSSL (\S+).*)?$", re.MULTILINE)
ARGUMENTS = re.compile(r"^configure arguments:(.*)$", re.MULTILINE)
PROPERTIES = ("LoadState", "UnitFileState", "ActiveState", "SubState", "MainPID", "PIDFile", "NeedDaemonReload")
ENABLED = ("enabled", "enabled-runtime", "static", "alias", "generated")


@dataclass(frozen=True)
class Binary:
    """What `nginx -V` tells. Paths that were not configured are those that nginx's own build would use."""

    path: str
    version: str
    commercial: bool
    openssl: str | None
    arguments: tuple[str, ...]

    def argument(self, name: str, default: str) -> str:
        prefix = f"--{name}="
        return next((word[len(prefix):] for word in reversed(self.arguments) if word.startswith(prefix)), default)

    @property
    def prefix(self) -> str:
        return self.argument("prefix", "/usr/local/nginx")

    def _below_prefix(self, name: str, default: str) -> str:
        value = self.argument(name, default)
        return value if isabs(value) else join(self.prefix, value)

    @property
    def conf_path(self) -> str:
        return self._below_prefix("conf-path", "conf/nginx.conf")

    @property
    def pid_path(self) -> str:
        return self._below_prefix("pid-path", "logs/nginx.pid")

    @property
    def error_log_path(self) -> str:
        path = self.argument("error-log-path", "logs/error.log")
        return path if path == "stderr" else self._below_prefix("error-log-path", path)

    @property
    def modules_path(self) -> str:
        return self._below_prefix("modules-path", "modules")

    @property
    def built_in(self) -> list[str]:
        """Modules that were asked for at build time; those that nginx always has are not named by anyone."""
        added = {basename(word.partition("=")[2]) for word in self.arguments if word.startswith("--add-module=")}
        return sorted(added | {word[len("--with-"):] for word in self.arguments if re.fullmatch(r"--with-(\w+_module|mail|stream)", word)})

    @property
    def left_out(self) -> list[str]:
        return sorted(word[len("--without-"):] for word in self.arguments if word.startswith("--without-"))


@dataclass(frozen=True)
class UnitState:
    name: str
    load_state: str = "unknown"
    file_state: str = ""
    active_state: str = "unknown"
    sub_state: str = "unknown"
    main_pid: int = 0
    pid_file: str = ""
    needs_reload: bool = False

    @property
    def enabled(self) -> bool:
        return self.file_state in ENABLED

    @property
    def active(self) -> bool:
        return self.active_state in ("active", "reloading")

    def to_result(self) -> dict[str, Any]:
        return {"name": self.name, "load_state": self.load_state, "enabled": self.enabled, "active": self.active,
                "active_state": self.active_state, "sub_state": self.sub_state, "main_pid": self.main_pid,
                "needs_reload": self.needs_reload}


@dataclass(frozen=True)
class Workers:
    """Children of a master: those that take requests, and those that only finish theirs."""

    serving: tuple[Process, ...] = ()
    leaving: tuple[Process, ...] = ()


def parse_version_output(path: str, output: str) -> Binary | None:
    """From what `nginx -V` prints; None where that is not nginx's."""
    version = VERSION.search(output)
    if version is None:
        return None
    arguments, openssl = ARGUMENTS.search(output), OPENSSL.search(output)
    words = tuple(shlex.split(arguments.group(1))) if arguments else ()
    return Binary(path, version.group(1), "nginx-plus" in version.group(2), openssl and (openssl.group(2) or openssl.group(1)), words)


def binary_of(host: NginxHost, name: str) -> Binary | None:
    """The binary of this name or path; None where there is none that runs."""
    path = name if isabs(name) else host.which(name)
    if path is None:
        return None
    try:
        finished = host.run([path, "-V"], 30)
    except OSError:
        return None
    return parse_version_output(path, finished.output)


def running_version(host: NginxHost, pid: int) -> str | None:
    """The version of a running master, which is not that of the file where a package has replaced it."""
    binary = binary_of(host, host.executable_of(pid))
    return binary.version if binary else None


def unit_state(host: NginxHost, service: str) -> UnitState:
    try:
        finished = host.run(["systemctl", "show", f"--property={','.join(PROPERTIES)}", "--", service], 30)
    except OSError:
        return UnitState(service)
    values = dict(line.partition("=")[::2] for line in finished.output.splitlines())
    if finished.rc != 0 or "LoadState" not in values:
        return UnitState(service)
    pid = values.get("MainPID", "")
    return UnitState(service, values["LoadState"], values.get("UnitFileState", ""), values.get("ActiveState", "unknown"),
                     values.get("SubState", "unknown"), int(pid) if pid.isdigit() else 0, values.get("PIDFile", ""),
                     values.get("NeedDaemonReload") == "yes")


def workers_of(host: NginxHost, master: int) -> Workers:
    """Not every child is a worker: cache manager and loader come and go, and a new master is a child of the old one."""
    found = sorted((one for one in host.children(master) if "worker process" in one.title), key=lambda one: one.pid)
    return Workers(tuple(one for one in found if LEAVING not in one.title), tuple(one for one in found if LEAVING in one.title))


def dynamic_modules(host: NginxHost, binary: Binary) -> list[str]:
    return [name[:-len(".so")] for name in host.names(binary.modules_path) if name.endswith(".so")]


def build_of(host: NginxHost, binary: Binary) -> dict[str, Any] | None:
    """What nginx_source wrote about the build; None for a package, and for what cannot be read."""
    try:
        found = json.loads(host.read(join(binary.prefix, STAMP)) or b"null")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def gather(host: NginxHost, name: str, service: str, files: list[str]) -> dict[str, Any]:
    """Everything that nginx_info returns."""
    binary, unit = binary_of(host, name), unit_state(host, service)
    workers = workers_of(host, unit.main_pid) if unit.main_pid else Workers()
    pending = upgrade_pending(host, binary, unit)
    return {
        "installed": binary is not None,
        "binary": binary.path if binary else None,
        "version": binary.version if binary else None,
        "commercial": bool(binary and binary.commercial),
        "openssl": binary.openssl if binary else None,
        "configure_arguments": list(binary.arguments) if binary else [],
        "modules": {"built_in": binary.built_in if binary else [], "left_out": binary.left_out if binary else [],
                    "dynamic": dynamic_modules(host, binary) if binary else []},
        "paths": {part: getattr(binary, f"{part}_path") for part in ("conf", "pid", "error_log", "modules")} if binary else {},
        "prefix": binary.prefix if binary else None,
        "build": build_of(host, binary) if binary else None,
        "unit": unit.to_result(),
        "running_version": running_version(host, unit.main_pid) if pending else binary.version if binary and unit.main_pid else None,
        "upgrade_pending": pending,
        "workers": [one.pid for one in workers.serving],
        "workers_leaving": [one.pid for one in workers.leaving],
        "files": {path: host.digest(path) for path in files},
    }


def upgrade_pending(host: NginxHost, binary: Binary | None, unit: UnitState) -> bool:
    """Whether the master runs another file than the one that is installed now."""
    if binary is None or not unit.main_pid:
        return False
    running, installed = host.identity(host.executable_of(unit.main_pid)), host.identity(binary.path)
    return None not in (running, installed) and running != installed

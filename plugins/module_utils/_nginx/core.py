# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands outside of http: the main settings and the events."""

from __future__ import annotations

import re

from .context import Context
from .tree import Block

__all__ = ["print_events", "print_main"]

ROOT = ("root", "0")


def print_main(file: Block, context: Context) -> None:
    values, host = context.values, context.host
    _check(context)
    own = Block()
    own.add("user", values["nginx_user"] or host.user, origin="nginx_user")
    own.add("worker_processes", _workers(context), origin="nginx_worker_processes")
    own.add("worker_rlimit_nofile", values["nginx_worker_rlimit_nofile"], origin="nginx_worker_rlimit_nofile")
    own.add("worker_shutdown_timeout", f"{values['nginx_worker_shutdown_timeout']}s", origin="nginx_worker_shutdown_timeout")
    own.add("error_log", f"{host.log_directory}/error.log", values["nginx_error_log_level"], origin="nginx_error_log_level")
    own.drop(values["nginx_main_directives"])
    file.extend(own)
    if host.modules_include:
        file.add("include", host.modules_include)
    context.directives(file, values["nginx_main_directives"], "main", "nginx_main_directives")
    file.raw(values["nginx_raw_main"], "nginx_raw_main")


def _workers(context: Context) -> str:
    given = str(context.values["nginx_worker_processes"])
    return str(max(1, (context.host.processors or 1) - 1)) if given == "cores-1" else given


def _check(context: Context) -> None:
    values, problems = context.values, context.problems
    if values["nginx_user"] in ROOT:
        message = "Workers never run as root: what breaks into one has the host."
        problems.add("nginx_user", values["nginx_user"], message, "Leave it empty for the account of the package.")
    if not re.fullmatch(r"auto|cores-1|[1-9]\d{0,3}", str(values["nginx_worker_processes"])):
        remedy = "Write auto, cores-1 or a number from 1 on."
        problems.add("nginx_worker_processes", values["nginx_worker_processes"], "This is no number of processes.", remedy)
    connections, files = values["nginx_worker_connections"], values["nginx_worker_rlimit_nofile"]
    if files < 2 * connections:
        message = f"{connections} connections need twice as many files: a request has a client's and an upstream's."
        problems.add("nginx_worker_rlimit_nofile", files, message, f"Write {2 * connections} or more, or lower nginx_worker_connections.")


def print_events(file: Block, context: Context) -> None:
    values = context.values
    events = file.block("events")
    own = Block()
    own.put("use", "epoll")
    own.add("worker_connections", values["nginx_worker_connections"], origin="nginx_worker_connections")
    own.drop(values["nginx_events_directives"])
    events.extend(own)
    context.directives(events, values["nginx_events_directives"], "events", "nginx_events_directives")
    events.raw(values["nginx_raw_events"], "nginx_raw_events")

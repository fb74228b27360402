# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way in which modules start commands: argv lists, the C locale, a checked exit code."""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Optional

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

__all__ = ["CommandError", "Execute", "Result", "Runner", "module_runner"]

# What really starts a process: (argv, standard input, environment) -> (rc, out, err). Tests inject a transcript.
Execute = Callable[[Sequence[str], Optional[str], Mapping[str, str]], tuple[int, str, str]]

# `ip`, `systemctl` and friends live in sbin on some distributions, which a plain user's PATH lacks.
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


@dataclass(frozen=True)
class Result:
    """What a finished command left behind."""

    rc: int
    out: str
    err: str


class CommandError(Exception):
    """A command could not be started, or ended with an exit code that was not accepted."""

    def __init__(self, argv: Sequence[str], rc: int, out: str = "", err: str = "") -> None:
        self.argv = list(argv)
        self.rc = rc
        self.out = out
        self.err = err
        reason = err.strip() or out.strip() or "no message"
        super().__init__("the command '{}' failed with exit code {}: {}".format(" ".join(self.argv), rc, reason))


class Runner:
    """Runs argv lists (never a shell) and raises CommandError unless the exit code is an accepted one."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def __call__(self, argv: Sequence[str], stdin: str | None = None, accept: Sequence[int] = (0,)) -> Result:
        rc, out, err = self._execute(list(argv), stdin, self._environment())
        if rc not in accept:
            raise CommandError(argv, rc, out, err)
        return Result(rc, out, err)

    @staticmethod
    def _environment() -> dict[str, str]:
        path = [folder for folder in os.environ.get("PATH", "/usr/bin:/bin").split(":") if folder]
        path.extend(folder for folder in _SBIN if folder not in path)
        return {"LC_ALL": "C", "PATH": ":".join(path)}


def module_runner(module: AnsibleModule) -> Runner:
    """The runner of a real module run."""

    def execute(argv: Sequence[str], stdin: str | None, environment: Mapping[str, str]) -> tuple[int, str, str]:
        try:
            rc, out, err = module.run_command(
                list(argv),
                data=stdin,
                binary_data=True,
                environ_update=dict(environment),
                expand_user_and_vars=False,
                handle_exceptions=False,
            )
        except OSError as error:
            raise CommandError(argv, error.errno or 127, err=f"{argv[0]} cannot be started: {error.strerror}") from error
        return rc, out, err

    return Runner(execute)

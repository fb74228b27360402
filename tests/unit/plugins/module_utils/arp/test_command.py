# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner: what reaches the process, and what comes of its exit code."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._command import CommandError, Result, Runner, module_runner


def answering(rc: int, out: str = "", err: str = "") -> Runner:
    def execute(argv: Sequence[str], stdin: str | None, environment: Mapping[str, str]) -> tuple[int, str, str]:
        return rc, out, err

    return Runner(execute)


@pytest.mark.parametrize(("rc", "accept"), [(0, (0,)), (3, (0, 3))])
def test_accepted_codes(rc: int, accept: tuple[int, ...]) -> None:
    assert answering(rc, "o", "e")(["true"], accept=accept) == Result(rc, "o", "e")


@pytest.mark.parametrize(("rc", "accept", "out", "err", "message"), [
    (1, (0,), "", "bad\n", "the command 'ip -batch -' failed with exit code 1: bad"),
    (0, (1,), "said\n", "", "the command 'ip -batch -' failed with exit code 0: said"),
    (2, (0,), "", "", "the command 'ip -batch -' failed with exit code 2: no message"),
])
def test_other_codes(rc: int, accept: tuple[int, ...], out: str, err: str, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        answering(rc, out, err)(["ip", "-batch", "-"], accept=accept)
    assert (str(caught.value), caught.value.rc, caught.value.argv) == (message, rc, ["ip", "-batch", "-"])


def test_what_reaches_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argv list as it is, exact standard input, the C locale, and sbin in the path."""
    monkeypatch.setenv("PATH", "/usr/bin:/sbin")
    calls: list[tuple[Any, dict[str, Any]]] = []

    def run_command(argv: list[str], **options: Any) -> tuple[int, str, str]:
        calls.append((argv, options))
        return 0, "", ""

    module_runner(SimpleNamespace(run_command=run_command))(["ip", "$HOME"], stdin="x\n")
    argv, options = calls[0]
    assert argv == ["ip", "$HOME"]
    assert (options["data"], options["binary_data"], options["expand_user_and_vars"]) == ("x\n", True, False)
    assert options["environ_update"] == {"LC_ALL": "C", "PATH": "/usr/bin:/sbin:/usr/local/sbin:/usr/sbin"}


def test_a_command_that_is_not_there() -> None:
    def run_command(argv: list[str], **options: Any) -> tuple[int, str, str]:
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(CommandError, match="ip cannot be started: No such file or directory"):
        module_runner(SimpleNamespace(run_command=run_command))(["ip"])

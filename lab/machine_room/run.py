"""The one way in which the lab runs other programs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from machine_room.errors import LabError


def environment(**extra: str) -> dict[str, str]:
    """The caller's environment with messages in English and the folders of system programs in PATH."""
    path = os.environ.get("PATH", "")
    return {**os.environ, "LC_ALL": "C.UTF-8", "PATH": f"{path}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin", **extra}


def run(
    argv: Sequence[str | Path],
    *,
    text: str = "",
    check: bool = True,
    cwd: Path | None = None,
    before: Callable[[], None] | None = None,
    **extra: str,
) -> str:
    """Runs a program to its end and returns its standard output; a failure becomes one message with what it said.

    `text` is its standard input, `before` is called in the new process before the program, `extra` goes into its environment.
    """
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(
            words, input=text, capture_output=True, text=True, check=False, env=environment(**extra), cwd=cwd, preexec_fn=before
        )
    except FileNotFoundError as error:
        raise LabError(f"`{words[0]}` is not installed: `make setup` installs what the lab needs") from error
    if check and done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-6:]
        raise LabError(f"`{' '.join(words[:12])}` failed with exit code {done.returncode}, it said: {' | '.join(said)}")
    return done.stdout


def succeeds(argv: Sequence[str | Path]) -> bool:
    """Whether a probe passes; what it prints does not matter."""
    words = [str(word) for word in argv]
    quiet = subprocess.DEVNULL
    try:
        return subprocess.run(words, stdin=quiet, stdout=quiet, stderr=quiet, check=False, env=environment()).returncode == 0
    except FileNotFoundError:
        return False

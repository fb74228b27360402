"""The one way in which the lab runs other programs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from machine_room.errors import LabError


def environment(**extra: str) -> dict[str, str]:
    """The caller's environment with messages in English and the folders of system programs in PATH."""
    path = os.environ.get("PATH", "")
    return {**os.environ, "LC_ALL": "C.UTF-8", "PATH": f"{path}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin", **extra}


def run(argv: Sequence[str | Path], *, text: str | None = None, check: bool = True, cwd: Path | None = None, **extra: str) -> str:
    """Runs a program to its end and returns its standard output; a failure becomes one message with what it said."""
    words = [str(word) for word in argv]
    stdin = {"input": text} if text is not None else {"stdin": subprocess.DEVNULL}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment(**extra), cwd=cwd, **stdin)  # type: ignore[call-overload]
    if check and done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-6:]
        raise LabError(f"`{' '.join(words[:12])}` failed with exit code {done.returncode}, it said: {' | '.join(said)}")
    return str(done.stdout)


def succeeds(argv: Sequence[str | Path]) -> bool:
    """Whether a probe passes; what it prints does not matter."""
    words = [str(word) for word in argv]
    quiet = subprocess.DEVNULL
    try:
        return subprocess.run(words, stdin=quiet, stdout=quiet, stderr=quiet, check=False, env=environment()).returncode == 0
    except FileNotFoundError:
        return False

"""The kernel of guests: what stands between linux.uml and the processor of this machine."""

from __future__ import annotations

from pathlib import Path

from machine_room import cache
from machine_room.paths import CACHE_ROOT
from machine_room.run import run

SOURCE = Path(__file__).with_name("uml-ptrace.c")
COMPILE = ("gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-nostdlib")


def library() -> Path:
    """What linux.uml is started with (LD_PRELOAD); uml-ptrace.c says why."""
    return CACHE_ROOT / f"uml-ptrace-{cache.digest(COMPILE, SOURCE.read_text())}.so"


def ensure() -> Path:
    """Builds the library where it is missing."""
    cache.build(library(), "compiling what lets guests run on this processor, once", lambda target: run([*COMPILE, "-o", target, SOURCE]))
    return library()

"""Tells a person what is going on and how long each step took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager


def say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Prints the step when it begins and its duration when it ends, on one line where nothing comes between."""
    began = time.monotonic()
    sys.stdout.write(f"  {text} ... ")
    sys.stdout.flush()
    try:
        yield
    except BaseException:
        say(f"failed after {time.monotonic() - began:.1f} s")
        raise
    say(f"{time.monotonic() - began:.1f} s")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Aligned columns, the last one free."""
    lines = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        say("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reloads nginx when certificates or keys have become others.

A renewal replaces several files one after the other. So it waits until they stay as they are, and until nginx finds that they belong
together; what changes meanwhile is looked at again before the end. While they do not belong together, nginx goes on with those of before.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import time
from pathlib import Path

QUIET = 1.0  # seconds without a change that end a renewal
PATIENCE = 60.0


def fingerprint(files: list[str]) -> str:
    """Changes with any of the files, wherever links lead."""
    total = hashlib.sha256()
    for name in files:
        try:
            total.update(hashlib.sha256(Path(name).read_bytes()).digest())
        except OSError:
            total.update(b"missing")
    return total.hexdigest()


def settled(files: list[str]) -> str:
    last = fingerprint(files)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        time.sleep(QUIET)
        now = fingerprint(files)
        if now == last:
            break
        last = now
    return last


def good(binary: str) -> bool:
    """The test's pid file is none: a lost one must not come back empty."""
    return subprocess.run([binary, "-t", "-q", "-g", "pid /dev/null;"], check=False).returncode == 0


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Reload nginx when its certificates have changed.")
    parser.add_argument("--service", required=True)
    parser.add_argument("--binary", required=True)
    parser.add_argument("file", nargs="+")
    options = parser.parse_args(argv)
    memory = Path("/run") / f"{options.service}.certificates"
    deadline = time.monotonic() + PATIENCE
    while True:
        now = settled(options.file)
        if memory.exists() and memory.read_text() == now:
            return 0
        if good(options.binary):
            subprocess.run(["systemctl", "try-reload-or-restart", "--", options.service], check=True)
            memory.write_text(now)
        elif time.monotonic() > deadline:
            print(f"{options.service} does not take the certificates as they are and goes on with those of before", file=sys.stderr)
            return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

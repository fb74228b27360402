# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has keepalived judge a configuration: check-config FILE [REGULAR EXPRESSION]...

Every warning is as bad as an error, unless it matches one of the expressions: keepalived itself would go on without the line in question.
So it would without the virtual servers whose scheduler this kernel does not have.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

UNUSABLE = 4
WARNINGS = 5
MEANINGS = {
    UNUSABLE: "keepalived could not use this configuration.",
    WARNINGS: "keepalived would ignore what it warns about; nothing may be ignored that is not accepted by name.",
    6: "keepalived found scripts that it does not trust.",
}


def foreign_schedulers(path: str, environment: dict[str, str]) -> list[str]:
    """Those that this kernel has no module for. Where its modules are not, as in containers, nothing is known."""
    if not Path("/lib/modules", os.uname().release).exists() or not shutil.which("modprobe", path=environment["PATH"]):
        return []
    wanted = sorted(set(re.findall(r"^\s*(?:lvs_sched|lb_algo) (\S+)", Path(path).read_text(encoding="utf-8"), re.MULTILINE)))
    look = ["modprobe", "--dry-run", "--all", *(f"ip_vs_{name}" for name in wanted)]
    said = subprocess.run(look, stderr=subprocess.PIPE, text=True, env=environment, check=False).stderr
    return [name for name in wanted if f"ip_vs_{name} not found" in said]


def main() -> int:
    path, *accepted = sys.argv[1:]
    # Version 2.2.7 looks for its parent where it has none, and ends itself, when it judges a script that runs as another user.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    environment = {**os.environ, "LC_ALL": "C", "PATH": os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"}
    command = ["keepalived", "--config-test", "--use-file", path]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, check=False)
    except FileNotFoundError:
        print("keepalived is not installed yet; it has judged nothing.")
        return 0
    print(done.stdout, end="")
    foreign = foreign_schedulers(path, environment)
    if foreign:
        print(f"This kernel has no scheduler {' and no '.join(foreign)}; keepalived would go on without the virtual servers that use it.")
        return UNUSABLE
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    if done.returncode == WARNINGS and lines and all(any(re.search(each, line) for each in accepted) for line in lines):
        return 0
    if done.returncode in MEANINGS:
        print(MEANINGS[done.returncode])
    return done.returncode if done.returncode >= 0 else 1


if __name__ == "__main__":
    sys.exit(main())

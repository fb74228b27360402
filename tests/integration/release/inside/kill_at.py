# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module as Ansible put it on the host, and kills it right before its step number N: kill_at.py N MODULE

A step is what the release does to the journal, the trees or the service; merely asking systemd is none. With N below 0 nothing is
killed, and the steps are listed on standard error.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from types import FrameType

STEPS = ("replace_file", "rename", "exchange", "run", "remove_tree", "remove_file", "sync_filesystem", "sync_directory")


def step_of(frame: FrameType) -> str:
    code = frame.f_code
    if code.co_name not in STEPS or not code.co_filename.endswith("/_release/_host.py"):
        return ""
    if code.co_name != "run":
        return code.co_name
    words = list(frame.f_locals["argv"])[:2]
    return "" if words == ["systemctl", "show"] else " ".join(words)


def main(number: int, module: str) -> None:
    seen = 0

    def watch(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal seen
        step = step_of(frame) if event == "call" else ""
        if not step:
            return
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)
        if number < 0:
            print(step, file=sys.stderr)
        seen += 1

    sys.argv = [module]
    sys.setprofile(watch)
    runpy.run_path(module, run_name="__main__")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])

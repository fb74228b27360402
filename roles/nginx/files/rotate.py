# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves nginx's logs aside as access.YYYY-MM-DD+HH:MM.log and has nginx open new ones. No line is lost.

Workers write on to a file that was renamed until they have opened the new one. Only when none of them holds the old one any more is it
compressed. The master is the main process that systemd knows, so no pid file is needed.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

DATED = re.compile(r"\.\d{4}-\d\d-\d\d\+\d\d:\d\d\.log(\.gz)?$")
PATIENCE = 30.0


def move(log: Path, moment: str, options: argparse.Namespace) -> Path | None:
    """The file under its new name; None where there is nothing to be moved."""
    target = log.with_name(f"{log.name[: -len('.log')]}.{moment}.log")
    if log.stat().st_size == 0 or target.exists() or Path(f"{target}.gz").exists():
        return None
    log.rename(target)
    # nginx would make the new file with a mode of its own. A reload in this very moment may have done so.
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.close(descriptor)
    shutil.chown(log, options.owner, options.group)
    log.chmod(int(options.mode, 8))
    return target


def masters(service: str) -> list[int]:
    """The main process, and the new master that it may have started beside itself."""
    argv = ["systemctl", "show", "--property=MainPID", "--value", "--", service]
    main = int(subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip() or 0)
    return [main, *(pid for pid in children(main) if b"master process" in title(pid))] if main else []


def children(parent: int) -> list[int]:
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if parent_of(folder) == parent]


def parent_of(process: Path) -> int:
    try:
        return int((process / "stat").read_bytes().rpartition(b")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def title(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def held(pids: list[int], files: list[Path]) -> bool:
    """Whether one of the processes has one of the files open."""
    wanted = {(found.st_dev, found.st_ino) for found in (file.stat() for file in files)}
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                found = link.stat()
            except OSError:
                continue
            if (found.st_dev, found.st_ino) in wanted:
                return True
    return False


def let_go(service: str, files: list[Path]) -> bool:
    """Has nginx open new logs and waits until the old ones are nobody's."""
    family = masters(service)
    for pid in family:
        os.kill(pid, signal.SIGUSR1)
    deadline = time.monotonic() + PATIENCE
    while held([*family, *(child for pid in family for child in children(pid))], files):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def compress(file: Path) -> None:
    packed, temporary = Path(f"{file}.gz"), Path(f"{file}.gz.new")
    with file.open("rb") as source, gzip.open(temporary, "wb") as target:
        shutil.copyfileobj(source, target)
    found = file.stat()
    os.chown(temporary, found.st_uid, found.st_gid)
    temporary.chmod(found.st_mode & 0o777)
    temporary.replace(packed)
    file.unlink()


def clear(log: Path, keep: int) -> None:
    """Removes all but the youngest; their names sort by time."""
    stem = log.name[: -len("log")]
    dated = sorted(path for path in log.parent.iterdir() if path.name.startswith(stem) and DATED.fullmatch(path.name[len(stem) - 1 :]))
    for path in dated[: max(0, len(dated) - keep)]:
        path.unlink()


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Rotate nginx's logs by date and time.")
    parser.add_argument("--service", required=True)
    parser.add_argument("--keep", type=int, required=True)
    parser.add_argument("--mode", required=True)
    parser.add_argument("--owner", required=True)
    parser.add_argument("--group", required=True)
    parser.add_argument("--compress", action="store_true")
    parser.add_argument("pattern", nargs="+")
    options = parser.parse_args(argv)
    found = {path for pattern in options.pattern for path in Path("/").glob(pattern.lstrip("/"))}
    logs = sorted(path for path in found if path.suffix == ".log" and not DATED.search(path.name))
    moment = time.strftime("%Y-%m-%d+%H:%M")
    moved = [target for target in (move(log, moment, options) for log in logs) if target]
    free = let_go(options.service, moved) if moved else True
    if free and options.compress:
        for target in moved:
            compress(target)
    for log in logs:
        clear(log, options.keep)
    if not free:
        print(f"{options.service} still writes to the logs of before; they stay as they are", file=sys.stderr)
    return 0 if free else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands configurations to a host and has the role's own checker ask the real keepalived about each of them."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

FILES = Path(__file__).resolve().parents[3] / "roles/keepalived/files"
# For each folder: its number, the exit code, and what was said; one connection for all.
JUDGE = """
rm -rf /etc/forms && mkdir /etc/forms && tar -xf - -C /etc/forms && cd /etc/forms || exit 1
for form in */; do
    mapfile -t accepted < "$form/accepted"
    /usr/bin/python3 -I check-config "/etc/forms/${form}keepalived.conf" "${accepted[@]}" > said 2>&1
    echo "=== ${form%/} $?"
    cat said
done
"""


def _add(archive: tarfile.TarFile, path: str, text: str, mode: int = 0o600) -> None:
    data = text.encode()
    info = tarfile.TarInfo(path)
    info.size, info.mode = len(data), mode
    archive.addfile(info, io.BytesIO(data))


def judge(command: Sequence[str], forms: Mapping[str, tuple[str, Mapping[str, str], Sequence[str]]]) -> dict[str, tuple[int, str]]:
    """`forms`: configuration, scripts and accepted warnings by name. The answer: exit code and words by name."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        _add(archive, "check-config", (FILES / "check-config.py").read_text(encoding="utf-8"))
        for number, (text, scripts, accepted) in enumerate(forms.values()):
            _add(archive, f"{number}/keepalived.conf", text)
            _add(archive, f"{number}/accepted", "".join(f"{each}\n" for each in accepted))
            for script, content in {
                **scripts,
                "check-http": "#!/bin/bash\n" + (FILES / "check-http.sh").read_text(encoding="utf-8"),
            }.items():
                _add(archive, f"{number}/scripts/{script}", content, 0o755)
    done = subprocess.run([*command, "bash", "-c", JUDGE], input=packed.getvalue(), capture_output=True, check=True, timeout=120)
    found, names = {}, list(forms)
    for part in done.stdout.decode().split("=== ")[1:]:
        head, _newline, said = part.partition("\n")
        number, code = map(int, head.split())
        found[names[number]] = (code, said)
    return found

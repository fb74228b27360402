# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server in the lab, as the tests of releases use it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labclient import ROOT, Lab, Probing
from labnames import lab_name

HERE = Path(__file__).resolve().parent
# Another process holds the port, which nginx -t does not mind: the running nginx could be that process.
SQUATTER = "systemd-run --unit squatter python3 -m http.server 8099; until curl -so /dev/null localhost:8099; do :; done"
URL = "http://192.0.2.21/"
# Content, mode and owner of every file of the live tree, and what lies beside it.
PRINT = (
    "cd /etc/nginx && find . -type f ! -name .edge-release -exec stat -c '%n %a %u %g' {} + -exec md5sum {} + | sort; "
    "ls -A /etc | grep edge- || true"
)


class Web:
    """One web server, and a client that asks it."""

    def __init__(self) -> None:
        self.lab = Lab(lab_name("release"), HERE / "inventory")
        # The live tree with version A.
        self.original = ""

    def shell(self, script: str) -> str:
        """The output of a shell script on the web server; empty where it fails."""
        argv = self.lab.reach("web1", "sh", "-c", script)
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout

    def put(self, path: str, content: str) -> None:
        argv = self.lab.reach("web1", "sh", "-c", f"mkdir -p $(dirname {path}) && cat > {path}")
        subprocess.run(argv, input=content, text=True, check=True)

    def live(self) -> str:
        return self.shell(PRINT)

    def served(self) -> str:
        """The version that answers."""
        return self.shell("curl -sI localhost | sed -n 's/^X-Version: //p'").strip()

    def playbook(self, path: Path, *options: str) -> str:
        argv = ["ansible-playbook", "-i", str(HERE / "inventory"), str(path), *options]
        done = subprocess.run(argv, cwd=ROOT, env=self.lab.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def play(self, version: str, *options: str, environment: dict[str, str] | None = None, **variables: object) -> tuple[int, str]:
        """Runs release.yml; its exit code, and all that it printed as words with single blanks."""
        extra = json.dumps({"version": version, **variables})
        argv = ["ansible-playbook", "-i", str(HERE / "inventory"), str(HERE / "release.yml"), "-e", extra, *options]
        done = subprocess.run(
            argv, cwd=ROOT, env={**self.lab.environment, **(environment or {})}, capture_output=True, text=True, check=False
        )
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    def release(self, version: str, *options: str, environment: dict[str, str] | None = None, **variables: object) -> str:
        code, output = self.play(version, *options, environment=environment, **variables)
        assert code == 0, output
        return output

    def refused(self, version: str, *options: str, **variables: object) -> str:
        code, output = self.play(version, *options, environment=None, **variables)
        assert code, f"this should have been refused: {output}"
        return output

    @contextmanager
    def load(self) -> Iterator[Probing]:
        """A client asks 100 times a second from before the body begins until after it has ended."""
        with self.lab.probing(URL, rate=100, timeout=15) as probing:
            probing.until(0)
            yield probing
            probing.go_on(0.1)

    @contextmanager
    def no_loss(self) -> Iterator[None]:
        with self.load() as probing:
            yield
        summary = probing.summary
        assert summary.requests and not summary.lost, f"{summary.errors} {probing.timeline()}"

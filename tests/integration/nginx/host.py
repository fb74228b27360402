# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab of these tests: the role on its web server, the server as a shell sees it, and a client that keeps asking."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT / "tools")]

from ansible_collections.steadfast.edge.plugins.module_utils._probe import client
from labclient import PROBE, Lab
from labnames import lab_name

WEB = "192.0.2.21"


def make_lab() -> Lab:
    return Lab(lab_name("nginxhost"), HERE / "inventory")


class Load:
    """What a client saw that asked all the time."""

    def __init__(self) -> None:
        self.answers: list[client.Answer] = []

    def read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            record: dict[str, Any] = json.loads(line)
            self.answers.append(client.Answer(**{**record, "servers": tuple(record["servers"])}))

    @property
    def lost(self) -> list[client.Answer]:
        return [answer for answer in self.answers if answer.error]


def control(action: str, **options: Any) -> dict[str, Any]:
    """A task that has nginx do something."""
    return {"steadfast.edge.nginx_control": {"action": action, "error_log": "/var/log/nginx/error.log", **options}}


def shell(script: str) -> dict[str, Any]:
    return {"ansible.builtin.shell": {"cmd": script}}


class Web:
    """The web server of the lab."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def sh(self, script: str, rc: int | None = 0) -> str:
        """The output of a shell script on the host."""
        done = subprocess.run(self.lab.reach("web1", "sh", "-c", script), capture_output=True, text=True, check=False)
        assert rc is None or done.returncode == rc, f"{script}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def ansible(self, *argv: str, rc: int = 0) -> str:
        done = subprocess.run(argv, cwd=ROOT, env=self.lab.environment, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == (rc == 0), done.stdout + done.stderr
        return done.stdout + done.stderr

    def role(self, *options: str, rc: int = 0, **variables: Any) -> str:
        """Runs the role; what it printed."""
        playbook = ["ansible-playbook", "-i", str(self.lab.inventory), str(HERE / "converge.yml"), "-e", json.dumps(variables)]
        return self.ansible(*playbook, *options, rc=rc)

    def modules_sent(self, **variables: Any) -> tuple[str, list[str]]:
        """What a run of the role printed, and the modules that the host was sent; facts are the play's affair."""
        cursor = self.sh("journalctl -n 1 --show-cursor -q | sed -n 's/^-- cursor: //p'")
        printed = self.role(**variables)
        calls = re.findall(r"ansible-([\w.]+)", self.sh(f"journalctl -q --after-cursor='{cursor}' | grep Invoked"))
        return printed, sorted(name.rpartition(".")[2] for name in calls if "setup" not in name)

    def tasks(self, *tasks: dict[str, Any]) -> list[dict[str, Any]]:
        """What each of these tasks answered, one after the other in one play; one that fails ends nothing."""
        steps = [{**task, "register": f"answer_{number}", "failed_when": False} for number, task in enumerate(tasks)]
        with tempfile.TemporaryDirectory() as folder:
            answers = Path(folder) / "answers.json"
            content = f"{{{{ [{', '.join(task['register'] for task in steps)}] | to_json }}}}"
            hand_over = {"ansible.builtin.copy": {"content": content, "dest": str(answers), "mode": "0600"}, "delegate_to": "localhost"}
            play = Path(folder) / "play.json"
            play.write_text(json.dumps([{"hosts": "web1", "gather_facts": False, "tasks": [*steps, hand_over]}]))
            self.ansible("ansible-playbook", "-i", str(self.lab.inventory), str(play))
            found: list[dict[str, Any]] = json.loads(answers.read_text())
        return found

    def master(self, service: str = "nginx") -> int:
        return int(self.sh(f"systemctl show -p MainPID --value {service}"))

    def workers(self, service: str = "nginx") -> list[str]:
        return sorted(self.sh(f"pgrep -P {self.master(service)} -f 'worker process$' || true").split())

    def eventually(self, holds: Callable[[], bool], seconds: float = 60) -> bool:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    @contextmanager
    def asked(self, url: str, rate: float = 50, **plan: Any) -> Iterator[Load]:
        """A client that asks while the body runs, and until a second after it."""
        plan = asdict(client.Plan(url, rate, 900, **{"timeout": 5, **plan}))
        # It is ended by its number: what a closed connection leaves behind on the other side would ask on.
        asking = 'echo $$ >/run/asking; exec timeout 900 python3 - "$0"'
        # A connection of its own, which nothing else can keep open.
        command = self.lab.command("exec", "client1", "--", "sh", "-c", asking, json.dumps(plan))
        load = Load()
        with PROBE.open("rb") as script:
            process = subprocess.Popen(command, stdin=script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        reader = threading.Thread(target=load.read, args=(process,))
        reader.start()
        try:
            assert self.eventually(lambda: bool(load.answers))
            yield load
            seen = len(load.answers)
            assert self.eventually(lambda: len(load.answers) > seen + rate)
        finally:
            subprocess.run(self.lab.reach("client1", "sh", "-c", "kill $(cat /run/asking)"), check=False)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:  # it has told all that it saw
                process.terminate()
                process.wait()
            reader.join()

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab of the nginx benchmarks: a web server as its package leaves it, a client, and plays that are run from here."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from labclient import ROOT, Lab, LabError

__all__ = ["INVENTORY", "WEB", "Bench"]

INVENTORY = ROOT / "tests/integration/release/inventory"
WEB = "192.0.2.21"
ROLE_PLAY = """
- hosts: web1
  gather_facts: false
  roles: [steadfast.edge.nginx]
"""
# Containers of the lab may not raise their limits above those of the machine.
LIMITS = {"nginx_worker_connections": 2048, "nginx_worker_rlimit_nofile": 8192}


class Bench:
    """The lab, and a folder for what the measurements need."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self._plays = 0
        (folder / "role.yml").write_text(ROLE_PLAY)

    def install(self) -> None:
        """The packages; what nginx's has brought is kept aside."""
        self.shell("apt-get -qq install -y --no-install-recommends nginx rsync && cp -a /etc/nginx /root/packaged")
        self.shell("apt-get -qq install -y --no-install-recommends nginx rsync wrk", "client1")

    def fresh(self) -> None:
        """nginx as its package leaves it, running, with room for what means other than the role write."""
        self.shell(
            "rm -rf /etc/nginx /var/lib/steadfast-edge /etc/systemd/system/nginx.service.d && systemctl daemon-reload"
            " && cp -a /root/packaged /etc/nginx && rm -f /etc/nginx/sites-enabled/default"
            " && mkdir /etc/nginx/looped /etc/nginx/synced"
            " && echo 'include /etc/nginx/looped/*.conf; include /etc/nginx/synced/*.conf;' > /etc/nginx/conf.d/means.conf"
            " && systemctl restart nginx"
        )

    def shell(self, script: str, host: str = "web1") -> str:
        return self.lab.run(host, "sh", "-euc", script)

    def role(self, variables: dict[str, Any], *options: str) -> str:
        return self.play("role", {**LIMITS, **variables}, *options)

    def play(self, name: str, variables: dict[str, Any], *options: str) -> str:
        """Runs a play of the folder, over a connection of its own: none that an earlier run has left open."""
        self._plays += 1
        variables = {**variables, "ansible_control_path": f"{self.folder}/{self._plays}-%%r"}
        (self.folder / "variables.json").write_text(json.dumps(variables))
        argv = ["ansible-playbook", "-i", str(INVENTORY), str(self.folder / f"{name}.yml"), "-e", f"@{self.folder}/variables.json"]
        done = subprocess.run([*argv, *options], cwd=ROOT, env=self.lab.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(done.stdout + done.stderr)
        return done.stdout

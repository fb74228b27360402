# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of the module in the middle of a switch of a real nginx that serves. Nobody may notice, and the next run completes."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

import pytest

from tests.integration.release.web import HERE, Web

KILLS = 50
FOLDER = "/root/kills"


def put_modules(web: Web) -> None:
    """The module with the arguments of both versions, exactly as Ansible sends it."""
    for version in "BA":
        environment = {"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_PIPELINING": "0", "ANSIBLE_REMOTE_TMP": f"{FOLDER}/{version}"}
        web.release(version, "--skip-tags", "install", environment=environment)
        web.shell(f"mv {FOLDER}/{version}/*/AnsiballZ_config_release.py {FOLDER}/{version}.py")
    for script in ("kills.py", "kill_at.py"):
        web.put(f"{FOLDER}/{script}", (HERE / "inside" / script).read_text())


def kills(web: Web, *arguments: object) -> list[dict[str, Any]]:
    argv = web.lab.reach("web1", "python3", f"{FOLDER}/kills.py", FOLDER, *map(str, arguments))
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module", name="known")
def _known(made: Web) -> dict[str, Any]:
    """How long a release takes here, and its steps."""
    put_modules(made)
    (known,) = kills(made, "prepare")
    return known


def test_kills_before_each_step(web: Web, known: dict[str, Any]) -> None:
    assert {"nginx -t", "exchange", "systemctl reload", "replace_file"} <= set(known["steps"])
    with web.no_loss():
        records = kills(web, "before", 0, len(known["steps"]))
    assert not [record for record in records if "complaint" in record], records
    assert len(records) == len(known["steps"])
    assert {record["recovered"] for record in records} == {"none", "undone", "finished"}
    rests = {name for record in records for name in record["left"]}
    assert rests == {".nginx.edge-staged", ".nginx.edge-scratch", ".nginx.edge-switch", ".nginx.edge-trash"}


def test_kills_at_random_instants(web: Web, known: dict[str, Any]) -> None:
    seed = int(time.time())
    print(f"seed {seed}, a release takes {known['seconds']:.2f} s")
    with web.no_loss():
        records = kills(web, "at", 0, KILLS, seed)
    print(*records, sep="\n")
    assert not [record for record in records if "complaint" in record]
    assert len(records) == KILLS
    # Not all of them before anything was done, or after the end.
    assert [record for record in records if record["left"]]


@pytest.mark.parametrize(("damage", "complaint"), [
    ("echo 'no_such_directive;' > /etc/nginx/only/x.conf", "is refused"),
    ("echo > /etc/nginx/only/x.conf", "is neither version"),
    ("mkdir /etc/.nginx.edge-kept-9", "is left beside"),
])
def test_what_looks_after_each_kill_can_complain(web: Web, known: dict[str, Any], damage: str, complaint: str) -> None:
    assert known
    web.shell(damage)
    (record,) = kills(web, "before", 0, 1)
    web.shell("rm -rf /etc/nginx/only/x.conf /etc/.nginx.edge-kept-9")
    assert complaint in record["complaint"]

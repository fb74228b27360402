# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VIPs on two nginx without LVS, and every form of the configuration before a real keepalived. Needs a lab of its own (lab/lab)."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

from ansible_collections.steadfast.edge.plugins.module_utils._keepalived.config import build
from ansible_collections.steadfast.edge.tests.integration.keepalived.forms_on_host import judge
from ansible_collections.steadfast.edge.tests.integration.keepalived.two_nginx import (
    CENTER,
    ENVIRONMENT,
    HERE,
    HOSTS,
    LAB,
    RELEASES,
    ROOT,
    SHOP,
    SIX,
    ansible,
    changed,
    eventually,
    holders,
    instances,
    on,
    state,
)  # fmt: skip
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.keepalived.forms import FORMS, completed


def test_each_is_preferred_once() -> None:
    eventually(lambda: (holders(SHOP), holders(CENTER)), (["web1"], ["web2"]))
    found = state("web2")
    assert (found["installed"], found["running"], found["unknown"]) == (True, True, [])
    assert found["version"] == RELEASES[on("web2", "sed", "-n", 's/^VERSION_ID="\\(.*\\)"/\\1/p', "/etc/os-release").strip()]
    assert {each["name"]: (each["state"], each["held"], each["priority"]) for each in found["instances"]} == {
        "shop": ("BACKUP", [], 240),
        "center": ("MASTER", [CENTER], 250),
    }
    assert [script["status"] for script in found["scripts"]] == ["good", "good"]
    # Containers are not in the kernel's initial namespaces: the process is not watched there, and nothing waits for it in FAULT.
    assert found["process_events"] is False
    assert "track_process" not in on("web2", "cat", "/etc/keepalived/keepalived.conf")
    # The state that was written for the answer holds passwords, where there are any.
    assert "keepalived" not in on("web2", "ls", "/tmp")


def transitions(host: str) -> list[str]:
    """Every change of state of the two VIPs, as keepalived logged them."""
    return re.findall(r"\((?:shop|center)\) Entering \w+", on(host, "journalctl", "--unit", "keepalived", "--no-pager"))


def test_a_reload_moves_no_vip() -> None:
    before = {host: transitions(host) for host in HOSTS}
    assert before["web1"]
    pids = [on(host, "cat", "/run/keepalived.pid") for host in HOSTS]
    assert changed(ansible("ansible-playbook", str(HERE / "keepalived.yml"))) > 0
    eventually(lambda: holders(SIX), ["web1"])
    assert (holders(SHOP), holders(CENTER)) == (["web1"], ["web2"])
    assert {host: transitions(host) for host in HOSTS} == before
    assert [on(host, "cat", "/run/keepalived.pid") for host in HOSTS] == pids
    for host in HOSTS:
        six = instances(host)["six"]
        assert (six["version"], six["state"], six["held"]) == (3, *(("MASTER", [SIX]) if host == "web1" else ("BACKUP", [])))
    # The hook ran, and not as root.
    assert "of INSTANCE six MASTER 250" in on("web1", "cat", "/tmp/told")
    assert on("web1", "stat", "--format=%U", "/tmp/told").strip() == "keepalived_script"
    assert changed(ansible("ansible-playbook", str(HERE / "keepalived.yml"), "--diff")) == 0


def test_without_nginx_all_vips_leave_and_come_back() -> None:
    eventually(lambda: (holders(SHOP), holders(SIX)), (["web1"], ["web1"]))
    pid = on("web1", "cat", "/run/keepalived.pid")
    on("web1", "systemctl", "stop", "nginx")
    eventually(lambda: (holders(SHOP), holders(CENTER), holders(SIX)), (["web2"],) * 3, seconds=30)
    found = instances("web1")
    assert {name: (each["state"], each["effective_priority"]) for name, each in found.items()} == {
        # FAULT, at the old priority: the other one did not wait for a timer.
        "shop": ("FAULT", 250),
        "center": ("FAULT", 240),
        "six": ("FAULT", 250),
    }
    assert "web2" in on("client1", "python3", "-c", f"import urllib.request as r; print(r.urlopen('http://{SHOP}/', timeout=5).read())")
    on("web1", "systemctl", "start", "nginx")
    eventually(lambda: (holders(SHOP), holders(CENTER), holders(SIX)), (["web1"], ["web2"], ["web1"]))
    assert on("web1", "cat", "/run/keepalived.pid") == pid


MISTAKES = {
    "an-interface-that-is-not-there": ("    interface nowhere0\n", ["nowhere0"]),
    "a-misspelt-word": ("    interface eth0\n    prioritty 5\n", ["Unknown keyword 'prioritty'"]),
}
INSTANCE = """global_defs {
    enable_script_security
    vrrp_version 3
}
vrrp_instance shop {
%s    virtual_router_id 51
    priority 250
    virtual_ipaddress {
        192.0.2.150/32
    }
}
"""


def test_a_real_keepalived_accepts_every_form_and_no_mistake() -> None:
    version = state("web1")["version"]
    forms: dict[str, Any] = {}
    for form in FORMS:
        scripts = {script["name"]: script["content"] for script in form["wish"].get("scripts", [])}
        forms[form["name"]] = (build(completed(form["wish"]), version), scripts, [])
    for name, (lines, _words) in MISTAKES.items():
        forms[name] = (INSTANCE % lines, {}, [])
        forms[f"accepted-{name}"] = (INSTANCE % lines, {}, ["."])
        forms[f"otherwise-accepted-{name}"] = (INSTANCE % lines, {}, ["something else"])
    said = judge([*LAB, "exec", "web1", "--"], forms)
    assert sorted(said) == sorted(forms)
    refused = {name: answer for name, answer in said.items() if answer[0]}
    assert sorted(refused) == sorted(prefix + name for name in MISTAKES for prefix in ("", "otherwise-accepted-"))
    for name, (_lines, words) in MISTAKES.items():
        assert refused[name][0] == 5
        assert all(word in refused[name][1] for word in [*words, "nothing may be ignored"])


def test_a_mistake_stays_out_and_the_vip_where_it_is() -> None:
    live = on("web1", "cat", "/etc/keepalived/keepalived.conf")
    wrong = json.dumps({"keepalived_raw": "track_file x {\n file /tmp/x\n wait 5\n}"})
    command = ["ansible-playbook", "-i", str(HERE / "inventory"), str(HERE / "keepalived.yml"), "-e", wrong, "--limit", "web1"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=400, cwd=ROOT)
    assert done.returncode != 0
    assert "Unknown keyword 'wait'" in done.stdout
    assert on("web1", "cat", "/etc/keepalived/keepalived.conf") == live
    assert holders(SHOP) == ["web1"]


def test_taken_away_it_leaves_nothing_but_the_package() -> None:
    away = ["ansible-playbook", str(HERE / "keepalived.yml"), "--limit", "web1", "-e", "keepalived_state=absent"]
    assert changed(ansible(*away, "--check")) > 0
    assert holders(SHOP) == ["web1"]
    assert changed(ansible(*away)) > 0
    eventually(lambda: (holders(SHOP), holders(SIX)), (["web2"], ["web2"]), seconds=10)
    left = on("web1", "bash", "-c", "systemctl is-active keepalived; systemctl is-enabled keepalived; ls /etc/keepalived")
    assert left.split() == ["inactive", "disabled", "keepalived.conf.sample"]
    assert changed(ansible(*away)) == 0

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts taken out, changed and put back under load: no client loses a request, whatever happens in the middle."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from labclient import ROOT, Lab
from topology import URL

Play = Callable[..., "tuple[bool, str]"]

PROBE = {"probe_host": "client1", "probe_url": URL, "probe_rate": 90, "probe_timeout": 10, "warm_up_seconds": 3}
NONE_LOST = re.compile(r"No request was lost: [0-9]{3,} requests: 0 lost")
NEWER = ROOT / "molecule/default/files/newer-package.sh"

pytestmark = pytest.mark.usefixtures("as_before")


def weights(lab: Lab, director: str) -> dict[str, int]:
    lines = [line.split() for line in lab.run(director, "ipvsadm", "-Sn").splitlines() if line.startswith("-a")]
    return {words[4].rsplit(":", 1)[0]: int(words[7]) for words in lines}


def boot_id(lab: Lab, host: str) -> str:
    return lab.run(host, "cat", "/proc/sys/kernel/random/boot_id")


def shop(folder: Path, change: str, good: bool = True) -> list[dict[str, str]]:
    """The lab's shop with another title, or one that never becomes well."""
    shutil.copytree(ROOT / "lab/shop", folder)
    page = folder / "WEB-INF/page.jsp"
    page.write_text(page.read_text(encoding="utf-8").replace("<h1>Shop</h1>", f"<h1>{change}</h1>"), encoding="utf-8")
    if not good:
        (folder / "WEB-INF/healthz.jsp").write_text("<% response.setStatus(503); %>\n", encoding="utf-8")
    return [{"context": "ROOT", "src": str(folder)}]


def title(lab: Lab, address: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", lab.run("client1", "curl", "--silent", f"http://{address}:8080/"))
    return found.group(1) if found else ""


def test_a_host_that_is_drained_by_hand_stays_out(lab: Lab, play: Play, eventually: Callable[..., Any]) -> None:
    """A health check that fails and recovers does not put it back; rolls do not start meanwhile."""
    done, said = play("drain", limit="web1")
    assert done
    assert "web1 is drained on director1, director2" in said
    with lab.probing(URL, seconds=15, rate=100, timeout=5) as probing:
        lab.run("web1", "systemctl", "stop", "nginx")
        eventually(lambda: weights(lab, "director1"), {"192.0.2.22": 1})
        lab.run("web1", "systemctl", "start", "nginx")
        eventually(lambda: weights(lab, "director1"), {"192.0.2.21": 0, "192.0.2.22": 1})
        refused, said = play("rolling_upgrade", upgrade="none")
    assert not refused
    assert "192.0.2.21:80 is drained in the virtual server 192.0.2.150 80 (by hand)." in said
    assert probing.summary.lost == 0, probing.summary.errors
    assert play("undrain", limit="web1")[0]
    assert weights(lab, "director2") == {"192.0.2.21": 1, "192.0.2.22": 1}


def test_packages_and_reboots_of_one_host_of_each_tier(lab: Lab, play: Play) -> None:
    command = lab.command("exec", "web1", "--", "sh", "-s", "nginx", "lab1")
    with NEWER.open("rb") as script:
        subprocess.run(command, stdin=script, check=True)
    hosts = ["app1", "web1", "director2"]
    before = {host: boot_id(lab, host) for host in hosts}
    done, said = play("rolling_upgrade", limit=",".join(hosts), reboot=True, **PROBE)
    assert done
    for host in hosts:
        assert f"{host} is changed, proven and back (1 of 1)" in said
        assert boot_id(lab, host) != before[host]
    assert "web1 is drained and changed now: newer packages and a reboot." in said
    assert NONE_LOST.search(said)
    assert "+lab1" in lab.run("web1", "dpkg-query", "--show", "--showformat=${Version}", "nginx")
    assert weights(lab, "director1") == weights(lab, "director2") == {"192.0.2.21": 1, "192.0.2.22": 1}


def test_an_application_that_does_not_start_stops_the_deployment(lab: Lab, play: Play, tmp_path: Path) -> None:
    bad = shop(tmp_path / "bad", "Bad", good=False)
    done, said = play("deploy_app", tomcat_applications=bad, tomcat_start_timeout=20, **PROBE)
    assert not done
    assert "app1 failed, and no further host is touched." in said
    assert "app1 has the applications that were live before, and they answer." in said
    assert "It serves, and is back in service." in said
    assert "Not reached: app2, app3." in said
    assert re.search(r"[0-9]{3,} requests: 0 lost", said)
    assert title(lab, "192.0.2.31") == "Shop"


def test_a_controller_that_is_killed_leaves_the_rest_serving_and_the_next_run_goes_on(
    lab: Lab, play: Play, play_and_kill: Callable[..., None], tmp_path: Path
) -> None:
    good = shop(tmp_path / "good", "New Shop")
    with lab.probing(URL, seconds=30, rate=100, timeout=10) as probing:
        play_and_kill("deploy_app", "app2,app3", "app2 is drained and changed now", tomcat_applications=good, warm_up_seconds=3)
        assert "down; # drained by roll" in lab.run("web1", "cat", "/etc/nginx/upstreams.conf")
    assert probing.summary.lost == 0, probing.summary.errors
    done, said = play("deploy_app", limit="app2,app3", tomcat_applications=good, **PROBE)
    assert done
    assert "An interrupted roll had left 192.0.2.32:8080 out of service on web1." in said
    assert "app3 is changed, proven and back (2 of 2)" in said
    assert NONE_LOST.search(said)
    assert [title(lab, address) for address in ("192.0.2.31", "192.0.2.32", "192.0.2.33")] == ["Shop", "New Shop", "New Shop"]
    assert "drained" not in lab.run("web1", "cat", "/etc/nginx/upstreams.conf")

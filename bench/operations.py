# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operates the full lab under constant load and counts what clients lost; writes its section of bench/RESULTS.md: `make bench-operations`.

Portions can be run by name, one after the other on a lab that stays (--keep-lab); what they measured is gathered in tests/output.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
import yaml
from labclient import ROOT, Lab, LabError
from results import write_section

GATHERED = ROOT / "tests/output/bench-operations.json"
NEWER = ROOT / "molecule/default/files/newer-package.sh"
VIP = "http://192.0.2.150"
WEB, APP = ("web1", "web2"), ("app1", "app2", "app3")
# name: what the probe asks. Together more than 300 requests per second.
LOAD: dict[str, dict[str, Any]] = {
    "fresh": {"url": f"{VIP}/", "rate": 140, "timeout": 7, "connections": "fresh"},
    "kept": {"url": f"{VIP}/", "rate": 170, "timeout": 5, "connections": "kept_alive"},
    "slow": {"url": f"{VIP}/slow", "rate": 3, "timeout": 20, "connections": "both"},
    "download": {"url": f"{VIP}/download.bin", "rate": 0.5, "timeout": 60, "connections": "fresh"},
}
# As inventories/prod: whichever director is asked, it chooses the same real server, so a change of director resets nothing. By the
# client's port as well, since here all clients are one host.
HASHED = {"scheduler": "mh", "scheduler_flags": ["mh-port"]}
# What hashes cannot tell, a director that comes back has to hear first.
EDGE = {
    "edge_vrrp": {"preset": "standard", "connection_sync": True},
    "edge_vips": [
        {
            "name": "shop",
            "address": "192.0.2.150/24",
            "virtual_router_id": 51,
            "holders": ["director1", "director2"],
            "preempt_delay": 30,
        }
    ],
    # Downloads last 15 s, and old workers may finish them.
    "nginx_worker_shutdown_timeout": 60,
}
SLOW = """<servlet><servlet-name>slow</servlet-name><jsp-file>/WEB-INF/slow.jsp</jsp-file><load-on-startup>1</load-on-startup></servlet>
<servlet-mapping><servlet-name>slow</servlet-name><url-pattern>/slow</url-pattern></servlet-mapping>
"""
HOST_DONE = re.compile(
    r"(\w+) is changed, proven and back \(\d+ of \d+\): drained in\s+([\d.]+) s, of which\s+([\d.]+) s waiting for connections; "
    r"changed in\s+([\d.]+) s; proven and back in\s+([\d.]+) s"
)


class Bench:
    def __init__(self, lab: Lab, work: Path) -> None:
        self.lab = lab
        self.work = work
        services = [{**service, **HASHED} for service in self.given("all/edge.yml", "edge_virtual_services")]
        first = {"nginx_servers": self.servers("first"), "tomcat_applications": self.shop("first")}
        self.variables: dict[str, Any] = {**EDGE, "edge_virtual_services": services, **first}

    def given(self, file: str, variable: str) -> list[dict[str, Any]]:
        """What the lab's inventory says."""
        found: list[dict[str, Any]] = yaml.safe_load((self.lab.inventory / "group_vars" / file).read_text(encoding="utf-8"))[variable]
        return found

    def servers(self, change: str, timeout: str = "4s") -> list[dict[str, Any]]:
        """The lab's site, with a download that takes its time."""
        site = self.given("edge_web.yml", "nginx_servers")[0]
        site["add_headers"]["X-Change"] = change
        site["locations"][0]["directives"]["proxy_read_timeout"] = timeout
        site["locations"].append({"path": "/download.bin", "match": "exact", "root": "/srv/bench", "directives": {"limit_rate": "200k"}})
        return [site]

    def shop(self, change: str, good: bool = True) -> list[dict[str, str]]:
        """The lab's shop, with a page that takes two seconds."""
        folder = self.work / f"shop-{change}"
        if not folder.exists():
            shutil.copytree(ROOT / "lab/shop", folder)
            inside = folder / "WEB-INF"
            (inside / "slow.jsp").write_text('<%@ page session="false" %><% Thread.sleep(2000); %>slow\n', encoding="utf-8")
            page = inside / "page.jsp"
            page.write_text(page.read_text(encoding="utf-8").replace("<h1>Shop</h1>", f"<h1>{change}</h1>"), encoding="utf-8")
            web = inside / "web.xml"
            web.write_text(web.read_text(encoding="utf-8").replace("</web-app>", f"{SLOW}</web-app>"), encoding="utf-8")
            if not good:
                (inside / "healthz.jsp").write_text("<% response.setStatus(503); %>\n", encoding="utf-8")
        return [{"context": "ROOT", "src": str(folder)}]

    def argv(self, playbook: str, limit: str = "", **variables: Any) -> list[str]:
        argv = ["ansible-playbook", "-i", str(self.lab.inventory), f"playbooks/{playbook}.yml"]
        argv += ["-e", json.dumps({**self.variables, **variables})]
        return [*argv, "--limit", limit] if limit else argv

    def play(self, playbook: str, limit: str = "", fails: bool = False, **variables: Any) -> str:
        argv = self.argv(playbook, limit, **variables)
        done = subprocess.run(argv, cwd=ROOT, env=self.lab.environment, capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        if (done.returncode != 0) != fails:
            raise LabError(f"{playbook} {'should have failed' if fails else 'failed'}:\n{said}")
        return re.sub(r"\s+", " ", said)

    def play_until(self, playbook: str, limit: str, when: str, act: Callable[[subprocess.Popen[str]], None], **variables: Any) -> str:
        """Runs a playbook and does something in its middle."""
        argv = self.argv(playbook, limit, **variables)
        process = subprocess.Popen(
            argv, cwd=ROOT, env=self.lab.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if when in line:
                act(process)
                break
        said += process.stdout.read()
        process.wait()
        return re.sub(r"\s+", " ", said)

    def probe(self, name: str, **options: Any) -> dict[str, Any]:
        module = ["-m", "steadfast.edge.http_probe", "-a", json.dumps({"name": name, **options})]
        answers = self.work / "answers"
        argv = ["ansible", "-i", str(self.lab.inventory), "client1", "-b", "--tree", str(answers), *module]
        done = subprocess.run(argv, cwd=ROOT, env=self.lab.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(done.stdout + done.stderr)
        found: dict[str, Any] = json.loads((answers / "client1").read_text(encoding="utf-8"))
        return found

    def under_load(self, work: Callable[[], str]) -> dict[str, Any]:
        """What clients saw while the work was done, and what it said."""
        for name, options in LOAD.items():
            self.probe(name, state="started", duration=3600, **options)
        began = time.monotonic()
        try:
            said = work()
        finally:
            seconds = time.monotonic() - began
            seen = {name: self.probe(name, state="collected") for name in LOAD}
        ended = [name for name, one in seen.items() if one["state"] != "stopped"]
        if ended:
            raise LabError(f"the probes {ended} had ended before")
        return {
            "seconds": round(seconds, 1),
            "requests": {name: one["requests"] for name, one in seen.items()},
            "lost": {name: one["lost"] for name, one in seen.items()},
            "resent": sum(one["resent"] for one in seen.values()),
            "slowest": max(seen[name]["latency"]["max"] for name in ("fresh", "kept")),
            "p99": max(seen[name]["latency"]["p99"] for name in ("fresh", "kept")),
            "failures": [failure for one in seen.values() for failure in one["failures"][:5]],
            "hosts": [[host, *map(float, times)] for host, *times in HOST_DONE.findall(said)],
        }


# Portions


def reload(bench: Bench) -> str:
    bench.variables["nginx_servers"] = bench.servers("second")
    return bench.play("rolling_reload")


def upgrade(bench: Bench) -> str:
    suffix = f"bench{int(time.time())}"
    for host in WEB:
        with NEWER.open("rb") as script:
            subprocess.run(bench.lab.command("exec", host, "--", "sh", "-s", "nginx", suffix), stdin=script, check=True)
    said = bench.play("rolling_upgrade")
    versions = [bench.lab.run(host, "dpkg-query", "--show", "--showformat=${Version}", "nginx") for host in WEB]
    if not all(suffix in version for version in versions):
        raise LabError(f"nginx was not upgraded: {versions}\n{said}")
    return said


def reboot(bench: Bench) -> str:
    return bench.play("rolling_upgrade", upgrade="none", reboot=True)


def deploy(bench: Bench) -> str:
    bench.variables["tomcat_applications"] = bench.shop("second")
    return bench.play("deploy_app")


def bad_configuration(bench: Bench) -> str:
    bad = bench.servers("third", timeout="{{ 'never' if inventory_hostname == 'web2' else '4s' }}")
    said = bench.play("rolling_reload", fails=True, nginx_servers=bad)
    expect(said, "web2 failed, and no further host is touched")
    bench.variables["nginx_servers"] = bench.servers("third")
    return bench.play("rolling_reload")


def bad_application(bench: Bench) -> str:
    bad = bench.shop("bad", good=False)
    said = bench.play("deploy_app", fails=True, tomcat_applications=bad, tomcat_start_timeout=20)
    expect(said, "app1 failed, and no further host is touched", "It serves, and is back in service")
    return bench.play("verify")


def host_lost(bench: Bench) -> str:
    """The power goes while it is drained and about to be rebooted."""

    def cut(_process: subprocess.Popen[str]) -> None:
        bench.lab.verb("power-off", "app3")

    said = bench.play_until(
        "rolling_upgrade", "app3", "app3 is drained and changed now", cut, upgrade="none", reboot=True, reboot_timeout=30
    )
    expect(said, "app3")
    refused = bench.play("rolling_upgrade", "app2", fails=True, upgrade="none")
    expect(refused, "app3: It could not be looked at")
    bench.lab.verb("power-on", "app3")
    said = bench.play("rolling_upgrade", "app3", upgrade="none", reboot=True)
    expect(said, "An interrupted roll had left 192.0.2.33:8080 out of service")
    return said


def controller_killed(bench: Bench) -> str:
    def kill(process: subprocess.Popen[str]) -> None:
        subprocess.run(["kill", "-KILL", "--", f"-{process.pid}"], check=True)

    bench.variables["tomcat_applications"] = bench.shop("third")
    bench.play_until("deploy_app", "", "app2 is drained and changed now", kill)
    said = bench.play("deploy_app")
    expect(said, "An interrupted roll had left 192.0.2.32:8080 out of service")
    return said


def expect(said: str, *wanted: str) -> None:
    missing = [text for text in wanted if text not in said]
    if missing:
        raise LabError(f"{missing} was never said:\n{said}")


PORTIONS: dict[str, tuple[str, Callable[[Bench], str]]] = {
    "reload": ("rolling_reload, a new configuration", reload),
    "upgrade": ("rolling_upgrade, a newer nginx", upgrade),
    "reboot": ("rolling_upgrade, every host rebooted", reboot),
    "deploy": ("deploy_app, a new application", deploy),
    "bad-configuration": ("rolling_reload, bad on the second host; then corrected", bad_configuration),
    "bad-application": ("deploy_app, one that does not become well", bad_application),
    "host-lost": ("rolling reboot, the power goes on the way; then repaired", host_lost),
    "controller-killed": ("deploy_app, the controller killed with -9; then run again", controller_killed),
}


def prepare(bench: Bench) -> None:
    bench.lab.verb("up")
    bench.play("site")
    for host in WEB:
        bench.lab.run(host, "sh", "-euc", "mkdir -p /srv/bench && head -c 3000000 /dev/zero > /srv/bench/download.bin")


def report(gathered: dict[str, dict[str, Any]]) -> str:
    total = sum(sum(one["requests"].values()) for one in gathered.values())
    lost = sum(sum(one["lost"].values()) for one in gathered.values())
    rate = sum(options["rate"] for options in LOAD.values())
    pages = f"{LOAD['fresh']['rate']} over fresh connections, {LOAD['kept']['rate']} over kept ones, {LOAD['slow']['rate']} that take 2 s"
    lines = [
        f"`make bench-operations` on {os.cpu_count()} cores: the lab and its clients on one machine. {rate:.0f} requests per second all "
        f"the time: {pages}, and a download of 15 s every 2 s. {total:,} requests in {len(gathered)} of {len(PORTIONS)} portions, "
        f"{lost} lost. The goal is none. The inventory is `inventories/lab` with `scheduler: mh` and `connection_sync` as in "
        "`inventories/prod`, `preset: standard`, a `preempt_delay` of 30 s, and 60 s for old workers of nginx.",
        "",
        "| what | seconds | requests | lost | sent again over a new connection | slowest page |",
        "|---|---|---|---|---|---|",
    ]
    for name, (what, _work) in PORTIONS.items():
        if name in gathered:
            one = gathered[name]
            requests, gone = sum(one["requests"].values()), sum(one["lost"].values())
            lines.append(f"| {what} | {one['seconds']:.0f} | {requests:,} | {gone} | {one['resent']} | {one['slowest']:.2f} s |")
    lines += ["", "| host by host | drained | of which waiting for connections | changed | proven and back |", "|---|---|---|---|---|"]
    for name, (what, _work) in PORTIONS.items():
        verb = what.partition(",")[0]
        for host, drained, waited, changed, proven in gathered.get(name, {}).get("hosts", []):
            lines.append(f"| {verb} ({name}): {host} | {drained:.1f} s | {waited:.1f} s | {changed:.1f} s | {proven:.1f} s |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("portions", nargs="*", choices=[[], *PORTIONS], help="by default all of them")
    parser.add_argument("--keep-lab", action="store_true")
    arguments = parser.parse_args()
    work = ROOT / "tests/output/bench-operations"
    bench = Bench(Lab(os.environ.get("LAB_NAME", "bench-operations")), work)
    gathered: dict[str, dict[str, Any]] = json.loads(GATHERED.read_text()) if arguments.portions and GATHERED.exists() else {}
    failed = False
    try:
        prepare(bench)
        for name in arguments.portions or PORTIONS:
            what, work_on = PORTIONS[name]
            gathered[name] = bench.under_load(lambda work_on=work_on: work_on(bench))  # type: ignore[misc]
            GATHERED.parent.mkdir(parents=True, exist_ok=True)
            GATHERED.write_text(json.dumps(gathered, indent=1))
            print(f"{what}: {json.dumps(gathered[name])}", flush=True)
            failed = failed or any(gathered[name]["lost"].values())
    finally:
        if not arguments.keep_lab:
            bench.lab.verb("down")
    write_section("Operations", report(gathered))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

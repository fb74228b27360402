# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the nginx role against plainer means, and what its defaults serve; writes its section of bench/RESULTS.md: `make bench-nginx`.

Rollout: virtual hosts by the hundred, by the role, by a role that loops a template task, and by rsync of a finished tree.
Throughput: the role's defaults against the distribution's, for a static file and for a proxied answer.
What is compared is measured in turns; the figures are medians.
"""

from __future__ import annotations

import io
import json
import os
import re
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
from labclient import ROOT, Lab, LabError
from labnames import lab_name
from results import write_section

INVENTORY = ROOT / "tests/integration/release/inventory"
COUNTS = (1, 100, 1000)
# A task for each file takes minutes for a thousand; beyond this number it is reckoned from it.
LOOPED = 100
ROUNDS = 3
SECONDS = 5
WEB, BACKEND = "192.0.2.21", "192.0.2.90"
STEPS = ("cold", "one changed", "none changed")

VHOST = "server {{ listen 80; server_name site{number}.example; root /srv/www/site{number}; location /api {{ return 200 {text}; }} }}\n"
# What a role does that knows a template task and a handler.
LOOP_PLAY = """
- hosts: web1
  gather_facts: false
  tasks:
    - ansible.builtin.file: {path: /etc/nginx/looped, state: directory, mode: "0755"}
    - ansible.builtin.template:
        src: vhost.j2
        dest: "/etc/nginx/looped/{{ item.name }}.conf"
        mode: "0644"
      loop: "{{ vhosts }}"
      loop_control: {label: "{{ item.name }}"}
      notify: reload
  handlers:
    - ansible.builtin.command: nginx -t -q
      listen: reload
    - ansible.builtin.systemd_service: {name: nginx, state: reloaded}
      listen: reload
"""
LOOP_TEMPLATE = """server {
    listen 80;
    server_name {{ item.name }}.example;
    root /srv/www/{{ item.name }};
    location /api { return 200 {{ item.text }}; }
}
"""
ROLE_PLAY = """
- hosts: web1
  gather_facts: false
  roles: [steadfast.edge.nginx]
"""


RSYNC = f"""start=$(date +%s.%N)
changed=$(rsync --archive --checksum --delete --itemize-changes /root/tree/ {WEB}:/etc/nginx/synced/)
[ -z "$changed" ] || ssh {WEB} 'nginx -t -q && systemctl reload nginx'
python3 -c "import time; print(time.time() - $start)"
"""


class Bench:
    """The lab, and a folder for what the measurements need."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        (folder / "role.yml").write_text(ROLE_PLAY)
        (folder / "loop.yml").write_text(LOOP_PLAY)
        (folder / "vhost.j2").write_text(LOOP_TEMPLATE)

    def shell(self, script: str, host: str = "web1") -> str:
        return self.lab.run(host, "sh", "-euc", script)

    def play(self, name: str, variables: dict[str, Any], *options: str) -> str:
        (self.folder / "variables.json").write_text(json.dumps(variables))
        argv = ["ansible-playbook", "-i", str(INVENTORY), str(self.folder / f"{name}.yml"), "-e", f"@{self.folder}/variables.json"]
        done = subprocess.run([*argv, *options], cwd=ROOT, env=self.lab.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(done.stdout + done.stderr)
        return done.stdout


# Rollout


def texts(count: int, step: str) -> list[str]:
    """The one value of each virtual host that may change."""
    return ["changed" if step != "cold" and number == count // 2 else "first" for number in range(count)]


def role_variables(count: int, step: str) -> dict[str, Any]:
    servers = [
        {"name": f"site{number}", "server_names": [f"site{number}.example"], "root": f"/srv/www/site{number}",
         "locations": [{"path": "/api", "return": {"status": 200, "text": text}}]}
        for number, text in enumerate(texts(count, step))
    ]  # fmt: skip
    # Containers of the lab may not raise their limits above those of the machine.
    return {"nginx_servers": servers, "nginx_worker_connections": 2048, "nginx_worker_rlimit_nofile": 8192}


def by_role(bench: Bench, count: int, step: str) -> float:
    variables = role_variables(count, step)
    start = time.monotonic()
    bench.play("role", variables)
    return time.monotonic() - start


def by_loop(bench: Bench, count: int, step: str) -> float:
    vhosts = [{"name": f"site{number}", "text": text} for number, text in enumerate(texts(count, step))]
    start = time.monotonic()
    bench.play("loop", {"vhosts": vhosts})
    return time.monotonic() - start


def by_rsync(bench: Bench, count: int, step: str) -> float:
    """The tree is finished beforehand: what is left is to bring it over, test it and reload where it changed. From the client's host,
    since not every controller has rsync."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for number, text in enumerate(texts(count, step)):
            content = VHOST.format(number=number, text=text).encode()
            entry = tarfile.TarInfo(f"site{number}.conf")
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    unpack = bench.lab.command("exec", "client1", "--", "sh", "-euc", "rm -rf /root/tree && mkdir /root/tree && tar -xC /root/tree")
    subprocess.run(unpack, input=archive.getvalue(), check=True)
    return float(bench.shell(RSYNC, "client1"))


def fresh(bench: Bench) -> None:
    """nginx as its package leaves it, running, with room for what the other two means write."""
    bench.shell(
        "rm -rf /etc/nginx /var/lib/steadfast-edge /etc/systemd/system/nginx.service.d && systemctl daemon-reload"
        " && cp -a /root/packaged /etc/nginx && rm -f /etc/nginx/sites-enabled/default"
        " && mkdir /etc/nginx/looped /etc/nginx/synced"
        " && echo 'include /etc/nginx/looped/*.conf; include /etc/nginx/synced/*.conf;' > /etc/nginx/conf.d/means.conf"
        " && systemctl restart nginx"
    )


def rollout(bench: Bench, rounds: int) -> dict[tuple[str, int, str], float]:
    """Seconds by means, number of virtual hosts and step."""
    taken: dict[tuple[str, int, str], list[float]] = {}
    means = {"role": by_role, "loop": by_loop, "rsync": by_rsync}
    for count in COUNTS:
        for _round in range(rounds):
            for name, work in means.items():
                if name == "loop" and count > LOOPED:
                    continue
                fresh(bench)
                for step in STEPS:
                    taken.setdefault((name, count, step), []).append(work(bench, count, step))
    return {key: statistics.median(values) for key, values in taken.items()}


def module_calls(bench: Bench, count: int) -> int:
    """How many modules a run that changes nothing sends to the host."""
    output = bench.play("role", role_variables(count, "none changed"), "-vvv")
    return len(re.findall(r"Using module file", output))


def rollout_rows(taken: dict[tuple[str, int, str], float], calls: dict[int, int]) -> Iterator[str]:
    yield "| virtual hosts | step | role | template loop | rsync | role to rsync | module calls of the role |"
    yield "|---|---|---|---|---|---|---|"
    for count in COUNTS:
        for step in STEPS:
            role, rsync = taken["role", count, step], taken["rsync", count, step]
            loop = f"{taken['loop', count, step]:.1f} s" if count <= LOOPED else f"{reckoned(taken, count, step):.0f} s (reckoned)"
            sent = str(calls[count]) if step == "none changed" else ""
            yield f"| {count} | {step} | {role:.1f} s | {loop} | {rsync:.1f} s | {role / rsync:.1f}x | {sent} |"


def reckoned(taken: dict[tuple[str, int, str], float], count: int, step: str) -> float:
    """Along the line through the two numbers that were measured."""
    one, many = taken["loop", 1, step], taken["loop", LOOPED, step]
    return one + (many - one) / (LOOPED - 1) * (count - 1)


# Throughput


def prepare_throughput(bench: Bench) -> None:
    """The role's nginx on port 80, the distribution's on port 81, one page and one backend for both."""
    bench.shell("mkdir -p /srv/www && head -c 10240 /dev/zero | tr '\\0' x > /srv/www/page.html")
    fresh(bench)
    proxied = {"path": "/app", "proxy_pass": "http://app"}
    bench.play("role", {
        **role_variables(0, "cold"),
        "nginx_upstreams": [{"name": "app", "servers": [{"address": BACKEND, "port": 8080}]}],
        "nginx_servers": [{"name": "shop", "root": "/srv/www", "locations": [proxied]}],
    })  # fmt: skip
    site = f"server {{ listen 81; root /srv/www; location /app {{ proxy_pass http://{BACKEND}:8080; }} }}"
    bench.shell(
        "rm -rf /root/distribution && cp -a /root/packaged /root/distribution && cd /root/distribution"
        " && sed -i 's,/etc/nginx/,/root/distribution/,; s,^pid .*,pid /run/distribution.pid;,' nginx.conf"
        f" && echo '{site}' > sites-enabled/default.new && mv sites-enabled/default.new sites-enabled/default"
        " && nginx -c /root/distribution/nginx.conf"
    )
    # An answer like that of an application; connections stay open for whoever wants to keep them.
    backend = "server { listen 8080; access_log off; location / { default_type text/html; return 200 answer; } }"
    script = f"rm -f /etc/nginx/sites-enabled/default && echo '{backend}' > /etc/nginx/conf.d/backend.conf && systemctl restart nginx"
    bench.shell(script, "client1")


def requests_per_second(bench: Bench, port: int, path: str) -> float:
    output = bench.shell(f"wrk -t 2 -c 64 -d {SECONDS}s http://{WEB}:{port}{path}", "client1")
    if re.search(r"Non-2xx|Socket errors", output):
        raise LabError(f"wrk saw errors: {output}")
    found = re.search(r"Requests/sec:\s*([\d.]+)", output)
    if not found:
        raise LabError(f"wrk says no rate: {output}")
    return float(found.group(1))


def throughput(bench: Bench, rounds: int) -> Iterator[str]:
    prepare_throughput(bench)
    yield "| requests per second | role's defaults | distribution's | factor | goal |"
    yield "|---|---|---|---|---|"
    for what, path, goal in (("static file of 10 KiB", "/page.html", "faster"), ("proxied answer", "/app", "1.5x")):
        rates: dict[int, list[float]] = {80: [], 81: []}
        for _round in range(rounds + 1):
            for port, seen in rates.items():
                seen.append(requests_per_second(bench, port, path))
        # The first turn warms up.
        ours, theirs = (statistics.median(rates[port][1:]) for port in (80, 81))
        yield f"| {what} | {ours:,.0f} | {theirs:,.0f} | {ours / theirs:.2f}x | {goal} |"


def trust(bench: Bench) -> None:
    """The client's host may enter the web server, as the controller may."""
    for name in ("id_ed25519", "known_hosts"):
        script = f"umask 077; mkdir -p /root/.ssh; cat > /root/.ssh/{name}"
        content = (bench.lab.ssh_config.parent / name).read_bytes()
        subprocess.run(bench.lab.command("exec", "client1", "--", "sh", "-euc", script), input=content, check=True)


def measure(bench: Bench, rounds: int) -> list[str]:
    bench.shell("apt-get -qq install -y --no-install-recommends nginx rsync && cp -a /etc/nginx /root/packaged")
    bench.shell("apt-get -qq install -y --no-install-recommends nginx rsync wrk", "client1")
    trust(bench)
    calls = {}
    for count in COUNTS:
        fresh(bench)
        by_role(bench, count, "none changed")
        calls[count] = module_calls(bench, count)
    taken = rollout(bench, rounds)
    return [
        f"`make bench-nginx`: rollout of virtual hosts, median of {rounds} (goals: 3x or less, no more module calls for more of them).",
        "",
        *rollout_rows(taken, calls),
        "",
        f"`wrk -t 2 -c 64` for {SECONDS} s from another container, median of {rounds} in turns; all on the same {os.cpu_count()} cores.",
        "",
        *throughput(bench, rounds),
    ]


def main() -> int:
    lab = Lab(lab_name("bench-nginx"), INVENTORY)
    rounds = int(os.environ.get("ROUNDS", ROUNDS))
    try:
        lab.verb("down")
        lab.verb("up")
        with tempfile.TemporaryDirectory() as folder:
            lines = measure(Bench(lab, Path(folder)), rounds)
    finally:
        lab.verb("down")
    write_section("Nginx", "\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual hosts by the hundred: by the role, by a role that loops a template task, and by rsync of a finished tree."""

from __future__ import annotations

import io
import re
import statistics
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from typing import Any

from nginx_host import WEB, Bench

__all__ = ["COUNTS", "STEPS", "measure", "rows"]

COUNTS = (1, 100, 1000)
# A task for each file takes minutes for a thousand; beyond this number it is reckoned from it.
LOOPED = 100
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
PING_PLAY = """
- hosts: web1
  gather_facts: false
  tasks: [{ansible.builtin.ping: {}}]
"""
RSYNC = f"""start=$(date +%s.%N)
changed=$(rsync --archive --checksum --delete --itemize-changes /root/tree/ {WEB}:/etc/nginx/synced/)
[ -z "$changed" ] || ssh {WEB} 'nginx -t -q && systemctl reload nginx'
python3 -c "import time; print(time.time() - $start)"
"""


def texts(count: int, step: str) -> list[str]:
    """The one value of each virtual host that may change."""
    return ["changed" if step != "cold" and number == count // 2 else "first" for number in range(count)]


def role_variables(count: int, step: str) -> dict[str, Any]:
    return {"nginx_servers": [
        {"name": f"site{number}", "server_names": [f"site{number}.example"], "root": f"/srv/www/site{number}",
         "locations": [{"path": "/api", "return": {"status": 200, "text": text}}]}
        for number, text in enumerate(texts(count, step))
    ]}  # fmt: skip


def timed(work: Callable[[], object]) -> float:
    start = time.monotonic()
    work()
    return time.monotonic() - start


def by_role(bench: Bench, count: int, step: str) -> float:
    variables = role_variables(count, step)
    return timed(lambda: bench.role(variables))


def by_loop(bench: Bench, count: int, step: str) -> float:
    vhosts = [{"name": f"site{number}", "text": text} for number, text in enumerate(texts(count, step))]
    return timed(lambda: bench.play("loop", {"vhosts": vhosts}))


def by_ping(bench: Bench, _count: int, _step: str) -> float:
    """The yardstick: what Ansible takes to begin, and to reach the host with the smallest of all tasks."""
    return timed(lambda: bench.play("ping", {}))


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


MEANS = {"role": by_role, "ping": by_ping, "rsync": by_rsync, "loop": by_loop}


def prepare(bench: Bench) -> None:
    for name, content in {"loop.yml": LOOP_PLAY, "vhost.j2": LOOP_TEMPLATE, "ping.yml": PING_PLAY}.items():
        (bench.folder / name).write_text(content)
    # The client's host may enter the web server, as the controller may.
    for name in ("id_ed25519", "known_hosts"):
        script = f"umask 077; mkdir -p /root/.ssh; cat > /root/.ssh/{name}"
        given = (bench.lab.ssh_config.parent / name).read_bytes()
        subprocess.run(bench.lab.command("exec", "client1", "--", "sh", "-euc", script), input=given, check=True)


def measure(bench: Bench, count: int, rounds: int) -> dict[str, Any]:
    """Medians in seconds by means and step, taken in turns, and how many modules a run that changes nothing sends to the host."""
    prepare(bench)
    taken: dict[str, dict[str, list[float]]] = {name: {step: [] for step in STEPS} for name in MEANS}
    for turn in range(rounds):
        for name, work in MEANS.items():
            # The loop takes longer by far than everything else together: once.
            if name == "loop" and (count > LOOPED or (turn and count > 1)):
                continue
            bench.fresh()
            for step in STEPS:
                taken[name][step].append(work(bench, count, step))
    bench.fresh()
    by_role(bench, count, "none changed")
    calls = len(re.findall(r"Using module file", bench.role(role_variables(count, "none changed"), "-vvv")))
    medians = {name: {step: statistics.median(values) for step, values in steps.items() if values} for name, steps in taken.items()}
    return {"calls": calls, **medians}


def rows(measured: dict[int, dict[str, Any]]) -> Iterator[str]:
    yield "| virtual hosts | step | role | template loop | rsync | role to rsync | role to ping | modules sent by the role |"
    yield "|---|---|---|---|---|---|---|---|"
    for count, found in measured.items():
        for step in STEPS:
            role, rsync, ping = found["role"][step], found["rsync"][step], found["ping"][step]
            loop = found["loop"].get(step)
            shown = f"{loop:.1f} s" if loop else _reckoned(measured, count, step)
            sent = str(found["calls"]) if step == "none changed" else ""
            yield f"| {count} | {step} | {role:.1f} s | {shown} | {rsync:.2f} s | {role / rsync:.1f}x | {role / ping:.1f}x | {sent} |"


def _reckoned(measured: dict[int, dict[str, Any]], count: int, step: str) -> str:
    """Along the line through the two numbers that were measured."""
    if not {1, LOOPED} <= measured.keys():
        return "not measured"
    one, many = measured[1]["loop"][step], measured[LOOPED]["loop"][step]
    return f"{one + (many - one) / (LOOPED - 1) * (count - 1):.0f} s (reckoned)"

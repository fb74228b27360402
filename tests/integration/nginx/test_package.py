# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An nginx of the distribution: installed, controlled, upgraded, whatever becomes of its pid file."""

from __future__ import annotations

import re

import pytest
from ansible_collections.steadfast.edge.tests.integration.nginx.host import WEB, Web, control, shell

PAGE = f"http://{WEB}/"
# The same nginx under a newer version: dpkg brings another file, and runs the scripts of an upgrade.
NEWER = r"""
set -e
rm -rf /opt/newer && mkdir -p /opt/newer && cd /opt/newer
for package in nginx nginx-common; do
    dpkg-deb -R /opt/repo/${package}_*.deb tree
    sed -i 's/^Version: .*/&.0newer/; s/nginx-common (= [^)]*/&.0newer/' tree/DEBIAN/control
    dpkg-deb -Znone -b tree $package.deb >&2
    { dpkg-deb -f $package.deb; echo "Filename: ./$package.deb"; echo "Size: $(stat -c %s $package.deb)"
      echo "SHA256: $(sha256sum $package.deb | cut -d' ' -f1)"; echo; } >> Packages
    rm -r tree
done
echo 'deb [trusted=yes] file:/opt/newer ./' > /etc/apt/sources.list.d/newer.list
apt-get -qq update
"""


@pytest.mark.parametrize("damage", ["rm /run/nginx.pid", ": > /run/nginx.pid", "echo 999999 > /run/nginx.pid", "echo 1 > /run/nginx.pid"])
def test_no_pid_file_is_in_the_way(web: Web, damage: str) -> None:
    """By systemd's own verbs: reload, reopen, restart, stop and start all reach the master."""
    master, workers = web.master(), web.workers()
    web.sh(damage)
    web.sh("systemctl reload nginx")
    assert web.eventually(lambda: bool(web.workers()) and not set(web.workers()) & set(workers))
    assert web.master() == master
    web.sh("mv /var/log/nginx/access.log /var/log/nginx/access.log.aside; systemctl kill --kill-whom=main -s USR1 nginx")
    assert web.eventually(lambda: "access.log" in web.sh("ls /var/log/nginx").split())
    assert damage.startswith("rm") == (web.sh("test -e /run/nginx.pid && echo there || true") == "")
    web.sh("systemctl daemon-reload; systemctl stop nginx")
    assert web.sh("pgrep nginx || true") == ""
    web.sh("systemctl start nginx")
    assert web.sh("cat /run/nginx.pid") == str(web.master())


def test_each_action_without_a_pid_file(web: Web) -> None:
    web.sh("rm /run/nginx.pid")
    workers = web.workers()
    tested, there, reloaded, _moved, reopened, logs, upgraded, stopped, gone, quitted, refused, started, again = web.tasks(
        control("test"),
        shell("ls /run/nginx.pid 2>/dev/null"),
        control("reload", url="http://127.0.0.1/healthz"),
        shell("mv /var/log/nginx/access.log /var/log/nginx/access.log.aside"),
        control("reopen"),
        shell("for pid in $(pgrep -f '[n]ginx: worker'); do ls -l /proc/$pid/fd | grep -c 'access.log$'; done"),
        control("upgrade"),
        control("stop"),
        shell("pgrep nginx; systemctl is-active nginx"),
        control("quit"),
        control("reload"),
        control("start"),
        control("start"),
    )
    assert not tested["changed"] and there["stdout"] == ""
    assert reloaded["changed"] and not set(reloaded["after"]["workers"]) & {int(pid) for pid in workers}
    assert reopened["changed"] and set(logs["stdout_lines"]) == {"1"}
    assert not upgraded["changed"]
    assert stopped["changed"] and gone["stdout_lines"] == ["inactive"]
    assert not quitted["changed"]
    assert "does not run" in refused["msg"]
    assert started["changed"] and not again["changed"]


def test_quit_serves_requests_to_their_end(web: Web) -> None:
    web.sh("mkdir -p /srv && head -c 100000 /dev/zero > /srv/slow")
    with web.asked(f"{PAGE}slow", rate=4, contains="\0" * 99) as load:
        assert web.eventually(lambda: len(load.answers) >= 2)
        counted, quitted, started = web.tasks(shell("ss -Htn state established sport = :80 | wc -l"), control("quit"), control("start"))
    assert quitted["changed"] and started["changed"]
    assert int(counted["stdout"]) >= 4
    # While nginx is away nobody listens; but whoever had been let in was served.
    broken = [answer for answer in load.lost if not answer.error.startswith("ConnectionRefusedError")]
    assert not broken, broken[:3]


def test_a_new_binary_that_fails_leaves_the_old_one_serving(web: Web) -> None:
    """It takes the configuration, but ends as soon as it is to serve."""
    wrapper = 'case " $* " in *" -V "*|*" -t "*) exec /usr/sbin/nginx.real "$@";; esac; exit 3'
    master, workers = web.master(), web.workers()
    web.sh("cp -a /usr/sbin/nginx /usr/sbin/nginx.real; ln /usr/sbin/nginx /usr/sbin/nginx.kept; rm /run/nginx.pid")
    web.sh(f"printf '%s\\n' '#!/bin/sh' '{wrapper}' > /usr/sbin/nginx.new")
    web.sh("chmod 755 /usr/sbin/nginx.new; mv /usr/sbin/nginx.new /usr/sbin/nginx")
    with web.asked(PAGE) as load:
        (failed,) = web.tasks(control("upgrade", timeout=600))
        assert "the old one goes on" in failed["msg"]
    web.sh("mv /usr/sbin/nginx.kept /usr/sbin/nginx; rm /usr/sbin/nginx.real")
    (again,) = web.tasks(control("upgrade"))
    assert not again["changed"]
    assert (web.master(), web.workers(), web.sh("cat /run/nginx.pid")) == (master, workers, str(master))
    assert not load.lost, load.lost[:3]


def test_an_upgrade_of_the_package_loses_nothing(web: Web) -> None:
    web.sh(NEWER)
    master, since = web.master(), web.sh("systemctl show -p ActiveEnterTimestampMonotonic --value nginx")
    with web.asked(PAGE, connections="both") as load:
        printed = web.role(nginx_version="latest")
    assert "Run the installed nginx instead of an older one" in printed
    assert web.sh("dpkg-query -Wf '${Version}' nginx").endswith(".0newer")
    assert web.sh("dpkg-query -Wf '${Version}' nginx-common").endswith(".0newer")
    now = web.master()
    assert now != master and web.sh("cat /run/nginx.pid") == str(now)
    assert web.sh(f"test /proc/{now}/exe -ef /usr/sbin/nginx && ! kill -0 {master} 2>&1 && echo new") .endswith("new")
    assert web.sh("systemctl show -p ActiveEnterTimestampMonotonic --value nginx") == since, "it was restarted"
    assert not load.lost, load.lost[:3]
    assert len(load.answers) > 100
    assert re.search(r"changed=0\b", web.role(nginx_version="latest"))

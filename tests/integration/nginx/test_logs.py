# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs are moved aside under load, by both ways, and every request is in them exactly once."""

from __future__ import annotations

import re
import time
from collections import Counter

from ansible_collections.steadfast.edge.tests.integration.nginx.host import WEB, Load, Web

LOGS = "/var/log/nginx"
DATED = re.compile(r"access\.\d{4}-\d\d-\d\d\+\d\d:\d\d\.log\.gz")


def logged(web: Web, mark: str, *folders: str) -> int:
    """Lines of this client in all files of the log, packed or not; nginx has ended and so has written what it held back."""
    files = " ".join(f"{folder}/*access*" for folder in (LOGS, *folders))
    return int(web.sh(f"zcat -f {files} | grep -c 'GET /{mark} '", rc=None))


def rotated_under_load(web: Web, mark: str, rotate: str) -> Load:
    """Four rotations; what each has moved aside is moved on, since one day or minute has but one name."""
    web.sh(f"systemctl start nginx; rm -rf /srv/aside {LOGS}/*.log-* {LOGS}/*.2*; mkdir -p /srv/aside")
    with web.asked(f"http://{WEB}/{mark}", rate=200, connections="both") as load:
        for turn in range(4):
            seen = len(load.answers)
            assert web.eventually(lambda seen=seen: len(load.answers) > seen + 100)  # type: ignore[misc]
            # Lines wait in memory for a while, and what is empty is not rotated.
            assert web.eventually(lambda: web.sh(f"test -s {LOGS}/access.log && echo there || true") == "there")
            web.sh(rotate)
            web.sh(f"cd {LOGS}; for file in *.log-* *.2*; do test ! -e $file || mv $file /srv/aside/{turn}.$file; done")
    web.sh("systemctl stop nginx")
    return load


def requests_sent(load: Load) -> int:
    """Those that were answered; of those under way when the client was ended nobody knows."""
    assert not load.lost, load.lost[:3]
    return len(load.answers)


def check(web: Web, mark: str, load: Load) -> None:
    lines, answered = logged(web, mark, "/srv/aside"), requests_sent(load)
    files = [name for name in web.sh("ls /srv/aside").split() if "access" in name]
    web.sh("systemctl start nginx")
    assert len(files) == 4, files
    assert 0 <= lines - answered <= 8, f"{lines} lines of {answered} requests"


# Another address in each run: a lab that is kept has the lines of the last one.
MARKS = {name: f"{name}-{time.time_ns()}" for name in ("logrotate", "timer")}


def test_timer(web: Web) -> None:
    """As the tests of certificates have left the server."""
    assert web.sh("test -e /etc/logrotate.d/nginx && echo there || true") == ""
    assert "nginx-rotate.timer" in web.sh("systemctl list-timers --no-legend")
    load = rotated_under_load(web, MARKS["timer"], "rm -f /run/nginx.pid; systemctl start nginx-rotate.service")
    names = Counter(bool(DATED.search(name)) for name in web.sh("ls /srv/aside").split() if "access" in name)
    assert names[True] >= 4 and not names[False]
    check(web, MARKS["timer"], load)


def test_old_files_go(web: Web) -> None:
    names = [f"access.2026-01-0{day}+00:00.log.gz" for day in range(1, 6)]
    web.sh(f"cd {LOGS}; rm -f access.2*; touch {' '.join(names)} access.other.log")
    web.sh("systemctl start nginx-rotate.service")
    left = [name for name in web.sh(f"ls {LOGS}").split() if name.startswith("access.2")]
    assert len(left) == 2 and names[0] not in left
    assert "access.other.log" in web.sh(f"ls {LOGS}").split()


TIMER = "/etc/systemd/system/nginx-rotate.* /usr/local/sbin/steadfast-edge-nginx-rotate"
WATCH = "/etc/systemd/system/nginx-certificates.* /usr/local/sbin/steadfast-edge-nginx-certificates"
EXPORTER = "/etc/systemd/system/prometheus-nginx-exporter.service.d/*.conf"
OVERRIDE = "/etc/systemd/system/nginx.service.d/steadfast-edge.conf"


def test_what_is_not_wanted_any_more_goes(web: Web) -> None:
    """The timer where logrotate does it, the watch where no certificate is another's, the exporter; and what somebody wrote to the unit."""
    shown = "systemctl show -p UMask --value nginx"
    before = web.sh(shown)
    web.sh(f"echo 'UMask=0077' >> {OVERRIDE}; systemctl daemon-reload")
    assert web.sh(shown) == "0077" != before
    web.role()
    assert web.sh(f"ls {TIMER} {WATCH} {EXPORTER} 2>/dev/null", rc=None) == ""
    unit = "prometheus-nginx-exporter.service"
    assert web.sh(f"systemctl is-active {unit}; systemctl is-enabled {unit}", rc=None).split() == ["inactive", "disabled"]
    assert "dateext" in web.sh("cat /etc/logrotate.d/nginx")
    assert web.sh(shown) == before


def test_a_run_that_changes_nothing_makes_two_calls(web: Web) -> None:
    printed, modules = web.modules_sent()
    assert "changed=0" in printed
    assert modules == ["config_release", "nginx_info"]


def test_logrotate(web: Web) -> None:
    load = rotated_under_load(web, MARKS["logrotate"], "rm -f /run/nginx.pid; logrotate --force /etc/logrotate.d/nginx")
    check(web, MARKS["logrotate"], load)
    owner = web.sh(f"stat -c '%U:%G %a' {LOGS}/access.log")
    assert owner == "www-data:adm 640"


def test_none_takes_all_of_it_off(web: Web) -> None:
    """Files of the unit that systemd has not read since they were changed may be those of a run that died: they are seen to, once more."""
    web.sh(f"touch {OVERRIDE}")
    _printed, modules = web.modules_sent(nginx_log_rotation="none")
    assert modules.count("config_release") == 2
    assert web.sh(f"ls /etc/logrotate.d/nginx {TIMER} 2>/dev/null", rc=None) == ""
    assert "nginx-rotate" not in web.sh("systemctl list-timers --all --no-legend")
    web.sh("systemctl daemon-reload")

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that the host makes, and those that another program renews: what a client is shown."""

from __future__ import annotations

from typing import Any

from ansible_collections.steadfast.edge.tests.integration.nginx.host import WEB, Web

LIVE = "/etc/letsencrypt/live/shop.example.com"
CERTIFICATES = "/var/lib/steadfast-edge/certificates"


LOCATIONS = [{"path": "/", "return": {"status": 200, "text": "site\n"}}]


def tls(name: str) -> dict[str, Any]:
    listen = [{"port": 443}]
    return {"name": name, "listen": listen, "server_names": [f"{name}.example.com"], "tls": {"certificate": [name]}, "locations": LOCATIONS}


# One certificate of the host's own, and one that others renew; the logs of this server are turned over by a timer, see test_logs.py.
BOTH: dict[str, Any] = {
    "nginx_certificates": [
        {"name": "own", "self_signed": True, "names": ["own.example.com", WEB], "days": 90},
        {"name": "shop", "certificate_file": f"{LIVE}/fullchain.pem", "key_file": f"{LIVE}/privkey.pem"},
    ],
    "nginx_servers": [{"name": "site", "listen": [{"port": 80}], "locations": LOCATIONS}, tls("own"), tls("shop")],
    "nginx_log_rotation": "timer",
    "nginx_log_rotation_interval": "*:0/10",
    "nginx_log_rotation_keep": 2,
}
# As certbot does it: new files in the archive, then one link after the other is removed and made again.
ISSUE = """
set -e; mkdir -p /etc/letsencrypt; cd /etc/letsencrypt; mkdir -p archive/shop.example.com live/shop.example.com
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=issue{number} \
    -keyout archive/shop.example.com/privkey{number}.pem -out archive/shop.example.com/fullchain{number}.pem 2>/dev/null
for kind in privkey fullchain; do
    rm -f live/shop.example.com/$kind.pem
    ln -s ../../archive/shop.example.com/${{kind}}{number}.pem live/shop.example.com/$kind.pem
    sleep 0.5
done
"""


def shown(web: Web, name: str, field: str = "-subject") -> str:
    """Of the certificate that is served under this name."""
    ask = f"openssl s_client -connect 127.0.0.1:443 -servername {name}.example.com </dev/null 2>/dev/null"
    return web.sh(f"{ask} | openssl x509 -noout {field}", rc=None)


def test_the_host_makes_its_own(web: Web) -> None:
    web.sh(ISSUE.format(number=1))
    first = web.role("-vvv", "--diff", **BOTH)
    names = shown(web, "own", "-ext subjectAltName")
    assert "DNS:own.example.com" in names and WEB in names
    assert web.sh(f"stat -c '%U %a' {CERTIFICATES}/own.key") == "root 600"
    key = web.sh(f"sed -n 2p {CERTIFICATES}/own.key")
    assert key not in first and "PRIVATE KEY" not in first


def test_a_second_run_changes_nothing(web: Web) -> None:
    """Neither the certificates, nor the watch on those of others, nor the timer of the logs."""
    serial = shown(web, "own", "-serial")
    assert shown(web, "shop").endswith("issue1")
    assert "changed=0" in web.role(**BOTH)
    assert shown(web, "own", "-serial") == serial


def test_a_certificate_that_is_made_anew_is_served(web: Web) -> None:
    serial, master = shown(web, "own", "-serial"), web.master()
    web.sh(f"rm {CERTIFICATES}/own.pem")
    with web.asked(f"http://{WEB}/", connections="both") as load:
        web.role(**BOTH)
    assert shown(web, "own", "-serial") not in ("", serial)
    assert web.master() == master and not load.lost


def test_a_renewal_by_others_is_served_soon(web: Web) -> None:
    master = web.master()
    with web.asked(f"http://{WEB}/", connections="both") as load:
        for number in (2, 3):
            web.sh(ISSUE.format(number=number))
            assert web.eventually(lambda number=number: shown(web, "shop").endswith(f"issue{number}")), shown(web, "shop")  # type: ignore[misc]
    assert web.master() == master and not load.lost, load.lost[:3]


def test_a_key_of_another_certificate_is_not_taken_up(web: Web) -> None:
    web.sh(f"rm {LIVE}/privkey.pem; ln -s ../../archive/shop.example.com/privkey1.pem {LIVE}/privkey.pem")
    assert web.eventually(lambda: web.sh("systemctl is-active nginx-certificates.service", rc=None) == "activating")
    assert shown(web, "shop").endswith("issue3")
    # The rest of the renewal comes, and the watch that waits for it takes it up.
    web.sh(f"rm {LIVE}/fullchain.pem; ln -s ../../archive/shop.example.com/fullchain1.pem {LIVE}/fullchain.pem")
    assert web.eventually(lambda: shown(web, "shop").endswith("issue1"))

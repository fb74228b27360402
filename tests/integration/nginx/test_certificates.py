# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that the host makes, and those that another program renews: what a client is shown."""

from __future__ import annotations

from typing import Any

from ansible_collections.steadfast.edge.tests.integration.nginx.host import WEB, Web

LIVE = "/etc/letsencrypt/live/shop.example.com"
CERTIFICATES = "/var/lib/steadfast-edge/certificates"


def tls(name: str) -> list[dict[str, Any]]:
    locations = [{"path": "/", "return": {"status": 200, "text": "site\n"}}]
    secured = {"server_names": ["shop.example.com"], "tls": {"certificate": [name]}, "locations": locations}
    return [{"name": "site", "listen": [{"port": 80}], "locations": locations}, {"name": "tls", "listen": [{"port": 443}], **secured}]


OWN: dict[str, Any] = {
    "nginx_certificates": [{"name": "lab", "self_signed": True, "names": ["shop.example.com", WEB], "days": 90}],
    "nginx_servers": tls("lab"),
}
OTHERS: dict[str, Any] = {
    "nginx_certificates": [{"name": "shop", "certificate_file": f"{LIVE}/fullchain.pem", "key_file": f"{LIVE}/privkey.pem"}],
    "nginx_servers": tls("shop"),
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


def shown(web: Web, field: str = "-subject") -> str:
    """Of the certificate that is served."""
    ask = "openssl s_client -connect 127.0.0.1:443 -servername shop.example.com </dev/null 2>/dev/null"
    return web.sh(f"{ask} | openssl x509 -noout {field}", rc=None)


def test_the_host_makes_its_own(web: Web) -> None:
    first = web.role("-vvv", "--diff", **OWN)
    names = shown(web, "-ext subjectAltName")
    assert "DNS:shop.example.com" in names and WEB in names
    assert web.sh(f"stat -c '%U %a' {CERTIFICATES}/lab.key") == "root 600"
    key = web.sh(f"sed -n 2p {CERTIFICATES}/lab.key")
    assert key not in first and "PRIVATE KEY" not in first
    serial = shown(web, "-serial")
    assert "changed=0" in web.role(**OWN)
    assert shown(web, "-serial") == serial


def test_a_certificate_that_is_made_anew_is_served(web: Web) -> None:
    serial, master = shown(web, "-serial"), web.master()
    web.sh(f"rm {CERTIFICATES}/lab.pem")
    with web.asked(f"http://{WEB}/", connections="both") as load:
        web.role(**OWN)
    assert shown(web, "-serial") not in ("", serial)
    assert web.master() == master and not load.lost


def test_a_renewal_by_others_is_served_soon(web: Web) -> None:
    web.sh(ISSUE.format(number=1))
    web.role(**OTHERS)
    assert shown(web).endswith("issue1")
    master = web.master()
    with web.asked(f"http://{WEB}/", connections="both") as load:
        for number in (2, 3):
            web.sh(ISSUE.format(number=number))
            assert web.eventually(lambda number=number: shown(web).endswith(f"issue{number}")), shown(web)  # type: ignore[misc]
    assert web.master() == master and not load.lost, load.lost[:3]
    assert "changed=0" in web.role(**OTHERS)


def test_a_key_of_another_certificate_is_not_taken_up(web: Web) -> None:
    web.sh(f"rm {LIVE}/privkey.pem; ln -s ../../archive/shop.example.com/privkey1.pem {LIVE}/privkey.pem")
    assert web.eventually(lambda: web.sh("systemctl is-active nginx-certificates.service", rc=None) == "activating")
    assert shown(web).endswith("issue3")
    # The rest of the renewal comes, and the watch that waits for it takes it up.
    web.sh(f"rm {LIVE}/fullchain.pem; ln -s ../../archive/shop.example.com/fullchain1.pem {LIVE}/fullchain.pem")
    assert web.eventually(lambda: shown(web).endswith("issue1"))


def test_the_watch_goes_when_there_is_nothing_to_watch(web: Web) -> None:
    web.role(**OWN)
    left = "ls /etc/systemd/system/nginx-certificates.* /usr/local/sbin/steadfast-edge-nginx-certificates 2>/dev/null"
    assert web.sh(left, rc=None) == ""

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path of a repository with a key of its own. nginx.org itself cannot be reached from the lab: a repository on the host stands for it,
laid out and signed in the same way, with the distribution's nginx under another version."""

from __future__ import annotations

from typing import Any

from ansible_collections.steadfast.edge.tests.integration.nginx.host import Web

REPOSITORY = r"""
set -e
apt-get -qq install --no-install-recommends gpg gpg-agent >&2
suite=$(. /etc/os-release; echo $VERSION_CODENAME)
rm -rf /opt/nginx_org && mkdir -p /opt/nginx_org/dists/$suite/nginx/binary-$(dpkg --print-architecture) && cd /opt/nginx_org
export GNUPGHOME=/root/keys; mkdir -p -m 700 $GNUPGHOME
for who in signer other; do
    gpg --batch --quiet --passphrase '' --quick-gen-key $who@example.com ed25519 sign never 2>/dev/null || true
done
dpkg-deb -R /opt/repo/nginx_*.deb tree
sed -i 's/^Version: .*/Version: 1.28.0-1~'$suite'/; s/^Depends: .*/Depends: nginx-common/' tree/DEBIAN/control
printf '#!/bin/sh\nid nginx >/dev/null 2>&1 || useradd --system --no-create-home nginx\n' > tree/DEBIAN/preinst
chmod 755 tree/DEBIAN/preinst
dpkg-deb -Znone -b tree nginx.deb >&2; rm -r tree
packages=$(echo dists/$suite/nginx/binary-*/)Packages
{ dpkg-deb -f nginx.deb; echo "Filename: nginx.deb"; echo "Size: $(stat -c %s nginx.deb)"
  echo "SHA256: $(sha256sum nginx.deb | cut -d' ' -f1)"; } > $packages
cd dists/$suite
{ echo "Origin: nginx"; echo "Suite: $suite"; echo "Codename: $suite"; echo "Components: nginx"
  echo "Architectures: $(dpkg --print-architecture)"; echo "Date: $(LC_ALL=C date -Ru)"; echo "SHA256:"
  for file in nginx/*/Packages; do echo " $(sha256sum $file | cut -d' ' -f1) $(stat -c %s $file) $file"; done; } > Release
gpg --batch --quiet --local-user signer@example.com --clearsign --output InRelease Release
"""


def key(web: Web, who: str) -> str:
    return web.sh(f"GNUPGHOME=/root/keys gpg --armor --export {who}@example.com") + "\n"


def test_only_the_named_key_is_trusted_and_its_packages_win(web: Web) -> None:
    web.sh(REPOSITORY)
    org: dict[str, Any] = {"nginx_install": "nginx_org", "nginx_org_url": "file:/opt/nginx_org"}
    refused = web.role(rc=2, **org, nginx_org_key=key(web, "other"))
    assert "NO_PUBKEY" in refused or "not signed" in refused
    master = web.master()
    web.role(**org, nginx_org_key=key(web, "signer"), nginx_version="1.28.0*")
    assert web.sh("dpkg-query -Wf '${Version}' nginx").startswith("1.28.0-1~")
    assert web.sh("apt-cache policy nginx | grep -A1 '1.28.0-1' | grep -c ' 900 '", rc=None) == "1"
    assert web.master() not in (0, master)
    assert web.sh("ps -o user= -p $(pgrep -P $(cat /run/nginx.pid) | head -1)") == "nginx"
    assert "changed=0" in web.role(**org, nginx_org_key=key(web, "signer"), nginx_version="1.28.0*")

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The preferred director and an nginx are without power: the others serve, and nobody waits for the dead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labclient import Lab
from topology import APP, URL, VIP, WEB


def test_the_survivors_serve_every_request(lab: Lab, eventually: Callable[..., Any]) -> None:
    eventually(lambda: lab.holders(VIP, ["director2"]), ["director2"])
    wanted = [f"-A -t {VIP}:80 -s wrr", f"-a -t {VIP}:80 -r {WEB['web2']}:80 -g -w 1"]
    eventually(lambda: lab.run("director2", "ipvsadm", "-Sn").splitlines(), wanted)
    with lab.probing(URL, seconds=5, rate=100, timeout=5) as probing:
        pass
    figures = probing.summary
    assert (figures.requests, figures.retried, figures.lost) == (500, 0, 0), figures.errors
    by_web, by_app = figures.servers
    assert by_web == {"web2": 500}
    assert by_app.keys() == APP.keys()

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nginx -t finds good and nginx then does not take; rollbacks; secrets. On a real nginx that serves."""

from __future__ import annotations

from tests.integration.release.web import SQUATTER, Web

RELEASE = ("--skip-tags", "install")


def test_a_port_that_is_taken_brings_the_old_tree_back_and_nobody_notices(web: Web) -> None:
    web.shell(SQUATTER)
    before = web.live()
    with web.no_loss():
        output = web.refused("B", *RELEASE, raw_http="server { listen 8099; }")
    assert "bind() to 0.0.0.0:8099 failed (98: Address already in use)" in output
    assert "The previous tree is back and was reloaded." in output
    assert web.live() == before and web.served() == "A"
    web.shell("systemctl stop squatter")
    with web.no_loss():
        web.release("B", *RELEASE, raw_http="server { listen 8099; }")
    assert web.served() == "B"


def test_workers_that_cannot_work_bring_the_old_tree_back_at_once(web: Web) -> None:
    """nginx -t does not enter the folder; the new workers try, and die, while the old ones already leave."""
    before = web.live()
    with web.load() as probing:
        output = web.refused("B", *RELEASE, raw_main="working_directory /no/such/folder;")
    assert "cannot be respawned" in output and "The previous tree is back" in output
    assert web.live() == before and web.served() == "A"
    # Whoever asks in between goes without an answer; without the line in the log it would be for as long as the proof may take.
    assert probing.summary.longest_gap < 10, probing.timeline()


def test_a_reload_that_starts_no_workers_is_none(web: Web) -> None:
    before = web.live()
    with web.no_loss():
        output = web.refused("B", *RELEASE, reload=["true"], prove={"workers": "started", "timeout": 0.5})
    assert "no new worker was started by process" in output
    assert web.live() == before


def test_a_rollback_under_load(web: Web) -> None:
    before = web.live()
    with web.no_loss():
        web.release("B", *RELEASE)
        web.release("-", *RELEASE, state="rolled_back")
    assert web.served() == "A" and web.live() == before
    assert "changed=0" in web.release("-", *RELEASE, state="rolled_back")


def test_secrets_stay_secret(web: Web) -> None:
    """In no output, however much is asked for; in no log of the host; readable by root alone, earlier releases included."""
    loud = (*RELEASE, "-vvv", "--diff")
    outputs = [
        web.release("B", *loud, "--check"),
        web.release("B", *loud),
        web.refused("B", *loud, secret="sesame-open;", raw_http="include users;"),
        web.release("-", *loud, state="rolled_back"),
    ]
    assert "(secret content, other than before)" in outputs[1]
    assert "line 1: not shown, the file is secret" in outputs[2]
    assert not [output for output in outputs if "sesame" in output]
    assert web.shell("journalctl | grep sesame") == ""
    assert web.shell("stat -c '%a %U' /etc/nginx/users /etc/nginx/.edge-release").split() == ["600", "root"] * 2
    assert web.shell("cd /var/lib/steadfast-edge/releases && find . -mindepth 1 -perm /077") == ""
    assert "sesame" in web.shell("cat /var/lib/steadfast-edge/releases/etc-nginx/*.tar"), "nothing was kept, so nothing was tried"

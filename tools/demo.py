"""The main job, shown: builds the edge in the lab, balances requests, loses a director and goes on."""
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
import time

from labclient import SERVED_BY, Lab, LabError, Probing

VIP = "192.0.2.150"
URL = f"http://{VIP}/"
DIRECTORS = ("director1", "director2")


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def show_shares(probing: Probing) -> None:
    """A bar for each nginx and each Tomcat."""
    for header, shares in zip(SERVED_BY, probing.summary.servers):
        print(f"   {header}")
        total = sum(shares.values())
        for server, count in shares.items():
            print(f"     {server or '(none)':8} {'#' * round(40 * count / total):40} {count:4}  {count / total:5.1%}")


def show_outage(probing: Probing) -> None:
    figures = probing.summary
    print(f"   0 s |{probing.timeline()}| {probing.seconds:g} s     # answered   + answered after a retry   ! lost")
    print(f"   {figures.requests} requests, {figures.retried} needed a retry, {figures.lost} lost; longest gap {figures.longest_gap:.2f} s")


def cut_power(lab: Lab) -> None:
    """Lose the director that holds the VIP while a client goes on asking, then give it back."""
    active = lab.holders(VIP, DIRECTORS)
    if len(active) != 1:
        raise LabError(f"{VIP} should be held by exactly one director, it is held by {active or 'none'}")
    say(f"Power cut of {active[0]}, which holds {VIP}, while 50 requests a second go on (a client retries for some seconds)")
    with lab.probing(URL, seconds=15, retries=10) as probing:
        probing.until(3)
        lab.verb("power-off", active[0])
    show_outage(probing)
    if probing.summary.lost:
        raise LabError(f"{probing.summary.lost} requests were lost")
    survivors = [director for director in DIRECTORS if director not in active]
    print(f"   {VIP} is now held by {', '.join(lab.holders(VIP, survivors))}")
    say(f"Power back for {active[0]}: it takes the VIP back when it is ready")
    with lab.probing(URL, seconds=45, rate=20, retries=10) as probing:
        lab.verb("power-on", active[0])
    show_outage(probing)
    deadline = time.monotonic() + 60
    while lab.holders(VIP, DIRECTORS) != active:
        if time.monotonic() > deadline:
            raise LabError(f"{active[0]} did not take {VIP} back within 60 s")
    print(f"   {VIP} is held by {active[0]} again")


def main() -> int:
    lab = Lab()
    began = time.monotonic()
    say("The lab: eight hosts on one segment")
    lab.verb("up")
    say("The main job: ansible-playbook playbooks/site.yml -i inventories/lab")
    lab.playbook("playbooks/site.yml")
    say(f"Requests from client1 to {URL}")
    # The first one finds the way - each hop asks for the next one's address - and has each Tomcat's page compiled.
    for _tomcat in range(3):
        lab.run("client1", "curl", "--silent", "--show-error", "--fail", "--max-time", "10", "--output", "/dev/null", URL)
    with lab.probing(URL, seconds=6) as probing:
        pass
    show_shares(probing)
    if probing.summary.lost:
        raise LabError(f"{probing.summary.lost} requests were lost on a healthy edge: {probing.summary.errors}")
    cut_power(lab)
    say(f"Done in {time.monotonic() - began:.0f} s; the edge is left running. What to try next")
    print(
        f"""   lab/lab status                                  what runs where, and why
   lab/lab exec client1 -- curl -s {URL}    the page; ask again and again
   lab/lab exec director1 -- ipvsadm -Ln           the table that the kernel balances by
   lab/lab power-off web1                          then watch the table, and the page
   . .venv/bin/activate
   ansible-playbook playbooks/site.yml             the same run again: it changes nothing
   make down                                       and everything is gone"""
    )
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        sys.exit(1)

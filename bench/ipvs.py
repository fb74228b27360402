# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures ipvs_table against ipvsadm on a real kernel and writes the section of bench/RESULTS.md about it: `make bench-ipvs`"""

from __future__ import annotations

import sys
from pathlib import Path

from ansible_collections.steadfast.edge.tests.integration.ipvs import guest
from ansible_collections.steadfast.edge.tests.integration.ipvs.inside.measure import BEGIN, END
from results import write_section

GOALS = """
One run of `make bench-ipvs`, in a User Mode Linux guest; best of several, taken in turns. `ipvsadm` is the whole process, `ipvs_table` its
main(): Ansible's reading and checking of the options, the work, the writing of the answer. `As a process` adds the start of Python and of
Ansible's library. Goals, as multiples of `ipvsadm`: cold fill 0.75, no change 1.5, and 0.02 of one process for each line; growth is linear.
"""


def main() -> int:
    console = guest.run([Path(guest.__file__).parent / "inside/measure.py"], seconds=1800, show="-s", memory=1024)
    if END not in console:
        print(console)
        return 1
    measured = console.partition(BEGIN)[2].partition(END)[0].strip()
    write_section("IPVS tables", f"{GOALS}\n```text\n{measured}\n```")
    return 0


if __name__ == "__main__":
    sys.exit(main())

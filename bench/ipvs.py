# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures ipvs_table against ipvsadm on a real kernel: `make bench-ipvs`"""

from __future__ import annotations

from pathlib import Path

from ansible_collections.steadfast.edge.tests.integration.ipvs import guest

if __name__ == "__main__":
    print(guest.run([Path(guest.__file__).parent / "inside/measure.py"], seconds=900, show="-s"))

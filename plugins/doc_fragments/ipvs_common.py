# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What all IPVS modules share."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - A Linux kernel with IPVS, built in or as the module C(ip_vs).
  - Python 3.9 or newer on the managed host, without further libraries.
notes:
  - Everything goes through the kernel's generic netlink interface, which wants C(CAP_NET_ADMIN) in the initial user namespace,
    even for reading.
  - The table, the sysctls and the timeouts belong to a network namespace; these modules see the one they run in.
attributes:
  check_mode:
    description: Can run in check mode and predict what would change without changing it. Nothing is loaded into the kernel.
    support: full
  diff_mode:
    description: Returns the differences between what is found and what is declared.
    support: full
"""

    RETURNS = r"""
actions:
  description:
    - What was done, in order. In check mode, what would be done.
    - After a failure, exactly what had been done before it.
  returned: always
  type: list
  elements: str
  sample: ["load ip_vs", "set net.ipv4.vs.conntrack = 1"]
subject:
  description: The object that an error is about.
  returned: failure
  type: str
  sample: tcp 192.0.2.150:80 -> 192.0.2.21:80
"""

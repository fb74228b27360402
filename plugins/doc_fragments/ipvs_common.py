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

    SERVICE = r"""
options:
  protocol:
    description: Protocol of the service. Without meaning when O(fwmark) is given.
    type: str
    choices: [tcp, udp, sctp]
    default: tcp
  address:
    description: IPv4 or IPv6 address of the service. Needs O(port).
    type: str
  port:
    description: Port of the service. V(0) stands for all ports and needs O(persistence_timeout).
    type: int
  fwmark:
    description: Firewall mark of the service, V(1) to V(4294967295), instead of O(address) and O(port).
    type: int
  family:
    description:
      - Address family of a service that is named by O(fwmark), V(ipv4) when not given. The same mark in both families is two services.
      - With O(address) it follows from the address.
    type: str
    choices: [ipv4, ipv6]
"""

    DRAIN = r"""
options:
  drain_timeout:
    description:
      - Seconds to wait for the connections of real servers that leave. They get weight V(0), and are removed when their active
        connections have ended or the time is over.
      - V(0) removes them at once.
    type: int
    default: 0
  on_drain_timeout:
    description:
      - What happens when connections are left after O(drain_timeout). V(proceed) removes the servers all the same, with a warning.
      - V(fail) ends with an error and leaves them in the table at weight V(0).
    type: str
    choices: [proceed, fail]
    default: proceed
"""

    OWNER = r"""
options:
  beside_keepalived:
    description:
      - Where keepalived runs with a C(virtual_server) for a service, this module refuses to change or purge that service, since
        two owners undo each other.
      - V(true) changes it all the same. Sensible where that keepalived keeps its services in another network namespace.
    type: bool
    default: false
"""

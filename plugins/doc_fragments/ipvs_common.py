# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import textwrap

# A virtual service is the options of ipvs_service and an element of the list of ipvs_table: described once, @ is what leads there.
_IDENTITY = r"""
protocol:
  description: Protocol of the service. Without meaning when O(@fwmark) is given.
  type: str
  choices: [tcp, udp, sctp]
  default: tcp
address:
  description: IPv4 or IPv6 address of the service. Needs O(@port).
  type: str
port:
  description: Port of the service. V(0) stands for all ports and needs O(@persistence_timeout).
  type: int
fwmark:
  description: Firewall mark of the service, V(1) to V(4294967295), instead of O(@address) and O(@port).
  type: int
family:
  description:
    - Address family of a service that is named by O(@fwmark), V(ipv4) when not given. The same mark in both families is two services.
    - With O(@address) it follows from the address.
  type: str
  choices: [ipv4, ipv6]
"""

_ATTRIBUTES = r"""
scheduler:
  description: How connections are distributed. The kernel loads the scheduler's module.
  type: str
  choices: [rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos, none]
  default: wlc
scheduler_flags:
  description:
    - Flags of the scheduler. V(sh-fallback) and V(sh-port) for O(@scheduler=sh), V(mh-fallback) and V(mh-port) for
      O(@scheduler=mh), V(flag-1) to V(flag-3) for any.
    - Without its fallback flag, these two refuse the clients of a server that has weight V(0).
  type: list
  elements: str
  default: []
persistence_timeout:
  description: Seconds for which a client stays with its real server; V(0) is off.
  type: int
  default: 0
persistence_netmask:
  description:
    - Clients in the same network of this size stay together. A mask or prefix length for IPv4, a prefix length for IPv6.
    - Each client is on its own when it is not given.
  type: str
persistence_engine:
  description: Persistence engine, such as V(sip).
  type: str
one_packet:
  description: Distribute every packet on its own. For O(@protocol=udp) and O(@fwmark) only.
  type: bool
  default: false
destinations:
  description:
    - The real servers. Not given, they are left as they are.
  type: list
  elements: dict
  suboptions:
    address:
      description: IPv4 or IPv6 address. Of the other family than the service's only with O(@destinations[].forward=tunnel).
      type: str
      required: true
    port:
      description: Port. The service's when not given. It can differ with O(@destinations[].forward=masquerade) only.
      type: int
    weight:
      description: Share of new connections; V(0) takes none.
      type: int
      default: 1
    forward:
      description:
        - How packets get there. V(route) is direct routing (DR), V(tunnel) TUN, V(masquerade) NAT.
        - Changed under live connections, these may be lost, of which a warning tells. Drain the real server first.
        - With V(tunnel) over IPv6, give the director its VIP with a preferred lifetime of 0, as keepalived does. Otherwise the VIP
          becomes the source of the tunnel's packets, which the real server, having the VIP itself, drops.
      type: str
      choices: [route, tunnel, masquerade]
      default: route
    upper_threshold:
      description: Number of connections from which the server gets no more; V(0) is no limit.
      type: int
      default: 0
    lower_threshold:
      description:
        - Number of connections below which an overloaded server gets some again.
        - V(0) is three quarters of O(@destinations[].upper_threshold).
      type: int
      default: 0
    tunnel_type:
      description: Encapsulation for O(@destinations[].forward=tunnel), V(ipip) when not given.
      type: str
      choices: [ipip, gue, gre]
    tunnel_port:
      description: UDP port of O(@destinations[].tunnel_type=gue).
      type: int
    tunnel_checksum:
      description: Checksum of the encapsulation. V(standard) for gue and gre, V(remote) for gue only; V(none) when not given.
      type: str
      choices: [none, standard, remote]
"""


def _options(text: str, path: str, depth: int) -> str:
    return textwrap.indent(text.strip("\n").replace("@", path), " " * depth) + "\n"


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

    # Annotated, since the sanity tests read plain assignments as literal YAML.
    SERVICE: str = "options:\n" + _options(_IDENTITY, "", 2)

    ATTRIBUTES: str = "options:\n" + _options(_ATTRIBUTES, "", 2)

    SERVICES: str = r"""
options:
  services:
    description: The virtual services.
    type: list
    elements: dict
    required: true
    suboptions:
""" + _options(_IDENTITY + _ATTRIBUTES, "services[].", 6)

    MANNER = r"""
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
  keep_drained:
    description:
      - Whether real servers that M(steadfast.edge.ipvs_destination) drained stay at weight V(0), whatever is declared, until it gives them
        back. They then get the weight that is declared here. A warning and RV(kept_drained) name them.
      - V(false) gives them the declared weight at once.
      - A reboot ends a drain.
    type: bool
    default: true
  beside_keepalived:
    description:
      - Where keepalived runs with a C(virtual_server) for a service, this module refuses to change or purge that service, since
        two owners undo each other.
      - V(true) changes it all the same. Sensible where that keepalived keeps its services in another network namespace.
    type: bool
    default: false
  purge_destinations:
    description: Whether real servers that a service's list of destinations does not have are removed.
    type: bool
    default: true
"""

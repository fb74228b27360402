#!/usr/bin/python
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ipvs_settings
short_description: Settings of the kernel's IPVS, live and over a reboot
version_added: 0.1.0
author: The steadfast.edge authors (@steadfast)
description:
  - Loads the kernel module C(ip_vs) and sets what surrounds its table - the C(net.ipv4.vs) sysctls,
    the connection timeouts and the connection-sync daemons - in one call.
  - The C(net.ipv4.vs) sysctls do not exist before C(ip_vs) is loaded. With O(persist=true) the module is therefore
    entered in C(/etc/modules-load.d) and the values in C(/etc/sysctl.d); systemd applies the second after the first.
  - Timeouts and sync daemons have no sysctl. With O(persist=true) each of them gets a small oneshot unit that calls
    C(ipvsadm) at boot.
  - Each of O(sysctls), O(timeouts) and O(sync_daemons) that is not given is left alone, in the kernel and on disk. Given
    but empty, it removes what this module had made persistent.
  - Where keepalived owns the table, let it own the timeouts (C(lvs_timeouts)) and the sync daemons (C(lvs_sync_daemon)) too, and
    give this module O(sysctls) only. Keepalived starts and stops its sync daemon with its VRRP state, and would undo what is declared here.
extends_documentation_fragment:
  - steadfast.edge.ipvs_common
options:
  sysctls:
    description:
      - Values of C(net.ipv4.vs.*), by their names there. Only those that are given are set.
      - A name that the running kernel does not have is an error.
    type: dict
    suboptions:
      am_droprate:
        description: Rate at which packets are dropped when O(sysctls.drop_packet=3).
        type: int
      amemthresh:
        description: Available memory, in pages, below which the automatic defences fire.
        type: int
      backup_only:
        description:
          - Do not balance while the backup sync daemon runs.
          - Keeps two directors that are also real servers from passing packets to and fro.
        type: bool
      cache_bypass:
        description: Forward to the original destination when a cache service has no server left.
        type: bool
      conn_reuse_mode:
        description: What happens when a client uses a port again. Keep V(1) on kernels from 5.9.
        type: int
      conntrack:
        description: Keep connection-tracking entries for IPVS connections. Needed when balanced traffic is also source-translated.
        type: bool
      drop_entry:
        description: Defence that drops random entries; V(0) off, V(1) or V(2) automatic, V(3) always.
        type: int
      drop_packet:
        description: Defence that drops packets; V(0) off, V(1) or V(2) automatic, V(3) always.
        type: int
      expire_nodest_conn:
        description: End a connection whose real server has been removed, so that its client is reset rather than left hanging.
        type: bool
      expire_quiescent_template:
        description: Forget a client's persistence when its real server has weight 0; draining a persistent service needs it.
        type: bool
      ignore_tunneled:
        description: Do not balance packets that arrive through a tunnel.
        type: bool
      nat_icmp_send:
        description: Answer with ICMP when a real server of a masquerading service sends to an unknown connection.
        type: bool
      pmtu_disc:
        description: Take part in path MTU discovery.
        type: bool
      run_estimation:
        description: Compute rates. Switching it off saves processor time when there are many services.
        type: bool
      schedule_icmp:
        description: Balance ICMP errors to virtual services as well.
        type: bool
      secure_tcp:
        description: Stricter TCP state machine against floods; V(0) off, V(1) or V(2) automatic, V(3) always.
        type: int
      sloppy_sctp:
        description: Let a connection begin with any SCTP packet.
        type: bool
      sloppy_tcp:
        description:
          - Let a connection begin with any TCP packet.
          - With a hashing scheduler on both directors, connections survive a failover without synchronisation.
        type: bool
      snat_reroute:
        description: Route translated replies again by their new source address.
        type: bool
      sync_persist_mode:
        description: Synchronise persistence templates only.
        type: bool
      sync_ports:
        description: Number of threads of a sync daemon, a power of two from V(1) to V(64).
        type: int
      sync_qlen_max:
        description: Length limit of the queue of sync messages.
        type: int
      sync_refresh_period:
        description: Seconds in which an unchanged connection is not reported again.
        type: int
      sync_retries:
        description: Number of repeated reports, V(0) to V(3).
        type: int
      sync_sock_size:
        description: Size of the socket buffer of sync messages; V(0) is the system's default.
        type: int
      sync_threshold:
        description: Two numbers, the packet of a connection that is reported first, and the larger period of the following reports.
        type: list
        elements: int
      sync_version:
        description: Version of the sync protocol.
        type: int
  timeouts:
    description:
      - Seconds after which idle connections are forgotten. A timeout that is not given is left alone.
    type: dict
    suboptions:
      tcp:
        description: Established TCP connections.
        type: int
      tcpfin:
        description: TCP connections after a FIN.
        type: int
      udp:
        description: UDP packets.
        type: int
  sync_daemons:
    description:
      - The connection-sync daemons that shall run, at most one of each O(sync_daemons[].state). One that runs and is not listed is stopped.
      - One that has to be changed is stopped and started.
    type: list
    elements: dict
    suboptions:
      state:
        description: V(master) sends this director's connections, V(backup) receives those of others.
        type: str
        choices: [master, backup]
        required: true
      interface:
        description: Network interface of the synchronisation.
        type: str
        required: true
      syncid:
        description: Identity of the synchronisation group, V(0) to V(255); V(0) receives all.
        type: int
        default: 0
      maxlen:
        description: Largest payload of a sync packet. Not given, the kernel derives it from the interface's MTU.
        type: int
      group:
        description: Multicast group, IPv4 or IPv6.
        type: str
        default: 224.0.0.81
      port:
        description: UDP port.
        type: int
        default: 8848
      ttl:
        description: Time to live of the sync packets.
        type: int
        default: 1
  conn_tab_bits:
    description:
      - Size of the connection table as a power of two, V(8) to V(27); kernels before 6.3 take V(20) at most.
      - It is a parameter of the kernel module. When C(ip_vs) is loaded already, it takes effect at the next load and a warning says so.
    type: int
  persist:
    description:
      - Whether what is declared shall survive a reboot. With V(false) no file is read or written.
    type: bool
    default: true
seealso:
  - module: steadfast.edge.ipvs_info
"""

EXAMPLES = r"""
- name: Make draining and failover honest, where keepalived owns the table
  steadfast.edge.ipvs_settings:
    sysctls:
      expire_nodest_conn: true
      expire_quiescent_template: true
      conn_reuse_mode: 1

- name: A director of its own, with shorter timeouts and a connection-sync daemon
  steadfast.edge.ipvs_settings:
    sysctls:
      conntrack: false
      sync_threshold: [3, 50]
    timeouts:
      tcp: 600
      udp: 60
    sync_daemons:
      - state: master
        interface: eth0
        syncid: 7

- name: Stop synchronising, and do not start again at boot
  steadfast.edge.ipvs_settings:
    sync_daemons: []
"""

RETURN = r"""
before:
  description:
    - The settings that were found, limited to the parts that are declared.
    - V(null) stands for a value that does not exist yet because C(ip_vs) is not loaded.
  returned: success
  type: dict
  sample: {loaded: false, sysctls: {conntrack: null}, files: {/etc/modules-load.d/steadfast-edge-ipvs.conf: null}}
after:
  description: The same settings as they are after the run, or would be in check mode.
  returned: success
  type: dict
  sample: {loaded: true, sysctls: {conntrack: "1"}}
table_persisted:
  description: Whether M(steadfast.edge.ipvs_table) has left a table that is put back at boot.
  returned: success
  type: bool
  sample: false
vips_persisted:
  description: Whether M(steadfast.edge.vip_address) has left VIPs that are put back at boot.
  returned: success
  type: bool
  sample: false
actions:
  description: What was done, in order, or would be done. After a failure, exactly what had been done before it.
  returned: success or failure
  type: list
  elements: str
  sample: ["load ip_vs", "set net.ipv4.vs.conntrack = 1"]
errors:
  description: Each failing object, and what is wrong with it.
  returned: failure
  type: list
  elements: dict
  sample: [{subject: eth9, msg: "..."}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs import settings, settings_spec, units
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.errors import IpvsError, report
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._vip import boot


def main() -> None:
    module = AnsibleModule(argument_spec=settings_spec.argument_spec(), supports_check_mode=True)
    module.run_command_environ_update = {"LC_ALL": "C"}
    host = Host(lambda argv: module.run_command(list(argv)))
    try:
        decided = settings.plan(host, settings_spec.wanted(module.params))
        if decided.changed and not module.check_mode:
            settings.apply(host, decided)
    except IpvsError as error:
        module.fail_json(**report(error))
    for warning in decided.warnings:
        module.warn(warning)
    module.exit_json(
        changed=decided.changed,
        before=decided.before,
        after=decided.after,
        table_persisted=host.exists(units.unit(units.TABLE)),
        vips_persisted=host.exists(units.unit(boot.LATE)),
        actions=decided.actions,
        diff={"before": decided.before, "after": decided.after},
    )


if __name__ == "__main__":
    main()

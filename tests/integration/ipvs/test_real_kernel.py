# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IPVS modules on a real kernel, in guests of this machine (see guest.py).

Where a real kernel, ipvsadm or keepalived does what one does not expect, there is a test for it. Which test stands for what:

================================================================  ==============================================================
what one falls into                                               check_*.py, in inside/ unless a path is given
================================================================  ==============================================================
*attributes* (every value is made and read both ways)
- defaults, limits, all schedulers, flags, methods, tunnels       oracle: each_option, any_table_to_any_table
- an edit by hand resets what it does not name                    oracle: what_an_edit_by_hand_lost_comes_back
- ipvsadm rewrites the port of a routed server                    oracle: a_port_that_ipvsadm_rewrites_is_refused_here
- bare -p is 360 seconds, not the manual's 300                    oracle: the_bare_persistence_of_ipvsadm_is_360_seconds
- a scheduler or engine that the kernel has no module for         oracle: a_scheduler_without_.., an_engine_without_a_module
- thresholds the wrong way round, wrong ports, masks, families    tests/unit: test_normalise (refused before the kernel is asked)
- multicast and broadcast addresses of real servers               oracle: an_address_that_no_server_can_have
- weights above 65535                                             oracle: each_option
- no sync daemon beside mixed families, and the reverse           oracle: mixed_families_and_a_sync_daemon_exclude_each_other
*messages and batches*
- one error for each failing object, the rest is done or told     oracle: a_partial_failure_on_a_real_kernel
- ipvsadm -R goes on after errors, has the last line's exit code, oracle: what_ipvsadm_restores_is_not_all_or_nothing;
  and stops for good at a comment                                 all_of_them_in_one_table_over_a_boot_and_away (stderr empty)
- ipvsadm-restore flushes first                                   connections: the_last_service_of_a_family_resets..
- no permission, even for reading                                 settings: without_permission_the_remedy_is_named
- no IPVS in the kernel                                           oracle: a_kernel_without_ipvs
*listings*
- thresholds are missing from -Sn; marks from 2^31 are negative   oracle: ipvsadm_cannot_restore_what_it_saves; each_option
- one mark in two families is two services                        oracle: both_families_of_one_mark
*netlink*
- the flag that is always set, masks in two byte orders           oracle: each_option (changed the second time otherwise)
- the servers of a service that is not there: an empty list       oracle: a_service_that_is_gone_has_no_servers
- a request that is never acknowledged                            settings: a_daemon_may_be_stopped_before_it_ran
*draining and changing*
- weight 0 and no persistence: goes on, new ones elsewhere        connections: drained_and_put_back
- weight 0 and a persistence template                             connections: a_persistent_drain_is_a_fiction_until_..
- weight 0 with sh or mh without fallback                         connections: a_hashing_drain_refuses_clients_without_fallback
- a removed server black-holes, and comes back                    connections: a_black_holed_connection_comes_back_with_its_server
- a removed server, expire_nodest_conn                            connections: with_expire_nodest_conn_the_client_is_told
- a removed service black-holes, new ones are refused             paths: a_service_that_is_removed_black_holes_and_comes_back
- the last service of a family resets everybody                   connections: the_last_service_.., everything_else_changes
- edits of scheduler, persistence, weights, thresholds, flags     connections: an_edit_breaks_no_connection
- from routing to masquerading: connections may be lost           paths: a_server_that_changes_its_method_may_lose_connections
- nobody to send to, all at weight 0, a threshold reached         paths: nobody_to_send_to_refuses, a_full_server_refuses_..
- a declaration would undo a drain                                paths: a_drain_outlives_the_declaration
*kernel*
- listing loads the module                                        oracle: looking_does_not_load_the_module
- sysctls that are not there before, nor after a reboot           settings: from_a_kernel_without_.., lab/test_reboot.py
- a network namespace begins with the defaults                    settings: a_network_namespace_has_its_own
- the table's size is fixed when the module is loaded             settings: the_table_size_is_told_to_wait
- conn_reuse_mode 0 pins a port to a drained server               paths: a_port_that_comes_again_to_a_drained_server
- SNAT of IPVS traffic needs vs.conntrack                         paths: source_nat_needs_conntrack
- masquerading needs ip_forward, and the way back                 paths: masquerading_needs_forwarding, source_nat_..
- a VIP that is the source of IPv6 tunnels                        paths: a_vip_that_is_the_source_of_tunnels_is_dropped
*keepalived as the owner*
- two owners of one service                                       keepalived: its_service_is_refused_and_others_are_not
- it never repairs, and weights set by hand survive its reload    keepalived: a_drain_outlives_a_reload
- a changed weight, or a check that fails and recovers            keepalived: a_reload_with_another_weight.., a_server_that_fails..
- it removes its services when it stops                           keepalived: once_it_has_stopped_its_services_are_free
*on the wire*
- a real server that answers ARP for the VIP, or asks as the VIP  tests/integration/realserver
================================================================  ==============================================================
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.tests.integration.ipvs import guest

INSIDE = Path(__file__).parent / "inside"
# Files that may share a guest do: those about traffic. The others begin with a kernel that has not loaded IPVS yet.
GUESTS = {"oracle": ["oracle"], "settings": ["settings"], "traffic": ["connections", "keepalived", "paths", "takeover"]}


def test_every_file_has_a_guest() -> None:
    assert sorted(f"check_{name}.py" for names in GUESTS.values() for name in names) == sorted(path.name for path in INSIDE.glob("check_*"))


@pytest.mark.skipif(bool(guest.available()), reason=guest.available())
@pytest.mark.parametrize("names", GUESTS.values(), ids=GUESTS)
def test_on_a_real_kernel(names: list[str]) -> None:
    console = guest.run([INSIDE / f"check_{name}.py" for name in names])
    summary = re.search(r"^(\d+) passed(.*) in ", console, re.MULTILINE)
    assert summary, console
    assert "failed" not in summary[2], console
    assert "skipped" not in summary[2], console
    assert "guest ended with 0" in console, console

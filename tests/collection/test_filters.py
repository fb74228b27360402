# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters inside Ansible itself, whose variables are not plain lists and dictionaries."""

from __future__ import annotations

import subprocess

from checkout import ROOT


def test_with_defaults_takes_variables_as_ansible_hands_them_over() -> None:
    servers = '{"servers": [{"name": "shop", "address": "{{ vip }}", "port": 80, "real_servers": []}], "vip": "192.0.2.150"}'
    message = "msg={{ servers | steadfast.edge.with_defaults('keepalived', 'keepalived_virtual_servers') }}"
    command = ["ansible", "localhost", "-m", "ansible.builtin.debug", "-e", servers, "-a", message]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "address: 192.0.2.150" in done.stdout.replace('"', "")
    assert "protocol: TCP" in done.stdout.replace('"', "")

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The preflight and the filters in real runs of ansible-playbook, over hosts that nobody can reach.

The inventory is written as people write it: YAML files with groups and templates. The way to every host is a command that
leaves a mark when it is used, so "no host has been touched" is seen, not believed.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.steadfast.edge.plugins.module_utils._topology import derive
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.topology.cases import BAD_INPUTS, broken, good, hostvars, put

CHECKOUT = Path(__file__).resolve().parents[3]

PLAYBOOK = """
- import_playbook: {checkout}/playbooks/preflight.yml
- hosts: all
  gather_facts: false
  tasks:
    - name: Touch every host
      ansible.builtin.raw: "true"
"""

DERIVE = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Derive
      ansible.builtin.copy:
        content: "{{ derived | to_json }}"
        dest: "{{ playbook_dir }}/{{ inventory_hostname }}.json"
        mode: "0600"
      connection: local
      vars:
        ansible_connection: local
        ansible_python_interpreter: "{{ ansible_playbook_python }}"
        derived:
          vrrp_instances: "{{ hostvars | steadfast.edge.vrrp_instances(inventory_hostname) }}"
          virtual_servers: "{{ hostvars | steadfast.edge.virtual_servers(inventory_hostname) }}"
          director: "{{ hostvars | steadfast.edge.director(inventory_hostname) }}"
          realserver: "{{ hostvars | steadfast.edge.realserver(inventory_hostname) }}"
          upstreams: "{{ hostvars | steadfast.edge.upstreams(inventory_hostname) }}"
"""


FUNCTIONS = (derive.vrrp_instances, derive.virtual_servers, derive.director, derive.realserver, derive.upstreams)


class Project:
    """A folder with an inventory, playbooks, and hosts whose only way in leaves a mark."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = folder / "touched"
        (folder / "site.yml").write_text(PLAYBOOK.format(checkout=CHECKOUT))
        (folder / "derive.yml").write_text(DERIVE)
        way_in = folder / "ssh"
        way_in.write_text(f"#!/bin/sh\necho \"$@\" >> '{self.mark}'\nexit 255\n")
        way_in.chmod(0o755)
        configuration = folder / "ansible.cfg"
        configuration.touch()
        self.environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".ansible" / "collections"),
            "ANSIBLE_CONFIG": str(configuration),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_SSH_EXECUTABLE": str(way_in),
            "ANSIBLE_NOCOLOR": "1",
        }

    def write(self, inventory: dict[str, Any]) -> None:
        folder = self.folder / "inventory"
        (folder / "group_vars").mkdir(parents=True, exist_ok=True)
        hosts = {host: {name: value for name, value in own.items() if value is not None} for host, own in inventory["hosts"].items()}
        children = {name: {"hosts": dict.fromkeys(members)} for name, members in inventory["groups"].items()}
        (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts, "children": children}}, sort_keys=False))
        (folder / "group_vars" / "all.yml").write_text(yaml.safe_dump(inventory["all"], sort_keys=False))

    def run(self, playbook: str, *options: str) -> subprocess.CompletedProcess[str]:
        self.mark.unlink(missing_ok=True)
        command = ["ansible-playbook", "-i", "inventory", playbook, *options]
        return subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=120)

    def result(self, inventory: dict[str, Any], *options: str) -> tuple[int, dict[str, Any]]:
        """The exit code and the data of the preflight's task."""
        self.write(inventory)
        finished = self.run("site.yml", "-v", *options)
        rest = finished.stdout.partition("[Check the whole inventory at once]")[2]
        assert "=> " in rest, finished.stdout + finished.stderr
        found: dict[str, Any] = json.JSONDecoder().raw_decode(rest.split("=> ", 1)[1])[0]
        return finished.returncode, found


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_the_good_inventory_lets_the_run_begin(project: Project) -> None:
    code, result = project.result(good())
    assert result["errors"] == []
    assert result["msg"].startswith("The topology is sound")
    # The play after it tried, and nobody was there: the mark works.
    assert (code, project.mark.exists()) == (4, True)


KINDS = [
    "VIP outside its subnet",
    "Two VIPs with one VRID",
    "Unknown scheduler",
    "Misspelt key of a real server",
    "Real server that is in no inventory",
    "DR with another port",
    "Hosts disagree",
    "Template that stays one",
    "One of two hosts has a wrong value",
    "Misspelt directive",
    "Directive that would bring another one",
    "Part of a list that has a mistake",
    "Misspelt name of a part of a list",
    "Secret of a wrong type",
]


@pytest.mark.parametrize("name", KINDS)
def test_bad_input_stops_the_run_and_no_host_is_touched(project: Project, name: str) -> None:
    case = next(case for case in BAD_INPUTS if case["name"] == name)
    code, result = project.result(broken(case))
    assert (code, project.mark.exists()) == (2, False)
    assert [(error["path"], error["host"]) for error in result["errors"]] == [
        (expected["path"], expected.get("host")) for expected in case["expect"]
    ]
    for expected in case["expect"]:
        assert expected["path"] in result["msg"]
    assert result["changed"] is False


def test_limits_checks_and_tags_hide_no_error(project: Project) -> None:
    inventory = good()
    put(inventory["all"], "edge_vips[1].virtual_router_id", 51)
    code, result = project.result(inventory, "--limit", "client1", "--check", "--tags", "web")
    assert (code, project.mark.exists()) == (2, False)
    assert [error["path"] for error in result["errors"]] == ["edge_vips[1].virtual_router_id"]


def test_extra_vars_are_part_of_it(project: Project) -> None:
    code, result = project.result(good(), "-e", json.dumps({"edge_vrrp": {"version": 5}, "nginx_worker_proceses": 2}))
    assert (code, project.mark.exists()) == (2, False)
    assert [error["path"] for error in result["errors"]] == ["edge_vrrp.version", "nginx_worker_proceses"]


def test_an_undefined_name_is_one_error_for_all_hosts(project: Project) -> None:
    inventory = good()
    inventory["all"]["edge_upstreams"][0]["members"] = "{{ groups['edge_ap'] }}"
    code, result = project.result(inventory)
    assert (code, project.mark.exists()) == (2, False)
    assert [error["path"] for error in result["errors"]] == ["edge_upstreams"]
    assert "edge_ap" in result["errors"][0]["message"]


def test_templates_of_the_inventory_are_rendered(project: Project) -> None:
    inventory = good()
    inventory["all"]["segment"] = "192.0.2"
    inventory["all"]["edge_vips"][0].update(address="{{ segment }}.150/24", holders="{{ groups['edge_directors'] }}")
    inventory["all"]["edge_virtual_services"][0]["real_servers"] = "{{ groups['edge_web'] | sort(reverse=true) }}"
    inventory["hosts"]["web1"] = {"ansible_host": "name.example.com", "edge_address": "{{ segment }}.21"}
    assert project.result(inventory)[1]["errors"] == []


def test_one_text_that_means_something_else_on_each_host_is_seen(project: Project) -> None:
    inventory = good()
    inventory["all"]["edge_vips"][0]["holders"] = "{{ [inventory_hostname] }}"
    result = project.result(inventory)[1]
    assert "edge_vips[0].holders[0]" in [error["path"] for error in result["errors"]]
    assert "Hosts see different values" in result["msg"]


def test_what_only_facts_can_tell_is_left_to_the_role(project: Project) -> None:
    inventory = good()
    inventory["all"]["tomcat_heap_max"] = "{{ ansible_facts['memtotal_mb'] // 2 }}m"
    # The rest is judged all the same, but not what it has to do with the part that is missing.
    inventory["all"]["nginx_caches"] = "{{ ansible_facts['processor_nproc'] }}"
    inventory["all"]["nginx_worker_connections"] = "many"
    assert [error["path"] for error in project.result(inventory)[1]["errors"]] == ["nginx_worker_connections"]


def test_a_list_written_in_several_places_is_judged_as_one(project: Project) -> None:
    inventory = good()
    inventory["all"]["nginx_servers__more"] = "{{ [{'name': 'center', 'directives': {'gzip': 'of'}}] }}"
    (error,) = project.result(inventory)[1]["errors"]
    assert (error["path"], error["value"]) == ("nginx_servers[center].directives.gzip", "of")


def test_filters_see_the_same_in_a_real_run(project: Project) -> None:
    inventory = good()
    expected = {
        host: {
            function.__name__: function(hostvars(inventory), host)
            for function in FUNCTIONS
        }
        for host in ("director2", "web1")
    }
    inventory["all"]["edge_virtual_services"][1]["real_servers"] = "{{ groups['edge_web'] }}"
    project.write(inventory)
    finished = project.run("derive.yml", "--limit", "director2,web1")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    found = {host: json.loads((project.folder / f"{host}.json").read_text()) for host in expected}
    assert found == expected
    assert not (project.folder / "director1.json").exists()


def test_a_filter_fails_by_name(project: Project) -> None:
    inventory = good()
    put(inventory["all"], "edge_vips[0].holders", ["director1", "nobody"])
    project.write(inventory)
    finished = project.run("derive.yml", "--limit", "director1")
    assert finished.returncode == 2
    assert "edge_vips[0].holders[1]: nobody" in " ".join((finished.stdout + finished.stderr).split())

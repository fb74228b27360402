# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rolling playbooks do in which order, and what when something fails: all of it through Ansible, with modules that stand in."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule

ROOT = Path(__file__).resolve().parents[3]
STAND_IN = (Path(__file__).parent / "stand_in.py").read_text(encoding="utf-8")
MODULES = ("config_release", "host_state", "ipvs_destination", "tcp_connections", "http_probe", "member_drain", "nginx_control")
CHANGE = """\
---
- name: Lose another host
  ansible.builtin.file: {path: "{{ dies }}", state: absent}
  when: dies is defined

- name: Have it unreachable
  ansible.builtin.file: {path: "{{ dies }}", state: touch}
  when: dies is defined

- name: Deploy
  ansible.builtin.fail: {msg: told to}
  when: inventory_hostname in change_fails | default([])
"""
WITH_ROLE = """
- name: Deploy with the role
  ansible.builtin.include_role: {name: steadfast.edge.tomcat, tasks_from: applications}
  when: with_role | default(false)
"""
HOSTS = {
    "edge_directors": {"director1": "192.0.2.11", "director2": "192.0.2.12"},
    "edge_web": {"web1": "192.0.2.21", "web2": "192.0.2.22"},
    "edge_app": {"app1": "192.0.2.31", "app2": "192.0.2.32"},
}
UPGRADE = """\
---
- name: Say what would be restarted
  ansible.builtin.debug:
    msg: >-
      {{ upgrade_units | join(' and ') | default('nothing', true) }} would be restarted,
      {{ ['bash', 'keepalived', 'nginx-core'] | select('match', '^(' ~ upgrade_own ~ ')$') | join(' and ') }} would be newer.
"""
# A director whose table nobody else owns.
ALONE = {
    "edge_director": {"manager": "ipvs"},
    "edge_vips": [{"name": "shop", "address": "192.0.2.150/24", "holders": ["director1"]}],
    "edge_virtual_services": [{"name": "shop-http", "vip": "shop", "port": 80, "real_servers": ["web1", "web2"]}],
}
TWO_VIPS = [
    {"name": "shop", "address": "192.0.2.150/24", "virtual_router_id": 51, "holders": ["director1", "director2"]},
    {"name": "center", "address": "192.0.2.151/24", "virtual_router_id": 52, "holders": ["director1", "web1"]},
]
Run = Callable[..., "tuple[bool, str, list[tuple[str, dict[str, Any]]]]"]


class Declared(Exception):
    """The options of a module are known."""


def options_of(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    module = importlib.import_module(f"ansible_collections.steadfast.edge.plugins.modules.{name}")
    found: dict[str, Any] = {}

    def declare(_module: AnsibleModule, argument_spec: dict[str, Any], **_rest: Any) -> None:
        found.update(argument_spec)
        raise Declared

    monkeypatch.setattr(AnsibleModule, "__init__", declare)
    with pytest.raises(Declared):
        module.main()
    return found


@pytest.fixture(name="run")
def fixture_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    collection = tmp_path / "ansible_collections/steadfast/edge"
    for name in ("plugins", "playbooks", "roles"):
        shutil.copytree(ROOT / name, collection / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "galaxy.yml", collection)
    for name in MODULES:
        text = STAND_IN.replace("@NAME@", name).replace('"@OPTIONS@"', repr(json.dumps(options_of(name, monkeypatch))))
        (collection / f"plugins/modules/{name}.py").write_text(text.replace("@FOLDER@", str(tmp_path)), encoding="utf-8")
    (collection / "plugins/action/config_release.py").unlink()
    (collection / "playbooks/tasks/change_applications.yml").write_text(CHANGE + WITH_ROLE, encoding="utf-8")
    (collection / "playbooks/tasks/change_packages.yml").write_text(UPGRADE, encoding="utf-8")
    (collection / "roles/nginx/tasks/main.yml").write_text(CHANGE, encoding="utf-8")
    # What the stand-ins answer is no edge; this test is about what follows from findings.
    verify = collection / "plugins/filter/verify.py"
    judged = 'lambda _hostvars, looks: [{"where": "web1", "what": "Somebody is out.", "remedy": "R.", "by": one["by"]}'
    judged += ' for look in looks.values() for tree in look.get("trees", {}).values() for one in tree["drained"]]'
    judged += ' + [{"where": host, "what": "No look.", "remedy": "R.", "by": ""} for host, look in looks.items() if "trees" not in look]'
    verify.write_text(verify.read_text(encoding="utf-8").replace('_filter("findings", findings)', judged), encoding="utf-8")
    (tmp_path / "ansible.cfg").write_text("[defaults]\ndisplay_skipped_hosts = false\n", encoding="utf-8")
    shutil.copy(ROOT / "inventories/lab/group_vars/all/edge.yml", tmp_path / "edge.yml")
    groups = {name: {"hosts": {host: {"ansible_host": address} for host, address in hosts.items()}} for name, hosts in HOSTS.items()}
    local = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    for host, variables in (pair for hosts in groups.values() for pair in hosts["hosts"].items()):
        # A file in its place, and Ansible finds the host unreachable.
        variables["ansible_remote_tmp"] = str(tmp_path / "hosts" / host)
    (tmp_path / "hosts").mkdir()
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": local, "children": groups}}), encoding="utf-8")
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "edge.yml").rename(tmp_path / "group_vars/all.yml")

    def run(playbook: str, limit: str, told: dict[str, Any] | None = None, dead: Collection[str] = (), **variables: Any) -> Any:
        (tmp_path / "told.json").write_text(json.dumps(told or {}), encoding="utf-8")
        (tmp_path / "calls").write_text("", encoding="utf-8")
        for host in dead:
            (tmp_path / "hosts" / host).write_text("Nothing can be written into this.", encoding="utf-8")
        argv = ["ansible-playbook", "-i", str(tmp_path / "hosts.json"), str(collection / f"playbooks/{playbook}.yml"), "--limit", limit]
        environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_COLLECTIONS_PATH": str(tmp_path)}
        environment.pop("PYTHONPATH", None)
        argv += ["-e", json.dumps({"warm_up_seconds": 1, **variables})]
        done = subprocess.run(argv, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        print(done.stdout, done.stderr)
        calls = [tuple(json.loads(line)) for line in (tmp_path / "calls").read_text(encoding="utf-8").splitlines()]
        return done.returncode == 0, re.sub(r"(\s|\\n)+", " ", done.stdout + done.stderr), calls

    return run


def drains(calls: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, str, str | None]]:
    return [(call["state"], ",".join(call["members"] or []), call["vips"]) for name, call in calls if name == "member_drain"]


def test_a_host_is_out_while_it_is_changed_and_back_afterwards(run: Run) -> None:
    done, said, calls = run("deploy_app", "app1,app2")
    assert done
    out, back = ("drained", "192.0.2.31:8080", None), ("serving", "192.0.2.31:8080", None)
    assert drains(calls)[:4] == [out, out, back, back]
    assert len(drains(calls)) == 8
    names = [name for name, _call in calls]
    assert names.index("member_drain") < names.index("tcp_connections") < names.index("http_probe")
    assert re.search(r"app1 is changed, proven and back \(1 of 2\): drained in [0-9.]+ s, of which 1.5 s waiting for connections", said)


def test_a_change_that_fails_on_a_host_that_serves_puts_it_back_and_stops(run: Run) -> None:
    done, said, calls = run("deploy_app", "app1,app2", change_fails=["app1"])
    assert not done
    assert "app1 failed, and no further host is touched. Deploy: told to" in said
    assert "It serves, and is back in service." in said
    assert "Not reached: app2." in said
    assert [state for state, _members, _vips in drains(calls)] == ["drained", "drained", "serving", "serving"]


def test_what_fails_on_one_host_of_a_batch_leaves_none_of_it_out(run: Run) -> None:
    done, said, calls = run("deploy_app", "app1,app2", max_unavailable=2, change_fails=["app1"])
    assert not done
    assert "app1 failed, and no further host is touched. Deploy: told to" in said
    assert "app2 was stopped half-way, and no further host is touched. app1 failed. Deploy: told to" in said
    assert "Not reached: none." in said
    assert "Not reached: app2" not in said
    back = [members for state, members, _vips in drains(calls) if state == "serving"]
    assert sorted(back) == ["192.0.2.31:8080"] * 2 + ["192.0.2.32:8080"] * 2


def test_applications_are_taken_back_only_where_they_failed(run: Run) -> None:
    instance = {"webapps": "/srv", "links": [], "unit": "tomcat", "applications_proof": {}, "proof": {}}
    role = {"__tomcat_names": ["shop", "news"], "__tomcat_instance": instance, "__tomcat_plan": {"instances": []}}
    told = {"fails": ["config_release on app1"]}
    done, said, calls = run("deploy_app", "app1,app2", told, max_unavailable=2, with_role=True, **role)
    assert not done
    assert "app1 has the applications that were live before, and they answer. config_release was told to fail" in said
    assert "app2 was stopped half-way, and no further host is touched. app1 failed. Say what happened:" in said
    assert [call["state"] for name, call in calls if name == "config_release" and call["on"] == "app2"] == ["present"] * 2


def test_a_reload_names_the_host_of_the_batch_that_failed(run: Run) -> None:
    done, said, _calls = run("rolling_reload", "web1,web2", max_unavailable=2, change_fails=["web1"])
    assert not done
    assert "web1 failed, and no further host is touched: told to" in said
    assert "web2 was stopped half-way, and no further host is touched: another host of its batch failed, see there." in said
    assert "Not reached: web2" not in said


@pytest.mark.parametrize(
    ("fails", "message"),
    [([], "app1 is changed and proven, but not back everywhere"), (["app1"], "app1 failed, and no further host is touched.")],
)
def test_a_balancer_that_dies_keeps_no_host_out_on_the_others(run: Run, tmp_path: Path, fails: list[str], message: str) -> None:
    done, said, calls = run("deploy_app", "app1,app2", change_fails=fails, dies=str(tmp_path / "hosts/web1"))
    assert not done
    assert message in said
    assert "It is back in service, but not everywhere: web1 could not be reached." in said
    assert "Not reached: app2." in said
    told = [(call["state"], call["on"]) for name, call in calls if name == "member_drain"]
    assert told == [("drained", "web1"), ("drained", "web2"), ("serving", "web2")]


def test_a_host_is_put_back_by_hand_though_a_balancer_is_dead_and_another_refuses(run: Run) -> None:
    done, said, calls = run("undrain", "web1", {"fails": ["member_drain on director1"]}, dead=["director2"])
    assert not done
    assert "web1 is back in service, but not everywhere: director1: member_drain was told to fail; director2 could not be reached." in said
    assert [(call["on"], call["by"]) for name, call in calls if name == "member_drain"] == [("director1", "hand"), ("director1", "roll")]


def test_a_host_is_drained_everywhere_or_nowhere(run: Run) -> None:
    done, said, calls = run("drain", "app1", dead=["web2"])
    assert not done
    assert "web2 could not be reached, and would send app1 requests on: nothing was drained." in said
    assert not drains(calls)


def test_a_witness_that_dies_is_named_by_a_reload(run: Run, tmp_path: Path) -> None:
    done, said, _calls = run("rolling_reload", "web1,web2", dies=str(tmp_path / "hosts/director2"))
    assert not done
    assert "web1 failed, and no further host is touched: The edge is not whole: director2: No look. R." in said


def test_a_host_that_does_not_serve_stays_out(run: Run) -> None:
    done, said, calls = run("deploy_app", "app1,app2", {"error": "status 503"}, prove_timeout=0)
    assert not done
    assert "It does not serve (web1 asks tcp://192.0.2.31:8080: status 503; web2 asks" in said
    assert "so it stays out of service; the others serve." in said
    assert [state for state, _members, _vips in drains(calls)] == ["drained", "drained"]


def test_a_host_that_cannot_be_drained_is_not_changed(run: Run) -> None:
    done, said, _calls = run("deploy_app", "app1", {"fails": ["tcp_connections"]}, change_fails=["app1"])
    assert not done
    assert "tcp_connections was told to fail" in said
    assert "told to deploy" not in said


@pytest.mark.parametrize(("by", "goes_on"), [("roll", True), ("hand", False)])
def test_who_was_left_out_by_a_roll_is_put_back_and_others_are_respected(run: Run, by: str, goes_on: bool) -> None:
    left = [{"pool": "p", "member": "192.0.2.32:8080", "by": by}]
    _done, said, calls = run("rolling_upgrade", "web1", {"drained": left}, upgrade="none")
    assert ("An interrupted roll had left 192.0.2.32:8080 out of service on web1." in said) is goes_on
    assert ("The edge is not healthy, and nothing was begun." in said) is not goes_on
    assert bool(drains(calls)) is goes_on


def test_a_host_that_is_down_is_named_though_limit_leaves_it_out(run: Run) -> None:
    done, said, calls = run("rolling_upgrade", "web1,web2", dead=["web1", "director2"], upgrade="none")
    assert not done
    assert "nothing was begun. 2 problems: 1. web1: No look. R. 2. director2: No look. R." in said
    assert not drains(calls)


def test_a_director_yields_its_vips(run: Run) -> None:
    done, said, calls = run("drain", "director1")
    assert done
    assert drains(calls) == [("drained", "", "yielded")]
    assert "director1 is drained, its VIPs are with director2;" in said


def test_who_yields_himself_takes_no_vips(run: Run) -> None:
    done, said, calls = run("drain", "director1", {"yielded": {"director2": "hand"}})
    assert not done
    assert "Nobody but director1 can hold 192.0.2.150: director2 yields its VIPs (by hand). Start keepalived" in said
    assert not drains(calls)


def test_each_vip_needs_another_holder(run: Run) -> None:
    done, said, calls = run("drain", "director1", dead=["web1"], edge_vips=TWO_VIPS)
    assert not done
    assert "Nobody but director1 can hold 192.0.2.151: web1 cannot be reached." in said
    assert not drains(calls)


def test_vips_that_nobody_takes_are_held_again(run: Run) -> None:
    done, said, calls = run("drain", "director1", {"held": ["192.0.2.150"]}, edge_vips=TWO_VIPS)
    assert not done
    assert "director1 has yielded 192.0.2.151, and none of director2, web1 has taken it." in said
    assert "director1 takes part for its VIPs again." in said
    assert drains(calls) == [("drained", "", "yielded"), ("drained", "", "held")]


def test_hosts_are_drained_one_after_the_other(run: Run) -> None:
    done, _said, calls = run("drain", "web1,web2")
    assert done
    assert [members for _state, members, _vips in drains(calls)] == ["192.0.2.21"] * 2 + ["192.0.2.22"] * 2


def test_a_director_without_keepalived_keeps_as_many_in_service(run: Run) -> None:
    done, _said, calls = run("drain", "web1", min_serving=2, **ALONE)
    assert done
    told = [(call["on"], call["address"], call["state"], call["min_serving"]) for name, call in calls if name == "ipvs_destination"]
    assert told == [("director1", "192.0.2.21", "drained", 2)]


@pytest.mark.parametrize(
    ("host", "variables", "units", "packages"),
    [
        ("director1", {}, "keepalived", "keepalived"),
        ("director1", ALONE, "nothing", "keepalived"),
        ("web1", {}, "nginx", "keepalived and nginx-core"),
        ("web1", {"edge_vips": TWO_VIPS}, "nginx and keepalived", "keepalived and nginx-core"),
    ],
)
def test_an_upgrade_restarts_what_the_host_has(run: Run, host: str, variables: dict[str, Any], units: str, packages: str) -> None:
    done, said, _calls = run("rolling_upgrade", host, {"held": ["192.0.2.150", "192.0.2.151"]}, upgrade="none", reboot=True, **variables)
    assert done
    assert f"{units} would be restarted, {packages} would be newer." in said


@pytest.mark.parametrize("upgrade", ["nginx", {"nginx": "1.22.1-9"}])
def test_an_upgrade_of_what_nobody_can_mean_is_refused(run: Run, upgrade: Any) -> None:
    done, said, calls = run("rolling_upgrade", "web1", upgrade=upgrade)
    assert not done
    assert f"upgrade is {json.dumps(upgrade)}. Write services, all or none, or a list of packages" in said.replace('\\"', '"')
    assert not calls

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the role's variables to instances, files and applications."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._spec.roles import options_of
from ansible_collections.steadfast.edge.plugins.module_utils._tomcat.model import Host
from ansible_collections.steadfast.edge.plugins.module_utils._tomcat.plan import build
from ansible_collections.steadfast.edge.plugins.module_utils._topology.problems import Problems

HOST = Host(name="app1")
KEY = "0123456789abcdef" * 2
JAR = {"name": "redisson.jar", "src": "https://artifacts.example.com/r.jar", "checksum": "sha256:" + "0" * 64}
SHOP = {"context": "shop", "src": "/apps/shop.war"}
REPLICATED: dict[str, Any] = {
    "tomcat_sessions": "replicated",
    "tomcat_replication": {"key": KEY},
    "tomcat_replication_address": "192.0.2.31",
    "tomcat_replication_members": [{"address": "192.0.2.32"}, {"address": "192.0.2.31"}],
}
STORED: dict[str, Any] = {
    "tomcat_sessions": "stored",
    "tomcat_session_store": {"address": "192.0.2.9", "password": 'a"b', "libraries": [JAR]},
}
ARCHIVE: dict[str, Any] = {
    "tomcat_install": "archive",
    "tomcat_archive_url": "https://artifacts.example.com/t.tar.gz",
    "tomcat_archive_checksum": "sha512:" + "1" * 128,
}


def plan(paths: dict[str, str] | None = None, **variables: Any) -> dict[str, Any]:
    problems = Problems()
    found = build({"tomcat_jvm_route": "app1", **variables}, options_of("tomcat"), HOST, problems, paths)
    assert [str(problem) for problem in problems] == []
    return found


def refused(**variables: Any) -> list[str]:
    problems = Problems()
    assert build({"tomcat_jvm_route": "app1", **variables}, options_of("tomcat"), HOST, problems) == {}
    return [problem.path for problem in problems]


def only(**variables: Any) -> dict[str, Any]:
    (instance,) = plan(**variables)["instances"]
    return dict(instance)


def file(instance: dict[str, Any], path: str) -> dict[str, Any]:
    (found,) = [one for one in instance["files"] if one["path"] == path]
    return dict(found)


def server(instance: dict[str, Any]) -> ElementTree.Element:
    return ElementTree.fromstring(file(instance, "conf/server.xml")["content"])


def attribute(instance: dict[str, Any], path: str, name: str) -> str | None:
    element = server(instance).find(path)
    assert element is not None, path
    return element.get(name)


def test_without_a_list_there_is_one_instance() -> None:
    instance = only(tomcat_applications=[SHOP])
    assert (instance["name"], instance["unit"], instance["base"]) == ("main", "tomcat10", "/srv/tomcat/main")
    assert attribute(instance, "Service/Engine", "jvmRoute") == "app1"
    assert plan()["foreign_unit"] == ""


def test_instances_say_what_they_have_of_their_own() -> None:
    found = plan(
        tomcat_heap_max="1g",
        tomcat_instances=[
            {"name": "a", "port": 8081},
            {"name": "b", "port": 8082, "heap_max": "2g", "jvm_route": "x", "applications": [SHOP]},
        ],
        tomcat_applications=[{"context": "ROOT", "src": "/apps/root"}],
    )
    a, b = found["instances"]
    assert (a["unit"], b["base"], b["webapps"]) == ("tomcat-a", "/srv/tomcat/b", "/srv/tomcat/b.webapps")
    assert [attribute(one, "Service/Connector", "port") for one in (a, b)] == ["8081", "8082"]
    assert [attribute(one, "Service/Engine", "jvmRoute") for one in (a, b)] == ["app1-a", "x"]
    assert ["-Xmx1g" in file(a, "conf/jvm.env")["content"], "-Xmx2g" in file(b, "conf/jvm.env")["content"]] == [True, True]
    assert [[link["path"] for link in one["links"]] for one in (a, b)] == [["ROOT"], ["shop"]]
    assert found["foreign_unit"] == "tomcat10"


def test_an_instance_that_is_absent_is_stopped_and_nothing_else() -> None:
    found = plan(tomcat_instances=[{"name": "a"}, {"name": "b", "state": "absent"}])
    assert [one["name"] for one in found["instances"]] == ["a"]
    assert found["absent"] == [{"name": "b", "unit": "tomcat-b", "base": "/srv/tomcat/b", "webapps": "/srv/tomcat/b.webapps"}]


def test_nothing_that_comes_with_tomcat_is_served() -> None:
    instance = only()
    assert attribute(instance, ".", "port") == "-1"
    assert attribute(instance, "Service/Engine/Host", "appBase") == "/srv/tomcat/main.webapps"
    assert attribute(instance, "Service/Engine/Host", "autoDeploy") == "false"
    assert [host.get("name") for host in server(instance).iter("Host")] == ["localhost"]


def test_only_the_proxies_are_believed() -> None:
    instance = only(tomcat_internal_proxies=["192.0.2.21", "2001:db8:0:0:0:0:0:1"])
    valve = server(instance).find("Service/Engine/Valve[@remoteIpHeader]")
    assert valve is not None and valve.get("internalProxies") == r"192\.0\.2\.21|2001:db8:0:0:0:0:0:1"
    valve = server(only()).find("Service/Engine/Valve[@remoteIpHeader]")
    assert valve is not None and valve.get("internalProxies") == "", "without an attribute Tomcat believes every private address"


def test_values_are_escaped() -> None:
    instance = only(tomcat_connector_attributes={"server": 'a<b & "c"', "port": 9})
    assert attribute(instance, "Service/Connector", "server") == 'a<b & "c"'
    assert attribute(instance, "Service/Connector", "port") == "9"


def test_tomcat_itself_is_asked_first_and_each_path_once() -> None:
    applications = [{**SHOP, "health_path": "/shop/ok"}, {"context": "ROOT", "src": "/apps/root", "health_path": "/healthz"}]
    instance = only(tomcat_applications=applications, tomcat_health_path="/healthz", tomcat_address="192.0.2.31", tomcat_port=81)
    base = "http://192.0.2.31:81"
    assert instance["urls"] == [f"{base}/.edge/state", f"{base}/healthz", f"{base}/shop/ok"]
    assert (instance["applications_proof"]["url"], instance["applications_proof"]["urls"]) == (instance["urls"][0], instance["urls"][1:])
    assert "urls" not in instance["proof"]
    assert only(tomcat_health_path="/healthz")["urls"] == ["http://127.0.0.1:8080/.edge/state"]
    assert only(tomcat_address="2001:db8::31")["urls"] == ["http://[2001:db8::31]:8080/.edge/state"]


def test_what_is_brought_is_named_once() -> None:
    instances = [{"name": "a", "port": 1}, {"name": "b", "port": 2}]
    found = plan(tomcat_instances=instances, tomcat_applications=[SHOP], tomcat_libraries=[JAR], **ARCHIVE)
    assert [one["name"] for one in found["artifacts"]] == ["tomcat", "redisson.jar", "shop@/apps/shop.war"]
    assert found["artifacts"][0]["exclude"] == ["webapps", "logs", "temp", "work"]
    assert "checksum" not in found["artifacts"][2]


def test_links_lead_to_what_was_brought() -> None:
    paths = {"tomcat": "/s/tomcat-1", "redisson.jar": "/s/redisson-1.jar", "shop@/apps/shop.war": "/s/shop-1"}
    (instance,) = plan(paths, tomcat_applications=[SHOP], tomcat_libraries=[JAR], **ARCHIVE)["instances"]
    assert instance["links"] == [{"path": "shop", "link": "/s/shop-1"}]
    assert file(instance, "home")["link"] == "/s/tomcat-1"
    assert file(instance, "conf/web.xml")["link"] == "../home/conf/web.xml"
    assert file(instance, "lib/redisson.jar")["link"] == "/s/redisson-1.jar"


def test_the_package_is_linked_as_well() -> None:
    instance = only()
    assert file(instance, "home")["link"] == "/usr/share/tomcat10"
    assert file(instance, "conf/web.xml")["link"] == "/usr/share/tomcat10/etc/web.xml"


def test_members_are_those_of_the_inventory_and_itself_once() -> None:
    cluster = server(only(**REPLICATED)).find("Service/Engine/Cluster")
    assert cluster is not None
    members = [(one.get("host"), one.get("port")) for one in cluster.iter("Member")]
    assert members == [("192.0.2.31", "4000"), ("192.0.2.32", "4000")]
    assert len({one.get("uniqueId") for one in cluster.iter("Member")}) == 2
    receiver = cluster.find("Channel/Receiver")
    assert receiver is not None and (receiver.get("address"), receiver.get("port"), receiver.get("autoBind")) == ("192.0.2.31", "4000", "0")
    names = [str(one.get("className")).rpartition(".")[2] for one in cluster.iter("Interceptor")]
    assert names.index("EncryptInterceptor") < names.index("TcpFailureDetector"), "the detector's messages are not encrypted"


def test_secrets_are_in_one_file_for_root_alone() -> None:
    instance = only(**REPLICATED, tomcat_environment={"DB_PASSWORD": 'a"b$c\\d'})
    secret = file(instance, "conf/secret.env")
    assert (secret["mode"], secret["secret"]) == ("0600", True)
    assert f'EDGE_REPLICATION_KEY="{KEY}"' in secret["content"] and r'DB_PASSWORD="a\"b\$c\\d"' in secret["content"]
    rest = [str(one) for one in instance["files"] if one["path"] != "conf/secret.env"] + [instance["unit_text"]]
    assert not any(KEY in text or "DB_PASSWORD" in text for text in rest)


def test_what_leads_to_the_store_is_for_tomcat_alone() -> None:
    instance = only(**STORED)
    found = file(instance, "conf/redisson.yaml")
    assert (found["owner"], found["mode"], found["secret"]) == ("tomcat", "0400", True)
    text = found["content"]
    manager = ElementTree.fromstring(file(instance, "conf/context.xml")["content"]).find("Manager")
    assert manager is not None and manager.get("className") == "org.redisson.tomcat.RedissonSessionManager"
    # JSON, but for the tag of the codec.
    said = json.loads(text.replace("!<org.redisson.codec.SerializationCodec>", ""))
    assert said["codec"] == {}
    assert (said["singleServerConfig"]["address"], said["singleServerConfig"]["password"]) == ("redis://192.0.2.9:6379", 'a"b')


def test_an_instance_may_keep_its_sessions_in_its_own_way() -> None:
    instances = [{"name": "a", "port": 1, "sessions": "replicated", "replication_port": 4001}, {"name": "b", "port": 2}]
    a, b = plan(tomcat_instances=instances, **{**REPLICATED, "tomcat_sessions": "local"})["instances"]
    assert attribute(a, "Service/Engine/Cluster/Channel/Receiver", "port") == "4001"
    assert server(b).find("Service/Engine/Cluster") is None
    assert [one["path"] for one in b["files"] if one["path"] == "conf/secret.env"] == []


def test_a_new_unit_changes_a_file_of_the_release() -> None:
    texts = {file(only(tomcat_stop_grace=grace), "conf/jvm.env")["content"] for grace in (5, 6)}
    assert len(texts) == 2


@pytest.mark.parametrize(
    ("variables", "paths"),
    [
        ({"tomcat_install": "archive"}, ["tomcat_archive_url", "tomcat_archive_checksum"]),
        ({**ARCHIVE, "tomcat_archive_checksum": "sha512:abc"}, ["tomcat_archive_checksum"]),
        ({"tomcat_instances": [{"name": "a"}, {"name": "b"}]}, ["tomcat_instances[b].port"]),
        ({"tomcat_instances": [{"name": "a", "port": 1}, {"name": "a", "port": 2}]}, ["tomcat_instances[a]"]),
        ({"tomcat_instances": [{"name": "A b"}]}, ["tomcat_instances[A b].name"]),
        ({"tomcat_instances": [{"name": "a", "heap_max": "lots"}]}, ["tomcat_instances[a].heap_max"]),
        ({"tomcat_instances": [{"name": "a", "jvm_route": "a/b"}]}, ["tomcat_instances[a].jvm_route"]),
        ({"tomcat_heap_max": "1 GB"}, ["tomcat_heap_max"]),
        ({"tomcat_applications": [SHOP, SHOP]}, ["tomcat_applications[shop]"]),
        ({"tomcat_applications": [{**SHOP, "context": "/shop"}]}, ["tomcat_applications[/shop].context"]),
        ({"tomcat_applications": [{**SHOP, "health_path": "ok"}]}, ["tomcat_applications[shop].health_path"]),
        ({"tomcat_applications": [{**SHOP, "src": "https://artifacts.example.com/s.war"}]}, ["tomcat_applications[shop].checksum"]),
        ({"tomcat_libraries": [{**JAR, "checksum": "md5:1"}]}, ["tomcat_libraries[redisson.jar].checksum"]),
        ({"tomcat_sessions": "replicated"}, ["tomcat_replication.key", "tomcat_replication_address"]),
        ({**REPLICATED, "tomcat_replication": {"key": "short"}}, ["tomcat_replication.key"]),
        ({"tomcat_sessions": "stored"}, ["tomcat_session_store.address", "tomcat_session_store.libraries"]),
        ({"tomcat_environment": {"A-B": 1}}, ["tomcat_environment.A-B"]),
        (
            {**REPLICATED, "tomcat_instances": [{"name": "a", "port": 1}, {"name": "b", "port": 2}]},
            ["tomcat_instances[b].replication_port"],
        ),
    ],
)
def test_what_does_not_go_together_is_refused(variables: dict[str, Any], paths: list[str]) -> None:
    assert refused(**variables) == paths


def test_no_secret_is_in_a_message() -> None:
    problems = Problems()
    build({"tomcat_sessions": "replicated", "tomcat_replication": {"key": "hunter2hunter2"}}, options_of("tomcat"), HOST, problems)
    assert len(problems) and not any("hunter2" in str(problem) for problem in problems)


@pytest.mark.parametrize("context", ["ROOT", "shop", "shop##2", "shop#admin", "shop#admin##2024.1-rc"])
def test_contexts(context: str) -> None:
    assert only(tomcat_applications=[{**SHOP, "context": context}])["links"][0]["path"] == context

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""server.xml of one instance: one connector, one engine, one host, and nothing that comes with Tomcat."""

from __future__ import annotations

import re
from typing import Any

from .cluster import cluster
from .model import STATE_PATH, Instance
from .xml import Element

__all__ = ["MANAGED", "server_xml"]

MANAGED = "Managed by Ansible, role steadfast.edge.tomcat: changes made here are lost."
LISTENERS = ("startup.VersionLoggerListener", "core.JreMemoryLeakPreventionListener", "core.ThreadLocalLeakPreventionListener")


def _connector(instance: Instance) -> Element:
    attributes: dict[str, Any] = {
        "protocol": "HTTP/1.1",
        "port": instance["port"],
        # The port opens when the applications are ready, and closes first on the way down: nginx is refused and asks another member.
        "bindOnInit": False,
        "maxThreads": instance["max_threads"],
        "maxConnections": instance["max_connections"],
        "acceptCount": instance["accept_count"],
        "connectionTimeout": 20000,
        # nginx closes idle connections after 60 s and used ones after 1,000 requests. Tomcat must not be first: a request that is
        # on its way while its connection closes is lost.
        "keepAliveTimeout": 75000,
        "maxKeepAliveRequests": -1,
        "maxParameterCount": 1000,
    }
    if instance["address"]:
        attributes["address"] = instance["address"]
    return Element("Connector", {**attributes, **instance["connector_attributes"]})


def _host(instance: Instance) -> Element:
    valves = [Element("Valve", {"className": "org.apache.catalina.valves.ErrorReportValve", "showReport": False, "showServerInfo": False})]
    if instance["access_log"]:
        attributes = {
            "className": "org.apache.catalina.valves.AccessLogValve",
            "requestAttributesEnabled": True,
            "directory": f"/var/log/{instance.unit}",
            "prefix": "access",
            "suffix": ".log",
            "maxDays": 30,
            "pattern": '%a %l %u %t "%r" %s %b %D',
        }
        valves.append(Element("Valve", attributes))
    attributes = {
        "name": "localhost",
        "appBase": instance.webapps,
        # Compiled pages of one version must not serve the next one: this folder ends with the process.
        "workDir": "/tmp/work",
        "deployIgnore": r"\..*",
        # Its configuration is not Tomcat's to write.
        "createDirs": False,
        "unpackWARs": False,
        "autoDeploy": False,
        # A servlet that is loaded at the start and fails is a failure of its application.
        "failCtxIfServletStartFails": True,
    }
    comment = "Applications change with a restart, host by host: taken up at once everywhere, they would answer 404 meanwhile."
    return Element("Host", attributes, *valves, comment=comment)


def _engine(instance: Instance) -> Element:
    engine = Element("Engine", {"name": "Catalina", "defaultHost": "localhost", "jvmRoute": instance["jvm_route"]})
    remote = {
        "className": "org.apache.catalina.valves.RemoteIpValve",
        "remoteIpHeader": "X-Forwarded-For",
        "protocolHeader": "X-Forwarded-Proto",
        "internalProxies": "|".join(re.escape(address) for address in instance["internal_proxies"]),
    }
    state = {"className": "org.apache.catalina.valves.HealthCheckValve", "path": STATE_PATH}
    return engine.add(
        cluster(instance),
        Element("Valve", remote, comment="The client's address and scheme are believed from these proxies and from nobody else."),
        Element("Valve", state, comment="200 while every application runs, else 503."),
        _host(instance),
    )


def server_xml(instance: Instance) -> str:
    # No port on which the word SHUTDOWN would end it.
    server = Element("Server", {"port": -1, "shutdown": "SHUTDOWN"})
    server.add(*(Element("Listener", {"className": f"org.apache.catalina.{name}"}) for name in LISTENERS))
    service = Element(
        "Service",
        {"name": "Catalina", "gracefulStopAwaitMillis": instance["stop_grace"] * 1000},
        _connector(instance),
        _engine(instance),
        comment="On the way down the port closes first; requests that are being served have this long to end.",
    )
    return server.add(service).document(MANAGED)

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other files of an instance, and its unit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from .cluster import KEY_VARIABLE, manager, store_yaml
from .model import Host, Instance
from .server import MANAGED, server_xml
from .xml import Element

__all__ = ["files", "unit_text"]

# One line for each record, to the journal.
LOGGING = """\
handlers = java.util.logging.ConsoleHandler
.handlers = java.util.logging.ConsoleHandler
java.util.logging.ConsoleHandler.level = FINE
java.util.logging.ConsoleHandler.formatter = org.apache.juli.OneLineFormatter
java.util.logging.ConsoleHandler.encoding = UTF-8
"""
SANDBOX = """\
# It writes where it is told to, and nowhere else.
ProtectSystem=strict
ProtectHome=true
PrivateTmp=true
PrivateDevices=true
ProtectKernelTunables=true
ProtectKernelModules=true
ProtectKernelLogs=true
ProtectControlGroups=true
ProtectClock=true
ProtectHostname=true
NoNewPrivileges=true
CapabilityBoundingSet=
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
LockPersonality=true
SystemCallArchitectures=native
UMask=0027
"""


def _quoted(value: Any) -> str:
    """A value for systemd's files of variables."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`")
    return f'"{text}"'


def _environment(variables: Mapping[str, Any]) -> str:
    return f"# {MANAGED}\n" + "".join(f"{name}={_quoted(value)}\n" for name, value in variables.items())


def unit_text(instance: Instance, host: Host) -> str:
    java = instance["java_home"]
    writable = "".join(f"ReadWritePaths=-{path}\n" for path in instance["writable_paths"])
    return f"""\
# {MANAGED}
[Unit]
Description=Tomcat, instance {instance.name}
After=network-online.target
Wants=network-online.target
# Try for ever: a cause that goes away after a minute must not leave the host without its Tomcat.
StartLimitIntervalSec=0

[Service]
Type=simple
User={host.user}
Group={host.user}
Environment=CATALINA_HOME={instance.base}/home CATALINA_BASE={instance.base} CATALINA_TMPDIR=/tmp
{f"Environment=JAVA_HOME={java}" if java else "# The java of the PATH is taken."}
EnvironmentFile={instance.base}/conf/jvm.env
EnvironmentFile=-{instance.base}/conf/secret.env
ExecStart={instance.base}/home/bin/catalina.sh run
# What Java says after a SIGTERM.
SuccessExitStatus=143
SyslogIdentifier={instance.unit}
# Also after a clean end: whoever ends Tomcat behind systemd's back gets it back.
Restart=always
RestartSec=2s
TimeoutStopSec={instance["stop_grace"] + 30}s
LimitNOFILE={instance["max_connections"] + 4096}
LogsDirectory={instance.unit}
LogsDirectoryMode=0750
{writable}{SANDBOX}
[Install]
WantedBy=multi-user.target
"""


def _jvm_env(instance: Instance, unit: str) -> str:
    options = [f"-Xms{instance['heap_initial']}", f"-Xmx{instance['heap_max']}", *instance["jvm_options"]]
    options.append("-Dorg.apache.tomcat.util.digester.PROPERTY_SOURCE=org.apache.tomcat.util.digester.EnvironmentPropertySource")
    text = _environment({"CATALINA_OPTS": " ".join(options)})
    # A new unit needs a new start as well.
    return text + f"# For the unit {hashlib.sha256(unit.encode()).hexdigest()[:16]}\n"


def _secrets(instance: Instance) -> dict[str, Any]:
    secrets = dict(instance["environment"])
    if instance["sessions"] == "replicated":
        secrets[KEY_VARIABLE] = instance["replication"]["key"]
    return secrets


def _context_xml(instance: Instance) -> str:
    # No file of an application is watched: applications change with a restart.
    return Element("Context").add(manager(instance)).document(MANAGED)


def files(instance: Instance, host: Host, home: str, libraries: Mapping[str, str]) -> list[dict[str, Any]]:
    """What config_release shall have in the base. `home`: Tomcat itself; `libraries`: by their names, where they lie."""
    shared = {"group": host.user, "mode": "0640"}
    found: list[dict[str, Any]] = [
        # Part of the release: a new Tomcat is judged, proven and taken back as a new configuration is.
        {"path": "home", "link": home},
        {"path": "conf/web.xml", "link": host.web_xml if home == host.home else "../home/conf/web.xml"},
        {"path": "conf/server.xml", "content": server_xml(instance), **shared},
        {"path": "conf/context.xml", "content": _context_xml(instance), **shared},
        {"path": "conf/logging.properties", "content": f"# {MANAGED}\n{LOGGING}", **shared},
        {"path": "conf/jvm.env", "content": _jvm_env(instance, unit_text(instance, host)), **shared},
    ]
    secrets = _secrets(instance)
    if secrets:
        found.append({"path": "conf/secret.env", "content": _environment(secrets), "mode": "0600", "secret": True})
    if instance["sessions"] == "stored":
        mine = {"owner": host.user, "group": host.user, "mode": "0400", "secret": True}
        found.append({"path": "conf/redisson.yaml", "content": store_yaml(instance), **mine})
    return found + [{"path": f"lib/{name}", "link": path} for name, path in sorted(libraries.items())]

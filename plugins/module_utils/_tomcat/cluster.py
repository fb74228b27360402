# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that outlive their Tomcat: copied among the instances, or kept in a store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .model import Instance
from .xml import Element

__all__ = ["KEY_VARIABLE", "cluster", "manager", "store_yaml"]

# The secret is in the environment of the process: server.xml can be read, compared and shown.
KEY_VARIABLE = "EDGE_REPLICATION_KEY"
# The answer to a request waits until the others have its session: what a client has seen is safe.
SYNCHRONOUS = 6
TRIBES = "org.apache.catalina.tribes"


def unique_id(member: Mapping[str, Any]) -> str:
    """Sixteen numbers that are the same whoever computes them."""
    digest = hashlib.sha256(f"{member['address']}:{member['port']}".encode()).digest()[:16]
    return "{" + ",".join(str(byte - 128) for byte in digest) + "}"


def _member(member: Mapping[str, Any]) -> Element:
    attributes = {"className": f"{TRIBES}.membership.StaticMember", "host": member["address"], "port": member["port"]}
    return Element("Member", {**attributes, "uniqueId": unique_id(member)})


def _channel(instance: Instance) -> Element:
    own = {"address": instance["replication_address"], "port": instance["replication"]["port"]}
    members = {(member["address"], member["port"]): member for member in [*instance["replication_members"], own]}
    receiver = {
        "className": f"{TRIBES}.transport.nio.NioReceiver",
        "address": own["address"],
        "port": own["port"],
        # This port or none: the others know no other.
        "autoBind": 0,
        "maxThreads": 6,
    }
    transport = {"className": f"{TRIBES}.transport.nio.PooledParallelSender", "timeout": 2000, "maxRetryAttempts": 1}
    encrypt = {"className": f"{TRIBES}.group.interceptors.EncryptInterceptor", "encryptionKey": f"${{{KEY_VARIABLE}}}"}
    return Element("Channel", {"className": f"{TRIBES}.group.GroupChannel"}).add(
        Element(
            "Membership",
            {"className": f"{TRIBES}.membership.StaticMembershipService"},
            *(_member(members[key]) for key in sorted(members)),
            comment="The members are those of the inventory: nothing is announced, nobody else is let in.",
        ),
        Element("Receiver", receiver),
        Element("Sender", {"className": f"{TRIBES}.transport.ReplicationTransmitter"}, Element("Transport", transport)),
        # Above the failure detector, whose own messages are not encrypted.
        Element("Interceptor", encrypt),
        Element("Interceptor", {"className": f"{TRIBES}.group.interceptors.TcpFailureDetector"}),
        Element("Interceptor", {"className": f"{TRIBES}.group.interceptors.MessageDispatchInterceptor"}),
    )


def cluster(instance: Instance) -> Element | None:
    """The element of server.xml where sessions are replicated."""
    if instance["sessions"] != "replicated":
        return None
    ha = "org.apache.catalina.ha"
    # To all: Tomcat's other manager, which copies to one, lost sessions in trials when a member died and came back.
    attributes = {"className": f"{ha}.session.DeltaManager", "notifyListenersOnReplication": True, "expireSessionsOnShutdown": False}
    return Element("Cluster", {"className": f"{ha}.tcp.SimpleTcpCluster", "channelSendOptions": SYNCHRONOUS}).add(
        Element("Manager", attributes),
        _channel(instance),
        Element("Valve", {"className": f"{ha}.tcp.ReplicationValve", "filter": ""}),
        # A session that moved takes the name of its new Tomcat, so that requests stick to that one.
        Element("Valve", {"className": f"{ha}.session.JvmRouteBinderValve"}),
        Element("ClusterListener", {"className": f"{ha}.session.ClusterSessionListener"}),
    )


def manager(instance: Instance) -> Element | None:
    """The element of context.xml where sessions are in a store."""
    if instance["sessions"] != "stored":
        return None
    attributes = {
        "className": "org.redisson.tomcat.RedissonSessionManager",
        "configPath": "${catalina.base}/conf/redisson.yaml",
        # What any Tomcat reads is what the store has, and a request ends when the store has what it wrote.
        "readMode": "REDIS",
        "updateMode": "AFTER_REQUEST",
        "keyPrefix": instance["session_store"]["prefix"],
        "broadcastSessionEvents": False,
        "broadcastSessionUpdates": False,
    }
    return Element("Manager", attributes)


def store_yaml(instance: Instance) -> str:
    """How Redisson reaches the store, in its own words; JSON is YAML."""
    store = instance["session_store"]
    address = f"[{store['address']}]" if ":" in store["address"] else store["address"]
    server: dict[str, Any] = {
        "address": f"{'rediss' if store['tls'] else 'redis'}://{address}:{store['port']}",
        "database": store["database"],
        "timeout": 2000,
        "connectTimeout": 2000,
        "retryAttempts": 3,
        "connectionMinimumIdleSize": 2,
        "connectionPoolSize": 32,
        "subscriptionConnectionMinimumIdleSize": 1,
        "subscriptionConnectionPoolSize": 4,
    }
    if store["password"]:
        # Literally: what Redisson takes from the environment it reads as YAML, quotes and all.
        server["password"] = store["password"]
    # Objects are stored as Java writes them: every class of the application that is Serializable will do, as with Tomcat's own managers.
    text = json.dumps({"singleServerConfig": server, "threads": 4, "nettyThreads": 8}, indent=2)
    return text[:-2] + ',\n  "codec": !<org.redisson.codec.SerializationCodec> {}\n}\n'

# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A director (this kernel), real servers and a client in network namespaces on one bridge, and connections that keep talking."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

VIP = {4: "192.0.2.150", 6: "2001:db8::150"}
PORT = 80
# Where masquerading leads to.
INNER_PORT = 8080
# A client on the segment of the real servers, and one behind the director.
NEAR, FAR = "client", "outside"
CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


def address(number: int, family: int = 4) -> str:
    return f"192.0.2.{number}" if family == 4 else f"2001:db8::{number}"


@contextlib.contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Sockets that are made here belong to that network namespace for good; the kernel moves this thread only."""
    with Path("/proc/thread-self/ns/net").open("rb") as home, Path(f"/run/netns/{namespace}").open("rb") as away:
        assert _LIBC.setns(away.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        try:
            yield
        finally:
            assert _LIBC.setns(home.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())


def sh(command: str) -> None:
    subprocess.run(command, shell=True, check=True)


class RealServer:
    """Answers every line with its name, in both families. Holds the VIPs for direct routing, silently."""

    def __init__(self, number: int) -> None:
        self.name = f"rs{number}"
        self.number = number
        _host(self.name, number)
        sh(
            f"ip netns exec {self.name} sh -c '"
            "echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore; echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce; "
            f"ip addr add {VIP[4]}/32 dev lo; ip addr add {VIP[6]}/128 dev lo nodad'"
        )
        # Only a masquerading director is on the way back, whoever the client is.
        sh(f"ip -n {self.name} route add default via 192.0.2.11 && ip -n {self.name} -6 route add default via 2001:db8::11")
        with inside(self.name):
            for port in (PORT, INNER_PORT):
                listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
                threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
            datagrams = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            datagrams.bind(("::", PORT))
        threading.Thread(target=self._echo, args=(datagrams,), daemon=True).start()

    def _echo(self, datagrams: socket.socket) -> None:
        """Names this server to whoever sends; from its own address, so the asking socket is not a connected one."""
        while True:
            _data, peer = datagrams.recvfrom(64)
            datagrams.sendto(self.name.encode(), peer)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, _peer = listener.accept()
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while connection.recv(64):
                connection.sendall(self.name.encode())


def _host(name: str, number: int) -> None:
    """On the segment of the real servers."""
    sh(
        f"ip netns add {name} && ip link add p-{name} master br0 type veth peer name eth0 netns {name} && ip link set p-{name} up && "
        f"ip -n {name} link set lo up && ip -n {name} link set eth0 up && "
        f"ip -n {name} addr add 192.0.2.{number}/24 dev eth0 && ip -n {name} addr add 2001:db8::{number}/64 dev eth0 nodad"
    )


def build(servers: int = 3) -> list[RealServer]:
    """The director has its IPv6 VIP as keepalived gives it, deprecated: as a source of tunnels its real servers would drop it."""
    sh(
        "sysctl -qw net.ipv4.conf.all.arp_announce=2 net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 && "
        "ip link add br0 type bridge && ip link set br0 up && "
        "ip addr add 192.0.2.11/24 dev br0 && ip addr add 2001:db8::11/64 dev br0 nodad && "
        f"ip addr add {VIP[4]}/32 dev br0 && ip addr add {VIP[6]}/128 dev br0 preferred_lft 0 nodad"
    )
    # No limit to refusals, which the checks count.
    sh("sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0")
    _host(NEAR, 90)
    sh(
        f"ip netns add {FAR} && ip link add far type veth peer name eth0 netns {FAR} && ip link set far up && "
        "ip addr add 198.51.100.11/24 dev far && ip addr add 2001:db8:1::11/64 dev far nodad && "
        f"ip -n {FAR} link set eth0 up && ip -n {FAR} addr add 198.51.100.90/24 dev eth0 && "
        f"ip -n {FAR} addr add 2001:db8:1::90/64 dev eth0 nodad && "
        f"ip -n {FAR} route add default via 198.51.100.11 && ip -n {FAR} -6 route add default via 2001:db8:1::11"
    )
    return [RealServer(21 + index) for index in range(servers)]


class Talker:
    """One connection of a client, opened at once."""

    def __init__(self, family: int = 4, port: int = PORT, source: int = 0, client: str = NEAR) -> None:
        with inside(client):
            self.socket = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6)
            self.socket.settimeout(3)
            if source:
                self.socket.bind((address(90, family), source))
            self.socket.connect((VIP[family], port))
        self.server = self.say()

    def say(self) -> str:
        """The name of the server that answers; OSError when the connection is broken or nobody answers."""
        self.socket.sendall(b"?")
        answer = self.socket.recv(64)
        if not answer:
            raise ConnectionResetError("closed by the server")
        return answer.decode()

    def alive(self) -> bool:
        try:
            return self.say() == self.server
        except OSError:
            return False

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Ends at once, and leaves the port free for the next one."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close_after(self, seconds: float) -> threading.Timer:
        timer = threading.Timer(seconds, self.close)
        timer.start()
        return timer


class Chatter:
    """Connections that talk all the time in the background; whoever falls silent is remembered."""

    def __init__(self, talkers: list[Talker]) -> None:
        self.talkers = talkers
        self.lost: list[tuple[str, float]] = []
        self.rounds = 0
        self._going = True
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._start = time.monotonic()

    def _talk(self) -> None:
        while self._going:
            for talker in list(self.talkers):
                if not talker.alive():
                    self.lost.append((talker.server, time.monotonic() - self._start))
                    self.talkers.remove(talker)
            self.rounds += 1
            time.sleep(0.02)

    def __enter__(self) -> Chatter:
        self._thread.start()
        return self

    def __exit__(self, *_unused: object) -> None:
        time.sleep(0.2)
        self._going = False
        self._thread.join()
        for talker in self.talkers:
            talker.close()


def asked(count: int, family: int = 4, port: int = PORT, client: str = NEAR) -> list[str]:
    """Who answers so many new connections; 'refused' or 'silent' where nobody does."""
    names = []
    for _unused in range(count):
        try:
            talker = Talker(family, port, client=client)
        except ConnectionRefusedError:
            names.append("refused")
        except OSError:
            names.append("silent")
        else:
            names.append(talker.server)
            talker.close()
    return names

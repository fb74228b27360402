# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks for an address by ARP again and again, and listens for anything that names it. Runs on its own: arp_prober.py IFACE OWN VIP CONTROL

Until its standard input closes it asks for VIP and CONTROL every 10 ms; then it prints what was heard as JSON. `said` are ARP messages
that name the VIP as their sender, answers and requests alike: either turns a neighbour's cache.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
import time

ETH_ARP = 0x0806
ROUNDS = 10
MESSAGE = struct.Struct("!HHBBH6s4s6s4s")


def request(mac: bytes, own: bytes, target: bytes) -> bytes:
    return b"\xff" * 6 + mac + struct.pack("!H", ETH_ARP) + MESSAGE.pack(1, 0x0800, 6, 4, 1, mac, own, b"\0" * 6, target)


def main(interface: str, own: str, vip: str, control: str) -> None:
    asked = {vip: 0, control: 0}
    said = {vip: 0, control: 0}
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_ARP)) as wire:
        wire.bind((interface, ETH_ARP))
        mac = wire.getsockname()[4]
        print("ready", flush=True)
        due = time.monotonic()
        enough = 0
        while not enough or said[control] < enough:
            if not enough and select.select([sys.stdin], [], [], 0)[0]:
                # Whatever happened before it was told to end shows in answers that come after that.
                enough = said[control] + ROUNDS
            if time.monotonic() >= due:
                for target in asked:
                    wire.send(request(mac, socket.inet_aton(own), socket.inet_aton(target)))
                    asked[target] += 1
                due += 0.01
            while select.select([wire], [], [], max(0.0, min(0.01, due - time.monotonic())))[0]:
                frame, origin = wire.recvfrom(2048)
                sender = socket.inet_ntoa(MESSAGE.unpack(frame[14 : 14 + MESSAGE.size])[6])
                if origin[2] != socket.PACKET_OUTGOING and sender in said:
                    said[sender] += 1
    print(json.dumps({"asked": asked[vip], "said": said[vip], "control": said[control]}))


if __name__ == "__main__":
    main(*sys.argv[1:5])

"""
Asks a DNS server all the time and notes how long each answer took: `prober.py NAME STOP`, in the guest's network. Ends when
the file STOP is there, and prints JSON: a list of [when asked, seconds until the answer or null], by CLOCK_MONOTONIC.

A query is asked once, as a resolver's first try: one that is refused (ICMP) or never answered is lost.
"""

import json
import os
import secrets
import select
import socket
import struct
import sys
import time

PAUSE = 0.001  # seconds between two queries
PATIENCE = 10  # for the last answers


def question(number, name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">HHHHHH", number, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 6, 1)


def receive(peer, asked, patience):
    """Takes one answer, if there is one."""
    if not select.select([peer], [], [], patience)[0]:
        return
    try:
        answer = peer.recv(4096)
    except ConnectionRefusedError:
        return
    entry = asked.get(struct.unpack(">H", answer[:2])[0])
    if entry is not None and entry[1] is None and answer[3] & 0x0f == 0:
        entry[1] = time.monotonic() - entry[0]


def main(name, stop):
    everything, asked = [], {}
    # Several sockets, so that each worker is asked.
    peers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(16)]
    for peer in peers:
        peer.connect(("127.0.0.1", 53))
    number = secrets.randbelow(0x10000)
    while not os.path.exists(stop):
        number = (number + 1) & 0xffff
        peer = peers[number % len(peers)]
        entry = asked[number] = [time.monotonic(), None]
        everything.append(entry)
        try:
            peer.send(question(number, name))
        except ConnectionRefusedError:  # of a query before
            pass
        end = entry[0] + PAUSE
        while (left := end - time.monotonic()) > 0:
            for ready in select.select(peers, [], [], left)[0]:
                receive(ready, asked, 0)
    end = time.monotonic() + PATIENCE
    while any(entry[1] is None for entry in everything) and (left := end - time.monotonic()) > 0:
        for ready in select.select(peers, [], [], left)[0]:
            receive(ready, asked, 0)
    json.dump(everything, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])

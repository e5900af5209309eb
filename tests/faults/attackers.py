"""Those who attack from many addresses, each in a process of its own: with Attack(flood, port, rate): they are at it."""

import collections
import ipaddress
import multiprocessing
import random
import resource
import secrets
import selectors
import socket
import struct
import time
import uuid

import dns.message

from sallyport import DEADLINE, http_request

ADDRESSES = 10_000
IP_PKTINFO = 8  # of Linux; the module has it from Python 3.12 on
FIRST = int(ipaddress.IPv4Address("127.1.0.0"))


def address(number):
    """One of those that attack; clients and resolvers come from 127.0.0.1."""
    return str(ipaddress.IPv4Address(FIRST + number % ADDRESSES))


class Attack:
    """`what(over, begun, *arguments)` goes on until `over` is set, sets `begun`, and returns counts, which are found in `counts` afterwards."""

    def __init__(self, what, *arguments):
        # Not forked: this process has threads.
        context = multiprocessing.get_context("spawn")
        self.begun, self.over = context.Event(), context.Event()
        self.report, self.theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=_run, args=(what, self.over, self.begun, self.theirs, arguments), daemon=True)
        self.counts = None

    def __enter__(self):
        self.process.start()
        self.theirs.close()
        assert self.begun.wait(DEADLINE), "the attack does not begin"
        return self

    def __exit__(self, *_):
        self.over.set()
        self.counts = self.report.recv() if self.report.poll(DEADLINE) else None
        self.process.join(DEADLINE)
        assert self.counts is not None and not self.process.is_alive(), "the attack does not end"


def _run(what, over, begun, report, arguments):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    report.send(what(over, begun, *arguments))


def paced(over, rate):
    """Numbers from 0, so many a second; those that are late are left out."""
    due, number = time.monotonic(), 0
    while not over.is_set():
        now = time.monotonic()
        due = max(due, now - 0.1)
        while due <= now:
            due += 1 / rate
            yield number
            number += 1
        time.sleep(0.001)


def flood(over, begun, port, rate, zone):
    """Questions over UDP, one from each address after the other; nobody reads what is answered."""
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    questions = [dns.message.make_query(f"{secrets.token_hex(8)}.{zone}.", kind, use_edns=0).to_wire()
                 for kind in ("TXT", "ANY", "A") for _ in range(100)] + [dns.message.make_query(f"{zone}.", "ANY").to_wire()] * 100
    count = 0
    for number in paced(over, rate):
        source = struct.pack("=I4s4s", 0, socket.inet_aton(address(number)), bytes(4))
        try:
            peer.sendmsg([random.choice(questions)], [(socket.IPPROTO_IP, IP_PKTINFO, source)], socket.MSG_DONTWAIT,
                         ("127.0.0.1", port))
        except BlockingIOError:
            continue
        count += 1
        if count == ADDRESSES:
            begun.set()
    return {"questions": count}


def idle(over, begun, port, connections):
    """So many connections, each from an address of its own, on which nothing is said. One that is closed is made again."""
    selector, counts = selectors.DefaultSelector(), collections.Counter()
    rest = collections.deque(range(connections))

    def connect(number):
        peer = socket.socket()
        peer.bind((address(number), 0))
        peer.setblocking(False)
        peer.connect_ex(("127.0.0.1", port))
        selector.register(peer, selectors.EVENT_READ, number)
        counts["connections"] += 1

    pace = paced(over, 2000)
    while not over.is_set():
        if rest:
            if next(pace, None) is not None:
                connect(rest.popleft())
        if counts["connections"] >= connections:
            begun.set()
        for key, _ in selector.select(0 if rest else 0.05):
            try:
                gone = key.fileobj.recv(4096) == b""
            except OSError:
                gone = True
            if gone:
                counts["closed"] += 1
                selector.unregister(key.fileobj)
                key.fileobj.close()
                rest.append(key.data)
    return dict(counts)


def wrong_keys(over, begun, port, rate, users, sources):
    """Updates with a key that is none, for users that are there and others that are not, over 500 connections from these addresses."""
    selector, counts, free = selectors.DefaultSelector(), collections.Counter(), collections.deque()

    def connect(number):
        peer = socket.socket()
        peer.bind((sources[number % len(sources)], 0))
        peer.connect(("127.0.0.1", port))
        selector.register(peer, selectors.EVENT_READ, number)
        free.append(peer)

    for number in range(500):
        connect(number)
    for _ in paced(over, rate):
        for key, _ in selector.select(0):
            data = key.fileobj.recv(65536)
            if data:
                counts[data.split(b" ", 2)[1].decode()] += 1
                free.append(key.fileobj)
                continue
            selector.unregister(key.fileobj)
            key.fileobj.close()
            counts["closed"] += 1
            connect(key.data)
        if counts.total() > rate // 2:
            begun.set()
        if not free:
            counts["none free"] += 1
            continue
        user = random.choice(users) if random.random() < 0.5 else str(uuid.uuid4())
        free.popleft().sendall(http_request("POST", "/update", b'{"subdomain":"a","txt":"b"}', [
            ("X-Api-User", user), ("X-Api-Key", secrets.token_hex(20))]))
        counts["asked"] += 1
    return dict(counts)

"""
Clients and resolvers that never stop, and know what is right: what was acknowledged is there, what was not is whole or not there, and
no answer of DNS is older than what had been acknowledged or shown when its question was asked.
"""

import contextlib
import json
import random
import struct
import threading
import time

import dns.message
import dns.rcode
import dns.rdatatype

from history import Calm, Change, History
from sallyport import (DEADLINE, http_request, random_txt, tcp_answer,
                       update_request, wait_until)

ACCOUNTS_OF_A_CLIENT = 4
ACCOUNTS_AT_MOST = 40  # of a client, which registers no more then
REGISTRATIONS = 0.01  # of all that a client asks for
GIVEN_UP = 0.3  # of the updates whose outcome is unknown; the others are sent again
UDP_PATIENCE = 2.0
# What a client may hear while a fault goes on; anything else is noted.
UNAVAILABLE = (503,)


class Account:
    def __init__(self, answer, registered):
        self.answer = answer
        self.name = answer["subdomain"]
        self.history = History(registered)


class Client(threading.Thread):
    """Updates its accounts, one after the other, over a connection that it keeps; now and then it registers one more."""

    source = None  # address it comes from

    def __init__(self, oracle, seed):
        super().__init__(daemon=True)
        self.oracle = oracle
        self.dice = random.Random(seed)
        self.accounts = []
        self.connection = None
        self.latencies = []  # seconds of what was acknowledged
        self.rested = 0  # the last quiet time in which it held still
        self.failure = None

    def run(self):
        try:
            while not self.oracle.ending.is_set():
                rest = self.oracle.rest  # before the next line, or it might be the next one
                if not self.oracle.going.is_set():
                    self.rested = rest
                    self.oracle.going.wait(0.1)
                    continue
                if len(self.accounts) < self.oracle.accounts_at_most and (
                        len(self.accounts) < ACCOUNTS_OF_A_CLIENT or self.dice.random() < REGISTRATIONS):
                    self.register()
                else:
                    self.update(self.dice.choice(self.accounts))
                time.sleep(self.oracle.pause)
        except BaseException as failure:
            self.failure = failure
        finally:
            self.disconnect()

    def disconnect(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def ask(self, request, done):
        """The answer's dictionary if its status is `done`; None: it failed, or nobody knows."""
        try:
            if self.connection is None:
                self.connection = self.oracle.server.http_connection(source=self.source)
            answer = self.connection.ask(request)
        except (OSError, ConnectionError):
            self.disconnect()
            time.sleep(0.01)
            return None
        if answer.headers.get("connection") == "close":
            self.disconnect()
        if answer.status == done:
            return json.loads(answer.body)
        if answer.status not in self.oracle.refusals:
            self.oracle.complain(f"{answer.status} {answer.body!r} to a client")
        time.sleep(0.01)
        return None

    def register(self):
        change = Change(time.monotonic())
        answer = self.ask(http_request("POST", "/register"), 201)
        if answer is None:
            self.oracle.count("unknown_registrations")
            return
        change.answered = time.monotonic()
        account = Account(answer, change)
        self.accounts.append(account)
        self.oracle.add(account)

    def update(self, account):
        value = random_txt()
        update = account.history.begin(value, time.monotonic())
        request = update_request(account.answer, value)
        while True:
            began = time.monotonic()
            if self.ask(request, 200) is not None:
                update.answered = time.monotonic()
                self.latencies.append(update.answered - began)
                return
            if self.dice.random() < GIVEN_UP or self.oracle.ending.is_set():
                return


class Resolver(threading.Thread):
    """Asks for one name after the other and judges each answer."""

    source = None

    def __init__(self, oracle, seed):
        super().__init__(daemon=True)
        self.oracle = oracle
        self.dice = random.Random(seed)
        self.peer = None
        self.answers = 0
        self.latencies = []  # seconds, of those that came
        self.unanswered = 0
        self.failure = None

    def run(self):
        try:
            while not self.oracle.ending.is_set():
                account = self.oracle.pick(self.dice)
                if account is not None:
                    self.ask(account)
                time.sleep(self.oracle.pause)
        except BaseException as failure:
            self.failure = failure
        finally:
            self.disconnect()

    def disconnect(self):
        if self.peer is not None:
            self.peer.close()
        self.peer = None

    def ask(self, account):
        asked = time.monotonic()
        bound = account.history.bound(asked, self.oracle.calm)
        query = self.oracle.server.question(account.name, "TXT")
        try:
            answer = dns.message.from_wire(self.exchange(query.to_wire()), one_rr_per_rrset=False, ignore_trailing=False)
        except OSError:
            self.disconnect()
            self.unanswered += 1
            return
        self.latencies.append(time.monotonic() - asked)
        self.answers += 1
        if answer.rcode() == dns.rcode.SERVFAIL and self.oracle.calm.disturbed(asked):
            return
        self.oracle.judge(account, answer, bound)


class UdpResolver(Resolver):
    def exchange(self, wire):
        if self.peer is None:
            self.peer = self.oracle.server.udp_socket(source=self.source)
            self.peer.settimeout(UDP_PATIENCE)
        self.peer.send(wire)
        while True:
            answer = self.peer.recv(65535)
            if answer[:2] == wire[:2]:
                return answer


class TcpResolver(Resolver):
    """One connection for as long as it lasts."""

    def exchange(self, wire):
        if self.peer is None:
            self.peer = self.oracle.server.tcp_socket(source=self.source)
        self.peer.sendall(struct.pack("!H", len(wire)) + wire)
        try:
            answer = tcp_answer(self.peer)
        except AssertionError as cut:  # by a death: no answer, and none that is wrong
            raise ConnectionError(str(cut)) from cut
        if not answer:
            raise ConnectionError("closed")
        return answer


class Oracle:
    """
    with Oracle(server, seed) as oracle: clients and resolvers are at work. `refusals`: statuses that are no defect, beyond which a
    client's answer is noted; `pause`: seconds of rest after each question of each client and resolver; `accounts`: of each client at
    most; `others`: accounts that were there before; `apart`: each client and resolver comes from an address of its own, in a network of
    its own.
    """

    def __init__(self, server, seed=0, clients=4, pause=0.002, refusals=UNAVAILABLE, accounts=ACCOUNTS_AT_MOST,
                 others=0, apart=False):
        self.others = others
        self.server, self.pause, self.refusals, self.accounts_at_most = server, pause, refusals, accounts
        self.calm = Calm()
        self.going, self.ending = threading.Event(), threading.Event()
        self.going.set()
        self.rest = 0  # number of the last quiet time
        self.lock = threading.Lock()
        self.accounts = []
        self.complaints = []  # what was wrong, each a line
        self.told = (0, 0, 0)
        self.counts = {"unknown_registrations": 0, "checks": 0}
        self.clients = [Client(self, f"{seed}-client-{number}") for number in range(clients)]
        self.resolvers = [UdpResolver(self, f"{seed}-udp"), UdpResolver(self, f"{seed}-udp-2"), TcpResolver(self, f"{seed}-tcp")]
        for number, thread in enumerate([*self.clients, *self.resolvers]):
            thread.source = f"127.2.{number}.1" if apart else None

    def __enter__(self):
        self.canary = self.server.register()
        for thread in [*self.clients, *self.resolvers]:
            thread.start()
        try:
            wait_until(lambda: self.broken() or all(len(client.accounts) >= ACCOUNTS_OF_A_CLIENT and client.latencies
                                                    for client in self.clients), "the load")
            self.raise_failures()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, kind, value, trace):
        self.end()
        if kind is None:
            self.raise_failures()
            assert self.complaints == [], "\n".join(self.complaints[:20])

    def end(self):
        self.ending.set()
        self.going.set()
        for thread in [*self.clients, *self.resolvers]:
            thread.join(DEADLINE)
        assert not any(thread.is_alive() for thread in [*self.clients, *self.resolvers]), "somebody waits for ever"

    def broken(self):
        return any(thread.failure is not None for thread in [*self.clients, *self.resolvers])

    def raise_failures(self):
        for thread in [*self.clients, *self.resolvers]:
            if thread.failure is not None:
                raise thread.failure

    # --- what clients and resolvers tell ---

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def add(self, account):
        with self.lock:
            self.accounts.append(account)

    def pick(self, dice):
        with self.lock:
            return dice.choice(self.accounts) if self.accounts else None

    def complain(self, line):
        with self.lock:
            self.complaints.append(f"{time.monotonic():.3f}: {line}")

    def judge(self, account, answer, bound):
        rcode = answer.rcode()
        if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            self.complain(f"{account.name}: {dns.rcode.to_text(rcode)}")
            return
        values = None if rcode == dns.rcode.NXDOMAIN else [
            b"".join(rdata.strings).decode() for rrset in answer.answer if rrset.rdtype == dns.rdatatype.TXT for rdata in rrset]
        objection = account.history.objection(values, bound)
        if objection is not None:
            self.complain(f"{account.name}: {objection}")

    def updates(self):
        """Acknowledged so far."""
        with self.lock:
            return sum(account.history.acknowledged() for account in self.accounts)

    def answers(self):
        return sum(resolver.answers for resolver in self.resolvers)

    def since_last_told(self):
        """Updates that were acknowledged, answers of DNS, and what was wrong, since the last call."""
        now = self.updates(), self.answers(), len(self.complaints)
        before, self.told = self.told, now
        return tuple(after - earlier for after, earlier in zip(now, before))

    # --- faults ---

    def is_well(self):
        """All three are ready, and an update is taken and served."""
        server = self.server
        try:
            with contextlib.closing(server.http_connection()) as connection:
                connection.peer.settimeout(5)
                if connection.ask(http_request("GET", "/health/ready")).status != 200:
                    return False
                value = random_txt()
                if connection.ask(update_request(self.canary, value)).status != 200:
                    return False
            with server.udp_socket() as peer:
                peer.settimeout(1)
                peer.send(server.question(self.canary["subdomain"], "TXT").to_wire())
                return value.encode() in peer.recv(4096)
        except (OSError, ConnectionError):
            return False

    @contextlib.contextmanager
    def fault(self):
        """
        What happens within may be noticed: by refusals, silence, and values that are as old as the fault. At its end everything is well.
        """
        self.calm.open(time.monotonic())
        yield
        self.wait_well()
        self.calm.close(time.monotonic())

    def wait_well(self):
        wait_until(lambda: self.broken() or self.is_well(), "recovery", 2 * DEADLINE)
        self.raise_failures()

    @contextlib.contextmanager
    def quiet(self):
        """No update is under way within; DNS is asked on."""
        self.going.clear()
        self.rest += 1
        wait_until(lambda: self.broken() or all(client.rested == self.rest for client in self.clients),
                   "the clients to hold still")
        self.raise_failures()
        try:
            yield
        finally:
            self.going.set()

    def check(self, by_export=True):
        """Every account, over both transports of DNS and as store has it; the number of those that have lost something."""
        lost = 0
        with self.quiet():
            kept = self.exported() if by_export else None
            for account in self.accounts:
                objections = []
                bound = account.history.bound_when_quiet()
                for transport in ("udp", "tcp"):
                    said = self.server.txt(account.name, transport=transport)
                    objections.append(account.history.objection(said, bound))
                if kept is not None:
                    objections.append(self.store_objection(account, kept, bound, said))
                objections = [objection for objection in objections if objection]
                if objections:
                    lost += 1
                    self.complain(f"{account.name}, at rest: {'; '.join(objections)}")
            if kept is not None:
                strangers = len(kept) - len(self.accounts) - self.others - 1
                if not 0 <= strangers <= self.counts["unknown_registrations"]:
                    self.complain(f"{strangers} accounts that nobody registered")
            self.counts["checks"] += 1
        return lost

    def exported(self):
        done = self.server.command("export")
        assert done.returncode == 0, done.stderr
        return {entry["subdomain"]: entry for entry in map(json.loads, done.stdout.splitlines())}

    @staticmethod
    def store_objection(account, kept, bound, said):
        entry = kept.get(account.name)
        if entry is None or entry["username"] != account.answer["username"]:
            return "store does not have it"
        values = [value["txt"] for value in entry["values"]]
        if sorted(values) != sorted(said or []):
            return f"store has {values}, DNS says {said}"
        return account.history.objection(values, bound)

"""
Processes that die. Nothing that was answered with 200 is ever lost, DNS goes on without the others,
and the parent puts everything right again by itself.
"""

import concurrent.futures
import contextlib
import os
import signal
import statistics
import threading
import time

import dns.rcode
import pytest
import requests

from sallyport import (DEADLINE, ROLES, SANITIZED, Daemon, Server, process_runs, process_status, random_txt,
                       udp_exchange, wait_until)

ROUNDS = 2 if SANITIZED else 4


@pytest.fixture
def server(folder):
    with Server(folder) as running:
        running.deaths_expected = True
        yield running


class Client(threading.Thread):
    """
    Sets one value after the other for an account of its own. An update without a clear 200 is repeated with
    the same value, as an ACME client's retry would, so that at the end the last two are known.
    """

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.account = server.register()
        self.accepted = []
        self.refused = set()  # statuses other than 200 that were seen
        self.odd = []  # answers that a client could not have dealt with
        self.ending = threading.Event()

    def run(self):
        value = random_txt()
        session = requests.Session()
        while True:
            try:
                answer = self.server.update(self.account, value, session=session)
            except requests.RequestException:
                if self.ending.is_set():
                    return
                time.sleep(0.01)
                continue
            if answer.status_code == 200:
                self.accepted.append(value)
                value = random_txt()
            else:
                self.refused.add(answer.status_code)
                if answer.status_code != 503 or not answer.json()["error"] or \
                        int(answer.headers["Retry-After"]) < 1:
                    self.odd.append(answer.text)
                time.sleep(0.01)
            # Only after an answer that leaves no doubt about the last two.
            if self.ending.is_set() and answer.status_code == 200:
                return

    def check(self):
        assert self.odd == []
        assert sorted(self.server.txt(self.account["subdomain"])) == sorted(self.accepted[-2:])


class Resolver(threading.Thread):
    """Asks DNS all the time; notes what it was told, and the longest time that it was told nothing."""

    def __init__(self, server, names):
        super().__init__()
        self.server = server
        self.names = names
        self.rcodes = set()
        self.answers = 0
        self.unanswered = 0
        self.ending = threading.Event()

    def run(self):
        while not self.ending.is_set():
            for name in self.names:
                query = self.server.question(name, "TXT").to_wire()
                with self.server.udp_socket() as peer:
                    peer.settimeout(DEADLINE)
                    try:
                        peer.send(query)
                        self.rcodes.add(dns.rcode.to_text(peer.recv(4096)[3] & 15))
                        self.answers += 1
                    except OSError:
                        self.unanswered += 1


@contextlib.contextmanager
def load(server, clients=8):
    threads = [Client(server) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.ending.set()
        for thread in threads:
            thread.join(DEADLINE)
    assert not any(thread.is_alive() for thread in threads), "a client never got its last answer"
    for thread in threads:
        thread.check()


@contextlib.contextmanager
def resolver(server, names):
    thread = Resolver(server, names)
    thread.start()
    try:
        yield thread
    finally:
        thread.ending.set()
        thread.join(DEADLINE)
    assert not thread.is_alive()


def is_well(server, account):
    """An update is taken, and served at once."""
    if set(server.pids()) != set(ROLES):
        return False
    value = random_txt()
    try:
        if server.update(account, value).status_code != 200:
            return False
        with server.udp_socket() as peer:
            peer.settimeout(1)
            peer.send(server.question(account["subdomain"], "TXT").to_wire())
            return value.encode() in peer.recv(4096)
    except (requests.RequestException, OSError):
        return False


@pytest.mark.parametrize("role", ROLES)
def test_killed_repeatedly_under_load(folder, role):
    recoveries = []
    for _ in range(ROUNDS):
        with Server(folder) as server:
            server.deaths_expected = True
            canary = server.register()
            others = {other: pid for other, pid in server.pids().items() if other != role}
            with load(server) as clients:
                wait_until(lambda: all(client.accepted for client in clients), "the load")
                pid = server.kill(role)
                began = time.monotonic()
                wait_until(lambda: server.pids().get(role, pid) != pid, f"a new {role}")
                wait_until(lambda: is_well(server, canary), f"recovery from the death of {role}")
                recoveries.append(time.monotonic() - began)
                known = [len(client.accepted) for client in clients]
                wait_until(lambda: all(len(client.accepted) > count + 2
                                       for client, count in zip(clients, known)), "the load to go on")
            assert {other: pid for other, pid in server.pids().items() if other != role} == others
    print(f"well again after the death of {role}: {' '.join(f'{seconds:.2f}' for seconds in recoveries)} s")
    # The median, because other suites run beside this one.
    assert statistics.median(recoveries) < (30 if SANITIZED else 2)


def test_each_killed_in_turn_without_a_pause(server):
    """The back-off grows, and still everything comes back."""
    canary = server.register()
    with load(server):
        for role in ROLES * ROUNDS:
            server.kill(role)
        wait_until(lambda: is_well(server, canary), "recovery", 2 * DEADLINE)
    assert server.runs()


def test_all_three_killed_at_once(server):
    canary = server.register()
    with load(server):
        for _ in range(ROUNDS):
            for pid in server.pids().values():
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda: is_well(server, canary), "recovery")


def test_values_survive_the_death_of_all(folder):
    """Not an orderly end: what got 200 was on the disk before."""
    server = Server(folder).start()
    accounts = [server.register() for _ in range(4)]
    values = [server.set_value(account) for account in accounts]
    pids = server.pids()
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    server.process.kill()
    server.wait_exit()
    wait_until(lambda: not any(process_runs(pid) for pid in pids.values()), "the end of all")
    with server:
        for account, value in zip(accounts, values):
            assert server.txt(account["subdomain"]) == [value]


# --- one of them down for longer: the parent is stopped, so that nobody restarts it ---

@contextlib.contextmanager
def without(server, role):
    os.kill(server.pid, signal.SIGSTOP)
    try:
        pid = server.kill(role)
        wait_until(lambda: not process_runs(pid), f"the end of {role}")
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@contextlib.contextmanager
def paused(server, role):
    pid = server.kill(role, signal.SIGSTOP)
    wait_until(lambda: process_status(pid)["State"][0] in "Tt", f"{role} to stand still")
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("away", [without, paused], ids=["dead", "paused"])
@pytest.mark.parametrize("role", ["store", "apid"])
def test_dns_goes_on_without(server, role, away):
    account = server.register()
    values = sorted(server.set_value(account) for _ in range(2))
    with away(server, role):
        with resolver(server, ["", account["subdomain"], "nobody"]) as asking:
            wait_until(lambda: asking.answers > 1000, "a thousand answers")
        assert asking.unanswered == 0
        assert asking.rcodes == {"NOERROR", "NXDOMAIN"}
        for transport in ("udp", "tcp"):
            for address in ("127.0.0.1", "::1"):
                assert sorted(server.txt(account["subdomain"], transport=transport, address=address)) == values
    wait_until(lambda: is_well(server, account), "recovery")


def assert_unavailable(answer):
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/json"
    assert int(answer.headers["Retry-After"]) >= 1
    assert list(answer.json()) == ["error"]
    assert answer.content == b'{"error": "%s"}' % answer.json()["error"].encode()


def test_503_in_json_without_store(server):
    account = server.register()
    with without(server, "store"):
        wait_until(lambda: server.update(account).status_code == 503, "apid to notice")
        for _ in range(20):
            assert_unavailable(server.update(account))
            assert_unavailable(server.http("POST", "/register"))
        # What needs no store is answered as ever.
        assert server.http("GET", "/health").status_code == 200
        assert server.http("GET", "/nothing").status_code == 404
        assert server.http("POST", "/update").status_code == 401
    wait_until(lambda: is_well(server, account), "recovery")


def test_updates_in_hand_are_answered_503_when_store_dies(server):
    """Their outcome is unknown, and that is what the client is told."""
    accounts = [server.register() for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        with paused(server, "store"):
            answers = [pool.submit(server.update, account) for account in accounts]
            # They are with apid, waiting for one who does not move; then he is gone.
            wait_until(lambda: server.http("GET", "/health").status_code == 200, "apid")
            pid = server.kill("store")
            wait_until(lambda: not process_runs(pid), "the end of store")
            for answer in answers:
                assert answer.result(DEADLINE).status_code in (503, 200)
    wait_until(lambda: is_well(server, accounts[0]), "recovery")


def test_a_paused_store_answers_when_it_goes_on(server):
    account = server.register()
    value = random_txt()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with paused(server, "store"):
            answer = pool.submit(server.update, account, value)
            assert server.http("GET", "/health").status_code == 200
        assert answer.result(DEADLINE).status_code == 200
    assert server.txt(account["subdomain"]) == [value]


def test_without_dnsd_an_update_is_durable_and_served_later(server):
    """No one is there to serve the old value either, and a retry would do harm: 200."""
    account = server.register()
    with without(server, "dnsd"):
        value = server.set_value(account)
        new_account = server.register()
    wait_until(lambda: is_well(server, server.register()), "recovery")
    assert server.txt(account["subdomain"]) == [value]
    assert server.txt(new_account["subdomain"]) == []


def test_with_dnsd_paused_an_update_is_durable_and_served_later(server):
    account = server.register()
    with paused(server, "dnsd"):
        values = [server.set_value(account) for _ in range(3)]
    with server.udp_socket() as peer:
        udp_exchange(peer, server.question("", "SOA").to_wire())
    wait_until(lambda: sorted(server.txt(account["subdomain"])) == sorted(values[1:]), "the last two values")


def test_a_new_dnsd_serves_what_changed_while_it_was_away(server):
    kept, cleared = server.register(), server.register()
    server.set_value(cleared)
    with without(server, "dnsd"):
        value = server.set_value(kept)
        server.set_value(cleared, "__VOID__")
    wait_until(lambda: is_well(server, server.register()), "recovery")
    assert server.txt(kept["subdomain"]) == [value]
    assert server.txt(cleared["subdomain"]) == []


# --- the parent ---

def test_the_death_of_the_parent_ends_the_three(server):
    pids = server.pids()
    server.process.kill()
    server.wait_exit()
    wait_until(lambda: not any(process_runs(pid) for pid in pids.values()), "the end of the three")
    server.start()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_orderly_end(folder, number):
    with Server(folder) as server:
        pids = server.pids()
        server.process.send_signal(number)
        assert server.wait_exit() == 0
        assert not any(process_runs(pid) for pid in pids.values())
        server.start()


def test_an_orderly_end_answers_what_is_in_hand(folder):
    """Each client hears 200 and finds its value after the restart, or hears that it was not served."""
    with Server(folder) as server:
        accounts = [server.register() for _ in range(16)]
        values = [random_txt() for _ in accounts]
        waiting = threading.Barrier(len(accounts) + 1)

        def work(account, value):
            waiting.wait(DEADLINE)
            try:
                return server.update(account, value).status_code
            except requests.ConnectionError:
                return None
        with concurrent.futures.ThreadPoolExecutor(len(accounts)) as pool:
            results = [pool.submit(work, account, value) for account, value in zip(accounts, values)]
            waiting.wait(DEADLINE)
            assert server.terminate() == 0
            statuses = [result.result(DEADLINE) for result in results]
        assert set(statuses) <= {200, 503, None}
        server.start()
        for account, value, status in zip(accounts, values, statuses):
            if status == 200:
                assert server.txt(account["subdomain"]) == [value]


def test_an_orderly_end_with_a_client_that_says_nothing(folder):
    with Server(folder) as server:
        with server.http_connection(), server.tcp_socket(), server.http_connection() as half:
            half.send(b"POST /register HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
            assert server.terminate() == 0
        server.start()


def test_asked_to_end_again_and_again(folder):
    """Whoever asks twice does not want to wait; it is an orderly end all the same."""
    with Server(folder) as server:
        for _ in range(5):
            server.process.send_signal(signal.SIGTERM)
        assert server.wait_exit() == 0
        server.start()


@pytest.mark.parametrize("role", ROLES)
def test_a_lone_daemon_ends_with_0(folder, role):
    daemon = Daemon(folder, role).start()
    assert daemon.terminate() == 0

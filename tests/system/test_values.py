"""What an update promises: durable, ordered by sequence, and served by every worker when the 200 is there."""

import concurrent.futures
import contextlib
import itertools
import os
import socket
import subprocess

import dns.message
import pytest

from sallyport import (DEADLINE, SANITIZED, ZONE, HttpConnection, Server, random_txt, udp_exchange,
                       update_request, wait_until)

SERVER = {"dns": {"workers": 2}}

UPDATES = 200 if SANITIZED else 1000
# The kernel spreads source ports over the workers: that 16 all meet the same one of two has odds of 1:32768.
SOURCES = 16


def strings(wire):
    return [rdata.strings[0].decode() for rrset in dns.message.from_wire(wire).answer for rdata in rrset]


class EveryWorker:
    """Asks one name from so many source ports that every worker gets the question."""

    def __init__(self, server, name):
        self.query = server.question(name, "TXT").to_wire()
        self.peers = [server.udp_socket(address) for address in ("127.0.0.1", "::1")
                      for _ in range(SOURCES // 2)]
        self.numbers = itertools.cycle(range(65536))

    def close(self):
        for peer in self.peers:
            peer.close()

    def values(self):
        """The answer's values, after checking that all give the same."""
        query = next(self.numbers).to_bytes(2, "big") + self.query[2:]
        for peer in self.peers:
            peer.send(query)
        answers = set()
        for peer in self.peers:
            peer.settimeout(5)
            answer = b""
            with contextlib.suppress(TimeoutError):
                while answer[:2] != query[:2]:
                    answer = peer.recv(4096)
            answers.add(answer if answer[:2] == query[:2] else udp_exchange(peer, query))
        assert len(answers) == 1, [strings(answer) for answer in answers]
        return strings(answers.pop())


@pytest.fixture
def every_worker(server, account):
    asking = EveryWorker(server, account["subdomain"])
    yield asking
    asking.close()


def test_many_updates_in_a_row_are_served_by_every_worker_at_once(server, account, every_worker):
    sent = []
    with server.http_connection() as connection:
        for _ in range(UPDATES):
            sent.append(random_txt())
            assert connection.ask(update_request(account, sent[-1])).status == 200
            assert sorted(every_worker.values()) == sorted(sent[-2:])


def test_four_updates_within_a_second(server, account, every_worker):
    """Ordered by whole seconds the wrong two would be left."""
    for _ in range(10):
        values = [server.set_value(account) for _ in range(4)]
        assert sorted(every_worker.values()) == sorted(values[2:])


def test_the_same_value_twice_is_no_second_record(server, account, every_worker):
    first = server.set_value(account)
    assert server.set_value(account, first) == first
    assert every_worker.values() == [first]


def test_a_retry_renews_its_value_and_pushes_nobody_out(server, account, every_worker):
    first, second = server.set_value(account), server.set_value(account)
    server.set_value(account, first)
    assert sorted(every_worker.values()) == sorted([first, second])
    # `first` is the newer one now.
    third = server.set_value(account)
    assert sorted(every_worker.values()) == sorted([first, third])


def test_void_clears_in_every_worker(server, account, every_worker):
    server.set_value(account)
    server.set_value(account)
    assert len(every_worker.values()) == 2
    server.set_value(account, "__VOID__")
    assert every_worker.values() == []
    value = server.set_value(account)
    assert every_worker.values() == [value]


def test_32_concurrent_clients(server):
    accounts = [server.register() for _ in range(32)]

    def work(account):
        sent = []
        with server.http_connection() as connection:
            for _ in range(UPDATES // 20):
                sent.append(random_txt())
                assert connection.ask(update_request(account, sent[-1])).status == 200
                assert sorted(server.txt(account["subdomain"])) == sorted(sent[-2:])
        return sent[-2:]
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        results = list(pool.map(work, accounts))
    for account, last in zip(accounts, results):
        assert sorted(server.txt(account["subdomain"])) == sorted(last)


def test_32_concurrent_clients_of_one_account(server, account, every_worker):
    server.set_value(account)

    def work(_):
        value = random_txt()
        with server.http_connection() as connection:
            assert connection.ask(update_request(account, value)).status == 200
        return value
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        sent = list(pool.map(work, range(200)))
    values = every_worker.values()
    assert len(values) == len(set(values)) == 2
    assert set(values) <= set(sent)


def test_32_registrations_at_once_are_32_accounts(server):
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        accounts = list(pool.map(lambda _: server.register(), range(32)))
    assert len({account["subdomain"] for account in accounts}) == 32
    for account in accounts:
        assert server.txt(account["subdomain"]) == []


# --- who may update from where ---

def update_from(server, source, account):
    address = "::1" if ":" in source else "127.0.0.1"
    peer = socket.create_connection((address, server.api_port), DEADLINE, source_address=(source, 0))
    with HttpConnection(peer) as connection:
        return connection.ask(update_request(account, random_txt())).status


@pytest.mark.parametrize("allowfrom, allowed, refused", [
    (["127.0.0.1/32"], ["127.0.0.1"], ["127.0.0.2", "::1"]),
    (["127.0.0.0/30"], ["127.0.0.1", "127.0.0.2", "127.0.0.3"], ["127.0.0.4", "::1"]),
    (["127.0.0.77/24"], ["127.0.0.1"], ["127.0.1.1"]),
    (["0.0.0.0/0"], ["127.0.0.1", "127.9.9.9"], ["::1"]),
    (["::/0"], ["::1"], []),
    (["::1/128"], ["::1"], ["127.0.0.1"]),
    (["[::1]/64"], ["::1"], ["127.0.0.1"]),
    (["2001:db8::/32", "192.0.2.0/24"], [], ["127.0.0.1", "::1"]),
    (["192.0.2.0/24", "127.0.0.2/32", "::1/128"], ["127.0.0.2", "::1"], ["127.0.0.1"]),
    ([], ["127.0.0.1", "127.0.0.2", "::1"], []),
])
def test_allowfrom(server, allowfrom, allowed, refused):
    account = server.register(allowfrom)
    for source in refused:
        assert update_from(server, source, account) == 401, source
    assert server.txt(account["subdomain"]) == []
    for source in allowed:
        assert update_from(server, source, account) == 200, source
    # A success from where it is allowed opens nothing for where it is not.
    for source in refused:
        assert update_from(server, source, account) == 401, source


# --- restart ---

def test_accounts_and_values_survive_a_restart(folder):
    with Server(folder) as server:
        accounts = [server.register() for _ in range(5)]
        guarded = server.register(["192.0.2.0/24"])
        values = {}
        for count, account in enumerate(accounts):
            values[account["subdomain"]] = [server.set_value(account) for _ in range(count)][-2:]
    for _ in range(2):
        with server:
            for account in accounts:
                assert sorted(server.txt(account["subdomain"])) == sorted(values[account["subdomain"]])
                # What comes next still replaces the older of the two.
                new = server.set_value(account)
                values[account["subdomain"]] = (values[account["subdomain"]] + [new])[-2:]
                assert sorted(server.txt(account["subdomain"])) == sorted(values[account["subdomain"]])
            assert server.update(guarded).status_code == 401
            assert server.update({**accounts[0], "password": accounts[1]["password"]}).status_code == 401


def test_many_accounts_survive_a_restart(folder):
    """Enough for a snapshot of several messages."""
    with Server(folder) as server:
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            accounts = list(pool.map(lambda _: server.register(), range(300)))
            values = list(pool.map(server.set_value, accounts))
    with server:
        for account, value in zip(accounts, values):
            assert server.txt(account["subdomain"]) == [value]


# --- a full disk ---

class SmallDiskServer(Server):
    """A server whose store lies on a tmpfs that nobody else sees."""

    def launch(self):
        self.database.mkdir(exist_ok=True)
        self.arguments = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                          'mount -t tmpfs -o size=512k,mode=755 tmpfs "$1" && shift && exec "$@"', "sh",
                          str(self.database), *self.arguments]
        return super().launch()

    def resize(self, size):
        subprocess.run(["nsenter", "-t", str(self.pid), "-m", "mount", "-o", f"remount,size={size}",
                        os.fspath(self.database)], check=True, timeout=DEADLINE)


@pytest.mark.root
def test_full_disk_is_db_error_and_what_is_stored_stays_served(folder):
    with SmallDiskServer(folder) as server:
        accounts, values = [], []
        refused = None
        while refused is None:
            assert len(accounts) < 5000, "the disk never filled"
            answer = server.http("POST", "/register")
            if answer.status_code != 201:
                refused = answer
                break
            accounts.append(answer.json())
            values.append(random_txt())
            answer = server.update(accounts[-1], values[-1])
            if answer.status_code != 200:
                values[-1] = None
                refused = answer
        assert (refused.status_code, refused.content) == (500, b'{"error": "db_error"}')
        assert refused.headers["Content-Type"] == "application/json"
        assert "No space left" in server.log() or "ENOSPC" in server.log() or "full" in server.log().lower()
        for _ in range(3):
            assert server.http("POST", "/register").status_code in (500, 201)
        for account, value in zip(accounts, values):
            for transport in ("udp", "tcp"):
                assert server.txt(account["subdomain"], transport=transport) == [value] * (value is not None)
        # Room again, well again, and nobody had to be restarted.
        server.resize("8m")
        wait_until(lambda: server.http("POST", "/register").status_code == 201, "a registration")
        value = server.set_value(accounts[0])
        assert value in server.txt(accounts[0]["subdomain"])
        assert value in server.txt(f"{accounts[0]['subdomain']}.{ZONE}.")

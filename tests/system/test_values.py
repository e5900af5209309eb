"""What an update promises: durable, ordered by sequence, and served by every worker when the 200 is there."""

import concurrent.futures
import contextlib
import itertools
import os
import signal
import socket
import subprocess
from pathlib import Path

import dns.message
import pytest

from sallyport import (DEADLINE, SANITIZED, HttpConnection, Server, random_txt, udp_exchange,
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


def test_more_updates_at_once_than_a_message_holds(server, account):
    """apid finds them all in one turn of its loop, after a rest: 300 KiB, where a message has 32."""
    values = [random_txt() for _ in range(100)]
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(server.http_connection()) for _ in range(300)]
        apid = server.kill("apid", signal.SIGSTOP)
        try:
            for number, connection in enumerate(connections):
                # Two in three are too long, which is for store to say.
                long = "x" * (900 + number)
                connection.send(update_request(account, values[number // 3] if number % 3 == 0 else long))
        finally:
            os.kill(apid, signal.SIGCONT)
        answers = [connection.answer() for connection in connections]
    assert [answer.status for answer in answers] == [200, 400, 400] * 100
    assert [answer.body for answer in answers[::3]] == [b'{"txt": "%s"}' % value.encode() for value in values]
    assert set(server.txt(account["subdomain"])) <= set(values)


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
            accounts = list(pool.map(lambda _: server.register(), range(260)))
            values = list(pool.map(lambda account: [server.set_value(account) for _ in range(2)], accounts))
    with server:
        for account, expected in zip(accounts, values):
            assert sorted(server.txt(account["subdomain"])) == sorted(expected)


# --- a full disk ---

class SmallDiskServer(Server):
    """A server whose store lies on a tmpfs that only its own mount namespace has."""

    def launch(self):
        self.database.mkdir(exist_ok=True)
        namespace = ["unshare", "--mount"]
        if subprocess.run([*namespace, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            # Below a plain chroot there is no mount at / that could be made private.
            namespace += ["--propagation", "unchanged"]
        self.arguments = [*namespace, "sh", "-c",
                          'mount -t tmpfs -o size=4m,mode=755 tmpfs "$1" && shift && exec "$@"', "sh",
                          os.fspath(self.database), *self.arguments]
        return super().launch()

    def destroy(self):
        super().destroy()
        # Where the namespace could not be made private the mount is seen outside, and outlives it.
        if os.path.ismount(self.database):
            subprocess.run(["umount", self.database], check=True, timeout=DEADLINE)

    @property
    def filler(self):
        """A file on that tmpfs, through the eyes of the server."""
        return Path(f"/proc/{self.pid}/root{self.database}/filler")

    def fill(self):
        with open(self.filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass


@pytest.mark.root
def test_full_disk_is_db_error_and_what_is_stored_stays_served(folder):
    with SmallDiskServer(folder, store={"reserve": 0}) as server:
        accounts = [server.register() for _ in range(4)]
        values = [server.set_value(account) for account in accounts]
        server.fill()
        # What LMDB has in hand is used up first, and each of these is still worth its answer.
        while (answer := server.http("POST", "/register")).status_code == 201:
            assert len(accounts) < 2000, "the disk never filled"
            accounts.append(answer.json())
            values.append(None)
        assert (answer.status_code, answer.content) == (500, b'{"error": "db_error"}')
        assert answer.headers["Content-Type"] == "application/json"
        assert "No space left" in server.log()

        txt = random_txt()
        answer = server.update(accounts[0], txt)
        assert answer.status_code in (200, 500)
        served = [values[0]] + [txt] * (answer.status_code == 200)
        for transport in ("udp", "tcp"):
            assert sorted(server.txt(accounts[0]["subdomain"], transport=transport)) == sorted(served)
            for account, value in zip(accounts[1:], values[1:]):
                assert server.txt(account["subdomain"], transport=transport) == ([] if value is None else [value])

        # Room again, well again, and nobody had to be restarted.
        server.filler.unlink()
        wait_until(lambda: server.http("POST", "/register").status_code == 201, "a registration")
        value = server.set_value(accounts[0])
        assert value in server.txt(accounts[0]["subdomain"])

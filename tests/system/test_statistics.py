"""What the three processes count, by what store says of it when it stops."""

import re
import struct

import dns.edns

from protocol import (DELTA, DELTA_APPLIED, REGISTER, REGISTER_ANSWER, SNAPSHOT_BEGIN, SNAPSHOT_CHUNK,
                      STATISTICS, FalseFront, greeted, message, name, register, snapshot_end)
from sallyport import Daemon, Server, http_request, wait_closed

COOKIE = 10
RESULT_OK, RESULT_BUSY = 0, 6  # enum message_result
BCRYPT_QUEUE_NEW = 128  # store/bcrypt_pool.h


def statistics_of(log, source):
    """{key: value} of the last summary in the log, which has only what is not 0."""
    found = {}
    for line in re.findall(rf"statistics of {source}: (.*)", log):
        found |= {key: int(value) for key, value in (item.split("=") for item in line.split())}
    return found


class Pair:
    """dnsd and store without a parent, so that each can be stopped alone."""

    def __init__(self, folder, **dns_keys):
        self.store = Daemon(folder, "store").start()
        self.dnsd = Daemon(folder, "dnsd", dns=dns_keys).start()
        self.dnsd.wait_log("synchronised")

    def ask(self, label, rdtype="TXT", transport="udp", address="127.0.0.1", **options):
        """Once, unlike dns(): what is asked again is counted again."""
        self.exchange(self.dnsd.question(label, rdtype, **options).to_wire(), transport, address)

    def exchange(self, wire, transport="udp", address="127.0.0.1"):
        if transport == "tcp":
            return self.dnsd.exchange(wire, transport, address)
        with self.dnsd.udp_socket(address) as peer:
            peer.send(wire)
            return peer.recv(65535)

    def stop(self):
        """dnsd's counters as store knows them in the end."""
        assert self.dnsd.terminate() == 0
        self.store.wait_log("dnsd has closed its link")
        assert self.store.terminate() == 0
        found = statistics_of(self.store.log(), "dnsd")
        assert found.pop("bytes") > 0
        return found


def test_queries(folder):
    pair = Pair(folder, rate_limit={"responses_per_second": 0})
    for _ in range(5):
        pair.ask("", "A")
    pair.ask("nothing", "TXT")
    pair.ask("", "CAA", address="::1")
    pair.ask("", "ANY", "tcp")
    pair.ask("", "SOA", "tcp", "::1", use_edns=0)
    pair.ask("example.com.", "TXT", use_edns=0)
    later = pair.dnsd.question("", "AAAA")
    later.use_edns(edns=2)  # a version that nobody has
    pair.exchange(later.to_wire())
    pair.ask("", "TYPE4711", use_edns=0, options=[dns.edns.GenericOption(COOKIE, bytes(8))])
    pair.ask("", "NS", use_edns=0, options=[dns.edns.GenericOption(COOKIE, bytes(24))])
    pair.ask("", "NS", use_edns=0, options=[dns.edns.GenericOption(COOKIE, bytes(7))])
    pair.exchange(b"\x12\x34\x20\0" + bytes(8))  # NOTIFY without a question
    with pair.dnsd.udp_socket() as peer:
        peer.send(b"no query")
        peer.send(bytes(2) + b"\x80" + bytes(9))
        peer.send(pair.dnsd.question("", "MX").to_wire())
        peer.recv(512)
    assert pair.stop() == {
        "udp": 13, "udp6": 1, "tcp": 1, "tcp6": 1,
        "A": 5, "TXT": 2, "CAA": 1, "ANY": 1, "SOA": 1, "AAAA": 1, "type.other": 1, "NS": 2, "MX": 1, "type.none": 1,
        "NOERROR": 11, "NXDOMAIN": 1, "REFUSED": 1, "BADVERS": 1, "FORMERR": 1, "NOTIMP": 1,
        "nodata": 3, "edns": 6, "cookie.none": 13, "cookie.client": 1, "cookie.wrong": 1, "cookie.malformed": 1,
        "dropped.no_query": 2, "tcp.opened": 2, "snapshots": 1}


def test_answers_that_are_limited_or_cut(folder):
    """The first ten of a second pass, every second of the others comes back cut."""
    pair = Pair(folder, workers=1, rate_limit={"responses_per_second": 10, "slip": 2, "exempt": []})
    query = pair.dnsd.question("", "A").to_wire()
    with pair.dnsd.udp_socket() as peer:
        for _ in range(200):
            peer.send(query)
        for _ in range(10):
            peer.recv(512)
    # Over TCP nobody is limited, and all that came before is answered when this is.
    pair.ask("", "A", "tcp")
    found = pair.stop()
    assert found["udp"] == found["NOERROR"] - 1 == 200
    assert found["limited.drop"] + found["limited.slip"] <= 190
    assert 0 <= found["limited.drop"] - found["limited.slip"] <= 1
    assert "truncated" not in found


def test_connections_over_tcp(folder):
    pair = Pair(folder, workers=1, tcp={"connections": 2, "connections_per_address": 2, "idle_timeout": 1})
    query = pair.dnsd.question("", "A").to_wire()
    peers = [pair.dnsd.tcp_socket() for _ in range(3)]
    for peer in peers:
        peer.sendall(struct.pack("!H", len(query)) + query)
    # One had to go for the third; the others go when they have been idle for a second.
    for peer in peers:
        wait_closed(peer)
        peer.close()
    found = pair.stop()
    assert found["tcp.opened"] == 3
    assert found["tcp.bound"] == 1
    assert found["tcp.idle"] == 2
    assert "tcp.open" not in found


def test_changes_and_names(folder):
    """What is reported while it runs, to a store played by the test: what is now, and all again to a new link."""
    daemon = Daemon(folder, "dnsd", dns={"workers": 2}).start()
    link = greeted(daemon)
    link.send(message(SNAPSHOT_BEGIN, struct.pack("!Q", 2)),
              message(SNAPSHOT_CHUNK, name(b"one", [b"1"]) + name(b"two", [])),
              snapshot_end(2),
              message(DELTA, name(b"three", [b"3"], 5) + name(b"one", exists=0, commit=6), 6),
              message(DELTA, name(b"four", [b"4"], 7), 7))
    while link.receive_until(DELTA_APPLIED)[1] < 7:
        pass
    report = last_values(link)
    while report[-8:-3] != (1, 2, 3, 0, 3):  # snapshots, deltas, changes, full, names
        report = last_values(link)
    link.close()
    link = greeted(daemon)
    assert last_values(link)[:-2] == report[:-2]  # but whether it follows store, and since when it runs
    assert daemon.terminate() == 0
    link.close()


def last_values(link):
    body = link.receive_until(STATISTICS)[2]
    return struct.unpack(f"!{len(body) // 8}Q", body)


def test_requests_and_commits(folder):
    with Server(folder) as server:
        before = server.log()
        account = server.register()
        for txt in ("a" * 43, "b" * 43, "c" * 43):
            server.set_value(account, txt)
        server.set_value(account, "__VOID__")
        assert server.update(account | {"password": "x" * 40}).status_code == 401
        assert server.update(account, "short").status_code == 400
        assert server.http("GET", "/health").status_code == 200
        assert server.http("GET", "/nothing").status_code == 404
        with server.http_connection() as connection:
            assert connection.ask(http_request("BREW", "/register")).status == 501
        with server.http_connection() as connection:
            assert connection.ask(http_request("GET", "/health")).status == 200
            # Nobody knows what this was for; it was not for what came before it.
            assert connection.ask(b"nonsense\r\n\r\n").status == 400
    assert "statistics of" not in before  # but when it stops
    http = statistics_of(server.log(), "apid")
    store = statistics_of(server.log(), "store")
    # Until it was ready the server was asked with credentials that nobody has, and may not have known.
    forbidden, unavailable = http.pop("forbidden"), http.pop("store_unavailable", 0)
    assert forbidden >= 2
    assert http.pop("update.5xx", 0) == unavailable
    assert http.pop("opened") >= 10
    assert http == {
        "register.2xx": 1, "update.2xx": 4, "update.4xx": forbidden + 1, "health.2xx": 2, "other.4xx": 2,
        "other.5xx": 1, "bad_txt": 1, "bad_request": 1, "not_found": 1, "not_implemented": 1}
    assert store == {
        "commits": 5, "registrations": 1, "values.set": 3, "values.cleared": 1, "bcrypt.hash": 1,
        "bcrypt.verify": forbidden, "remembered": 5, "links.dnsd": 1, "links.apid": 1}


def test_connections_over_http(folder):
    with Server(folder) as server:
        with server.http_connection() as first, server.http_connection() as second:
            assert first.ask(http_request("GET", "/health")).status == 200
            assert second.ask(http_request("GET", "/health")).status == 200
    # apid's last second is reported, too: with all of its connections gone.
    http = statistics_of(server.log(), "apid")
    assert http["opened"] >= 2
    assert http["health.2xx"] == 2
    assert "open" not in http


def test_what_store_does_to_its_fronts(folder):
    """Played by the test: a broken rule, more than the queue holds, and a commit that dnsd never acknowledges."""
    store = Daemon(folder, "store").start()
    fronts = {role: FalseFront(store, role) for role in ("dnsd", "apid")}
    dnsd = fronts["dnsd"].greeted()
    apid = fronts["apid"].greeted()
    apid.send(message(65535))
    apid.wait_closed()
    apid = fronts["apid"].greeted()
    apid.send(message(REGISTER, register(), 1))
    assert apid.receive_until(REGISTER_ANSWER)[2][0] == RESULT_OK
    # Without dnsd nothing is waited for.
    fronts["dnsd"].close()
    dnsd.close()
    store.wait_log("dnsd has closed its link")
    for number in range(2 * BCRYPT_QUEUE_NEW):
        apid.send(message(REGISTER, register(), number + 1))
    results = [apid.receive_until(REGISTER_ANSWER)[2][0] for _ in range(2 * BCRYPT_QUEUE_NEW)]
    fronts["apid"].close()
    apid.close()
    assert store.terminate() == 0
    found = statistics_of(store.log(), "store")
    done = results.count(RESULT_OK)
    assert done >= BCRYPT_QUEUE_NEW
    assert found["busy"] == results.count(RESULT_BUSY) == 2 * BCRYPT_QUEUE_NEW - done > 0
    assert found["registrations"] == found["bcrypt.hash"] == done + 1
    assert found["unacknowledged"] == 1
    assert (found["links.dnsd"], found["links.apid"], found["drops.apid"]) == (1, 2, 1)
    assert "drops.dnsd" not in found

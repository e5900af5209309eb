"""What dnsd's clients may take from each other: response rate limiting and the bounds of TCP."""

import signal
import socket
import struct
import time

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from network import network_of_our_own
from sallyport import DEADLINE, RECORDS, ZONE, Daemon, process_status, tcp_answer, wait_closed, wait_until

RATE = 50
SO_RCVBUFFORCE = 33  # of Linux; Python does not name it
NAMES = RECORDS + [f"flood.{ZONE}. A 198.51.100.7", f"other.{ZONE}. A 198.51.100.8", f"marker.{ZONE}. A 198.51.100.9"]


def limited(folder, rate_limit=None, **dns_keys):
    settings = {"responses_per_second": RATE, "slip": 2, "exempt": []} | (rate_limit or {})
    return Daemon(folder, "dnsd", records=NAMES, dns={"workers": 1, "rate_limit": settings} | dns_keys).start()


class Burst:
    """Asks the same question `count` times from one socket and sorts what comes back."""

    def __init__(self, daemon, count, name="flood", address="127.0.0.1", source=None, **options):
        self.full, self.slipped, self.limited = [], [], 0
        query = daemon.question(name, "A", **options).to_wire()
        marker = daemon.question("marker", "A").to_wire()
        self.start = time.monotonic()
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.settimeout(DEADLINE)
            if source is not None:
                peer.bind((source, 0))
            peer.connect((address, daemon.dns_port))
            for first in range(0, count, 20):
                for _ in range(min(20, count - first)):
                    peer.send(query)
                self._collect(peer, marker)
        self.end = time.monotonic()
        self.query_length = len(query)
        self.limited = count - len(self.full)

    def _collect(self, peer, marker):
        # One socket's queries are answered in order: the marker's answer is the last. Sent slowly
        # enough it is under its own limit; where it is limited it is asked for again.
        number = 0
        while True:
            number += 1
            peer.send(struct.pack("!H", number) + marker[2:])
            peer.settimeout(0.2)
            try:
                while True:
                    wire = peer.recv(4096)
                    if wire[:2] == struct.pack("!H", number) and b"\x06marker" in wire:
                        return
                    if b"\x06marker" not in wire:
                        (self.slipped if wire[2] & 2 else self.full).append(wire)
            except TimeoutError:
                assert number < DEADLINE * 5



def allowed(first, last):
    """Answers that the rate allows in the time that it took, a full bucket included."""
    return RATE * (1 + last.end - first.start) + 2


def check_limited(burst, count):
    assert RATE <= len(burst.full) <= allowed(burst, burst)
    assert len(burst.slipped) == (count - len(burst.full)) // 2


def test_a_burst_is_limited_and_half_of_the_rest_slipped(folder):
    daemon = limited(folder)
    burst = Burst(daemon, 1000)
    check_limited(burst, 1000)
    for wire in burst.slipped:
        answer = dns.message.from_wire(wire)
        assert answer.flags & dns.flags.TC
        assert len(answer.question) == 1
        assert (answer.answer, answer.authority, answer.additional) == ([], [], [])
        assert len(wire) <= burst.query_length
    # Who really asked comes back over TCP, and other names are not touched.
    answer = daemon.dns("flood", "A", "tcp")
    assert answer.answer[0][0].to_text() == "198.51.100.7"
    assert daemon.dns("other", "A").answer[0][0].to_text() == "198.51.100.8"
    daemon.wait_log("answers to 127.0.0.0/24 exceed dns.rate_limit")
    assert daemon.log().count("exceed dns.rate_limit") == 1


def test_the_limit_keeps_the_opt_record(folder):
    daemon = limited(folder)
    burst = Burst(daemon, 300, use_edns=0, payload=1232)
    check_limited(burst, 300)
    assert all(dns.message.from_wire(wire).edns == 0 for wire in burst.full + burst.slipped)


def test_ipv6_is_limited(folder):
    daemon = limited(folder)
    check_limited(Burst(daemon, 300, address="::1"), 300)
    daemon.wait_log("answers to ::/56 exceed dns.rate_limit")


def test_errors_are_limited_and_never_slipped(folder):
    daemon = limited(folder)
    burst = Burst(daemon, 300, name="example.net.")
    assert RATE <= len(burst.full) <= allowed(burst, burst)
    assert burst.slipped == []
    assert {dns.message.from_wire(wire).rcode() for wire in burst.full} == {dns.rcode.REFUSED}


def test_a_network_shares_its_rate_and_another_has_its_own(folder):
    daemon = limited(folder)
    first = Burst(daemon, 300)
    same = Burst(daemon, 300, source="127.0.0.2")
    other = Burst(daemon, 300, source="127.0.1.1")
    assert len(first.full) + len(same.full) <= allowed(first, same)
    check_limited(other, 300)


# Two addresses of a /64, one of the same /56, one of the next /56, and the server's.
SAME_64, OTHER_64, OTHER_56 = ["2001:db8:0:101::1", "2001:db8:0:101:ffff::2"], "2001:db8:0:1ff::1", "2001:db8:0:200::1"
HERE = "2001:db8::53"


@pytest.fixture
def many_addresses():
    with network_of_our_own(*SAME_64, OTHER_64, OTHER_56, HERE):
        yield


def listening_here(folder, **dns_keys):
    daemon = Daemon(folder, "dnsd", records=NAMES, dns={"workers": 1} | dns_keys)
    daemon.configuration["dns"]["listen"].append(f"[{HERE}]:{daemon.dns_port}")
    daemon.write_configuration()
    return daemon.start()


@pytest.mark.root
def test_an_ipv6_network_shares_its_rate_and_another_has_its_own(many_addresses, folder):
    """Who has a /64, or a /56, can take any address in it."""
    daemon = listening_here(folder, rate_limit={"responses_per_second": RATE, "exempt": []})
    bursts = [Burst(daemon, 300, address=HERE, source=source) for source in (*SAME_64, OTHER_64)]
    assert sum(len(burst.full) for burst in bursts) <= allowed(bursts[0], bursts[-1])
    check_limited(Burst(daemon, 300, address=HERE, source=OTHER_56), 300)
    daemon.wait_log("answers to 2001:db8:0:100::/56 exceed dns.rate_limit")
    daemon.wait_log("answers to 2001:db8:0:200::/56 exceed dns.rate_limit")


@pytest.mark.root
def test_strangers_are_limited_unless_it_is_said_otherwise(many_addresses, folder):
    """To 200 answers a second; only loopback is exempt."""
    burst = Burst(listening_here(folder), 1000, address=HERE, source=OTHER_56)
    assert 200 <= len(burst.full) <= 200 * (1 + burst.end - burst.start) + 2
    assert len(burst.slipped) == (1000 - len(burst.full)) // 2


@pytest.mark.root
def test_an_ipv6_wildcard_answers_from_the_address_asked(many_addresses, folder):
    daemon = Daemon(folder, "dnsd", records=NAMES)
    daemon.configuration["dns"]["listen"] = [f"[::]:{daemon.dns_port}"]
    daemon.write_configuration()
    daemon.start()
    for address in (*SAME_64, OTHER_64, HERE):
        # Of the asker's own address, which the kernel would take for the answer's, too.
        assert len(Burst(daemon, 10, address=address, source=OTHER_56).full) == 10
        Peer(daemon, OTHER_56, address).ask()


@pytest.mark.parametrize("settings", [
    {"exempt": ["127.0.0.0/8"]},
    {"exempt": ["127.0.0.1/32", "::1/128"]},
    {"responses_per_second": 0},
    {"exempt": None, "responses_per_second": None, "slip": None},
], ids=["exempt", "exempt_alone", "off", "default"])
def test_who_is_not_limited(folder, settings):
    rate_limit = {key: value for key, value in
                  ({"responses_per_second": RATE, "slip": 2, "exempt": []} | settings).items() if value is not None}
    daemon = Daemon(folder, "dnsd", records=NAMES, dns={"workers": 1, "rate_limit": rate_limit}).start()
    burst = Burst(daemon, 1000)
    assert (len(burst.full), len(burst.slipped)) == (1000, 0)
    assert "exceed" not in daemon.log()


@pytest.mark.parametrize("slip", [0, 1])
def test_slip_none_or_all(folder, slip):
    daemon = limited(folder, {"slip": slip})
    burst = Burst(daemon, 300)
    assert RATE <= len(burst.full) <= allowed(burst, burst)
    assert len(burst.slipped) == slip * burst.limited


def test_workers_share_the_rate(folder):
    daemon = limited(folder, workers=2)
    bursts = [Burst(daemon, 100) for _ in range(20)]
    assert sum(len(burst.full) for burst in bursts) <= allowed(bursts[0], bursts[-1])
    daemon.wait_log("exceed dns.rate_limit")
    assert daemon.log().count("exceed dns.rate_limit") == 1


def test_a_valid_cookie_is_never_limited(folder):
    daemon = limited(folder)
    client = dns.edns.GenericOption(10, b"8 bytes!")
    answer = daemon.dns("flood", "A", use_edns=0, options=[client])
    cookie = next(option for option in answer.options if option.otype == 10).to_wire()
    assert cookie[:8] == b"8 bytes!" and len(cookie) == 24
    burst = Burst(daemon, 1000, use_edns=0, options=[dns.edns.GenericOption(10, cookie)])
    assert (len(burst.full), len(burst.slipped)) == (1000, 0)
    # One that is not ours helps nobody.
    forged = cookie[:-1] + bytes([cookie[-1] ^ 1])
    check_limited(Burst(daemon, 300, name="other", use_edns=0, options=[dns.edns.GenericOption(10, forged)]), 300)


# --- sockets ---

def test_a_wildcard_answers_from_the_address_asked(folder):
    """A connected socket takes answers from the address that it asked only."""
    daemon = Daemon(folder, "dnsd", records=NAMES)
    daemon.configuration["dns"]["listen"] = [f"0.0.0.0:{daemon.dns_port}", f"[::]:{daemon.dns_port}"]
    daemon.write_configuration()
    daemon.start()
    for address in ("127.0.0.1", "127.0.0.2", "127.255.3.4", "::1"):
        for transport in ("udp", "tcp"):
            answer = daemon.dns("flood", "A", transport, address=address)
            assert answer.answer[0][0].to_text() == "198.51.100.7"


def test_an_address_has_its_own_protocols(folder):
    daemon = Daemon(folder, "dnsd", records=NAMES)
    addresses = {"127.0.0.1": ["udp"], "127.0.0.2": ["tcp"], "127.0.0.3": ["udp", "tcp"], "127.0.0.4": None}
    daemon.configuration["dns"]["protocols"] = ["udp"]
    daemon.configuration["dns"]["listen"] = [
        {"address": f"{address}:{daemon.dns_port}", "protocols": protocols} if protocols
        else f"{address}:{daemon.dns_port}" for address, protocols in addresses.items()]
    daemon.write_configuration()
    daemon.start()
    for address, protocols in addresses.items():
        for transport in ("udp", "tcp"):
            if transport in (protocols or ["udp"]):
                answer = daemon.dns("flood", "A", transport, address=address)
                assert answer.answer[0][0].to_text() == "198.51.100.7"
                continue
            with pytest.raises(ConnectionRefusedError):
                with daemon.udp_socket(address) if transport == "udp" else daemon.tcp_socket(address) as peer:
                    peer.send(b"x")
                    peer.recv(1)


def answers_after_a_pause(daemon, count):
    """How many of `count` queries the kernel keeps while dnsd does not run."""
    query = daemon.question("flood", "A").to_wire()
    daemon.dns("flood", "A")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        peer.connect(("127.0.0.1", daemon.dns_port))
        daemon.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: process_status(daemon.pid)["State"][0] == "T", "a stopped dnsd")
        for _ in range(count):
            peer.send(query)
        daemon.process.send_signal(signal.SIGCONT)
        answers = 0
        peer.settimeout(2)
        try:
            while answers < count:
                peer.recv(4096)
                answers += 1
        except TimeoutError:
            pass
    return answers


@pytest.mark.root
def test_socket_buffer(folder):
    daemon = Daemon(folder, "dnsd", records=NAMES, dns={"workers": 1, "socket_buffer": 8 << 20}).start()
    assert answers_after_a_pause(daemon, 3000) == 3000
    assert "the kernel gives" not in daemon.log()
    usual = Daemon(folder / "usual", "dnsd", records=NAMES, dns={"workers": 1}).start()
    assert answers_after_a_pause(usual, 2000) == 2000
    small = Daemon(folder / "small", "dnsd", records=NAMES, dns={"workers": 1, "socket_buffer": 16 << 10}).start()
    assert answers_after_a_pause(small, 3000) < 300


# --- TCP ---

def tcp_daemon(folder, **limits):
    settings = {"connections": 20, "connections_per_address": 20, "idle_timeout": 60} | limits
    return Daemon(folder, "dnsd", records=NAMES, dns={"workers": 1, "tcp": settings}).start()


class Peer:
    """One TCP connection from one of the loopback's addresses, known to be accepted."""

    def __init__(self, daemon, source="127.0.0.1", address="127.0.0.1"):
        self.daemon = daemon
        self.socket = socket.create_connection((address, daemon.dns_port), DEADLINE, (source, 0))
        self.ask()

    def ask(self):
        query = self.daemon.question("flood", "A").to_wire()
        self.socket.sendall(struct.pack("!H", len(query)) + query)
        assert dns.message.from_wire(tcp_answer(self.socket)).rcode() == dns.rcode.NOERROR

    def is_closed(self):
        """Waits for the end that must come."""
        return wait_closed(self.socket) == b""


def test_tcp_connections_of_one_address_are_bounded(folder):
    daemon = tcp_daemon(folder, connections_per_address=4)
    other = Peer(daemon, "127.0.0.2")
    peers = [Peer(daemon) for _ in range(4)]
    peers[0].ask()
    newcomer = Peer(daemon)
    # The one idle for longest went, and nobody else.
    assert peers[1].is_closed()
    for peer in (other, peers[0], peers[2], peers[3], newcomer):
        peer.ask()
    second = Peer(daemon)
    assert peers[0].is_closed()
    for peer in (other, peers[2], peers[3], newcomer, second):
        peer.ask()


@pytest.mark.root
def test_tcp_connections_of_one_ipv6_network_are_bounded(many_addresses, folder):
    """All addresses of a /64 are one client's."""
    daemon = listening_here(folder, tcp={"connections_per_address": 2, "idle_timeout": 60})
    other = Peer(daemon, OTHER_64, HERE)
    peers = [Peer(daemon, source, HERE) for source in SAME_64]
    newcomer = Peer(daemon, SAME_64[1], HERE)
    assert peers[0].is_closed()
    for peer in (other, peers[1], newcomer):
        peer.ask()


def test_tcp_all_connections_are_bounded(folder):
    daemon = tcp_daemon(folder, connections=4)
    peers = [Peer(daemon, f"127.0.0.{number}") for number in range(1, 5)]
    peers[0].ask()
    newcomer = Peer(daemon, "127.0.0.9")
    assert peers[1].is_closed()
    for peer in (peers[0], peers[2], peers[3], newcomer):
        peer.ask()


def test_tcp_one_address_at_its_bound_takes_no_place_from_others(folder):
    daemon = tcp_daemon(folder, connections=6, connections_per_address=3)
    others = [Peer(daemon, f"127.0.0.{number}") for number in range(2, 5)]
    crowd = [Peer(daemon) for _ in range(30)]
    assert all(peer.is_closed() for peer in crowd[:27])
    for peer in others + crowd[27:]:
        peer.ask()


def test_tcp_connections_that_ended_are_not_counted(folder):
    daemon = tcp_daemon(folder, connections_per_address=3)
    peers = [Peer(daemon) for _ in range(2)]
    for _ in range(50):
        Peer(daemon).socket.close()
        # Asked in between, so that dnsd has seen the end of the one before.
        for peer in peers:
            peer.ask()
    for peer in peers:
        peer.ask()


def test_tcp_idle_timeout(folder):
    daemon = tcp_daemon(folder, idle_timeout=1)
    idle, busy = Peer(daemon), Peer(daemon)
    idle.socket.setblocking(False)
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        busy.ask()
        try:
            assert idle.socket.recv(1) == b""
            break
        except BlockingIOError:
            time.sleep(0.05)
    else:
        pytest.fail("an idle connection stayed")
    busy.ask()


def test_tcp_lifetime(folder):
    """However busy a connection is, it ends; one that is younger goes on."""
    daemon = tcp_daemon(folder, lifetime=3)
    start = time.monotonic()
    old = Peer(daemon)
    while time.monotonic() < start + DEADLINE:
        young = Peer(daemon)
        try:
            old.ask()
        except (ConnectionError, dns.message.ShortHeader):
            break
    else:
        pytest.fail("a busy connection stayed")
    assert time.monotonic() - start > 2.5
    young.ask()

"""Sockets that a service manager keeps while a daemon is exchanged (FDSTORE=1): whoever comes meanwhile waits."""

import socket

import dns.message
import dns.rcode
import pytest

from sallyport import DEADLINE, Daemon, free_port
from service_manager import Systemd, pass_to


class Kept:
    """A daemon whose sockets outlive it."""

    def __init__(self, folder, role, **overrides):
        self.systemd = Systemd(folder / "notify")
        self.daemon = Daemon(folder, role, **overrides)
        self.arguments = self.daemon.arguments
        self.systemd.watch(self.daemon)
        self.name = {"dnsd": "kept-dns", "apid": "kept-api"}[role]

    def start(self):
        self.daemon.launch()
        self.systemd.wait("READY=1", len(self.systemd.heard))

    def stop(self):
        self.daemon.terminate()
        self.systemd.listen()

    def start_again(self):
        sockets = self.kept()
        self.daemon.arguments = self.arguments
        pass_to(self.daemon, sockets, ":".join([self.name] * len(sockets)))
        self.start()

    def kept(self):
        self.systemd.listen()
        return list(self.systemd.kept.get(self.name, []))

    def close(self):
        self.daemon.destroy()
        self.systemd.close()


@pytest.fixture
def dnsd(folder):
    made = Kept(folder, "dnsd")
    made.daemon.configuration["dns"]["workers"] = 3
    made.daemon.write_configuration()
    yield made
    made.close()


@pytest.fixture
def apid(folder):
    made = Kept(folder, "apid", tls=False)
    yield made
    made.close()


def whose(sockets):
    return sorted((one.type, one.getsockname()[:2]) for one in sockets)


def is_answered(daemon, asker, query):
    answer = dns.message.from_wire(asker.recv(4096))
    return answer.id == query.id and answer.rcode() == dns.rcode.NOERROR


def test_who_asks_while_dnsd_is_away_waits(dnsd):
    dnsd.start()
    addresses = dnsd.daemon.configuration["dns"]["listen"]
    assert len(dnsd.kept()) == 3 * 2 * len(addresses)
    dnsd.stop()
    query = dnsd.daemon.question("", "SOA")
    askers = [dnsd.daemon.udp_socket() for _ in range(20)]  # the kernel chooses a worker's socket for each
    for asker in askers:
        asker.send(query.to_wire())
    with dnsd.daemon.tcp_socket() as early:
        early.sendall(len(query.to_wire()).to_bytes(2, "big") + query.to_wire())
        dnsd.start_again()
        for asker in askers:
            assert is_answered(dnsd.daemon, asker, query)
            asker.close()
        length = int.from_bytes(early.recv(2, socket.MSG_WAITALL), "big")
        assert dns.message.from_wire(early.recv(length, socket.MSG_WAITALL)).id == query.id
    assert "bound anew" not in dnsd.daemon.log()


@pytest.mark.parametrize("change", ["address", "workers", "lost"])
def test_dnsd_binds_anew_what_has_changed(dnsd, change):
    dnsd.start()
    before = whose(dnsd.kept())
    dnsd.stop()
    if change == "address":
        dnsd.daemon.dns_port = free_port()
        dnsd.daemon.configuration["dns"]["listen"] = [f"127.0.0.1:{dnsd.daemon.dns_port}"]
    elif change == "workers":
        dnsd.daemon.configuration["dns"]["workers"] = 2
    else:
        dnsd.systemd.kept["kept-dns"].pop().close()
    dnsd.daemon.write_configuration()
    dnsd.start_again()
    assert "FDSTOREREMOVE=1\nFDNAME=kept-dns" in dnsd.systemd.heard
    assert "the sockets are bound anew" in dnsd.daemon.log()
    assert (whose(dnsd.kept()) == before) == (change == "lost")
    query = dnsd.daemon.question("", "SOA")
    with dnsd.daemon.udp_socket() as asker:
        asker.send(query.to_wire())
        assert is_answered(dnsd.daemon, asker, query)


def get(port, early):
    early.sendall(f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())


def test_who_connects_while_apid_is_away_waits(apid):
    port = apid.daemon.api_port
    apid.start()
    apid.stop()
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as early:
        get(port, early)
        apid.start_again()
        assert early.recv(100).startswith(b"HTTP/1.1 ")


def test_apid_binds_what_has_changed(apid):
    apid.start()
    before = whose(apid.kept())
    apid.stop()
    port = apid.daemon.api_port = free_port()
    apid.daemon.configuration["api"]["listen"] = [f"127.0.0.1:{port}"]
    apid.daemon.write_configuration()
    apid.start_again()
    assert "FDSTOREREMOVE=1\nFDNAME=kept-api" in apid.systemd.heard
    assert whose(apid.kept()) == [(socket.SOCK_STREAM, ("127.0.0.1", port))] != before
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as client:
        get(port, client)
        assert client.recv(100).startswith(b"HTTP/1.1 ")


def test_who_has_just_connected_is_answered_before_the_end(apid):
    """To a client that has asked nothing yet, a connection that closes is a lost one."""
    apid.start()
    port = apid.daemon.api_port
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as early, \
            socket.create_connection(("127.0.0.1", port), DEADLINE) as used:
        used.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        # Who came before the one who is answered has been accepted.
        assert used.recv(1000).startswith(b"HTTP/1.1 ")
        apid.daemon.process.terminate()
        apid.systemd.wait("STOPPING=1")
        assert used.recv(1) == b""
        get(port, early)
        assert early.recv(100).startswith(b"HTTP/1.1 ")
    assert apid.daemon.wait_exit() == 0

"""`sallyport health`: one line and an exit code about a server that runs, stands still, or is not there."""

import os
import signal
import socket
import subprocess

import pytest

from sallyport import SALLYPORT, Server, make_certificate, wait_until


def health(server):
    """(exit code, the one line)."""
    done = server.command("health")
    assert done.stderr == ""
    line, = done.stdout.splitlines()
    return done.returncode, line


@pytest.fixture
def server(folder):
    made = Server(folder)
    made.configuration["api"]["listen"].append(f"unix:{folder}/api.sock")
    made.write_configuration()
    with made:
        yield made


def test_a_server_that_is_well(server):
    assert health(server) == (0, "ok: DNS answers at 2 addresses, the API at 3")


def test_all_addresses_of_the_machine(folder):
    server = Server(folder)
    server.configuration["dns"]["listen"] = [f"0.0.0.0:{server.dns_port}", f"[::]:{server.dns_port}"]
    server.configuration["api"]["listen"] = [f"0.0.0.0:{server.api_port}", f"[::]:{server.api_port}"]
    server.write_configuration()
    server.launch()
    server.wait_log("serving")
    wait_until(lambda: health(server) == (0, "ok: DNS answers at 2 addresses, the API at 2"), "health")
    assert server.terminate() == 0


@pytest.mark.parametrize("days, code", [(22, 0), (20, 1)])
def test_a_certificate_that_ends(folder, days, code):
    server = Server(folder, tls=True)
    server.use_certificate(*make_certificate(folder, name="short", days=days))
    server.write_configuration()
    with server:
        found, line = health(server)
    assert found == code
    if code != 0:
        assert line.startswith(f"failed: API over TLS 127.0.0.1:{server.api_port}: the certificate ends at ")
        assert line.endswith("; renew it")
    else:
        assert line == "ok: DNS answers at 2 addresses, the API at 2"


def test_tls_where_none_is_spoken(folder):
    server = Server(folder, tls=False)
    with server:
        server.use_certificate(*make_certificate(folder))
        server.write_configuration()
        code, line = health(server)
        assert code == 1 and line.startswith(f"failed: API over TLS 127.0.0.1:{server.api_port}: TLS: "), line
    plain = Server(folder, tls=True)
    with plain:
        plain.configuration["api"].pop("tls")
        plain.write_configuration()
        code, line = health(plain)
        assert code == 1 and "/health/ready is answered with 400" in line or "does not speak HTTP" in line, line


def test_no_server(folder):
    server = Server(folder)
    code, line = health(server)
    assert code == 1
    assert line == f"failed: DNS over UDP 127.0.0.1:{server.dns_port}: nobody listens there"


@pytest.mark.parametrize("role, words", [
    ("dnsd", ["failed: DNS over UDP 127.0.0.1:", "no answer comes"]),
    ("apid", ["failed: API 127.0.0.1:", "cannot read the answer: no answer in time"])])
def test_a_process_that_stands_still(server, role, words):
    pid = server.pids()[role]
    os.kill(pid, signal.SIGSTOP)
    try:
        code, line = health(server)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert code == 1
    for word in words:
        assert word in line
    assert health(server)[0] == 0


def test_a_store_that_stands_still(folder):
    """DNS answers without it, the API does, and yet nothing can be updated."""
    with Server(folder) as server:
        server.deaths_expected = True
        pid = server.pids()["store"]
        os.kill(pid, signal.SIGSTOP)
        try:
            code, line = health(server)
        finally:
            os.kill(pid, signal.SIGCONT)
    assert code == 1 and line.startswith("failed: API ") and "no answer in time" in line


def test_somebody_else_at_the_address(folder):
    """What answers must be DNS with authority, and HTTP."""
    server = Server(folder)
    server.configuration["api"]["listen"] = [f"127.0.0.1:{server.api_port}"]
    server.configuration["dns"]["listen"] = [{"address": f"127.0.0.1:{server.dns_port}", "protocols": ["udp"]}]
    server.write_configuration()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dns:
        dns.bind(("127.0.0.1", server.dns_port))
        for flags, words in ((b"\x80\x00", "the zone's SOA is not answered"), (b"\x84\x02", "with SERVFAIL (2)"),
                             (b"\x84\x05", "with REFUSED (5)")):
            assert words in answered(server, dns, lambda query, flags=flags: query[:2] + flags + query[4:])
        good = b"\x84\0\0\1\0\1"
        for message in (
                lambda query: b"\0", lambda query: query,
                # With another id, to another question, and to none.
                lambda query: bytes([query[0] ^ 1, query[1]]) + good + query[8:],
                lambda query: query[:2] + good + query[8:13] + b"x" + query[14:],
                lambda query: query[:2] + b"\x84\0\0\0\0\1" + query[8:]):
            assert "what answers is no DNS server" in answered(server, dns, message)


def answered(server, dns, answer):
    """The line when this is what comes back."""
    process = subprocess.Popen([SALLYPORT, "health", "-c", server.file], stdout=subprocess.PIPE, text=True)
    query, peer = dns.recvfrom(512)
    dns.sendto(answer(query), peer)
    line = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    return line


def test_a_configuration_with_a_mistake(folder):
    server = Server(folder)
    server.write_configuration("zone: {}\n")
    done = server.command("health")
    assert (done.returncode, done.stdout) == (78, "")
    assert "zone.name is missing" in done.stderr

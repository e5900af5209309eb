"""The PROXY protocol in front of everything else: whose word counts, and what becomes of strange headers."""

import socket
import struct
import subprocess

import pytest

from sallyport import (DEADLINE, SALLYPORT, HttpConnection, Server, TlsPeer, free_port, http_request, random_txt,
                       update_request, wait_closed)

HEALTH = http_request("GET", "/health")
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL = SIGNATURE + b"\x20\0\0\0"
# A client whose address the proxy does not know, or that has none of IP.
NOBODY = {"unknown": b"PROXY UNKNOWN\r\n", "unspec": SIGNATURE + b"\x21\0\0\0",
          "unix": SIGNATURE + b"\x21\x31\0\xd8" + bytes(216)}
ALLOWED, OTHER = "203.0.113.7", "198.51.100.9"
PROXY, STRANGER = "127.0.0.2", "127.0.0.3"


def v1(source, family="TCP4", destination=None):
    return f"PROXY {family} {source} {destination or source} 56324 443\r\n".encode()


def v2(source, family=0x11, tlvs=b""):
    kind = socket.AF_INET if family == 0x11 else socket.AF_INET6
    body = socket.inet_pton(kind, source) * 2 + struct.pack("!HH", 56324, 443) + tlvs
    return SIGNATURE + struct.pack("!BBH", 0x21, family, len(body)) + body


def started(folder, *trusted):
    """A server with two addresses of its own for proxies, one in plain HTTP and one over TLS, and a socket."""
    server = Server(folder, tls=True, api={"trusted_proxies": ["unix", *trusted]})
    server.plain, server.sealed = free_port(), free_port()
    server.configuration["api"]["listen"] += [
        {"address": f"127.0.0.1:{server.plain}", "tls": False, "proxy_protocol": True},
        {"address": f"127.0.0.1:{server.sealed}", "proxy_protocol": True},
        {"address": f"unix:{folder}/api.sock", "proxy_protocol": True}]
    server.write_configuration()
    return server


@pytest.fixture(scope="module")
def server(module_folder):
    with started(module_folder, "127.0.0.1/32") as running:
        yield running


@pytest.fixture(scope="module")
def guarded(server):
    return server.register([f"{ALLOWED}/32", "2001:db8::/32"])


def connect(port, source=None):
    return socket.create_connection(("127.0.0.1", port), DEADLINE, (source, 0) if source else None)


def ask(server, header, request=HEALTH, source=None, over_tls=False):
    with connect(server.sealed if over_tls else server.plain, source) as peer:
        peer.sendall(header)
        return HttpConnection(TlsPeer(peer, server.tls_context()) if over_tls else peer).ask(request)


@pytest.mark.parametrize("over_tls", [False, True])
@pytest.mark.parametrize("header, status", [
    (v1(ALLOWED), 200), (v1(OTHER), 401), (v2(ALLOWED), 200), (v2(OTHER), 401),
    (v1("2001:db8::7", "TCP6"), 200), (v2("2001:db8::7", 0x21), 200), (v2("2001:db9::7", 0x21), 401),
    (v1(f"::ffff:{ALLOWED}", "TCP6"), 200), (v2(ALLOWED, tlvs=b"\x04\0\x80" + bytes(128)), 200),
    (LOCAL, 401), *((header, 401) for header in NOBODY.values()),
])
def test_what_it_says_counts_for_allowfrom(server, guarded, header, status, over_tls):
    assert ask(server, header, update_request(guarded, random_txt()), over_tls=over_tls).status == status


def test_without_a_claim_the_connection_counts(server):
    account = server.register(["127.0.0.1/32"])
    for header in (LOCAL, *NOBODY.values()):
        assert ask(server, header, update_request(account, random_txt())).status == 200


def test_the_claim_is_in_the_log(server, guarded):
    assert ask(server, v1(OTHER), update_request(guarded, random_txt())).status == 401
    server.wait_log(f"event=update_refused client={OTHER} ")


def test_it_holds_for_the_whole_connection(server, guarded):
    with connect(server.plain) as peer:
        peer.sendall(v1(ALLOWED) + HEALTH)
        connection = HttpConnection(peer)
        assert connection.answer().status == 200
        for _ in range(3):
            assert connection.ask(update_request(guarded, random_txt())).status == 200
        # A second one is no request.
        assert connection.ask(v1(OTHER)).status == 400


@pytest.mark.parametrize("header", [v1(ALLOWED), v2(ALLOWED), LOCAL], ids=["v1", "v2", "local"])
def test_byte_by_byte(server, header):
    with connect(server.plain) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in header + HEALTH:
            peer.sendall(bytes([byte]))
        assert HttpConnection(peer).answer().status == 200


def connect_locally(server):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(DEADLINE)
    peer.connect(f"{server.folder}/api.sock")
    return peer


def test_over_a_unix_socket(server, guarded):
    for header, status in ((v2(ALLOWED), 200), (v2(OTHER), 401), (LOCAL, 401)):
        with connect_locally(server) as peer:
            peer.sendall(header + update_request(guarded, random_txt()))
            assert HttpConnection(peer).answer().status == status


@pytest.mark.parametrize("kind", NOBODY)
def test_over_a_unix_socket_nobody_is_without_an_address(server, kind):
    """No limit would hold him."""
    with connect_locally(server) as peer:
        peer.sendall(NOBODY[kind] + HEALTH)
        assert wait_closed(peer) == b""


MALFORMED = {
    "none": HEALTH,
    "tls": b"\x16\x03\x01\x02\x00\x01",
    "line_too_long": b"PROXY UNKNOWN " + b"x" * 100,
    "no_cr": b"PROXY UNKNOWN\n",
    "wrong_address": v1("203.0.113.256"),
    "wrong_family": v1("::1"),
    "nobody": v1("::", "TCP6") + HEALTH,
    "v2_nobody": v2("::", 0x21) + HEALTH,
    "v2_version": SIGNATURE + b"\x31\x11\0\x0c" + bytes(12),
    "v2_command": SIGNATURE + b"\x22\x11\0\x0c" + bytes(12),
    "v2_datagram": SIGNATURE + b"\x21\x12\0\x0c" + bytes(12),
    "v2_short": SIGNATURE + b"\x21\x11\0\x0b" + bytes(11),
    "v2_huge": SIGNATURE + b"\x21\x11\xff\xff",
}


@pytest.mark.parametrize("case", MALFORMED)
@pytest.mark.parametrize("over_tls", [False, True])
def test_malformed_is_closed_in_silence(server, case, over_tls):
    with connect(server.sealed if over_tls else server.plain) as peer:
        peer.sendall(MALFORMED[case])
        assert wait_closed(peer) == b""
    assert server.http("GET", "/health").status_code == 200


def test_every_prefix_and_then_the_end(server):
    for header in (v1(ALLOWED), v2(ALLOWED)):
        for length in range(len(header) + 1):
            with connect(server.plain) as peer:
                peer.sendall(header[:length])
                peer.shutdown(socket.SHUT_WR)
                assert wait_closed(peer) == b""


def test_a_header_that_never_ends_is_closed(server):
    with connect(server.plain) as silent, connect(server.plain) as half:
        half.sendall(v1(ALLOWED)[:10])
        assert wait_closed(half) == wait_closed(silent) == b""


def test_where_it_is_not_expected_it_is_no_request(server):
    with server.http_connection() as connection:
        assert connection.ask(v1(ALLOWED)).status == 400


# --- whose word counts ---

@pytest.fixture(scope="module")
def choosy(module_folder):
    with started(module_folder / "choosy", f"{PROXY}/32", "10.0.0.0/8") as running:
        yield running


@pytest.mark.parametrize("header", [v1(ALLOWED), v2(ALLOWED)], ids=["v1", "v2"])
def test_only_a_trusted_proxy_may_claim(choosy, header):
    account = choosy.register([f"{ALLOWED}/32"])
    request = update_request(account, random_txt())
    assert ask(choosy, header, request, PROXY).status == 200
    with connect(choosy.plain, STRANGER) as peer:
        peer.sendall(header + request)
        assert wait_closed(peer) == b""


def test_whoever_claims_nothing_is_himself(choosy):
    account = choosy.register([f"{STRANGER}/32"])
    assert ask(choosy, LOCAL, update_request(account, random_txt()), STRANGER).status == 200


@pytest.mark.parametrize("header", [v1(OTHER), v1("10.1.1.1"), LOCAL, *NOBODY.values()],
                         ids=["client", "proxy", "local", *NOBODY])
def test_a_header_of_http_does_not_count(choosy, header):
    """The proxy has not written it: it speaks in the PROXY header."""
    account = choosy.register([f"{ALLOWED}/32"])
    request = update_request(account, random_txt(), [("X-Forwarded-For", ALLOWED)])
    assert ask(choosy, header, request, PROXY).status == 401


def test_a_header_of_http_does_not_count_over_a_unix_socket(choosy):
    account = choosy.register([f"{ALLOWED}/32"])
    with connect_locally(choosy) as peer:
        peer.sendall(LOCAL + update_request(account, random_txt(), [("X-Forwarded-For", ALLOWED)]))
        assert HttpConnection(peer).answer().status == 401


@pytest.mark.parametrize("trusted, errors", [([], 2), (["unix"], 1), ([f"{PROXY}/32"], 1), (["unix", f"{PROXY}/32"], 0)])
def test_without_anybody_to_believe_it_does_not_start(folder, trusted, errors):
    server = started(folder)
    server.configuration["api"]["trusted_proxies"] = trusted
    server.write_configuration()
    done = subprocess.run([SALLYPORT, "check-config", "-c", server.file], capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == (78 if errors else 0)
    assert done.stderr.count("in api.trusted_proxies") == errors, done.stderr


def test_health_asks_as_the_proxy_itself(choosy):
    done = subprocess.run([SALLYPORT, "health", "-c", choosy.file], capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout

"""apid as an HTTP server: its limits and its patience. Those who mean harm are in test_abuse."""

import concurrent.futures
import json
import os
import re
import resource
import signal
import socket

import pytest

from sallyport import (DEADLINE, HttpConnection, Server, credentials, http_request, process_status,
                       random_txt, update_body, update_request, wait_closed, wait_until)

BODY_MAXIMUM = 64 * 1024
HEADER_MAXIMUM = 16 * 1024
CONNECTIONS = 1024


def raw(server, request):
    with server.http_connection() as connection:
        return connection.ask(request)


def assert_error(answer, status, word=None):
    assert answer.status == status, (answer.head, answer.body)
    assert answer.error == word if word is not None else re.fullmatch("[a-z0-9_]+", answer.error)


def assert_closed_after_error(server, request, status, word=None):
    """The client sees the answer, then the end, even where it sends on."""
    with server.http_connection() as connection:
        connection.send(request)
        answer = connection.answer()
        assert_error(answer, status, word)
        assert answer.headers.get("connection", "").lower() == "close"
        assert connection.closed()


# --- sizes ---

def padded_update(account, txt, length):
    """An update whose body has exactly `length` bytes."""
    body = update_body(account, txt)
    return body[:-1] + b" " * (length - len(body)) + body[-1:]


def test_body_of_64_kib_is_taken(server, account):
    txt = random_txt()
    request = http_request("POST", "/update", padded_update(account, txt, BODY_MAXIMUM),
                           credentials(account).items())
    assert raw(server, request).body == b'{"txt": "%s"}' % txt.encode()


def test_body_above_64_kib_is_413(server, account):
    request = http_request("POST", "/update", padded_update(account, random_txt(), BODY_MAXIMUM + 1),
                           credentials(account).items())
    assert_closed_after_error(server, request, 413)


def test_body_announced_too_large_is_413_before_it_is_sent(server):
    for length in (BODY_MAXIMUM + 1, 2 ** 31, 2 ** 32, 2 ** 63 - 1):
        request = b"POST /register HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length
        assert_closed_after_error(server, request, 413)


def test_expect_with_a_body_too_large_is_413_and_never_100(server):
    request = http_request("POST", "/update", headers=[("Expect", "100-continue"),
                                                        ("Content-Length", BODY_MAXIMUM + 1)])
    assert_error(raw(server, request), 413)


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def chunked_head(path, headers=()):
    return http_request("POST", path, headers=[*headers, ("Transfer-Encoding", "chunked")])


def test_chunked_body_of_64_kib_is_taken(server, account):
    txt = random_txt()
    body = padded_update(account, txt, BODY_MAXIMUM)
    pieces = b"".join(chunk(body[start:start + 1000]) for start in range(0, len(body), 1000))
    answer = raw(server, chunked_head("/update", credentials(account).items()) + pieces + b"0\r\n\r\n")
    assert answer.body == b'{"txt": "%s"}' % txt.encode()


def test_chunked_body_above_64_kib_is_413(server):
    with server.http_connection() as connection:
        connection.send(chunked_head("/register"))
        connection.send(chunk(b" " * 60000) + chunk(b" " * 10000))
        assert_error(connection.answer(), 413)


def test_headers_of_nearly_16_kib_are_taken(server):
    value = "y" * (HEADER_MAXIMUM - 1024)
    assert raw(server, http_request("GET", "/health", headers=[("X-Long", value)])).status == 200


@pytest.mark.parametrize("headers", [
    [("X-Long", "y" * HEADER_MAXIMUM)],
    [("X" * HEADER_MAXIMUM, "y")],
    [(f"X-{number}", "y" * 100) for number in range(200)],
    [(f"X-{number}", "") for number in range(4000)],
], ids=["value", "name", "many", "very_many"])
def test_headers_above_16_kib_are_431(server, headers):
    assert_closed_after_error(server, http_request("GET", "/health", headers=headers), 431)


def test_headers_that_never_end_are_431(server):
    with server.http_connection() as connection:
        connection.send(b"GET /health HTTP/1.1\r\nHost: x\r\n")
        connection.send(b"X: " + b"y" * HEADER_MAXIMUM)
        assert_error(connection.answer(), 431)


def test_target_too_long_is_414_or_431(server):
    answer = raw(server, http_request("GET", "/" + "a" * HEADER_MAXIMUM))
    assert answer.status in (414, 431)
    assert answer.error


def test_trailers_are_bounded_too(server):
    with server.http_connection() as connection:
        connection.send(chunked_head("/register") + b"0\r\n" + b"X: y\r\n" * 5000)
        assert connection.answer().status >= 400


def test_sending_on_after_an_error_still_shows_the_error(server):
    """A client in the middle of a large upload must read the 413, not a reset."""
    with server.http_connection() as connection:
        connection.send(b"POST /register HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        for _ in range(10):
            connection.send(b" " * 10000)
        assert_error(connection.answer(), 413)


# --- patience ---

def started_requests():
    return {
        "request_line": b"POST /upd",
        "headers": b"POST /update HTTP/1.1\r\nHost: x\r\nX-Api-User: ",
        "body": b"POST /register HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{",
        "chunked_body": b"POST /register HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    }


def test_requests_that_never_end_are_408(server):
    """All at once, so that the time-outs pass together."""
    def wait(start):
        with server.http_connection() as connection:
            connection.send(start)
            answer = connection.answer()
            return answer.status, answer.error, connection.closed()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(wait, started_requests().values())) == {(408, "request_timeout", True)}


def test_idle_connections_are_closed_in_silence(server):
    """One that never spoke, and one between two requests."""
    with server.http_connection() as silent, server.http_connection() as used:
        assert used.ask(http_request("GET", "/health")).status == 200
        for connection in (silent, used):
            connection.peer.settimeout(DEADLINE + 60)
            assert connection.closed()


# --- connections ---

@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_1024_connections_and_no_more(folder, many_files):
    with Server(folder) as server:
        connections = []
        try:
            for _ in range(CONNECTIONS):
                connections.append(server.http_connection())
            # Each is really served, not merely in the kernel's queue; the first two begin anew in the end.
            for connection in connections + connections[:2]:
                connection.send(http_request("GET", "/health"))
                assert connection.answer().status == 200
            # Further ones are served, and those who have not asked for longest give way.
            further = [server.http_connection() for _ in range(3)]
            connections += further
            for connection in further:
                assert connection.ask(http_request("GET", "/health")).status == 200
            for connection in connections[2:5]:
                assert connection.closed()
            for connection in connections[:2] + connections[5:]:
                assert connection.ask(http_request("GET", "/health")).status == 200
            wait_until(lambda: "1024 connections are open" in server.log(), "a line about it")
        finally:
            for connection in connections:
                connection.close()


def test_a_connection_that_waits_for_store_keeps_its_place(folder, many_files):
    """It may be changing something, and its client would not know."""
    with Server(folder) as server:
        account = server.register()
        value = random_txt()
        store = server.kill("store", signal.SIGSTOP)
        connections = []
        try:
            with server.http_connection() as waiting:
                waiting.send(update_request(account, value))
                # Bare connections: store must not be away for so long that the answer is 503.
                for _ in range(CONNECTIONS + 200):
                    connections.append(socket.create_connection(("127.0.0.1", server.api_port), DEADLINE))
                with server.http_connection() as other:
                    assert other.ask(http_request("GET", "/health")).status == 200
                os.kill(store, signal.SIGCONT)
                assert waiting.answer().status == 200
        finally:
            os.kill(store, signal.SIGCONT)
            for connection in connections:
                connection.close()
        assert server.txt(account["subdomain"]) == [value]


def test_a_reader_who_never_reads_costs_only_himself(server, account):
    with server.http_connection() as connection:
        connection.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.peer.settimeout(2)
        with pytest.raises(OSError):
            for _ in range(100000):
                connection.send(http_request("GET", "/nothing") * 100)
        server.set_value(account)
        # What he asked for is not piled up in memory.
        assert int(process_status(server.pids()["apid"])["VmRSS"].split()[0]) < 512 * 1024


def test_many_pipelined_requests(server):
    with server.http_connection() as connection:
        for _ in range(20):  # as many at once as fit on their way, with the answers to them
            connection.send(http_request("GET", "/health") * 250)
            assert all(connection.answer().status == 200 for _ in range(250))


def test_pipelined_answers_come_in_order(server, account):
    """Cheap ones must not overtake those that store has to think about."""
    paths = [("POST", "/register", 201), ("GET", "/health", 200), ("GET", "/nothing", 404),
             ("POST", "/update", 401), ("PUT", "/update", 405)] * 3
    with server.http_connection() as connection:
        connection.send(b"".join(http_request(method, path) for method, path, _ in paths))
        assert [connection.answer().status for _ in paths] == [status for *_, status in paths]


def test_connection_close(server):
    with server.http_connection() as connection:
        answer = connection.ask(http_request("GET", "/health", headers=[("Connection", "close")]))
        assert answer.status == 200
        assert answer.headers["connection"].lower() == "close"
        assert connection.closed()


def test_http_1_0_closes_unless_asked_to_stay(server):
    with server.http_connection() as connection:
        assert connection.ask(b"GET /health HTTP/1.0\r\n\r\n").status == 200
        assert connection.closed()
    with server.http_connection() as connection:
        for _ in range(2):
            assert connection.ask(b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").status == 200


def test_half_closed_still_gets_its_answers(server, account):
    value = random_txt()
    with server.http_connection() as connection:
        connection.send(update_request(account, value) + http_request("GET", "/health"))
        connection.peer.shutdown(socket.SHUT_WR)
        assert connection.answer().body == b'{"txt": "%s"}' % value.encode()
        assert connection.answer().status == 200
        assert connection.closed()


def test_half_closed_while_served(server, account):
    """The end of the client's side comes in while store is busy with its one request."""
    for _ in range(20):
        value = random_txt()
        with server.http_connection() as connection:
            connection.send(update_request(account, value))
            connection.peer.shutdown(socket.SHUT_WR)
            assert connection.answer().body == b'{"txt": "%s"}' % value.encode()
            assert connection.closed()


def test_gone_before_the_answer(server, account):
    """The client's going changes nothing for the next one, and the update may well have happened."""
    for _ in range(50):
        with server.http_connection() as connection:
            connection.send(update_request(account, random_txt()))
    server.set_value(account)


def test_every_prefix_of_a_request_and_then_the_end(server, account):
    request = update_request(account, random_txt())
    for length in range(len(request)):
        with server.http_connection() as connection:
            connection.send(request[:length])
            connection.peer.shutdown(socket.SHUT_WR)
            data = wait_closed(connection.peer)
            assert data == b"" or data.startswith(b"HTTP/1.1 4"), (length, data)
    assert server.txt(account["subdomain"]) == []


def test_answer_is_one_write(server, account):
    """Head and body in two writes cost 40 ms each by Nagle and delayed acknowledgements."""
    with server.http_connection() as connection:
        for _ in range(10):
            connection.send(update_request(account, random_txt()))
            data = connection.peer.recv(65536)
            assert data.startswith(b"HTTP/1.1 200") and data.endswith(b'"}')


# --- headers and methods ---

@pytest.mark.parametrize("header", ["X-Api-User", "X-Api-Key"])
def test_credentials_given_twice_are_refused(server, account, header):
    """Which of the two would count is anyone's guess, a proxy's included."""
    request = update_request(account, random_txt(), [(header, credentials(account)[header])])
    answer = raw(server, request)
    assert answer.status in (400, 401)
    assert server.txt(account["subdomain"]) == []


def test_empty_lines_before_a_request_are_ignored(server):
    """RFC 9112, 2.2: some clients send one too many after a body."""
    assert raw(server, b"\r\n" + http_request("GET", "/health")).status == 200


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "CONNECT", "DELETE", "PROPFIND"])
def test_other_methods(server, method):
    target = "sallyport.test:80" if method == "CONNECT" else "/update"
    with server.http_connection() as connection:
        connection.send(http_request(method, target))
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.peer.recv(65536)
    status = int(data.split()[1])
    assert status in (204, 400, 404, 405, 501), data


def test_head_has_no_body(server):
    with server.http_connection() as connection:
        connection.send(http_request("HEAD", "/nothing") + http_request("HEAD", "/health", headers=[
            ("Connection", "close")]))
        data = wait_closed(connection.peer).decode()
    heads = [head for head in data.split("\r\n\r\n") if head]
    assert [head.split(" ")[1] for head in heads] == ["404", "200"]


# --- configuration of the API ---

def test_registration_closed(folder):
    with Server(folder, api={"disable_registration": True}) as server:
        assert_error(raw(server, http_request("POST", "/register")), 404)
        with server.http_connection() as connection:
            assert connection.ask(http_request("GET", "/health")).status == 200


def test_unix_socket(folder):
    with Server(folder) as server:
        known = server.register()
        guarded = server.register(["127.0.0.1/32", "::1/128"])
    path = folder / "api.sock"
    both = server.configuration["api"]["listen"] + [f"unix:{path}"]
    server.configuration["api"]["listen"] = both
    server.write_configuration()
    with server:
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(DEADLINE)
        peer.connect(os.fspath(path))
        with HttpConnection(peer) as connection:
            value = random_txt()
            assert connection.ask(update_request(known, value)).status == 200
            assert server.txt(known["subdomain"]) == [value]
            # Whoever comes this way has no address, and is therefore within no network.
            assert_error(connection.ask(update_request(guarded, value)), 401, "forbidden")
            assert json.loads(connection.ask(http_request("POST", "/register")).body)["allowfrom"] == []

"""Behind a real nginx, with the configuration in contrib/nginx. The clients' whole contract behind it is in test_clients."""

import json
import os
import re
import signal
import socket

import pytest

from nginx import ServerBehindNginx, ServerBehindStream
from sallyport import (DEADLINE, HttpConnection, credentials, http_request, random_txt, update_body, update_request,
                       wait_closed, wait_until)

INSIDE, OUTSIDE = "127.0.0.1", "127.0.0.9"


@pytest.fixture(scope="module")
def server(module_folder):
    with ServerBehindNginx(module_folder) as running:
        yield running


def ask(server, request, source=INSIDE):
    with server.http_connection(source=source) as connection:
        return connection.ask(request)


def test_the_client_is_who_nginx_was_asked_by(server):
    account = server.register([f"{OUTSIDE}/32"])
    assert ask(server, update_request(account, random_txt()), OUTSIDE).status == 200
    assert ask(server, update_request(account, random_txt()), "127.0.0.8").status == 401


@pytest.mark.parametrize("header", ["X-Forwarded-For", "x_forwarded_for", "Forwarded", "X-Real-IP"])
def test_a_client_cannot_claim_an_address(server, header):
    account = server.register(["127.0.0.8/32"])
    for value in ("127.0.0.8", "for=127.0.0.8", "127.0.0.8, 127.0.0.8"):
        request = update_request(account, random_txt(), [(header, value)])
        assert ask(server, request, OUTSIDE).status == 401
    assert server.txt(account["subdomain"]) == []


def test_the_log_shows_the_client(folder):
    with ServerBehindNginx(folder) as server:
        account = server.register()
        assert ask(server, update_request(account, "bad"), OUTSIDE).status == 400
        wait_until(lambda: re.search(f"event=update_refused client={OUTSIDE} .*bad value", server.log()),
                   "the client in the log")


@pytest.mark.parametrize("target", [
    "/register", "//register", "/register/", "///register//", "/register?x=1", "/%72egister", "/x/../register", "/./register",
    "https://sallyport.test/register", "/register%2f", "/register#x", "/register;x", "/register%00", "/Register",
    "/t/x/register", "//t/x//register/", "/t/..%2fhealth/register", "/t/x%2f../register", "/t/x/../register", "/%74/x/register",
])
def test_nobody_outside_registers(server, target):
    answer = ask(server, http_request("POST", target), OUTSIDE)
    assert answer.status in (400, 403, 404), answer.head
    assert answer.error == {400: "bad_request", 403: "registration_forbidden", 404: "not_found"}[answer.status]


def test_register_is_closed_outside_and_open_inside(server):
    answer = ask(server, http_request("POST", "/register"), OUTSIDE)
    assert (answer.status, answer.error) == (403, "registration_forbidden")
    assert ask(server, http_request("POST", "/register"), INSIDE).status == 201
    with server.http_connection(address="::1") as connection:
        assert connection.ask(http_request("POST", "/register")).status == 201


def test_update_and_health_are_open_outside(server):
    account = server.register()
    txt = random_txt()
    assert ask(server, update_request(account, txt), OUTSIDE).body == b'{"txt": "%s"}' % txt.encode()
    assert ask(server, http_request("GET", "/health"), OUTSIDE).status == 200
    assert txt in server.txt(account["subdomain"])


@pytest.mark.parametrize("status, word, request_bytes", [
    (400, "bad_request", b"GET /health HTTP/1.1\r\n\r\n"),
    (400, "bad_request", b"GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"),
    (400, "bad_request", b"GARBAGE\r\n\r\n"),
    (501, "not_implemented", b"POST /update HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"),
    (505, "http_version_not_supported", b"GET /health HTTP/2.0\r\nHost: x\r\n\r\n"),
    (405, "method_not_allowed", b"TRACE /health HTTP/1.1\r\nHost: x\r\n\r\n"),
    (413, "body_too_large", b"POST /update HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n"),
    (414, "target_too_long", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
    (431, "headers_too_large", b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 9000 + b"\r\n\r\n"),
])
def test_what_nginx_answers_itself_is_json(server, status, word, request_bytes):
    answer = ask(server, request_bytes)
    assert (answer.status, answer.error) == (status, word)


def test_http_at_the_port_of_https_is_json(server):
    with HttpConnection(socket.create_connection((INSIDE, server.api_port), DEADLINE)) as connection:
        answer = connection.ask(http_request("GET", "/health"))
        assert (answer.status, answer.error) == (400, "bad_request")


def test_smuggled_requests_reach_nobody(server):
    """nginx and apid agree on where a request ends."""
    account = server.register()
    inner = update_request(account, random_txt())
    for head in (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
                 b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
                 b"Content-Length : 2\r\n\r\n{}"):
        with server.http_connection() as connection:
            connection.send(b"POST /update HTTP/1.1\r\nHost: x\r\n" + head + inner)
            answer = connection.answer()
            assert answer.status in (400, 501) and answer.error, head
            assert connection.closed()
    body = update_body(account, random_txt())
    hidden = http_request("POST", "/update", headers=[
        *credentials(account).items(), ("Content-Length", len(body) + len(inner))]) + body + inner
    assert ask(server, hidden).status == 401
    assert server.txt(account["subdomain"]) == []


def test_sallyport_away_is_503_in_json_and_comes_back(folder):
    with ServerBehindNginx(folder) as server:
        account = server.register()
        server.set_value(account)
        server.deaths_expected = True
        parent = server.pid
        os.kill(parent, signal.SIGSTOP)
        server.kill("apid")

        def away():
            answer = ask(server, update_request(account, random_txt()))
            return answer if answer.status == 503 else None
        answer = wait_until(away, "503")
        token = "sp_" + random_txt()
        assert ask(server, http_request("POST", f"/t/{token}/register")).status == 503
        assert "failed" in server.nginx.log() and token not in server.nginx.log()
        assert answer.error == "unavailable"
        assert int(answer.headers["retry-after"]) >= 1
        os.kill(parent, signal.SIGCONT)
        wait_until(lambda: ask(server, update_request(account, random_txt())).status == 200, "service again")


def test_a_token_in_the_path_is_in_no_log(server):
    token = "sp_" + random_txt()
    for path in (f"/t/{token}/register", f"//t/{token}/update", f"/t//{token}/nothing"):
        ask(server, http_request("POST", path))
    assert ask(server, http_request("GET", "/health?marker")).status == 200
    wait_until(lambda: "/health?marker" in server.nginx.access_log(), "the line behind it")
    assert token not in server.nginx.access_log() + server.nginx.log() + server.log()


def test_many_requests_share_connections_to_sallyport(server):
    """nginx keeps them open: no request fails because one was closed meanwhile."""
    account = server.register()
    for _ in range(200):
        assert ask(server, http_request("GET", "/health")).status == 200
    txt = random_txt()
    assert json.loads(ask(server, update_request(account, txt)).body) == {"txt": txt}


# --- nginx hands on the bytes, Sallyport speaks TLS itself ---

def test_behind_the_proxy_protocol(folder):
    """The whole way from a client's address to allowfrom and to the log, with the server's own certificate."""
    with ServerBehindStream(folder, api={"registration_from": [f"{INSIDE}/32"]}) as server:
        account = server.register([f"{OUTSIDE}/32"])
        before = len(server.log())
        answer = ask(server, http_request("POST", "/register"), OUTSIDE)
        assert (answer.status, answer.error) == (403, "registration_forbidden")
        assert ask(server, update_request(account, random_txt(), [("X-Forwarded-For", OUTSIDE)]), INSIDE).status == 401
        txt = random_txt()
        assert ask(server, update_request(account, txt), OUTSIDE).status == 200
        assert server.txt(account["subdomain"]) == [txt]
        wait_until(lambda: f"event=update_refused client={INSIDE} " in server.log()[before:], "the client in the log")


def test_a_client_behind_the_proxy_protocol_cannot_write_one_itself(folder):
    """What comes behind nginx's header is TLS, or nothing."""
    with ServerBehindStream(folder) as server:
        for claim in (b"PROXY TCP4 127.0.0.9 127.0.0.1 1 2\r\n", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12)):
            with server.api_socket() as peer:
                peer.sendall(claim)
                data = wait_closed(peer)
                assert not data.startswith(b"HTTP/1.1 2"), data
        assert server.http("GET", "/health").status_code == 200

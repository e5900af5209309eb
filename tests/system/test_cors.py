"""Scripts in browsers: what the CORS protocol has answers say, and that they say nothing where it is not wanted."""

import pytest

from sallyport import Server, credentials, http_request, random_txt, update_body, update_request

PAGE, OTHER = "https://www.example.org", "https://other.example"
SERVER = {"api": {"cors_origins": [PAGE, "http://localhost:3000"]}}


def raw(server, request):
    with server.http_connection() as connection:
        return connection.ask(request)


def cors_headers(answer):
    return {name: value for name, value in answer.headers.items()
            if name.startswith("access-control-") or name == "vary"}


def preflight(server, path="/update", origin=PAGE, method="POST", headers="content-type,x-api-key,x-api-user"):
    with server.http_connection() as connection:
        connection.send(http_request("OPTIONS", path, headers=[
            ("Origin", origin), ("Access-Control-Request-Method", method),
            ("Access-Control-Request-Headers", headers)]) + http_request("GET", "/health"))
        data = b""
        while b"HTTP/1.1 200" not in data:
            data += connection.peer.recv(65536)
    lines = data.split(b"\r\n\r\n")[0].decode().split("\r\n")
    assert len(lines) == len({line.split(":")[0] for line in lines})
    return int(lines[0].split()[1]), dict(line.lower().split(": ", 1) for line in lines[1:])


def words(value):
    return {word.strip() for word in value.split(",")}


def test_a_preflight_lets_the_credentials_through(server):
    status, headers = preflight(server)
    assert status == 204
    assert headers["access-control-allow-origin"] == PAGE
    assert {"x-api-user", "x-api-key", "content-type"} <= words(headers["access-control-allow-headers"])
    assert "post" in words(headers["access-control-allow-methods"])
    assert headers["vary"] == "origin"
    assert int(headers["access-control-max-age"]) > 0
    assert "access-control-allow-credentials" not in headers
    assert "content-length" not in headers


@pytest.mark.parametrize("path, methods", [("/register", "options, post"), ("/health", "get, head, options"),
                                           ("/account", "delete, get, head, options, patch")])
def test_a_preflight_names_the_methods_of_the_call(server, path, methods):
    _, headers = preflight(server, path)
    assert headers["access-control-allow-methods"] == headers["allow"] == methods


def test_a_preflight_from_another_page_gets_nothing(server):
    status, headers = preflight(server, origin=OTHER)
    assert status == 204
    assert headers["vary"] == "origin"
    assert not [name for name in headers if name.startswith("access-control-")]


def test_a_script_reads_the_answers_of_store(server, account):
    for origin in SERVER["api"]["cors_origins"]:
        answer = raw(server, update_request(account, random_txt(), [("Origin", origin)]))
        assert answer.status == 200
        assert cors_headers(answer) == {"vary": "Origin", "access-control-allow-origin": origin,
                                        "access-control-expose-headers": "Retry-After"}


@pytest.mark.parametrize("method, path, status", [("POST", "/update", 401), ("GET", "/nothing", 404),
                                                  ("PUT", "/update", 405)])
def test_a_script_reads_errors_too(server, method, path, status):
    answer = raw(server, http_request(method, path, headers=[("Origin", PAGE)]))
    assert answer.status == status
    assert answer.headers["access-control-allow-origin"] == PAGE
    if status == 405:
        assert answer.headers["allow"] == "OPTIONS, POST"


def test_a_script_reads_a_refusal_before_the_body(server):
    answer = raw(server, http_request("POST", "/nothing", headers=[
        ("Origin", PAGE), ("Expect", "100-continue"), ("Content-Length", "5")]))
    assert answer.status == 404
    assert answer.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize("origin", [OTHER, "null", "", "*", f"{PAGE}.evil.example", f"{PAGE}/", "http://www.example.org",
                                    PAGE.upper(), f"{PAGE} {PAGE}", "a" * 5000])
def test_other_pages_are_served_and_told_nothing(server, account, origin):
    """CORS protects the browser's user. It is no access control of ours."""
    answer = raw(server, update_request(account, random_txt(), [("Origin", origin)]))
    assert answer.status == 200
    assert cors_headers(answer) == {"vary": "Origin"}


def test_each_request_of_a_connection_has_its_own_origin(server):
    with server.http_connection() as connection:
        for origin in (PAGE, OTHER, PAGE, None):
            headers = [] if origin is None else [("Origin", origin)]
            answer = connection.ask(http_request("GET", "/health", headers=headers))
            assert answer.headers.get("access-control-allow-origin") == (PAGE if origin == PAGE else None)
        # An error that ends the connection was asked by nobody in particular.
        connection.send(http_request("GET", "/health", headers=[("Origin", PAGE)]) + b"\0")
        assert connection.answer().status == 200
        assert cors_headers(connection.answer()) == {}


def test_nothing_is_said_where_it_is_not_configured(folder):
    with Server(folder) as server:
        account = server.register()
        for request in (update_request(account, random_txt(), [("Origin", PAGE)]),
                        http_request("GET", "/health", headers=[("Origin", PAGE)]),
                        http_request("POST", "/update", update_body(account, "bad"),
                                     [*credentials(account).items(), ("Origin", PAGE)])):
            assert cors_headers(raw(server, request)) == {}
        status, headers = preflight(server)
        assert status == 204
        assert headers["allow"] == "options, post"
        assert "vary" not in headers and not [name for name in headers if name.startswith("access-control-")]


def test_every_page_where_the_star_is_configured(folder):
    with Server(folder, api={"cors_origins": ["*"]}) as server:
        for origin in (PAGE, "null"):
            answer = raw(server, http_request("GET", "/health", headers=[("Origin", origin)]))
            assert answer.headers["access-control-allow-origin"] == "*"
        assert preflight(server, origin=OTHER)[1]["access-control-allow-origin"] == "*"

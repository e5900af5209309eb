"""What the three processes count, by what store says of it when it stops and by what dnsd reports."""

import re

from sallyport import Server, http_request


def statistics_of(log, source):
    """{key: value} of the last summary in the log, which has only what is not 0."""
    found = {}
    for line in re.findall(rf"statistics of {source}: (.*)", log):
        found |= {key: int(value) for key, value in (item.split("=") for item in line.split())}
    return found


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
    assert "statistics of" not in before  # but when it stops
    http = statistics_of(server.log(), "apid")
    store = statistics_of(server.log(), "store")
    # Until it was ready the server was asked with credentials that nobody has, and may not have known.
    forbidden, unavailable = http.pop("forbidden"), http.pop("store_unavailable", 0)
    assert forbidden >= 2
    assert http.pop("update.5xx", 0) == unavailable
    assert http.pop("opened") >= 10
    assert http == {
        "register.2xx": 1, "update.2xx": 4, "update.4xx": forbidden + 1, "health.2xx": 1, "other.4xx": 1,
        "other.5xx": 1, "bad_txt": 1, "not_found": 1, "not_implemented": 1}
    assert store == {
        "commits": 5, "registrations": 1, "values.set": 3, "values.cleared": 1, "bcrypt.hash": 1,
        "bcrypt.verify": forbidden + 1, "remembered": 4, "links.dnsd": 1, "links.apid": 1}


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

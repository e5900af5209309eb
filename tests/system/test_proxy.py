"""Behind proxies: whose word counts about who the client is."""

import json
import os
import socket
import uuid

import pytest

from sallyport import (DEADLINE, HttpConnection, Server, credentials, http_request, random_txt, update_body,
                       update_request, wait_until)

PROXY, STRANGER = "127.0.0.2", "127.0.0.3"
ALLOWED, OTHER = "203.0.113.7", "198.51.100.9"


@pytest.fixture(scope="module")
def server(module_folder):
    path = module_folder / "api.sock"
    with Server(module_folder) as running:
        pass
    running.configuration["api"] |= {
        "listen": running.configuration["api"]["listen"] + [f"unix:{path}"],
        "trusted_proxies": ["unix", f"{PROXY}/32", "10.0.0.0/8", "2001:db8:1::/48"]}
    running.write_configuration()
    with running:
        yield running


@pytest.fixture
def guarded(server):
    """An account that only ALLOWED may update."""
    return server.register([f"{ALLOWED}/32"])


def ask(server, request, source=PROXY):
    with server.http_connection(source=source) as connection:
        return connection.ask(request)


def local_connection(server):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(DEADLINE)
    peer.connect(os.fspath(server.folder / "api.sock"))
    return HttpConnection(peer)


def update_through(account, *lines, name="X-Forwarded-For"):
    return update_request(account, random_txt(), [(name, line) for line in lines])


def test_the_client_behind_the_proxy_is_who_allowfrom_sees(server, guarded):
    assert ask(server, update_through(guarded, ALLOWED)).status == 200
    assert ask(server, update_through(guarded, OTHER)).status == 401
    assert ask(server, update_through(guarded)).status == 401


def test_a_forged_left_most_entry_does_not_pass(server, guarded):
    """The proxy appends whom it was asked by; acme-dns believes any entry, the client's own included."""
    for forged in (ALLOWED, f"{ALLOWED}, {ALLOWED}", f"{ALLOWED}, 10.0.0.1"):
        assert ask(server, update_through(guarded, f"{forged}, {OTHER}")).status == 401
        assert ask(server, update_through(guarded, forged, OTHER)).status == 401
    assert server.txt(guarded["subdomain"]) == []


def test_the_account_itself_is_guarded_in_the_same_way(server, guarded):
    def status(method, *lines):
        headers = [*credentials(guarded).items(), *(("X-Forwarded-For", line) for line in lines)]
        return ask(server, http_request(method, "/account", headers=headers)).status
    assert status("GET", f"{OTHER}, {ALLOWED}") == 200
    for method in ("GET", "DELETE"):
        assert status(method) == status(method, f"{ALLOWED}, {OTHER}") == 401
    assert status("DELETE", ALLOWED) < 300


def test_several_lines_are_one_list(server, guarded):
    assert ask(server, update_through(guarded, OTHER, ALLOWED)).status == 200
    assert ask(server, update_through(guarded, OTHER, ALLOWED, "10.0.0.1", f"10.0.0.2, {PROXY}")).status == 200


def test_through_several_proxies(server, guarded):
    assert ask(server, update_through(guarded, f"{OTHER}, {ALLOWED}, 10.0.0.1, [2001:db8:1::9]:443")).status == 200
    # One that is not trusted ends it: it is the client.
    assert ask(server, update_through(guarded, f"{ALLOWED}, 192.0.2.50, 10.0.0.1")).status == 401


def test_garbage_ends_the_walk(server, guarded):
    assert ask(server, update_through(guarded, f"{ALLOWED}, unknown")).status == 401
    assert ask(server, update_through(guarded, f"{ALLOWED}, unknown, 10.0.0.1")).status == 401
    proxys_own = server.register([f"{PROXY}/32"])
    assert ask(server, update_through(proxys_own, f"{ALLOWED}, unknown")).status == 200


def test_a_stranger_is_not_believed(server, guarded):
    assert ask(server, update_through(guarded, ALLOWED), source=STRANGER).status == 401
    own = server.register([f"{STRANGER}/32"])
    assert ask(server, update_through(own, ALLOWED), source=STRANGER).status == 200


def test_the_other_header_is_not_looked_at(server, guarded):
    """A proxy that writes X-Forwarded-For passes Forwarded through as the client made it up."""
    request = update_request(guarded, random_txt(), [("X-Forwarded-For", OTHER), ("Forwarded", f"for={ALLOWED}")])
    assert ask(server, request).status == 401
    assert ask(server, update_through(guarded, f"for={ALLOWED}", name="Forwarded")).status == 401


def test_a_trailer_is_not_the_header(server, guarded):
    body = update_body(guarded, random_txt())
    request = http_request("POST", "/update", headers=[
        *credentials(guarded).items(), ("Transfer-Encoding", "chunked")])
    request += b"%x\r\n%s\r\n0\r\nX-Forwarded-For: %s\r\n\r\n" % (len(body), body, ALLOWED.encode())
    assert ask(server, request).status == 401


def test_each_request_of_a_connection_has_its_own_client(server, guarded):
    with server.http_connection(source=PROXY) as connection:
        for client, status in [(ALLOWED, 200), (OTHER, 401), (ALLOWED, 200)]:
            assert connection.ask(update_through(guarded, client)).status == status
        assert connection.ask(update_through(guarded)).status == 401


def test_a_list_of_a_thousand_entries(server, guarded):
    """No bound but the head's: a list that was cut would name somebody else."""
    long = ", ".join([OTHER] * 1000)
    assert ask(server, update_through(guarded, f"{long}, {ALLOWED}")).status == 200
    assert ask(server, update_through(guarded, f"{long.replace(OTHER, ALLOWED)}, {OTHER}")).status == 401
    assert ask(server, update_through(guarded, *["10.0.0.1"] * 400)).status == 401


def test_behind_a_unix_socket(server, guarded):
    with local_connection(server) as connection:
        assert connection.ask(update_through(guarded, f"{OTHER}, {ALLOWED}")).status == 200
        assert connection.ask(update_through(guarded, f"{ALLOWED}, {OTHER}")).status == 401
        assert connection.ask(update_through(guarded)).status == 401


def test_the_log_names_the_client_not_the_proxy(folder):
    with Server(folder, api={"trusted_proxies": [f"{PROXY}/32"]}) as server:
        guarded = server.register([f"{ALLOWED}/32"])
        before = len(server.log())
        assert ask(server, update_through(guarded, f"{ALLOWED}, {OTHER}")).status == 401
        line, = wait_until(lambda: [line for line in server.log()[before:].splitlines() if "refused" in line],
                           "a line about the refused update")
        assert f"event=update_refused client={OTHER} " in line
        assert PROXY not in line and ALLOWED not in line


def test_the_standard_header(folder):
    with Server(folder, api={"trusted_proxies": [f"{PROXY}/32"],
                             "forwarded_header": "Forwarded"}) as server:
        guarded = server.register([f"{ALLOWED}/32", "2001:db8::7/128"])

        def status(*lines, name="Forwarded"):
            return ask(server, update_through(guarded, *lines, name=name)).status
        assert status(f"for={ALLOWED}") == 200
        assert status('For="[2001:db8::7]:4711";proto=https;by=_x') == 200
        assert status(f"for={OTHER}", f"for={ALLOWED}") == 200
        assert status(f"for={ALLOWED}, for={OTHER}") == 401
        assert status(f'for={ALLOWED};x="', f"for={OTHER}") == 401
        assert status(f"for={ALLOWED}, for=_hidden") == 401
        assert status(ALLOWED) == 401
        assert status(ALLOWED, name="X-Forwarded-For") == 401


def test_nobody_is_trusted_by_default(folder):
    with Server(folder) as server:
        guarded = server.register([f"{ALLOWED}/32"])
        for source in (None, PROXY):
            assert ask(server, update_through(guarded, ALLOWED), source=source).status == 401
        assert json.loads(ask(server, http_request("POST", "/register")).body)["allowfrom"] == []


def register_through(server, *lines):
    request = http_request("POST", "/register", headers=[("X-Forwarded-For", line) for line in lines])
    answer = ask(server, request)
    return answer.status, answer.error if answer.status != 201 else None


def test_limits_count_clients_not_proxies(folder):
    with Server(folder, api={"trusted_proxies": [f"{PROXY}/32"], "limits": {
            "registrations_per_hour": 2, "failures_per_minute": 2, "exempt": []}}) as server:
        for _ in range(2):
            assert register_through(server, ALLOWED) == (201, None)
        assert register_through(server, ALLOWED) == (429, "too_many_requests")
        # Another name at the left does not make another client of him.
        assert register_through(server, f"198.51.100.77, {ALLOWED}") == (429, "too_many_requests")
        assert register_through(server, "198.51.100.78", ALLOWED) == (429, "too_many_requests")
        assert register_through(server, OTHER) == (201, None)

        nobody = {"username": str(uuid.uuid4()), "password": "x" * 40, "subdomain": str(uuid.uuid4())}
        statuses = [ask(server, update_through(nobody, f"198.51.100.{number}, {OTHER}")).status for number in range(3)]
        assert statuses == [401, 401, 429]
        assert ask(server, update_through(nobody, ALLOWED)).status == 401


def test_registration_from_means_clients_not_proxies(folder):
    with Server(folder, api={"trusted_proxies": [f"{PROXY}/32"], "registration_from": [f"{ALLOWED}/32"]}) as server:
        assert register_through(server, ALLOWED) == (201, None)
        assert register_through(server, f"{OTHER}, {ALLOWED}") == (201, None)
        for lines in ([], [OTHER], [f"{ALLOWED}, {OTHER}"], [ALLOWED, OTHER], [f"{ALLOWED}, unknown"]):
            assert register_through(server, *lines) == (403, "registration_forbidden")

"""Who may register: modes, networks, the cap and the limits of one address. Each refusal word for word."""

import concurrent.futures
import contextlib
import json
import select
import socket

from sallyport import HttpConnection, Server, credentials, http_request, random_txt, update_body

BCRYPT_QUEUE = 256
BUSY = "busy"
NOBODY = {"username": "c36f50e8-4632-44f0-83fe-e070fef28a10", "password": "k" * 40, "subdomain": "x"}


def ask(server, request, source="127.0.0.1"):
    """One request from an address of ours; the answer."""
    peer = socket.create_connection(("127.0.0.1", server.api_port), 30, (source, 0))
    with HttpConnection(peer) as connection:
        return connection.ask(request)


def register(server, source="127.0.0.1", path="/register", headers=(), body=b""):
    return ask(server, http_request("POST", path, body, headers), source)


def update(server, account, source="127.0.0.1", path="/update"):
    return ask(server, http_request("POST", path, update_body(account, random_txt()),
                                    credentials(account).items()), source)


def assert_forbidden(answer):
    assert (answer.status, answer.body) == (403, b'{"error": "registration_forbidden"}')
    assert "retry-after" not in answer.headers


def assert_limited(answer, seconds):
    assert (answer.status, answer.body) == (429, b'{"error": "too_many_requests"}')
    assert answer.headers["retry-after"] == str(seconds)


def counters(server):
    """What store and apid counted in the last run, from the lines that store writes when it stops."""
    found = {}
    for line in server.log().rpartition("sallyport: serving")[2].splitlines():
        if ": statistics of " in line:
            found.update(pair.split("=") for pair in line.split(": statistics of ")[1].split(": ")[1].split())
    return {key: int(value) for key, value in found.items()}


# --- modes ---

def test_open_ignores_what_is_presented(folder):
    with Server(folder) as server:
        for headers in ([], [("Authorization", "Basic !")], [("Authorization", "Bearer sp_unknown")],
                        [("X-Registration-Token", "sp_unknown")]):
            assert register(server, headers=headers).status == 201
        assert register(server, path="/t/sp_unknown/register").status == 201


def test_closed(folder):
    with Server(folder) as server:
        account = server.register()
    server.configuration["api"]["registration"] = "closed"
    server.write_configuration()
    with server:
        for body in (b"", b"null\n", b'{"allowfrom": ["192.0.2.0/24"]}'):
            assert_forbidden(register(server, body=body))
        assert_forbidden(register(server, headers=[("Authorization", "Bearer sp_unknown")]))
        assert_forbidden(register(server, path="/t/sp_unknown/register"))
        assert update(server, account).status == 200
    assert 'event=registration_refused client=127.0.0.1 reason="api.registration is closed"' in server.log()
    found = counters(server)
    assert found["registration_forbidden"] == 5
    assert "bcrypt.hash" not in found and "registrations" not in found


def test_disabled_is_not_there_at_all(folder):
    with Server(folder, api={"disable_registration": True, "registration": "closed"}) as server:
        answer = register(server)
        assert (answer.status, answer.body) == (404, b'{"error": "not_found"}')


def test_without_a_token(folder):
    with Server(folder, api={"registration": "token"}) as server:
        assert_forbidden(register(server))
        assert_forbidden(register(server, headers=[("Authorization", "Basic !")]))
        assert_forbidden(register(server, headers=[("X-Registration-Token", "sp_" + "x" * 43)]))
        assert_forbidden(register(server, path="/t/" + "x" * 500 + "/register"))
    found = counters(server)
    assert "bcrypt.hash" not in found and "registrations" not in found
    assert 'event=registration_refused client=127.0.0.1 reason="no token"' in server.log()
    assert 'reason="no such token"' in server.log()
    assert "x" * 43 not in server.log()


# --- addresses, and how many ---

def test_from_some_networks_only(folder):
    with Server(folder, api={"registration_from": ["127.0.7.0/24", "::1/128"]}) as server:
        assert register(server, "127.0.7.1").status == 201
        assert_forbidden(register(server, "127.0.8.1"))
        assert server.http("POST", "/register", "::1").status_code == 201
        account = server.register(address="::1")
        assert update(server, account, "127.0.8.1").status == 200
    assert 'event=registration_refused client=127.0.8.1 reason="address not in api.registration_from"' in server.log()


def test_no_more_accounts_than_the_cap(folder):
    """Also when they all come at once: every one past the cap is refused, whatever was judged before."""
    with Server(folder, api={"registration_cap": 3}) as server:
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda _: register(server), range(10)))
        made = [answer for answer in answers if answer.status == 201]
        assert len(made) == 3
        for answer in answers:
            if answer.status != 201:
                assert_forbidden(answer)
        assert_forbidden(register(server))
    server.configuration["api"]["registration_cap"] = 4
    server.write_configuration()
    with server:
        assert register(server).status == 201
        assert_forbidden(register(server))
    assert counters(server)["bcrypt.hash"] == 1


# --- how often ---

def limits(**keys):
    return {"limits": {"exempt": ["127.0.9.0/24"], **keys}}


def test_registrations_of_one_address(folder):
    with Server(folder, api=limits(registrations_per_hour=3)) as server:
        for _ in range(3):
            assert register(server, "127.0.1.1").status == 201
        assert_limited(register(server, "127.0.1.1"), 1200)
        assert register(server, "127.0.1.2").status == 201, "another address"
        for _ in range(5):
            assert register(server, "127.0.9.1").status == 201, "an exempt one"
    assert counters(server)["too_many_requests"] == 1
    assert counters(server)["bcrypt.hash"] == 9


def test_wrong_keys_of_one_address(folder):
    """
    Beyond the limit wrong keys cost no bcrypt, and neither does a right one that nobody remembers; a right one that is
    remembered goes through, although the address is the same.
    """
    with Server(folder, api=limits(failures_per_minute=4)) as server:
        known, other = (server.register(address="127.0.0.1") for _ in range(2))
    with server:  # nothing is remembered any more
        assert update(server, known, "127.0.1.1").status == 200
        for _ in range(4):
            assert update(server, NOBODY, "127.0.1.1").status == 401
        for account in (NOBODY, other, {**known, "password": "k" * 40}):
            assert_limited(update(server, account, "127.0.1.1"), 15)
        assert update(server, known, "127.0.1.1").status == 200
        assert update(server, NOBODY, "127.0.1.2").status == 401, "another address"
        assert update(server, other, "127.0.1.2").status == 200
        for _ in range(6):
            assert update(server, NOBODY, "127.0.9.1").status == 401, "an exempt one"
    found = counters(server)
    assert found["too_many_requests"] == 3


def test_right_keys_are_not_counted(folder):
    with Server(folder, api=limits(failures_per_minute=1)) as server:
        accounts = [server.register() for _ in range(4)]
    with server:  # nothing is remembered any more
        for account in accounts:
            assert update(server, account, "127.0.1.1").status == 200
        assert update(server, NOBODY, "127.0.1.1").status == 401
        assert_limited(update(server, NOBODY, "127.0.1.1"), 60)


def test_a_new_key_is_remembered(folder):
    """However many of a new account's first calls come at once: its key was hashed here a moment ago."""
    with Server(folder, api=limits(failures_per_minute=1)) as server, contextlib.ExitStack() as stack:
        account = json.loads(register(server, "127.0.1.1").body)
        updates = [stack.enter_context(server.http_connection()) for _ in range(16)]
        for connection in updates:
            connection.send(http_request("POST", "/update", update_body(account, random_txt()),
                                         credentials(account).items()))
        for connection in updates:
            assert connection.answer().status == 200
    found = counters(server)
    # Until it was ready the server was asked with credentials that nobody has.
    assert (found["bcrypt.hash"], found["bcrypt.verify"]) == (1, found["forbidden"])
    assert found["remembered"] == 16


def test_a_remembered_key_waits_for_no_bcrypt(folder):
    """
    More wrong keys at once than the queue for bcrypt holds. Those beyond are told to come again, the others wait; a
    remembered key is answered while they still do.
    """
    with Server(folder) as server, contextlib.ExitStack() as stack:
        account = server.register()
        assert update(server, account).status == 200
        wrong, statuses = more_wrong_keys_than_wait(server, stack, addresses=250)
        for _ in range(20):
            assert update(server, account).status == 200
        assert len(wrong) > len(readable(wrong, 0)), "the wrong keys were all looked at before"
        statuses += [wrong_answer(connection) for connection in wrong]
        assert statuses.count(BUSY) <= 44, "the queue is shorter than it says"


def test_wrong_keys_hold_up_nobody_else(folder):
    """
    More wrong keys at once, from addresses below every limit, than wait for bcrypt. While those are told to come again, a key that nobody
    remembers is looked at, and an account is made, for whoever comes from elsewhere; the right one of theirs waits with the wrong ones.
    """
    with Server(folder, api=limits()) as server:
        account, other = (server.register(address="127.0.0.1") for _ in range(2))
    with server, contextlib.ExitStack() as stack:  # nothing is remembered any more
        wrong, statuses = more_wrong_keys_than_wait(server, stack, addresses=20)
        answers = [update(server, other, "127.1.1.1").error, update(server, account, "127.1.2.1").status,
                   register(server, "127.1.2.2").status]
        assert answers == [BUSY, 200, 201]
        assert len(wrong) > len(readable(wrong, 0)), "the wrong keys were all looked at before"
        statuses += [wrong_answer(connection) for connection in wrong]
    assert "forbidden" in statuses


def test_wrong_keys_hold_up_no_registration(folder):
    """More wrong keys at once than wait for bcrypt, each the first one of its address: nothing tells them from right ones. An account is made."""
    with Server(folder) as server, contextlib.ExitStack() as stack:
        wrong, statuses = more_wrong_keys_than_wait(server, stack, addresses=300)
        assert register(server, "127.1.3.1").status == 201
        assert len(wrong) > len(readable(wrong, 0)), "the wrong keys were all looked at before"
        statuses += [wrong_answer(connection) for connection in wrong]
    assert "forbidden" in statuses


def test_wrong_keys_from_one_network_hold_up_no_other(folder):
    """Again each is the first one of its address, but all are of one network: keys from others are looked at in their turn."""
    with Server(folder) as server:
        accounts = [server.register() for _ in range(3)]
    with server, contextlib.ExitStack() as stack:  # nothing is remembered any more
        wrong, statuses = more_wrong_keys_than_wait(server, stack, addresses=300)
        for number, account in enumerate(accounts):
            assert update(server, account, f"127.{number + 2}.0.1").status == 200
        assert len(wrong) > len(readable(wrong, 0)), "the wrong keys were all looked at before"
        statuses += [wrong_answer(connection) for connection in wrong]
    assert "forbidden" in statuses


def more_wrong_keys_than_wait(server, stack, addresses):
    """The connections on which wrong keys are not yet answered, and what the others heard. One of those was told to come again."""
    request = http_request("POST", "/update", update_body(NOBODY, "x"), credentials(NOBODY).items())
    wrong, statuses = [], []
    for number in range(BCRYPT_QUEUE + 44):
        source = f"127.1.{1 + number % addresses // 250}.{number % addresses % 250 + 1}"
        peer = socket.create_connection(("127.0.0.1", server.api_port), 60, (source, 0))
        wrong.append(stack.enter_context(HttpConnection(peer)))
    for connection in wrong:
        connection.send(request)
    while BUSY not in statuses:  # from then on their lane is full
        for connection in readable(wrong, 60):
            statuses.append(wrong_answer(connection))
            wrong.remove(connection)
    return wrong, statuses


def readable(connections, seconds):
    """Those of which something came."""
    ready, _, _ = select.select([connection.peer for connection in connections], [], [], seconds)
    return [connection for connection in connections if connection.peer in ready]


def wrong_answer(connection):
    """What a wrong key's answer says: it is wrong, the queue is full, or a slow machine has let it wait for too long."""
    answer = connection.answer()
    assert (answer.status, answer.error) in ((401, "forbidden"), (503, BUSY), (503, "store_unavailable"))
    if answer.status == 503:
        assert answer.headers["retry-after"] == "1"
    return answer.error


def test_many_rotations_at_once_cost_one_bcrypt(folder):
    """
    The owner's key is remembered, so that no limit sees him. All but one are refused before they are hashed, and
    somebody else can register meanwhile.
    """
    with Server(folder, api={"limits": {"exempt": []}}) as server, contextlib.ExitStack() as stack:
        account = server.register()
        assert update(server, account).status == 200
        request = http_request("POST", "/account/key", headers=credentials(account).items())
        rotations = [stack.enter_context(server.http_connection()) for _ in range(200)]
        for connection in rotations:
            connection.send(request)
        assert register(server, "127.0.1.1").status == 201
        answers = [connection.answer() for connection in rotations]
        done, = (answer for answer in answers if answer.status == 200)
        refused = {503: b'{"error": "busy"}', 401: b'{"error": "forbidden"}'}  # 401: it came after the one was done
        for answer in answers:
            assert answer is done or answer.body == refused[answer.status]
        # The new key is remembered already.
        assert update(server, json.loads(done.body)).status == 200
    found = counters(server)
    assert found["bcrypt.hash"] == 3, "two registrations and one rotation"
    assert found["bcrypt.verify"] == found["forbidden"]
    assert found["rotations"] == 1


def test_a_fleet_behind_one_address_is_not_limited(folder):
    """With the defaults: some hundred machines at once, and one of them with a wrong key."""
    with Server(folder, api={"limits": {"exempt": []}}) as server:
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            assert {answer.status for answer in pool.map(lambda _: register(server), range(150))} == {201}
            assert {answer.status for answer in pool.map(lambda _: update(server, NOBODY), range(60))} == {401}

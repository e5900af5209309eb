"""Registration tokens from the administrator's hand to a client's request: every way to present one, and every limit."""

import base64
import concurrent.futures
import json
import re
import time

import pytest

from sallyport import Server, credentials, http_request, random_txt, update_body, wait_until

SECRET = re.compile("sp_[A-Za-z0-9_-]{43}")


def tokens(server, *words, code=0):
    """What `sallyport tokens` says: its standard output, or its standard error where it fails."""
    done = server.command("tokens", *words)
    assert done.returncode == code, done
    return done.stdout if code == 0 else done.stderr


def add(server, name, *options):
    """A new token's secret."""
    return json.loads(tokens(server, "add", name, *options, "--json"))["secret"]


def look(server, name):
    """A token and the accounts that were registered with it."""
    token, *accounts = map(json.loads, tokens(server, "show", name, "--json").splitlines())
    return token, accounts


def register(server, path="/register", headers=(), body=b"", address="127.0.0.1"):
    with server.http_connection(address) as connection:
        return connection.ask(http_request("POST", path, body, headers))


def present(server, secret, **options):
    return register(server, headers=[("X-Registration-Token", secret)], **options)


def assert_forbidden(answer):
    assert (answer.status, answer.body) == (403, b'{"error": "registration_forbidden"}')


@pytest.fixture(scope="module")
def shared(module_folder):
    with Server(module_folder, api={"registration": "token"}) as server:
        yield server


def basic(text, urlsafe=False, padded=True):
    encoded = (base64.urlsafe_b64encode if urlsafe else base64.b64encode)(text.encode()).decode()
    return ("Authorization", "Basic " + (encoded if padded else encoded.rstrip("=")))


WAYS = {
    "url": lambda secret: (f"/t/{secret}/register", []),
    "url_with_slashes": lambda secret: (f"//t/{secret}//register/", []),
    "header": lambda secret: ("/register", [("X-Registration-Token", secret)]),
    "bearer": lambda secret: ("/register", [("authorization", "bearer " + secret)]),
    "basic_password": lambda secret: ("/register", [basic("anybody:" + secret)]),
    "basic_password_alone": lambda secret: ("/register", [basic(":" + secret)]),
    "basic_user": lambda secret: ("/register", [basic(secret + ":")]),
    "basic_user_and_password": lambda secret: ("/register", [basic(secret + ":x")]),
    "basic_unpadded": lambda secret: ("/register", [basic("u:" + secret, padded=False)]),
    "basic_url_safe": lambda secret: ("/register", [basic("~~~???:" + secret, True, False)]),
    "url_beside_a_stray_authorization": lambda secret: (f"/t/{secret}/register", [basic("u:p"), ("X-Api-User", "")]),
    "header_beside_a_bad_authorization": lambda secret: ("/register", [("Authorization", "Basic !"),
                                                                      ("X-Registration-Token", secret)]),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_present_one(shared, way):
    secret = add(shared, way, "--quota", "1")
    path, headers = WAYS[way](secret)
    answer = register(shared, path, headers)
    assert answer.status == 201, answer.body
    assert list(json.loads(answer.body)) == ["username", "password", "fulldomain", "subdomain", "allowfrom"]
    assert_forbidden(register(shared, path, headers))
    path, headers = WAYS[way](secret[:-1] + ("A" if secret[-1] != "A" else "B"))
    assert_forbidden(register(shared, path, headers))
    assert secret not in shared.log()


def test_updates_below_a_token(shared):
    """A client that has https://HOST/t/TOKEN as its server updates there, too; the token is not looked at."""
    secret = add(shared, "updates")
    account = json.loads(register(shared, f"/t/{secret}/register").body)
    tokens(shared, "revoke", "updates")
    for path in (f"/t/{secret}/update", "/t/anything/update", "/update"):
        txt = random_txt()
        with shared.http_connection() as connection:
            answer = connection.ask(http_request("POST", path, update_body(account, txt), credentials(account).items()))
        assert (answer.status, answer.body) == (200, b'{"txt": "%s"}' % txt.encode())
        assert txt in shared.txt(account["subdomain"])


def test_what_it_was_used_for(shared):
    secret = add(shared, "used", "--quota", "3", "--allow-from", "127.0.0.0/8", "--allow-from", "::1/128")
    token, accounts = look(shared, "used")
    assert (token["state"], token["used"], token["quota"], token["last_used"], accounts) == ("good", 0, 3, None, [])
    assert token["allowfrom"] == ["127.0.0.0/8", "::1/128"]
    made = [json.loads(present(shared, secret, address=address).body) for address in ("127.0.0.1", "::1", "127.0.0.1")]
    token, accounts = look(shared, "used")
    assert (token["state"], token["used"], token["last_address"]) == ("used up", 3, "127.0.0.1")
    assert sorted(account["subdomain"] for account in accounts) == sorted(account["subdomain"] for account in made)
    table = tokens(shared, "show", "used")
    assert "accounts      3 of 3" in table
    assert all(account["username"] in table for account in made)
    assert shared.command("accounts", "delete", made[0]["username"], "--yes").returncode == 0
    token, accounts = look(shared, "used")
    assert (token["used"], len(accounts)) == (3, 2)
    assert made[0]["username"] not in {account["username"] for account in accounts}


def test_a_quota_holds_when_all_come_at_once(shared):
    secret = add(shared, "race", "--quota", "3")
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: present(shared, secret), range(12)))
    assert [answer.status for answer in answers].count(201) == 3
    for answer in answers:
        if answer.status != 201:
            assert_forbidden(answer)
    assert look(shared, "race")[0]["used"] == 3


def test_an_address_outside_its_networks(shared):
    secret = add(shared, "networks", "--allow-from", "::1/128")
    assert_forbidden(present(shared, secret))
    assert present(shared, secret, address="::1").status == 201


def test_a_revoked_one(shared):
    secret = add(shared, "revoked")
    account = json.loads(present(shared, secret).body)
    assert tokens(shared, "revoke", "revoked") == "revoked revoked\n"
    assert_forbidden(present(shared, secret))
    assert look(shared, "revoked")[0]["state"] == "revoked"
    assert shared.update(account).status_code == 200, "who has registered goes on"
    tokens(shared, "revoke", "revoked")
    assert 'there is, or was, a token "revoked"' in tokens(shared, "add", "revoked", code=1)


def test_one_that_expires(shared):
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    secret = add(shared, "expires", "--expires", soon)
    assert present(shared, secret).status == 201
    wait_until(lambda: present(shared, secret).status == 403, "its end")
    assert look(shared, "expires")[0]["state"] == "expired"


def test_the_client_learns_nothing(shared):
    """Unknown, used up, revoked, from elsewhere: the same bytes but for the date."""
    add(shared, "elsewhere", "--allow-from", "192.0.2.0/24")
    secrets = {"unknown": "sp_" + "x" * 43, "elsewhere": add(shared, "elsewhere2", "--allow-from", "192.0.2.0/24"),
               "revoked": add(shared, "revoked2")}
    tokens(shared, "revoke", "revoked2")
    heads = {re.sub(rb"Date: [^\r]*", b"", answer.head) + answer.body
             for answer in [present(shared, secret) for secret in secrets.values()] + [register(shared)]}
    assert len(heads) == 1


@pytest.mark.parametrize("words, said", {
    "no_name": (["add"], "NAME"),
    "empty_name": (["add", ""], "a token's name must be 1 to 64 letters, digits"),
    "blank_in_the_name": (["add", "a b"], "a token's name must be 1 to 64 letters, digits"),
    "long_name": (["add", "a" * 65], "a token's name must be 1 to 64 letters, digits"),
    "quota_0": (["add", "mistake", "--quota", "0"], '"0" is not a number of accounts'),
    "quota_word": (["add", "mistake", "--quota", "many"], '"many" is not a number of accounts'),
    "quota_negative": (["add", "mistake", "--quota=-1"], '"-1" is not a number of accounts'),
    "expired": (["add", "mistake", "--expires", "2020-01-01"], '"2020-01-01" is not a time to come'),
    "no_time": (["add", "mistake", "--expires", "soon"], '"soon" is not a time to come'),
    "no_mask": (["add", "mistake", "--allow-from", "192.0.2.1"], '"192.0.2.1" is not a network'),
    "too_many_networks": (["add", "mistake", *[f"--allow-from=10.0.0.{n}/32" for n in range(65)]], "no more than 64"),
    "unknown_option": (["revoke", "x", "--quota", "1"], "--quota"),
}.values())
def test_mistakes(shared, words, said):
    assert said in tokens(shared, *words, code=2)
    assert "mistake" not in tokens(shared, "list")


def test_one_that_is_not_there(shared):
    for verb in ("show", "revoke"):
        assert tokens(shared, verb, "nowhere", code=1) == 'sallyport: there is no token "nowhere"\n'


def test_lists_go_on_over_pages(folder):
    """More tokens, and more accounts of one, than a message holds."""
    with Server(folder, api={"limits": {"registrations_per_hour": 0}}) as server:
        names = [f"team-{number:03}" for number in range(45)]
        networks = [f"--allow-from=10.0.{number}.0/24" for number in range(64)]
        for name in names:
            add(server, name, *networks)
        listed = [json.loads(line)["name"] for line in tokens(server, "list", "--json").splitlines()]
        assert listed == names
        head, *rows = tokens(server, "list").splitlines()
        assert head.split() == ["NAME", "STATE", "USED", "QUOTA", "EXPIRES", "FROM", "LAST", "USE", "BY"]
        assert [row.split()[0] for row in rows] == names
    server.configuration["api"]["registration"] = "token"
    server.write_configuration()
    with server:
        secret = add(server, "many")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            made = set(pool.map(lambda _: json.loads(present(server, secret).body)["username"], range(205)))
        assert {account["username"] for account in look(server, "many")[1]} == made
        assert len(made) == 205


def test_without_a_server_and_across_restarts(folder):
    """Made while nothing runs; spent over two runs; the secret stands nowhere on the disk or in the log."""
    server = Server(folder, api={"registration": "token"})
    secret = add(server, "offline", "--quota", "2")
    for used in (1, 2):
        with server:
            assert present(server, secret).status == 201
            assert look(server, "offline")[0]["used"] == used
    with server:
        assert_forbidden(present(server, secret))
        tokens(server, "revoke", "offline")
    assert look(server, "offline")[0]["state"] == "revoked"
    assert SECRET.search(secret)
    assert 'event=registration_refused client=127.0.0.1 token=offline reason="it is used up"' in server.log()
    assert secret not in server.log()
    for path in server.database.iterdir():
        assert secret.encode() not in path.read_bytes()
    assert not SECRET.search(server.log())


def test_no_secret_in_the_log(folder):
    """However it is presented, refused or cut short, at the most talkative level."""
    with Server(folder, api={"registration": "token"}, log={"level": "debug"}) as server:
        secret = add(server, "quiet", "--quota", "1")
        for path, headers in (way(secret) for way in WAYS.values()):
            register(server, path, headers)
        for request in (f"GET /t/{secret}/register HTTP/1.1\r\nHost: a\r\n\r\n",
                        f"POST /t/{secret}/nothing HTTP/1.1\r\nHost: a\r\n\r\n",
                        f"POST /t/{secret}/register HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                        f"POST /t/{secret}/register HTTP/9.9\r\nHost: a\r\n\r\n",
                        f"POST /register HTTP/1.1\r\nHost: a\r\nX-Registration-Token: {secret}\n\r\n"):
            with server.http_connection() as connection:
                assert connection.ask(request.encode()).status >= 400
    assert secret[3:] not in server.log()
    assert base64.b64encode(secret.encode()).decode()[:40] not in server.log()
    assert " token=quiet" in server.log()

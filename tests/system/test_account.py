"""What an account's owner can do with it over HTTP, and what he must not."""

import calendar
import time

import pytest
import requests

from sallyport import Server, credentials, random_txt, wait_until

SERVER = {"api": {"base_url": "https://auth.example.org"}}

# Every call that needs credentials, with a body that is right for the account.
CALLS = {
    "read": ("GET", "/account", lambda account: None),
    "allowfrom": ("PATCH", "/account", lambda account: {"allowfrom": []}),
    "rotate": ("POST", "/account/key", lambda account: None),
    "remove": ("DELETE", "/account/values", lambda account: {"txt": random_txt()}),
    "clear": ("DELETE", "/account/values", lambda account: None),
    "change": ("POST", "/change", lambda account: {"subdomain": account["subdomain"], "allowfrom": []}),
    "clean": ("POST", "/clean", lambda account: {"subdomain": account["subdomain"], "txt": random_txt()}),
    "deregister": ("POST", "/deregister", lambda account: {"subdomain": account["subdomain"]}),
    "delete": ("DELETE", "/account", lambda account: None),
}
SERVER_KEYS = {"server_url": "https://auth.example.org", "server_path_update": "update",
               "server_path_deregister": "deregister", "server_path_change": "change", "server_path_clean": "clean"}


def call(server, account, name, **options):
    method, path, body = CALLS[name]
    options.setdefault("headers", credentials(account))
    options.setdefault("json", body(account))
    return server.http(method, path, **options)


def read(server, account):
    answer = call(server, account, "read")
    assert answer.status_code == 200, answer.text
    return answer.json()


def check_forbidden(answer):
    assert (answer.status_code, answer.text) == (401, '{"error": "forbidden"}')


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def test_read(server, account):
    begun = int(time.time())
    fresh = read(server, account)
    assert (fresh["values"], fresh["updated"], fresh["allowfrom"]) == ([], None, [])
    values = [server.set_value(account), server.set_value(account)]
    answer = call(server, account, "read")
    assert answer.headers["Content-Type"] == "application/json" and answer.headers["Cache-Control"] == "no-store"
    assert "\n" not in answer.text and account["password"] not in answer.text
    now = answer.json()
    assert list(now) == ["username", "fulldomain", "subdomain", "allowfrom", "values", "created", "updated"]
    assert {key: now[key] for key in ("username", "fulldomain", "subdomain")} == {
        key: account[key] for key in ("username", "fulldomain", "subdomain")}
    assert [value["txt"] for value in now["values"]] == values
    for when in [value["time"] for value in now["values"]] + [now["updated"]]:
        assert begun <= seconds(when) <= time.time()
    assert now["created"] == fresh["created"] and begun - 5 <= seconds(now["created"]) <= time.time()
    head = call(server, account, "read", json=None, headers=credentials(account) | {"X": "y"})
    assert head.status_code == 200


def test_head_has_no_body(server, account):
    answer = server.http("HEAD", "/account", headers=credentials(account))
    assert (answer.status_code, answer.content) == (200, b"") and int(answer.headers["Content-Length"]) > 100


@pytest.mark.parametrize("path", ["//account", "/account/", "/account?x=y", "/t/sp_x/account"])
def test_paths_as_of_the_other_calls(server, account, path):
    # requests would tidy the path up.
    with server.http_connection() as connection:
        fields = "".join(f"{name}: {value}\r\n" for name, value in credentials(account).items())
        answer = connection.ask(f"GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode())
    assert answer.status == 200


@pytest.mark.parametrize("name", CALLS)
def test_who_is_not_the_owner_is_forbidden(server, account, name):
    """Word for word as an update, with the account untouched."""
    other = server.register()
    txt = server.set_value(account)
    for user, key in ((account["username"], other["password"]), (other["username"], account["password"]),
                      ("nobody", account["password"]), (account["username"], account["password"][:-1]),
                      ("00000000-0000-4000-8000-000000000000", account["password"])):
        check_forbidden(call(server, account, name, headers={"X-Api-User": user, "X-Api-Key": key}))
    check_forbidden(call(server, account, name, headers={}))
    assert [value["txt"] for value in read(server, account)["values"]] == [txt]


@pytest.mark.parametrize("name", CALLS)
def test_only_from_where_it_is_allowed(server, name):
    account = server.register(["192.0.2.0/24"])
    check_forbidden(call(server, account, name))
    account = server.register(["127.0.0.0/8"])
    assert call(server, account, name).status_code == 200


@pytest.mark.parametrize("name", ["allowfrom", "remove", "clear", "change", "clean", "deregister", "delete"])
def test_not_with_the_name_of_another(server, account, name):
    other = server.register()
    txt = server.set_value(account)
    body = (CALLS[name][2](account) or {}) | {"subdomain": other["subdomain"], "txt": txt}
    check_forbidden(call(server, account, name, json=body))
    assert server.txt(account["subdomain"]) == [txt]
    assert read(server, other)["subdomain"] == other["subdomain"]


@pytest.mark.parametrize("name", CALLS)
def test_broken_json_is_told_but_only_after_the_credentials(server, account, name):
    answer = call(server, account, name, json=None, data="{")
    assert (answer.status_code, answer.text) == (400, '{"error": "malformed_json_payload"}')
    check_forbidden(call(server, account, name, json=None, data="{", headers={}))
    read(server, account)


def test_refusals_are_logged_as_those_of_updates(folder):
    with Server(folder) as server:
        account = server.register()
        wrong = credentials(account) | {"X-Api-Key": "k" * 40}
        call(server, account, "delete", headers=wrong)
        server.wait_log("event=account_refused client=127.0.0.1")
        call(server, account, "rotate", headers=wrong)
        server.wait_log("event=account_refused client=127.0.0.1", 2)
        assert "k" * 40 not in server.log()


def test_allowfrom(server, account):
    wanted = {"AllowFrom": ["127.0.0.0/8", "[2001:db8::]/32"]}
    answer = call(server, account, "allowfrom", json=wanted)
    assert (answer.status_code, answer.json()["allowfrom"]) == (200, ["127.0.0.0/8", "2001:db8::/32"])
    assert read(server, account)["allowfrom"] == ["127.0.0.0/8", "2001:db8::/32"]
    server.set_value(account)
    # From now on, and for himself too.
    assert call(server, account, "allowfrom", json={"allowfrom": ["192.0.2.0/24"]}).status_code == 200
    check_forbidden(server.update(account))
    check_forbidden(call(server, account, "allowfrom", json={"allowfrom": []}))


@pytest.mark.parametrize("networks", [["192.0.2.1"], ["here"], [""], ["192.0.2.0/24"] * 257])
def test_allowfrom_is_judged_as_at_registration(server, account, networks):
    for name in ("allowfrom", "change"):
        body = {"subdomain": account["subdomain"], "allowfrom": networks}
        answer = call(server, account, name, json=body)
        assert (answer.status_code, answer.text) == (400, '{"error": "invalid_allowfrom_cidr"}')
    assert read(server, account)["allowfrom"] == []


@pytest.mark.parametrize("body", [{}, {"allowfrom": None}, {"allowfrom": "192.0.2.0/24"}, {"allow_from": []}, []])
def test_nothing_to_change_is_a_mistake(server, account, body):
    answer = call(server, account, "allowfrom", json=body)
    assert (answer.status_code, answer.text) == (400, '{"error": "malformed_json_payload"}')


def test_rotate(server, account):
    server.set_value(account)  # the old key is remembered now
    answer = call(server, account, "rotate")
    assert answer.status_code == 200 and '"password":"' in answer.text and " " not in answer.text
    new = answer.json()
    assert list(new) == ["username", "password", "fulldomain", "subdomain", "allowfrom", *SERVER_KEYS]
    assert new == account | {"password": new["password"]} and len(new["password"]) == 40
    assert new["password"] != account["password"]
    check_forbidden(server.update(account))
    check_forbidden(call(server, account, "read"))
    check_forbidden(call(server, account, "rotate"))
    server.set_value(new)
    assert new["password"] not in server.log()


def test_of_two_rotations_with_one_key_one_succeeds(server, account):
    """Else whoever was answered first would hold a key that is dead."""
    server.set_value(account)
    with server.http_connection() as first, server.http_connection() as second:
        fields = "".join(f"{name}: {value}\r\n" for name, value in credentials(account).items())
        request = f"POST /account/key HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode()
        first.send(request)
        second.send(request)
        answers = [first.answer(), second.answer()]
    first, second = sorted(answer.status for answer in answers)
    assert first == 200 and second in (401, 503)  # 503 as long as the other is under way
    winner, = (answer for answer in answers if answer.status == 200)
    server.set_value(account | {"password": requests.compat.json.loads(winner.body)["password"]})


def test_remove_one_value(server, account):
    first, second = server.set_value(account), server.set_value(account)
    answer = call(server, account, "remove", json={"Txt": first})
    assert answer.status_code == 200 and [value["txt"] for value in answer.json()["values"]] == [second]
    assert server.txt(account["subdomain"]) == [second]
    # Whoever repeats it has what he wanted.
    assert call(server, account, "remove", json={"txt": first}).status_code == 200
    assert server.txt(account["subdomain"]) == [second]


@pytest.mark.parametrize("body", [None, {}, {"subdomain": None}])
def test_remove_all_values(server, account, body):
    server.set_value(account)
    server.set_value(account)
    answer = call(server, account, "clear", json=body)
    assert (answer.status_code, answer.json()["values"]) == (200, [])
    assert server.txt(account["subdomain"]) == []


@pytest.mark.parametrize("name", ["delete", "deregister"])
def test_delete(server, account, name):
    txt = server.set_value(account)
    assert server.txt(account["subdomain"]) == [txt]
    answer = call(server, account, name)
    assert (answer.status_code, answer.text) == (200, "{}")
    reply = server.dns(account["subdomain"])
    assert reply.rcode() == 3 and not reply.answer
    check_forbidden(server.update(account))
    check_forbidden(call(server, account, "read"))
    check_forbidden(call(server, account, name))


def test_a_deleted_name_stays_deleted(folder):
    """Also for a dnsd that comes later and is told everything anew, and beside a name that lives."""
    with Server(folder) as server:
        gone, kept = server.register(), server.register()
        txt = server.set_value(kept)
        assert call(server, gone, "delete").status_code == 200
    with Server(folder) as server:
        assert server.dns(gone["subdomain"]).rcode() == 3
        assert server.txt(kept["subdomain"]) == [txt]
        check_forbidden(server.update(gone))


def test_void_clears(server, account):
    server.set_value(account)
    answer = server.update(account, "__VOID__")
    assert (answer.status_code, answer.text) == (200, '{"txt": "__VOID__"}')
    assert server.txt(account["subdomain"]) == []
    answer = server.update(account, "")
    assert (answer.status_code, answer.text) == (400, '{"error": "bad_txt"}')


def test_an_empty_text_clears_where_it_is_wanted(folder):
    with Server(folder, api={"empty_txt_clears": True}) as server:
        account = server.register()
        server.set_value(account)
        answer = server.update(account, "")
        assert (answer.status_code, answer.text) == (200, '{"txt": ""}')
        assert server.txt(account["subdomain"]) == []
        assert server.update(account, "__VOID__").status_code == 200


def test_the_register_answer_tells_where_the_server_is(server):
    answer = server.http("POST", "/register")
    account = answer.json()
    assert {key: account[key] for key in SERVER_KEYS} == SERVER_KEYS
    assert list(account)[:5] == ["username", "password", "fulldomain", "subdomain", "allowfrom"]
    assert answer.text.startswith('{"username":"%s","password":"%s","fulldomain":"%s","subdomain":"%s","allowfrom":[],'
                                  % tuple(account[key] for key in list(account)[:4]))


def test_unless_it_is_configured_nothing_is_told(folder):
    with Server(folder) as server:
        account = server.register()
        assert list(account) == ["username", "password", "fulldomain", "subdomain", "allowfrom"]
        assert list(call(server, account, "rotate").json()) == list(account)


def test_acme_dns_client_2(server):
    """The calls of its library: all POST, the subdomain in every body, 200 alone is success."""
    account = server.register()
    headers = credentials(account) | {"Content-Type": "application/json; charset=utf8"}

    def post(key, **body):
        url = requests.compat.urljoin(f"{server.url}/", account[key])
        return requests.post(url, headers=headers, timeout=30, proxies={"http": ""},
                             data=requests.compat.json.dumps({"subdomain": account["subdomain"]} | body))

    first, second = random_txt(), random_txt()
    assert post("server_path_update", txt=first).status_code == 200
    assert post("server_path_update", txt=second).status_code == 200
    assert post("server_path_clean", txt=first).status_code == 200
    assert server.txt(account["subdomain"]) == [second]
    changed = post("server_path_change", allowfrom=["127.0.0.0/8"])
    # It takes these four out, and keeps the rest.
    left = {key: value for key, value in changed.json().items()
            if key not in ("fulldomain", "subdomain", "username", "password")}
    assert set(changed.json()) - set(left) == {"fulldomain", "subdomain", "username", "password"}
    assert (changed.status_code, left) == (200, SERVER_KEYS | {"allowfrom": ["127.0.0.0/8"]})
    assert changed.json()["password"] == "" and account["password"] not in changed.text
    assert post("server_path_deregister").status_code == 200
    assert server.dns(account["subdomain"]).rcode() == 3


def key_stays(server, account):
    """Where the account's key is in the memory of apid and store: in which areas."""
    key, areas = account["password"].encode(), []
    for role in ("apid", "store"):
        pid = server.pids()[role]
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in maps:
                bounds, rights, *_ = line.split()
                begin, end = (int(bound, 16) for bound in bounds.split("-"))
                if rights.startswith("rw"):
                    memory.seek(begin)
                    if key in memory.read(end - begin):
                        areas.append(f"{role}: {line}")
    return areas


@pytest.mark.root
@pytest.mark.as_shipped  # sanitizers keep what was freed, and have other stacks
@pytest.mark.parametrize("made", ["register", "rotate"])
def test_no_key_stays_in_memory(server, made):
    """Neither a new one that passed through, nor one that was used; in an answer that buffers grow for."""
    networks = ["127.0.0.0/8"] * 200
    account = server.register(networks)
    with requests.Session() as session:
        fresh = server.register(networks, session=session) if made == "register" else \
            call(server, account, "rotate", session=session).json()
        # The connection stays open, and nothing comes after that could write over what was left.
        wait_until(lambda: not key_stays(server, fresh), "the new key to be gone", 10)
        assert server.update(fresh, session=session).status_code == 200
        wait_until(lambda: not key_stays(server, fresh), "the used key to be gone", 10)

"""
What real ACME clients send and check, one test or more for every line that a client's source shows.

The names say where each comes from: test_table_* are the three calls, test_words_* the errors to the
letter, test_line_NN_* the numbered list in docs of the clients' habits: 01-09 what is sent and must be
accepted, 10-16 what is checked and must be given exactly, 17-21 what is asked over DNS.
"""

import concurrent.futures
import json
import random
import re
import socket
import subprocess
import uuid

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from sallyport import (DEADLINE, RECORDS, ZONE, credentials, http_request, random_txt, update_body,
                       update_request, wait_until)

SERVER = {"records": RECORDS + [f"host.deep.ent.{ZONE}. A 198.51.100.2"]}

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
REGISTERED = re.compile(rf'{{"username":"{UUID}","password":"[A-Za-z0-9_-]{{40}}","fulldomain":"{UUID}'
                        rf'\.{re.escape(ZONE)}","subdomain":"{UUID}","allowfrom":\[(.*)\]}}')


def raw(server, request):
    with server.http_connection() as connection:
        return connection.ask(request)


def post(server, path, body, headers=()):
    return raw(server, http_request("POST", path, body, headers))


def assert_registered(answer, allowfrom=""):
    assert answer.status == 201, answer.body
    found = REGISTERED.fullmatch(answer.body.decode())
    assert found, answer.body
    assert found[1] == allowfrom
    return json.loads(answer.body)


def assert_updated(server, account, txt, answer):
    assert answer.status == 200, answer.body
    assert answer.body == b'{"txt": "%s"}' % txt.encode()
    assert txt in server.txt(account["subdomain"])


def assert_error(answer, status, word):
    assert (answer.status, answer.error) == (status, word)


# --- the three calls ---

def test_table_register_without_body(server):
    assert_registered(raw(server, b"POST /register HTTP/1.1\r\nHost: x\r\n\r\n"))


def test_table_register_with_allowfrom(server):
    answer = post(server, "/register", b'{"allowfrom": ["192.0.2.0/24", "2001:db8::/32"]}')
    assert_registered(answer, '"192.0.2.0/24","2001:db8::/32"')


def test_table_register_gives_distinct_random_accounts(server):
    accounts = [server.register() for _ in range(4)]
    for key in ("username", "password", "subdomain"):
        assert len({account[key] for account in accounts}) == 4
    for account in accounts:
        assert uuid.UUID(account["username"]).version == 4
        assert uuid.UUID(account["subdomain"]).version == 4


def test_table_update(server, account):
    txt = random_txt()
    assert_updated(server, account, txt, raw(server, update_request(account, txt)))


def test_table_health(server):
    assert raw(server, http_request("GET", "/health")).status == 200


# --- the errors, word for word ---

@pytest.mark.parametrize("body", [
    b"{", b"[]", b'"text"', b"1", b"true", b"nonsense", b"{'allowfrom': []}", b'{"allowfrom": []',
    b'{"allowfrom": "192.0.2.0/24"}', b'{"allowfrom": {}}', b'{"allowfrom": [1]}',
    b'{"allowfrom": [[]]}', b'{"allowfrom": []} trailing', b'{"allowfrom": []}{}', b"\xff\xfe", b"\x00",
    b'{"allowfrom": ["\xff"]}', b"[" * 10000, b'{"a":' * 5000,
])
def test_words_register_malformed_json_payload(server, body):
    assert_error(post(server, "/register", body), 400, "malformed_json_payload")


@pytest.mark.parametrize("entry", [
    "192.0.2.1", "2001:db8::1", "", "/", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8",
    "192.0.2.0/ 8", "192.0.2.0/0x8", "192.0.2/24", "192.0.2.256/24", "2001:db8::/129", "2001:db8:::/32",
    "[2001:db8::/32", "2001:db8::]/32", "[192.0.2.0/24]", "example.org/24", " 192.0.2.0/24", "192.0.2.0/24 ",
    "192.0.2.0/24/24", "192.0.2.0/24\u0000", "::ffff:1.2.3.4.5/96", "1" * 5000 + "/8", "fe80::1%lo/64",
    None,  # which acme-dns reads as an empty text
])
def test_words_register_invalid_allowfrom_cidr(server, entry):
    body = json.dumps({"allowfrom": ["192.0.2.0/24", entry]}).encode()
    assert_error(post(server, "/register", body), 400, "invalid_allowfrom_cidr")


def test_words_register_256_networks_and_no_more(server):
    networks = [f"10.{number}.0.0/16" for number in range(256)]
    account = assert_registered(post(server, "/register", json.dumps({"allowfrom": networks}).encode()),
                                ",".join(f'"{network}"' for network in networks))
    assert account["allowfrom"] == networks
    assert_error(post(server, "/register", json.dumps({"allowfrom": networks + ["10.0.0.0/8"]}).encode()),
                 400, "invalid_allowfrom_cidr")


@pytest.mark.parametrize("given, back", [
    ("[::1]/64", "::1/64"), ("[2001:db8::]/32", "2001:db8::/32"), ("::/0", "::/0"),
    ("0.0.0.0/0", "0.0.0.0/0"), ("192.0.2.77/24", "192.0.2.77/24"), ("192.0.2.1/32", "192.0.2.1/32"),
    ("2001:DB8::1/128", "2001:DB8::1/128"),
])
def test_words_register_networks_come_back_without_brackets(server, given, back):
    assert_registered(post(server, "/register", json.dumps({"allowfrom": [given]}).encode()), f'"{back}"')


def test_words_register_empty_allowfrom_is_any_address(server):
    account = assert_registered(post(server, "/register", b'{"allowfrom": []}'))
    server.set_value(account)


def forbidden_updates():
    """What else may be wrong beside or instead of the credentials: always the same 401."""
    def change(**changes):
        return lambda account: (
            {**credentials(account), **changes.get("headers", {})},
            changes["body"](account) if "body" in changes else update_body(account, random_txt()))

    def fields(**content):
        return lambda account: json.dumps(
            {"subdomain": account["subdomain"], "txt": random_txt(), **content}).encode()

    return {
        "no_such_user": change(headers={"X-Api-User": str(uuid.uuid4())}),
        "user_no_uuid": change(headers={"X-Api-User": "root"}),
        "user_empty": change(headers={"X-Api-User": ""}),
        "user_long": change(headers={"X-Api-User": "a" * 5000}),
        "wrong_key": change(headers={"X-Api-Key": "x" * 40}),
        "key_empty": change(headers={"X-Api-Key": ""}),
        "key_39": change(headers={"X-Api-Key": "x" * 39}),
        "key_41": change(headers={"X-Api-Key": "x" * 41}),
        "key_long": change(headers={"X-Api-Key": "x" * 5000}),
        "foreign_subdomain": change(body=fields(subdomain=str(uuid.uuid4()))),
        "subdomain_empty": change(body=fields(subdomain="")),
        "subdomain_longer": change(body=lambda account: json.dumps(
            {"subdomain": account["subdomain"] + "x", "txt": random_txt()}).encode()),
        "subdomain_long": change(body=fields(subdomain="a" * 5000)),
        "subdomain_with_zone": change(body=lambda account: json.dumps(
            {"subdomain": account["fulldomain"], "txt": random_txt()}).encode()),
        "subdomain_number": change(body=fields(subdomain=1)),
        "txt_number": change(body=fields(txt=1)),
        "txt_null_subdomain_null": change(body=lambda _: b'{"subdomain": null, "txt": null}'),
        "no_json": change(body=lambda _: b"subdomain=a&txt=b"),
        "json_cut": change(body=lambda account: update_body(account, random_txt())[:-1]),
        "json_list": change(body=lambda _: b"[]"),
        "json_more": change(body=lambda account: update_body(account, random_txt()) + b"{}"),
        "json_deep": change(body=lambda _: b"[" * 30000),
        "body_empty": change(body=lambda _: b""),
        "no_subdomain": change(body=lambda _: b'{"txt": "' + b"a" * 43 + b'"}'),
        "foreign_subdomain_and_bad_txt": change(
            body=lambda _: json.dumps({"subdomain": str(uuid.uuid4()), "txt": "bad"}).encode()),
        "wrong_key_and_bad_txt": change(headers={"X-Api-Key": "x" * 40}, body=fields(txt="bad")),
        "wrong_key_and_no_json": change(headers={"X-Api-Key": "x" * 40}, body=lambda _: b"{"),
    }


@pytest.mark.parametrize("case", forbidden_updates().items(), ids=lambda case: case[0])
def test_words_update_forbidden(server, account, case):
    headers, body = case[1](account)
    assert_error(post(server, "/update", body, headers.items()), 401, "forbidden")
    assert server.txt(account["subdomain"]) == []


@pytest.mark.parametrize("missing", ["X-Api-User", "X-Api-Key", "both"])
def test_words_update_without_credentials(server, account, missing):
    headers = {name: value for name, value in credentials(account).items()
               if missing not in (name, "both")}
    assert_error(post(server, "/update", update_body(account, random_txt()), headers.items()),
                 401, "forbidden")


def test_words_update_from_an_address_not_allowed(server):
    account = server.register(["192.0.2.0/24", "2001:db8::/32"])
    assert_error(raw(server, update_request(account, random_txt())), 401, "forbidden")
    # The address is looked at before the text.
    assert_error(raw(server, update_request(account, "bad")), 401, "forbidden")


@pytest.mark.parametrize("txt", [
    "", "a", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "+", "a" * 42 + "/", "a" * 42 + " ",
    "a" * 42 + "\n", "a" * 42 + "\u0000", "a" * 42 + "\u00e9", "a" * 41 + "\u00e9", '"' * 43, "\\" * 43,
    "a" * 1024, "a" * 1025, "a" * 60000, "__void__", "__VOID__ ", " __VOID__",
])
def test_words_update_bad_txt(server, account, txt):
    body = json.dumps({"subdomain": account["subdomain"], "txt": txt}, ensure_ascii=False).encode()
    assert_error(post(server, "/update", body, credentials(account).items()), 400, "bad_txt")
    assert server.txt(account["subdomain"]) == []


def test_words_update_without_txt_is_bad_txt(server, account):
    body = json.dumps({"subdomain": account["subdomain"]}).encode()
    assert_error(post(server, "/update", body, credentials(account).items()), 400, "bad_txt")


@pytest.mark.parametrize("method, path, allowed", [
    ("GET", "/register", "POST"), ("PUT", "/register", "POST"), ("DELETE", "/register", "POST"),
    ("GET", "/update", "POST"), ("PATCH", "/update", "POST"), ("POST", "/health", "GET"),
])
def test_words_wrong_method(server, method, path, allowed):
    answer = raw(server, http_request(method, path))
    assert answer.status == 405
    assert answer.error == "method_not_allowed"
    assert allowed in answer.headers["allow"].replace(" ", "").split(",")


@pytest.mark.parametrize("path", ["/", "/registers", "/regist", "/update/1", "/x/update", "/Register",
                                  "/%72egister", "/x/../update", "/health2", "/favicon.ico"])
def test_words_unknown_path(server, path):
    assert_error(post(server, path, b""), 404, "not_found")


@pytest.mark.parametrize("form", [
    str.upper, lambda name: f"{{{name}}}", lambda name: f"urn:uuid:{name}",
    lambda name: f"urn:uuid:{name}".upper(), lambda name: name.replace("-", ""),
], ids=["upper", "braces", "urn", "urn_upper", "no_hyphens"])
def test_words_user_in_every_form_of_a_uuid(server, account, form):
    txt = random_txt()
    answer = raw(server, update_request({**account, "username": form(account["username"])}, txt))
    assert_updated(server, account, txt, answer)


@pytest.mark.parametrize("form", [
    lambda name: f"{{{name}", lambda name: f"{name}}}", lambda name: name[:-1], lambda name: name + "0",
    lambda name: name.replace("-", "", 1), lambda name: f"uuid:{name}", lambda name: "g" + name[1:],
])
def test_words_user_in_no_form_of_a_uuid(server, account, form):
    server.set_value(account)
    answer = raw(server, update_request({**account, "username": form(account["username"])}, random_txt()))
    assert_error(answer, 401, "forbidden")


def test_words_two_values_the_older_replaced(server, account):
    first, second, third = (server.set_value(account) for _ in range(3))
    assert sorted(server.txt(account["subdomain"])) == sorted([second, third])
    assert first not in server.txt(account["subdomain"])


# --- sent by clients: accept all of it ---

@pytest.mark.parametrize("subdomain, txt", [("SubDomain", "Txt"), ("SUBDOMAIN", "TXT"), ("Subdomain", "tXT")])
def test_line_01_update_keys_in_any_case(server, account, subdomain, txt):
    value = random_txt()
    body = json.dumps({subdomain: account["subdomain"], txt: value}).encode()
    assert_updated(server, account, value, post(server, "/update", body, credentials(account).items()))


@pytest.mark.parametrize("key", ["AllowFrom", "ALLOWFROM", "allowFrom"])
def test_line_01_register_key_in_any_case(server, key):
    assert_registered(post(server, "/register", b'{"%s": ["192.0.2.0/24"]}' % key.encode()),
                      '"192.0.2.0/24"')


@pytest.mark.parametrize("again", ["subdomain", "txt", "SubDomain", "Txt"])
def test_line_01_update_key_given_twice(server, account, again):
    body = json.dumps({"subdomain": account["subdomain"], "txt": "a" * 43})[:-1]
    body += f', "{again}": "{account["subdomain"] if again.lower() == "subdomain" else "b" * 43}"}}'
    assert_error(post(server, "/update", body.encode(), credentials(account).items()), 401, "forbidden")
    assert server.txt(account["subdomain"]) == []


@pytest.mark.parametrize("again", ["allowfrom", "AllowFrom"])
def test_line_01_register_key_given_twice(server, again):
    assert_error(post(server, "/register", b'{"allowfrom": [], "%s": []}' % again.encode()),
                 400, "malformed_json_payload")


def test_line_01_unknown_keys_are_ignored(server, account):
    value = random_txt()
    body = json.dumps({"x": {"deep": [1, None]}, "subdomain": account["subdomain"], "txt": value,
                       "username": 1}).encode()
    assert_updated(server, account, value, post(server, "/update", body, credentials(account).items()))
    assert_registered(post(server, "/register", b'{"name": "x", "allowFroms": 1}'))


@pytest.mark.parametrize("body", [b"{}", b"null\n", b"null", b" {} ", b"{}\n", b'{"allowfrom": null}',
                                  b'{"other": 1}'])
def test_line_02_register_bodies(server, body):
    assert_registered(post(server, "/register", body))


def test_line_02_register_empty_body(server):
    assert_registered(raw(server, b"POST /register HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"))
    assert_registered(raw(server, b"POST /register HTTP/1.1\r\nHost: x\r\n"
                                  b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))


def test_line_03_post_without_length(server, account):
    """`curl -X POST` and acme.sh: neither Content-Length nor Transfer-Encoding; never 411."""
    with server.http_connection() as connection:
        assert_registered(connection.ask(b"POST /register HTTP/1.1\r\nHost: x\r\n\r\n"))
        head = "".join(f"{name}: {value}\r\n" for name, value in credentials(account).items())
        assert_error(connection.ask(f"POST /update HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode()),
                     401, "forbidden")


@pytest.mark.parametrize("content_type", [None, "application/json", "application/json; charset=utf8",
                                          "text/plain", "application/x-www-form-urlencoded", "", "///"])
def test_line_04_content_type_is_ignored(server, account, content_type):
    headers = [] if content_type is None else [("Content-Type", content_type)]
    value = random_txt()
    assert_updated(server, account, value, raw(server, update_request(account, value, headers)))
    assert_registered(post(server, "/register", b"{}", headers))


@pytest.mark.parametrize("value", ["Basic", "Basic ", "Basic !!!", "Basic YTpi", "Basic Og==", "Basic Og",
                                   "Basic _-_-", "Bearer x", ""])
def test_line_05_stray_authorization_is_ignored(server, account, value):
    txt = random_txt()
    assert_updated(server, account, txt,
                   raw(server, update_request(account, txt, [("Authorization", value)])))
    assert_registered(post(server, "/register", b"", [("Authorization", value)]))


@pytest.mark.parametrize("path", ["//update", "/update/", "//update//", "///update", "/update?x=1"])
def test_line_06_update_paths_served_directly(server, account, path):
    value = random_txt()
    answer = post(server, path, update_body(account, value), credentials(account).items())
    assert "location" not in answer.headers
    assert_updated(server, account, value, answer)


@pytest.mark.parametrize("path", ["//register", "/register/"])
def test_line_06_register_paths_served_directly(server, path):
    assert_registered(post(server, path, b""))


def test_line_06_a_prefix_that_is_not_configured_is_unknown(server, account):
    assert_error(post(server, "/some/prefix/update", update_body(account, random_txt()),
                      credentials(account).items()), 404, "not_found")


def test_line_07_expect_100_continue(server, account):
    """Windows PowerShell 5.1 waits for the interim answer before it sends the body."""
    value = random_txt()
    body = update_body(account, value)
    with server.http_connection() as connection:
        head = http_request("POST", "/update", headers=[
            *credentials(account).items(), ("Expect", "100-continue"), ("Content-Length", len(body))])
        assert connection.ask(head).status == 100
        assert_updated(server, account, value, connection.ask(body))
        # And the connection is good for more.
        assert_updated(server, account, value, connection.ask(update_request(account, value)))


def test_line_07_expect_with_the_body_at_once(server, account):
    value = random_txt()
    with server.http_connection() as connection:
        answer = connection.ask(update_request(account, value, [("Expect", "100-continue")]))
        if answer.status == 100:
            answer = connection.answer()
        assert_updated(server, account, value, answer)


def chunked(body, sizes):
    """`body` in chunks of the given sizes, the rest in one, and the end."""
    pieces = []
    for size in sizes:
        pieces.append(body[:size])
        body = body[size:]
    pieces.append(body)
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"


@pytest.mark.parametrize("sizes", [[], [1], [1] * 20, [10, 1, 30]])
def test_line_07_chunked_body(server, account, sizes):
    value = random_txt()
    head = http_request("POST", "/update", headers=[
        *credentials(account).items(), ("Transfer-Encoding", "chunked")])
    assert_updated(server, account, value,
                   raw(server, head + chunked(update_body(account, value), sizes)))


def test_line_07_multi_line_json_and_final_newline(server, account):
    """getssl sends its JSON over several lines; many a shell ends the body with a newline."""
    for newline in ("\n", "\r\n"):
        value = random_txt()
        body = newline.join(["{", f'\t"subdomain": "{account["subdomain"]}",', f'  "txt": "{value}"', "}", ""])
        assert_updated(server, account, value,
                       post(server, "/update", body.encode(), credentials(account).items()))


def test_line_08_void_clears(server, account):
    server.set_value(account)
    server.set_value(account)
    assert len(server.txt(account["subdomain"])) == 2
    answer = raw(server, update_request(account, "__VOID__"))
    assert answer.status == 200
    assert answer.body == b'{"txt": "__VOID__"}'
    assert server.txt(account["subdomain"]) == []
    # Clearing what is clear is no error either, and the name is as good as new.
    assert raw(server, update_request(account, "__VOID__")).status == 200
    value = server.set_value(account)
    assert server.txt(account["subdomain"]) == [value]


def test_line_09_keep_alive(server, account):
    with server.http_connection() as connection:
        for _ in range(20):
            value = random_txt()
            assert_updated(server, account, value, connection.ask(update_request(account, value)))


def test_line_09_several_requests_in_one_packet(server, account):
    values = [random_txt() for _ in range(10)]
    with server.http_connection() as connection:
        connection.send(b"".join(update_request(account, value) for value in values)
                        + http_request("GET", "/health"))
        for value in values:
            answer = connection.answer()
            assert (answer.status, answer.body) == (200, b'{"txt": "%s"}' % value.encode())
        assert connection.answer().status == 200
    assert sorted(server.txt(account["subdomain"])) == sorted(values[-2:])


def test_line_09_one_byte_per_packet(server, account):
    value = random_txt()
    with server.http_connection() as connection:
        if connection.peer.family != socket.AF_UNIX:
            connection.peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in update_request(account, value):
            connection.send(bytes([byte]))
        assert_updated(server, account, value, connection.answer())


# --- checked by clients: give exactly this ---

def test_line_10_statuses(server, account):
    assert post(server, "/register", b"").head.split(b"\r\n")[0].startswith(b"HTTP/1.1 201 ")
    assert raw(server, update_request(account, random_txt())).head.split(b"\r\n")[0] == b"HTTP/1.1 200 OK"


def test_line_11_one_line_of_json(server, account):
    answers = [post(server, "/register", b""), post(server, "/register", b'{"allowfrom": ["192.0.2.0/24"]}'),
               raw(server, update_request(account, random_txt())),
               raw(server, update_request(account, "bad"))]
    for answer in answers:
        assert answer.headers["content-type"] == "application/json"
        assert answer.body[:1] == b"{" and answer.body[-1:] == b"}"
        assert b"\n" not in answer.body and b"\\" not in answer.body and b" :" not in answer.body
        keys = [key for key, _ in json.loads(answer.body, object_pairs_hook=list)]
        assert len(keys) == len(set(keys))


def test_line_11_keys_and_their_order(server):
    answer = post(server, "/register", b"")
    assert list(json.loads(answer.body)) == ["username", "password", "fulldomain", "subdomain", "allowfrom"]
    assert b" " not in answer.body


def test_line_11_allowfrom_is_always_an_array(server):
    for body in (b"", b"{}", b"null", b'{"allowfrom": []}', b'{"allowfrom": null}'):
        assert json.loads(post(server, "/register", body).body)["allowfrom"] == []


def test_line_11_read_with_the_sed_of_acme_sh(server):
    answer = post(server, "/register", b"").body
    expected = json.loads(answer)
    for key in ("username", "password", "fulldomain", "subdomain"):
        expression = rf's/^{{.*"{key}":[ ]*"\([^"]*\)".*}}/\1/p'
        found = subprocess.run(["sed", "-n", expression], input=answer, capture_output=True,
                               timeout=DEADLINE, check=True).stdout.decode().strip()
        assert found == expected[key]


def test_line_12_update_answer_has_the_value_in_quotes(server, account):
    value = random_txt()
    assert f'"{value}"'.encode() in raw(server, update_request(account, value)).body


@pytest.mark.parametrize("spoil", ["key", "user", "subdomain", "path", "method", "txt"])
def test_line_12_an_error_never_echoes(server, account, spoil):
    """acme.sh takes the value in quotes anywhere in the answer for success."""
    value = "Q" * 43 if spoil != "txt" else "Q" * 42
    spoilt = {**account, **{"key": {"password": value[:40]}, "user": {"username": value},
                            "subdomain": {"subdomain": value}}.get(spoil, {})}
    path = f"/{value}" if spoil == "path" else "/update"
    method = "PUT" if spoil == "method" else "POST"
    answer = raw(server, http_request(method, path, update_body(spoilt, value), credentials(spoilt).items()))
    assert answer.status >= 400
    assert b"QQQ" not in answer.body + answer.head


def errors():
    return {
        400: b"POST /register HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{",
        401: b"POST /update HTTP/1.1\r\nHost: x\r\n\r\n",
        404: b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n",
        405: b"GET /update HTTP/1.1\r\nHost: x\r\n\r\n",
        413: b"POST /register HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n",
        431: b"POST /register HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 17000 + b"\r\n\r\n",
    }


@pytest.mark.parametrize("status", errors())
def test_line_13_every_error_is_json(server, status):
    """The clients' libraries call .json() on whatever comes. 408 and 503 are in test_http, 500 in
    test_values, 503 without store in test_kill."""
    answer = raw(server, errors()[status])
    assert answer.status == status
    assert re.fullmatch("[a-z0-9_]+", answer.error)


def test_line_14_a_value_is_visible_at_once(server, account):
    for _ in range(50):
        value = server.set_value(account)
        assert value in server.txt(account["subdomain"])
        assert value in server.txt(account["subdomain"], transport="tcp", address="::1")


def test_line_15_no_key_more_than_promised(server):
    assert set(server.register()) == {"username", "password", "fulldomain", "subdomain", "allowfrom"}


def test_line_16_many_at_once_are_answered_before_a_client_gives_up(server):
    """Each registration costs a password hash; the queue behind it must not swallow anyone."""
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: server.http("POST", "/register"), range(64)))
    for answer in answers:
        assert answer.status_code == 201 or (
            answer.status_code == 503 and answer.json() and answer.headers["Retry-After"])
    assert sum(answer.status_code == 201 for answer in answers) > 0


def test_line_16_a_refused_update_is_logged(folder, server_class):
    """win-acme never looks at the status, so the server's log is where it shows."""
    with server_class(folder) as server:
        account = server.register()
        before = len(server.log())
        key = "SECRET" + "k" * 34
        assert_error(raw(server, update_request({**account, "password": key}, "T" * 43)), 401, "forbidden")
        line, = wait_until(lambda: [line for line in server.log()[before:].splitlines() if "event=update_refused " in line],
                           "a line about the refused update")
        assert ("client=127.0.0.1 " in line or "client=local " in line) and 'reason="wrong key"' in line
        assert_error(raw(server, update_request(account, "T" * 44)), 400, "bad_txt")
        wait_until(lambda: 'reason="bad value"' in server.log()[before:], "a line about the refused text")
        for secret in (key, "T" * 43, account["password"]):
            assert secret not in server.log()


# --- asked over DNS ---

@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_line_17_recursion_desired_and_edns_4096(server, account, transport):
    value = server.set_value(account)
    answer = server.dns(account["subdomain"], "TXT", transport, flags=dns.flags.RD, use_edns=0, payload=4096)
    assert answer.rcode() == dns.rcode.NOERROR
    assert answer.flags & dns.flags.RD and not answer.flags & dns.flags.RA
    assert answer.answer[0][0].strings == (value.encode(),)


@pytest.mark.parametrize("rdtype", ["A", "AAAA", "NS", "SOA", "CNAME", "TXT", "CAA", "DS", "DNSKEY", "MX",
                                    "SRV", "HTTPS", "ANY", "TYPE65280"])
def test_line_17_only_noerror_or_nxdomain_in_the_zone(server, account, rdtype):
    names = {account["subdomain"]: dns.rcode.NOERROR, "": dns.rcode.NOERROR,
             "nobody": dns.rcode.NXDOMAIN, f"_acme-challenge.{account['subdomain']}": dns.rcode.NXDOMAIN,
             "a.b.c.d.e.f": dns.rcode.NXDOMAIN}
    for name, rcode in names.items():
        for transport in ("udp", "tcp"):
            answer = server.dns(name, rdtype, transport, flags=dns.flags.RD, use_edns=0, payload=4096)
            assert answer.rcode() == rcode, (name, answer)


def mixed_case(name):
    return "".join(random.choice((letter.lower(), letter.upper())) for letter in name)


@pytest.mark.parametrize("line", ["17_cert_manager_compares_owner_names", "18_lets_encrypt_mixes_case"])
def test_line_17_18_the_questions_case_comes_back(server, account, line):
    value = server.set_value(account)
    for _ in range(20):
        name = mixed_case(f"{account['fulldomain']}.")
        query = server.question(name, "TXT")
        answer = server.dns_message(query)
        assert answer.question[0].name.to_text() == name
        assert answer.answer[0].name.to_text() == name
        assert answer.answer[0][0].strings == (value.encode(),)


def test_line_18_caa_of_the_name_and_its_parents(server, account):
    server.set_value(account)
    for name in (account["subdomain"], ""):
        answer = server.dns(name, "CAA")
        assert answer.rcode() == dns.rcode.NOERROR
        assert answer.answer == []
        assert answer.authority[0].rdtype == dns.rdatatype.SOA


def test_line_18_from_several_places_at_once(server, account):
    value = server.set_value(account)
    places = [(transport, address) for transport in ("udp", "tcp") for address in ("127.0.0.1", "::1")] * 8

    def ask(place):
        return server.txt(account["subdomain"], transport=place[0], address=place[1])
    with concurrent.futures.ThreadPoolExecutor(len(places)) as pool:
        assert list(pool.map(ask, places)) == [[value]] * len(places)


def test_line_19_the_value_at_every_listener(server, account):
    value = server.set_value(account)
    for transport in ("udp", "tcp"):
        for address in ("127.0.0.1", "::1"):
            assert server.txt(account["subdomain"], transport=transport, address=address) == [value]


def test_line_19_walking_up_by_soa(server, account):
    """lego asks SOA from the name upwards until one answers; NXDOMAIN means: go on up."""
    assert server.dns(f"x.{account['subdomain']}", "SOA").rcode() == dns.rcode.NXDOMAIN
    answer = server.dns(account["subdomain"], "SOA")
    assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
    answer = server.dns("", "SOA")
    assert answer.answer[0].name.to_text() == f"{ZONE}."
    assert answer.answer[0].rdtype == dns.rdatatype.SOA


@pytest.mark.parametrize("rdtype", ["SOA", "CNAME", "A", "AAAA", "NS"])
@pytest.mark.parametrize("updated", [False, True])
def test_line_20_another_type_is_nodata_with_soa(server, account, rdtype, updated):
    """Traefik asks SOA and CNAME before TXT; a resolver must not learn that the name is not there."""
    if updated:
        server.set_value(account)
    answer = server.dns(account["subdomain"], rdtype)
    assert answer.rcode() == dns.rcode.NOERROR
    assert answer.answer == []
    soa, = answer.authority
    assert (soa.rdtype, soa.name.to_text(), soa.ttl) == (dns.rdatatype.SOA, f"{ZONE}.", 60)


def test_line_20_txt_of_a_registered_name_before_its_first_update(server, account):
    answer = server.dns(account["subdomain"], "TXT")
    assert answer.rcode() == dns.rcode.NOERROR
    assert answer.answer == []
    assert answer.authority[0].rdtype == dns.rdatatype.SOA


@pytest.mark.parametrize("name", ["ent", "deep.ent"])
@pytest.mark.parametrize("rdtype", ["NS", "A", "TXT"])
def test_line_21_an_empty_non_terminal_is_nodata(server, name, rdtype):
    answer = server.dns(name, rdtype)
    assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
    assert answer.authority[0].rdtype == dns.rdatatype.SOA

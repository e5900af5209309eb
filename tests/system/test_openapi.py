"""docs/openapi.yaml and the server know the same calls, the same statuses and the same words, and nothing else."""

import contextlib
import json
import re
import struct
import threading
from pathlib import Path

import jsonschema
import pytest
import yaml

import protocol
import sallyport
from sallyport import Daemon, Server, credentials, random_txt

ROOT = Path(__file__).parents[2]
DOCUMENT = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())
METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
OPERATIONS = [(path, method) for path, item in DOCUMENT["paths"].items() for method in item if method in METHODS]

# Those that ask store; all but the first need credentials.
ASKING = [(path, method) for path, method in OPERATIONS if method != "options" and not path.startswith("/health")]

# A body that is right, for an account.
BODIES = {
    ("/register", "post"): lambda account: {"allowfrom": ["127.0.0.0/8"]},
    ("/update", "post"): lambda account: {"subdomain": account["subdomain"], "txt": random_txt()},
    ("/account", "patch"): lambda account: {"allowfrom": []},
    ("/change", "post"): lambda account: {"subdomain": account["subdomain"], "allowfrom": []},
    ("/clean", "post"): lambda account: {"subdomain": account["subdomain"], "txt": random_txt()},
    ("/deregister", "post"): lambda account: {"subdomain": account["subdomain"]},
}
NOBODY = {"username": "00000000-0000-4000-8000-000000000000", "password": "k" * 40, "subdomain": "nobody"}
# What store can say of a request whose credentials it takes (enum message_result).
BAD_SUBDOMAIN, DB_ERROR, BUSY, NO_ROOM = 2, 5, 6, 11


def resolve(part):
    while "$ref" in part:
        name = part["$ref"]
        part = DOCUMENT
        for key in name.removeprefix("#/").split("/"):
            part = part[key]
    return part


def responses(path, method):
    return {status: resolve(response) for status, response in DOCUMENT["paths"][path][method]["responses"].items()}


def words(response):
    """The error words that a described response may have."""
    schema = resolve(response.get("content", {}).get("application/json", {}).get("schema", {}))
    return set(schema.get("properties", {}).get("error", {}).get("enum", ()))


def check_described(answer, path, method):
    """Status, type, headers and body are what the document says."""
    described = responses(path, method)
    response = described.get(str(answer.status_code), described["default"])
    for name, header in response.get("headers", {}).items():
        assert not header.get("required") or name in answer.headers, answer.headers
    content = response.get("content")
    if content is None:
        assert answer.content == b""
        return
    assert answer.headers["Content-Type"] == "application/json"
    if method == "head":
        assert answer.content == b""
        return
    schema = content["application/json"]["schema"] | {"components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(answer.json())


def call(server, path, method, account=NOBODY, **options):
    options.setdefault("headers", credentials(account))
    if "data" not in options:
        body = BODIES.get((path, method))
        options.setdefault("json", body(account) if body is not None else None)
    answer = server.http(method.upper(), path, **options)
    check_described(answer, path, method)
    return answer


def documented(*statuses):
    """The operations that name one of these statuses, each with it."""
    return [(path, method, status) for path, method in OPERATIONS for status in responses(path, method)
            if status in statuses]


# --- the document itself ---

def references(part):
    if isinstance(part, dict):
        if "$ref" in part:
            yield part
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_the_document_hangs_together():
    assert DOCUMENT["openapi"] == "3.1.0"
    for reference in references(DOCUMENT):
        resolve(reference)
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    names = [DOCUMENT["paths"][path][method].get("operationId") for path, method in OPERATIONS]
    names = [name for name in names if name is not None]
    assert len(names) == len(set(names))
    for path, method in OPERATIONS:
        operation = DOCUMENT["paths"][path][method]
        assert operation["summary"] and "default" in operation["responses"]
        for response in responses(path, method).values():
            assert response["description"]


def test_every_status_has_a_test_below():
    known = {"200", "201", "204", "400", "401", "403", "404", "429", "500", "503", "507", "default"}
    assert {status for path, method in OPERATIONS for status in responses(path, method)} == known


def test_the_errors_are_those_of_the_server():
    """Each word of response.c is somewhere in the document, with its status, and no other is."""
    rows = set(re.findall(r'\[RESPONSE_ERROR_\w+\] = {(\d+), "(\w+)"}', (ROOT / "apid/response.c").read_text()))
    rows.discard(("500", "internal_error"))  # written for none
    told = {(status, word) for path, method in OPERATIONS for status, response in responses(path, method).items()
            for word in words(response) if status != "default"}
    general = resolve(DOCUMENT["components"]["responses"]["Protocol"])
    told |= {(status, word) for status, word in rows if word in words(general) and f"`{word}`" in general["description"]}
    assert words(general) <= {word for _, word in rows}
    assert told == rows


# --- what the server knows ---

def test_the_server_knows_no_other_path():
    known = set(re.findall(r'\[ROUTE_\w+\] = {"([a-z/]+)"', (ROOT / "apid/route.c").read_text()))
    # Metrics are no part of the API: they have addresses of their own.
    assert {f"/{name}" for name in known} - {"/metrics"} == set(DOCUMENT["paths"])


@pytest.fixture(scope="module")
def servers():
    """One server for each configuration that some status needs, started when it is first asked for."""
    configurations = {
        "usual": {},
        "closed": {"api": {"registration": "closed"}},
        "absent": {"api": {"disable_registration": True}},
        "limited": {"api": {"limits": {"registrations_per_hour": 1, "failures_per_minute": 1, "exempt": []}}},
    }
    running = {}
    with contextlib.ExitStack() as stack:
        def get(name):
            if name not in running:
                folder = sallyport.make_folder()
                stack.callback(sallyport.remove_folder, folder)
                running[name] = stack.enter_context(Server(folder, **configurations[name]))
            return running[name]
        yield get


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_methods(servers, path):
    """Those of the document are served, and Allow tells them; all others are 405."""
    server = servers("usual")
    described = {method for at, method in OPERATIONS if at == path}
    answer = call(server, path, "options")
    assert answer.status_code == 204
    assert set(answer.headers["Allow"].lower().split(", ")) == described
    for method in set(METHODS) - described:
        answer = server.http(method.upper(), path)
        assert answer.status_code == 405 and set(answer.headers["Allow"].lower().split(", ")) == described
        assert method == "head" or answer.text == '{"error": "method_not_allowed"}'


@pytest.mark.parametrize("path, method, status", documented("200", "201", "204"))
def test_success(servers, path, method, status):
    server = servers("usual")
    account = server.register()
    server.set_value(account)
    assert call(server, path, method, account).status_code == int(status)


@pytest.mark.parametrize("path, method, status", documented("400"))
def test_bad_bodies(servers, path, method, status):
    server = servers("usual")
    account = server.register()
    described = words(responses(path, method)[status])
    met = set()
    if path == "/update":
        met.add(call(server, path, method, account,
                     json={"subdomain": account["subdomain"], "txt": "bad"}).json()["error"])
        described.discard("bad_subdomain")  # below
    else:
        answer = call(server, path, method, account, data="{")
        assert answer.status_code == 400
        if method == "head":
            return
        met.add(answer.json()["error"])
    if "invalid_allowfrom_cidr" in described:
        met.add(call(server, path, method, account, json={
            "subdomain": account["subdomain"], "allowfrom": ["here"]}).json()["error"])
    assert met == described


@pytest.mark.parametrize("path, method", ASKING[1:])
def test_wrong_credentials(servers, path, method):
    assert call(servers("usual"), path, method).status_code == 401


@pytest.mark.parametrize("path, method, status", documented("403"))
def test_refused_registrations(servers, path, method, status):
    assert call(servers("closed"), path, method).status_code == 403


@pytest.mark.parametrize("path, method, status", documented("404"))
def test_calls_that_can_be_absent(servers, path, method, status):
    assert call(servers("absent"), path, method).status_code == 404


@pytest.mark.parametrize("path, method", ASKING)
def test_limits(servers, path, method):
    server = servers("limited")
    answers = [call(server, path, method) for _ in range(3)]
    assert answers[-1].status_code == 429 and int(answers[-1].headers["Retry-After"]) > 0


@pytest.mark.parametrize("path, method", ASKING)
def test_without_store(alone, path, method):
    answer = call(alone, path, method)
    assert answer.status_code == 503
    assert method == "head" or answer.json()["error"] == "store_unavailable"


@pytest.fixture(scope="module")
def alone():
    """apid by itself: nobody answers what it would ask."""
    folder = sallyport.make_folder()
    daemon = Daemon(folder, "apid").start()
    yield daemon
    daemon.terminate()
    sallyport.remove_folder(folder)


@pytest.fixture
def say(folder):
    """say(RESULT): apid, whose requests are all answered so by a store in the test's hands."""
    daemon = Daemon(folder, "apid").start()
    link = protocol.hand_over(daemon)
    kind, number, _ = link.receive()
    assert kind == protocol.HELLO
    link.send(protocol.message(protocol.HELLO_ANSWER, protocol.hello("apid"), number))
    daemon.wait_log("linked to store")
    threads = []

    def start(result):
        def answer():
            while True:
                kind, number, body = link.receive()
                if kind == protocol.UPDATE:  # they come together, and each has a number of its own
                    own = struct.unpack("!Q", body[:8])[0]
                    link.send(protocol.message(kind + 1, protocol.update_answer(own, result)))
                    return
                if kind != protocol.STATISTICS:
                    link.send(protocol.message(kind + 1, bytes([result]), number))
                    return
        threads.append(threading.Thread(target=answer))
        threads[-1].start()
        return daemon
    yield start
    for thread in threads:
        thread.join(sallyport.DEADLINE)
    link.close()
    daemon.terminate()


@pytest.mark.parametrize("path, method", ASKING)
def test_a_database_that_cannot_be_written(say, path, method):
    assert call(say(DB_ERROR), path, method).status_code == 500


@pytest.mark.parametrize("path, method", ASKING)
def test_a_store_that_is_busy(say, path, method):
    answer = call(say(BUSY), path, method)
    assert answer.status_code == 503
    assert method == "head" or answer.json()["error"] == "busy"


def test_a_store_without_room(say):
    answer = call(say(NO_ROOM), "/register", "post")
    assert (answer.status_code, answer.json()["error"]) == (507, "insufficient_storage")


def test_a_name_that_is_no_label(say):
    answer = call(say(BAD_SUBDOMAIN), "/update", "post")
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_subdomain")


# --- what can happen to any request ---

# The others need more than one request: 503 busy (test_http) and 400 https_required (test_tls).
GENERAL = {
    "bad_request": b"GET /health HTTP/1.1\r\n\r\n",
    "not_found": b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n",
    "method_not_allowed": b"GET /update HTTP/1.1\r\nHost: a\r\n\r\n",
    "request_timeout": b"GET /health HTTP/1.1\r\n",
    "body_too_large": b"POST /update HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n",
    "target_too_long": b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "expectation_failed": b"POST /update HTTP/1.1\r\nHost: a\r\nExpect: much\r\nContent-Length: 2\r\n\r\n{}",
    "headers_too_large": b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 16384 + b"\r\n\r\n",
    "not_implemented": b"POST /update HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "http_version_not_supported": b"GET /health HTTP/2.0\r\nHost: a\r\n\r\n",
}


def test_each_general_word_is_met():
    assert set(GENERAL) | {"busy", "https_required"} == words(resolve(DOCUMENT["components"]["responses"]["Protocol"]))


@pytest.mark.parametrize("word", GENERAL)
def test_general_errors(servers, word):
    with servers("usual").http_connection() as connection:
        connection.send(GENERAL[word])
        answer = connection.answer()
    assert answer.error == word
    schema = {"$ref": "#/components/schemas/ProtocolError", "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(schema).validate(json.loads(answer.body))
    assert f"{answer.status} `{word}`" in re.sub(
        r"\s+", " ", DOCUMENT["components"]["responses"]["Protocol"]["description"]) or word == "https_required"

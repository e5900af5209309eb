"""The page at "/": what is served, and that its policy lets its own style and script run and nothing else."""

import base64
import hashlib
import re

import pytest

from sallyport import Server


def parts(text, tag):
    return re.findall(f"<{tag}>(.*?)</{tag}>", text, re.S)


@pytest.fixture(scope="module")
def server(module_folder):
    with Server(module_folder) as server:
        yield server


def test_it_is_one_page_for_this_zone(server):
    answer = server.http("GET", "/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>auth.example.org</h1>" in answer.text and "{{" not in answer.text
    assert 'data-registration="open"' in answer.text


def test_the_policy_has_the_hashes_of_what_is_there_and_nothing_more(server):
    answer = server.http("GET", "/")
    policy = dict(rule.split(" ", 1) for rule in answer.headers["content-security-policy"].split("; "))
    for tag in ("style", "script"):
        content, = parts(answer.text, tag)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert policy.pop(f"{tag}-src") == f"'sha256-{digest}'"
    assert policy == {"default-src": "'none'", "connect-src": "'self'", "base-uri": "'none'", "form-action": "'none'",
                      "frame-ancestors": "'none'"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    # Neither hash would let an attribute through.
    assert not re.search(r"\s(style|on[a-z]+)=", answer.text.split("<script>")[0].split("</style>")[1])


def test_nothing_comes_from_elsewhere(server):
    text = server.http("GET", "/").text
    assert not re.search(r"(src|href|url\(|@import)\s*=?\s*[\"'(]?\s*(https?:)?//", text)


def test_methods(server):
    assert server.http("HEAD", "/").headers["content-length"] == str(len(server.http("GET", "/").content))
    answer = server.http("POST", "/")  # as with acme-dns
    assert (answer.status_code, answer.json()) == (404, {"error": "not_found"})


def test_it_can_be_left_out(folder):
    with Server(folder, api={"page": False}) as server:
        answer = server.http("GET", "/")
        assert (answer.status_code, answer.json()) == (404, {"error": "not_found"})


@pytest.mark.parametrize("keys, word", [({"registration": "token"}, "token"), ({"registration": "closed"}, "closed"),
                                        ({"disable_registration": True}, "closed")])
def test_it_knows_who_may_register(folder, keys, word):
    with Server(folder, api=keys) as server:
        assert f'data-registration="{word}"' in server.http("GET", "/").text

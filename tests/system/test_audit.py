"""One structured line for whatever is done or refused, in each form of the log; and nothing secret in any of them."""

import base64
import contextlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sallyport import (DEADLINE, ROLES, ROOT, SANITIZED, Server, credentials, make_certificate, process_status, random_txt,
                       wait_until)

CONTRIB = Path(__file__).parents[2] / "contrib/fail2ban"
NOBODY = "00000000-0000-4000-8000-000000000000"


def events(server, name=None):
    """The events in the log as dictionaries."""
    found = []
    for line in server.log().splitlines():
        if server.configuration["log"]["format"] == "json":
            fields = json.loads(line)
        else:
            fields = {key: value.strip('"') for key, value in
                      re.findall(r'(\w+)=("[^"]*"|\S+)', line.partition(": ")[2])} if ": event=" in line else {}
        if "event" in fields and name in (None, fields["event"]):
            found.append({key: value for key, value in fields.items() if key not in ("time", "level", "process")})
    return found


@pytest.fixture(name="server", params=["text", "json"])
def fixture_server(folder, request):
    with Server(folder, tls=False, log={"level": "info", "format": request.param}) as server:
        yield server


def test_what_is_done_is_told(server):
    account = server.register(allowfrom=["127.0.0.0/8"])
    who = {"client": "127.0.0.1", "account": account["username"], "subdomain": account["subdomain"]}
    server.set_value(account)
    server.set_value(account, "__VOID__")
    headers = credentials(account)
    assert server.http("PATCH", "/account", headers=headers, json={"allowfrom": []}).status_code == 200
    assert server.http("DELETE", "/account/values", headers=headers, json={"txt": "x" * 43}).status_code == 200
    assert server.http("DELETE", "/account/values", headers=headers).status_code == 200
    account = server.http("POST", "/account/key", headers=headers).json() | {"subdomain": account["subdomain"]}
    assert server.http("GET", "/account", headers=credentials(account)).status_code == 200
    assert server.http("DELETE", "/account", headers=credentials(account)).status_code == 200
    done = ["registered", "updated", "values_removed", "allowfrom_changed", "value_removed", "values_removed",
            "key_rotated", "account_deleted"]
    assert [event for event in events(server) if event.get("account") == who["account"]] == [
        {"event": name} | who for name in done]


def test_a_refusal_has_its_reason(server):
    account = server.register(allowfrom=["127.0.0.1/32"])

    def refused(reason, account_named, request):
        assert request.status_code >= 400
        expected = {"event": "update_refused", "client": "127.0.0.1", "reason": reason}
        if account_named:
            expected["account"] = account_named
        assert events(server, "update_refused")[-1] == expected

    name = account["username"]
    refused("wrong key", name, server.update(account | {"password": "w" * 40}))
    refused("no such account", NOBODY, server.update(account | {"username": NOBODY}))
    refused("no such account", None, server.update(account | {"username": "somebody"}))
    refused("not its subdomain", name, server.update(account | {"subdomain": "another"}))
    refused("bad value", name, server.update(account, "short"))
    refused("no credentials", None, server.http("POST", "/update", json={"subdomain": "x", "txt": "y"}))
    body = json.dumps({"subdomain": account["subdomain"], "txt": random_txt()}).encode()
    with server.http_connection(source="127.0.0.7") as elsewhere:
        assert elsewhere.ask(b"POST /update HTTP/1.1\r\nHost: x\r\nX-Api-User: %s\r\nX-Api-Key: %s\r\n"
                             b"Content-Length: %d\r\n\r\n" % (name.encode(), account["password"].encode(), len(body))
                             + body).status == 401
    assert events(server)[-1] == {"event": "update_refused", "client": "127.0.0.7", "account": name,
                                  "reason": "address not in allowfrom"}


def test_registrations_and_tokens(folder):
    with Server(folder, tls=False, api={"registration": "token"}) as server:
        secret = json.loads(server.command("tokens", "add", "office", "--quota", "1", "--json").stdout)["secret"]
        headers = {"X-Registration-Token": secret}
        account = server.register(headers=headers)
        assert server.http("POST", "/register", headers=headers).status_code == 403
        assert server.http("POST", "/register").status_code == 403
        assert server.http("POST", "/register", headers={"X-Registration-Token": "sp_x"}).status_code == 403
        assert server.command("tokens", "revoke", "office").returncode == 0
        found = [event for event in events(server) if event.get("reason") != "no such account"]
        assert found[:2] == [{"event": "token_added", "uid": str(os.geteuid()), "token": "office"},
                             {"event": "registered", "client": "127.0.0.1", "account": account["username"],
                              "subdomain": account["subdomain"], "token": "office"}]
        assert [event["reason"] for event in found[2:5]] == ["it is used up", "no token", "no such token"]
        assert found[2]["token"] == "office"
        assert found[-1] == {"event": "token_revoked", "uid": str(os.geteuid()), "token": "office"}
        assert secret not in server.log()


def test_one_address_cannot_hide_another(folder):
    """Each has ten lines a minute; what is not written is counted."""
    empty = b"POST /update HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
    with Server(folder, tls=False, api={"limits": {"failures_per_minute": 0}}) as server:
        with server.http_connection(source="127.0.0.8") as connection:
            for _ in range(30):
                assert connection.ask(empty).status == 401
        with server.http_connection(source="127.0.0.9") as other:
            assert other.ask(empty).status == 401
        assert [event["reason"] for event in events(server) if event.get("client") == "127.0.0.9"] == ["no credentials"]
        # A little more where the machine is so slow that some budget comes back meanwhile.
        assert 10 <= len([event for event in events(server) if event.get("client") == "127.0.0.8"]) < 20
    hidden, = events(server, "refusals_not_written")
    assert 10 < int(hidden["count"]) <= 20


def test_changes_can_be_left_out(folder):
    with Server(folder, tls=False, log={"audit": False}) as server:
        account = server.register()
        server.set_value(account)
        server.update(account, "short")
        server.command("accounts", "add")
        wait_until(lambda: events(server, "account_added"), "the administrator's change")
        assert events(server, "registered") == events(server, "updated") == []
        assert [event["reason"] for event in events(server, "update_refused")
                if event.get("account") == account["username"]] == ["bad value"]


# --- fail2ban ---

def banned(log, folder):
    """{address: failures} that fail2ban finds in the lines."""
    (folder / "filter.d").mkdir(exist_ok=True)
    shutil.copy(CONTRIB / "filter.d-sallyport.conf", folder / "filter.d/sallyport.conf")
    shutil.copy("/etc/fail2ban/filter.d/common.conf", folder / "filter.d")
    done = subprocess.run(["fail2ban-regex", "-c", folder, "--out", "ip", log, str(folder / "filter.d/sallyport.conf")],
                          capture_output=True, text=True, timeout=DEADLINE, check=True)
    found = done.stdout.split()
    return {address: found.count(address) for address in found}


HOSTILE = [
    "203.0.113.5", "x client=203.0.113.5 reason=forbidden", "x\nevent=update_refused client=203.0.113.5 reason=forbidden",
    '"} event=update_refused client=203.0.113.5 reason=forbidden', "x\r\n2026-01-01T00:00:00.000Z info    store: "
    "event=update_refused client=203.0.113.5 reason=forbidden", "\u202e5.311.0.302=tneilc",
]


def test_fail2ban_finds_who_failed_and_nobody_else(folder):
    with Server(folder, tls=False, api={"limits": {"failures_per_minute": 0}}) as server:
        account = server.register()
        before = banned(server.log_path, folder)
        for address, change in (("127.0.0.21", {"password": "w" * 40}), ("127.0.0.22", {"username": NOBODY}),
                                ("127.0.0.23", {"username": "nobody"}), ("127.0.0.24", {"password": "short"}),
                                ("127.0.0.25", {"subdomain": "another"}), ("127.0.0.26", {})):
            wrong = account | change
            body = json.dumps({"subdomain": wrong["subdomain"], "txt": "bad"}).encode()
            with server.http_connection(source=address) as connection:
                connection.send(b"POST /update HTTP/1.1\r\nHost: x\r\nX-Api-User: %s\r\nX-Api-Key: %s\r\n"
                                b"Content-Length: %d\r\n\r\n" % (wrong["username"].encode(), wrong["password"].encode(),
                                                                len(body)) + body)
                assert connection.answer().status >= 400
        for text in HOSTILE:
            for body in ({"subdomain": text, "txt": text}, {"subdomain": account["subdomain"], "txt": text}):
                assert server.http("POST", "/update", headers=credentials(account), json=body).status_code >= 400
            wire = json.dumps({"subdomain": text}).encode()
            name = base64.b64encode(text.encode())
            with server.http_connection(source="127.0.0.27") as connection:
                connection.send(b"POST /update HTTP/1.1\r\nHost: x\r\nAuthorization: Basic " + name + b"\r\n"
                                b"X-Forwarded-For: 203.0.113.5\r\nContent-Length: %d\r\n\r\n" % len(wire) + wire)
                assert connection.answer().status >= 400
        found = banned(server.log_path, folder)
        assert "203.0.113.5" not in found
        assert {address: found[address] for address in found if address.startswith("127.0.0.2")} == {
            "127.0.0.21": 1, "127.0.0.22": 1, "127.0.0.23": 1, "127.0.0.24": 1, "127.0.0.27": len(HOSTILE)}
        # Right credentials with something else wrong are no failure.
        assert found.get("127.0.0.1", 0) == before.get("127.0.0.1", 0)


# --- the journal ---

# As systemd starts a service: standard error is a stream of the journal's, and JOURNAL_STREAM says which.
IN_JOURNAL = """
import os, socket, sys
stream = socket.socket(socket.AF_UNIX)
stream.connect("/run/systemd/journal/stdout")
stream.sendall(b"sallyport\\n\\n6\\n1\\n0\\n0\\n0\\n")
if sys.argv[1] == "without":
    os.unlink("/run/systemd/journal/socket")
os.dup2(stream.fileno(), 2)
status = os.fstat(2)
os.environ["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
os.execv(sys.argv[2], sys.argv[2:])
"""


@contextlib.contextmanager
def journal():
    """A systemd-journald with a /run of its own: the command that goes before others to be there."""
    with subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "unshare", "--mount", "--propagation", "private", "sh", "-ec",
             "mount -t tmpfs tmpfs /run; mkdir -p /run/systemd/journal /run/log/journal; "
             "exec /lib/systemd/systemd-journald"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: Path(f"/proc/{process.pid}/root/run/systemd/journal/socket").exists() and
                       Path(f"/proc/{process.pid}/comm").read_text().startswith("systemd-journal"), "the journal")
            yield ["nsenter", "--target", str(process.pid), "--mount", "--"]
        finally:
            process.terminate()


def filters(pid):
    return int(process_status(pid)["Seccomp_filters"])


def entries(inside, *matches):
    done = subprocess.run([*inside, "journalctl", "--output", "json", "--no-pager", *matches], capture_output=True,
                          text=True, timeout=DEADLINE, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


if ROOT:
    @pytest.mark.parametrize("socket_there", ["with", "without"])
    def test_the_journal_gets_fields(folder, socket_there):
        """By its native protocol, opened before confinement; without its socket lines have a priority all the same."""
        with journal() as inside:
            server = Server(folder, tls=False)
            server.arguments = [*inside, "/usr/bin/python3", "-c", IN_JOURNAL, socket_there, *server.arguments]
            with server:
                account = server.register()
                assert server.update(account, "short").status_code == 400
                # Their own filter; before it one that lets nobody send past the journal's socket.
                if not SANITIZED:
                    expected = filters(os.getpid()) + (2 if socket_there == "with" else 1)
                    assert [filters(pid) for pid in server.pids().values()] == [expected] * len(ROLES)
            if socket_there == "without":
                text = f"store: event=registered client=127.0.0.1 account={account['username']}"
                assert [entry["PRIORITY"] for entry in entries(inside) if entry["MESSAGE"].startswith(text)] == ["6"]
                return
            found, = entries(inside, "SALLYPORT_EVENT=registered", f"SALLYPORT_ACCOUNT={account['username']}")
            assert {key: value for key, value in found.items() if not key.startswith("_")} == {
                "PRIORITY": "6", "SYSLOG_IDENTIFIER": "sallyport-store", "SALLYPORT_EVENT": "registered",
                "SALLYPORT_CLIENT": "127.0.0.1", "SALLYPORT_ACCOUNT": account["username"],
                "SALLYPORT_SUBDOMAIN": account["subdomain"],
                "MESSAGE": f"store: event=registered client=127.0.0.1 account={account['username']} "
                           f"subdomain={account['subdomain']}"}
            assert found["_TRANSPORT"] == "journal"
            refused, = entries(inside, "SALLYPORT_EVENT=update_refused", f"SALLYPORT_ACCOUNT={account['username']}")
            assert refused["SALLYPORT_REASON"] == "bad value"
            assert server.log() == ""


# --- nothing secret ---

def test_no_secret_and_no_value_is_ever_logged(server_of_everything, folder):
    """A whole session at the level that says most, right and wrong; then the log is searched for all that it saw."""
    server = server_of_everything
    secret = set()

    def token(*words):
        made = json.loads(server.command("tokens", "add", *words, "--json").stdout)
        secret.add(made["secret"])
        return made["secret"]

    def register(**options):
        account = server.register(**options)
        secret.add(account["password"])
        return account

    def value(account, txt=None, **options):
        txt = txt or random_txt()
        secret.add(txt)
        return server.update(account, txt, **options)

    # The four ways of a token, right and wrong.
    four = [token("t%d" % i) for i in range(4)]
    wrong = ["sp_" + random_txt() for _ in range(4)]
    secret.update(wrong)
    for way in (four, wrong):
        for answer in (server.http("POST", f"/t/{way[0]}/register"),
                       server.http("POST", "/register", headers={"X-Registration-Token": way[1]}),
                       server.http("POST", "/register", headers={"Authorization": f"Bearer {way[2]}"}),
                       server.http("POST", "/register", auth=("x", way[3]))):
            assert answer.status_code == (201 if way is four else 403)
            secret.update([answer.json()["password"]] if way is four else [])
    account = register(headers={"X-Registration-Token": token("more")})
    assert value(account).status_code == 200
    assert value(account, auth=(account["username"], account["password"])).status_code == 200
    for change in ({"password": random_txt()[:40]}, {"username": random_txt()}, {"password": random_txt()},
                   {"subdomain": random_txt()}, {"subdomain": account["password"]}, {"username": account["password"]}):
        secret.update(change.values())
        assert value(account | change).status_code == 401
    assert value(account, random_txt() + "!").status_code == 400
    assert value(account, "\u2028\n" + random_txt()).status_code == 400
    broken = random_txt()
    secret.add(broken)
    for body in ('{"txt": "%s' % broken, broken, '{"subdomain": "%s", "txt": 5}' % broken):
        server.http("POST", "/update", headers=credentials(account), data=body)
        server.http("PATCH", "/account", headers=credentials(account), data=body)
        server.http("POST", f"/{broken}", headers=credentials(account), data=body)
    with server.http_connection() as connection:
        connection.ask(b"POST /update HTTP/1.1\r\nHost: a\r\nX-Api-Key: %s\r\nX-Api-Key: %s\r\n\r\n"
                       % (broken.encode(), broken.encode()))
    # The owner's calls, and the administrator's.
    headers = credentials(account)
    server.http("DELETE", "/account/values", headers=headers, json={"txt": broken})
    rotated = server.http("POST", "/account/key", headers=headers).json()["password"]
    secret.add(rotated)
    assert server.http("GET", "/account", headers=headers).status_code == 401
    account["password"] = rotated
    made = json.loads(server.command("accounts", "add", "--json").stdout)
    secret.add(made["password"])
    txt = random_txt()
    secret.add(txt)
    server.command("accounts", "values", made["username"], "--set", txt)
    again = json.loads(server.command("accounts", "rotate", made["username"], "--json").stdout)
    secret.add(again["password"])
    # Moved away and back: hashes are no key, and not for logs either.
    exported = folder / "accounts.json"
    exported.write_text(server.command("export").stdout)
    secret.update(re.findall(r"\$2[aby]\$[^\"]+", exported.read_text()))
    assert server.command("import", str(exported)).returncode == 0
    assert server.http("DELETE", "/account", headers=credentials(account)).status_code == 200
    server.stop()
    log = server.log()
    assert "event=registered" in log or '"event":"registered"' in log
    assert len(secret) > 30
    for text in secret:
        assert text not in log
        assert text[4:30] not in log
        assert base64.b64encode(text.encode()).decode()[:24] not in log


@pytest.fixture(name="server_of_everything", params=["text", "json"])
def fixture_server_of_everything(folder, request):
    server = Server(folder, api={"registration": "token"}, log={"level": "debug", "format": request.param}, tls=False)
    server.use_certificate(*make_certificate(folder))
    server.write_configuration()
    server.start()
    try:
        yield server
    finally:
        server.destroy()

"""
`sallyport accounts`: what an administrator does with accounts while the server runs and while it does not, and what
clients and resolvers see of it.
"""

import json
import os
import pty
import re
import select
import subprocess
import time
import uuid

import pytest

from sallyport import (BUILD, DEADLINE, NOBODY, SALLYPORT, SANITIZED, UIDS, ZONE, Daemon, Server, complaints,
                       process_children, wait_until)

FIRST, SECOND, THIRD = (letter * 43 for letter in "abc")


def run(server, *words, **options):
    """Its standard output; it must have succeeded without a word on standard error."""
    done = server.command("accounts", *words, **options)
    assert (done.returncode, complaints(done)) == (0, []), done
    return done.stdout


def refused(server, *words, code=1, **options):
    """What it says on standard error, in one line."""
    done = server.command("accounts", *words, **options)
    assert (done.returncode, done.stdout) == (code, ""), done
    line, = complaints(done)
    return line


def run_json(server, *words):
    return [json.loads(line) for line in run(server, *words, "--json").splitlines()]


@pytest.fixture(params=["served", "alone"])
def server(request, folder):
    """A server that runs, or one that does not."""
    made = Server(folder, records=[f"{ZONE}. A 198.51.100.1", f"{ZONE}. NS ns1.{ZONE}.", f"ns1.{ZONE}. A 198.51.100.1",
                                   f"a.b.Deep.{ZONE}. TXT x"])
    made.served = request.param == "served"
    if made.served:
        with made:
            yield made
    else:
        yield made
        # Nothing that was started for a command is left.
        assert not [pid for pid in process_children(os.getpid()) if "store" in command_line(pid)]
        with made:
            pass


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return file.read()
    except OSError:
        return ""


def test_add_and_show(server):
    account, = run_json(server, "add")
    assert set(account) == {"username", "password", "fulldomain", "subdomain", "allowfrom"}
    assert account["fulldomain"] == f"{account['subdomain']}.{ZONE}"
    assert uuid.UUID(account["username"]) and uuid.UUID(account["subdomain"])
    shown, = run_json(server, "show", account["username"])
    created = shown.pop("created")
    assert abs(created - time.time()) < DEADLINE
    assert shown == {"username": account["username"], "subdomain": account["subdomain"], "allowfrom": [], "values": [],
                     "updated": 0}
    text = run(server, "show", account["subdomain"])
    assert re.search(rf"^username +{account['username']}$", text, re.M)
    assert re.search(rf"^full domain +{account['fulldomain']}$", text, re.M)
    assert re.search(r"^allowed from +anywhere$", text, re.M)
    assert re.search(r"^last update +never$", text, re.M)
    assert re.search(r"^values +none$", text, re.M)
    assert account["password"] not in text


def test_a_subdomain_of_ones_choice(server):
    text = run(server, "add", "--subdomain", "web_1")
    assert f"_acme-challenge.www.example.org.  CNAME  web_1.{ZONE}.\n" in text
    assert re.search(r"^password +[A-Za-z0-9_-]{40}$", text, re.M)
    for name in ("web_1", f"web_1.{ZONE}", f"WEB_1.{ZONE}.", "web", "w"):
        assert run_json(server, "show", name)[0]["subdomain"] == "web_1"


@pytest.mark.parametrize("name", ["web", "ns1", "deep", "_acme-challenge"])
def test_a_name_that_is_taken(server, name):
    run(server, "add", "--subdomain", "web")
    assert refused(server, "add", "--subdomain", name).startswith(f"sallyport: {name}: it is taken")
    # What is next to them is free: "a" stands in the configuration only below "deep".
    run(server, "add", "--subdomain", name + "2")
    if name == "deep":
        run(server, "add", "--subdomain", "a")


@pytest.mark.parametrize("name", ["", "Upper", "a.b", "-a", "a-", "*", "a b", "\u00e4", "a" * 64])
def test_a_name_that_cannot_be(server, name):
    assert "lower-case letters" in refused(server, "add", "--subdomain", name)
    assert run_json(server, "list") == []


def test_a_deleted_name_is_never_given_out_again(server):
    account, = run_json(server, "add", "--subdomain", "once")
    assert run(server, "delete", "once", "--yes") == f"deleted {account['username']}\n"
    assert "it is taken" in refused(server, "add", "--subdomain", "once")
    assert refused(server, "show", "once") == 'sallyport: there is no account "once"'
    assert refused(server, "delete", account["username"], "--yes") == f'sallyport: there is no account "{account["username"]}"'
    assert run_json(server, "list") == []
    if server.served:
        assert server.txt("once") is None


def test_networks(server):
    account, = run_json(server, "add", "--allow-from", "192.0.2.0/24", "--allow-from", "2001:db8::/32")
    name = account["subdomain"]
    assert account["allowfrom"] == ["192.0.2.0/24", "2001:db8::/32"]
    run(server, "allow", name, "10.0.0.0/8")
    assert run_json(server, "show", name)[0]["allowfrom"] == ["10.0.0.0/8"]
    assert run(server, "list").splitlines()[1].endswith("  10.0.0.0/8")
    assert "network is wrong" in refused(server, "allow", name, "192.0.2.0/24", "192.0.2.0/33")
    assert "network is wrong" in refused(server, "allow", name, "1" * 100)
    assert "network is wrong" in refused(server, "add", "--allow-from", "here")
    assert run_json(server, "show", name)[0]["allowfrom"] == ["10.0.0.0/8"]
    run(server, "allow", name, *[f"10.0.{n}.0/24" for n in range(256)])
    assert len(run_json(server, "show", name)[0]["allowfrom"]) == 256
    assert run(server, "list").splitlines()[1].endswith("  256 networks")
    run(server, "allow", name, "--anywhere")
    assert run_json(server, "show", name)[0]["allowfrom"] == []
    for words in ([name], [name, "--anywhere", "10.0.0.0/8"]):
        assert "--anywhere" in refused(server, "allow", *words, code=2)
    if server.served:
        run(server, "allow", name, "192.0.2.0/24")
        assert server.update(account).status_code == 401
        run(server, "allow", name, "127.0.0.0/8")
        assert server.update(account).status_code == 200


def test_values(server):
    run(server, "add", "--subdomain", "v")
    text = run(server, "values", "v", "--set", FIRST, "--set", SECOND)
    assert re.fullmatch(rf'values +[-0-9]+ [:0-9]+ UTC  "{FIRST}"\n +[-0-9]+ [:0-9]+ UTC  "{SECOND}"\n', text)
    if server.served:
        assert server.txt("v") == [FIRST, SECOND]
    # The oldest makes room, as for a client.
    shown, = run_json(server, "values", "v", "--set", THIRD)
    assert [value["txt"] for value in shown["values"]] == [SECOND, THIRD]
    shown, = run_json(server, "values", "v", "--remove", SECOND, "--remove", FIRST)
    assert [value["txt"] for value in shown["values"]] == [THIRD]
    for wrong in ("short", "", "__VOID__", "x" * 44, "x" * 1025):
        assert "DNS-01" in refused(server, "values", "v", "--set", wrong)
    assert [value["txt"] for value in run_json(server, "values", "v")[0]["values"]] == [THIRD]
    assert run(server, "values", "v", "--clear") == "values        none\n"
    # In whatever order they were given.
    assert len(run_json(server, "values", "v", "--set", FIRST, "--clear")[0]["values"]) == 1
    if server.served:
        assert server.txt("v") == [FIRST]


def test_a_new_key(server):
    account, = run_json(server, "add")
    changed, = run_json(server, "rotate", account["username"])
    assert changed.keys() == {"username", "password"}
    assert changed["username"] == account["username"] and changed["password"] != account["password"]
    assert "is not shown again" in run(server, "rotate", account["username"])
    changed, = run_json(server, "rotate", account["username"])
    if not server.served:
        server.start()
    try:
        assert server.update(account).status_code == 401
        assert server.update(account | changed).status_code == 200
    finally:
        if not server.served:
            server.stop()


def test_a_key_that_was_remembered_is_dead_at_once(folder):
    with Server(folder) as server:
        account = server.register()
        for _ in range(2):
            server.set_value(account)
        run(server, "rotate", account["username"])
        assert server.update(account).status_code == 401


def test_what_two_accounts_begin_with(server):
    first, = run_json(server, "add", "--subdomain", "shop-a")
    run(server, "add", "--subdomain", "shop-b")
    run(server, "add", "--subdomain", "shop")
    assert refused(server, "show", "shop-") == \
        'sallyport: there is no account "shop-", and more than one begins so: shop-a, shop-b'
    for count in range(7):
        run(server, "add", "--subdomain", f"many-{count}")
    all_of_them = ", ".join(f"many-{count}" for count in range(7))
    assert refused(server, "show", "many").endswith(f"more than one begins so: {all_of_them}")
    run(server, "add", "--subdomain", "many-7")
    assert refused(server, "show", "many").endswith(f"more than one begins so: {all_of_them}, many-7")
    run(server, "add", "--subdomain", "many-8")
    assert refused(server, "show", "many").endswith(f"more than one begins so: {all_of_them}, many-7, ...")
    assert run_json(server, "show", "shop")[0]["subdomain"] == "shop"  # the whole name counts
    for length in (36, 35, 24, 14, 13):
        assert run_json(server, "show", first["username"][:length])[0]["username"] == first["username"]
    # A user name of noughts behind its beginning is found as well.
    end = next(name for name in (run_json(server, "add")[0]["username"] for _ in range(200)) if name.endswith("0"))
    assert run_json(server, "show", end[:35])[0]["username"] == end
    for wrong in ("nobody", "", "x" * 64, "x" * 1000, "ffffffff-ffff-4fff-8fff-ffffffffffff", "\n"):
        assert "there is no account" in refused(server, "show", wrong)


CHANGES = [["delete", "--yes"], ["rotate"], ["allow", "--anywhere"], ["values", "--clear"], ["values"]]


@pytest.mark.parametrize("words", CHANGES, ids=" ".join)
def test_a_beginning_is_no_name_for_a_change(server, words):
    """Not even where it is the only one: yesterday it was the name of another account."""
    run(server, "add", "--subdomain", "web")
    other, = run_json(server, "add", "--subdomain", "web-shop")
    verb, *options = words
    if verb != "allow":
        run(server, "allow", "web-shop", "10.0.0.0/8")
    run(server, "values", "web-shop", "--set", FIRST)
    run(server, "delete", "web", "--yes")
    before = run_json(server, "list")
    for name, candidate in (("web", "web-shop"), (f"web.{ZONE}", "web-shop"), (other["username"][:35], other["username"])):
        assert refused(server, verb, name, *options) == \
            f'sallyport: there is no account "{name}": a whole user name or subdomain is needed here, and these begin so: {candidate}'
    assert run_json(server, "list") == before
    for name in ("web-shop", f"Web-Shop.{ZONE}"):
        if verb != "delete":
            run(server, verb, name, *options)
    run(server, verb, other["username"], *options)


def test_an_account_of_a_client(folder):
    with Server(folder) as server:
        account = server.register(["127.0.0.0/8"])
        txt = server.set_value(account)
        row = run(server, "list").splitlines()[1].split()
        assert row[:2] == [account["subdomain"], account["username"]]
        assert row[-2:] == ["1", "127.0.0.0/8"]
        assert run_json(server, "list")[0]["values"][0]["txt"] == txt
        run(server, "delete", account["subdomain"], "--yes")
        assert server.txt(account["subdomain"]) is None
        assert server.update(account).status_code == 401


def on_a_terminal(server, answer, *words):
    """Runs a command on a terminal, answers its question; the exit code and what it wrote."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([SALLYPORT, "accounts", *words, "-c", server.file], stdin=theirs, stdout=theirs, stderr=theirs,
                               env=dict(os.environ, TERM="xterm", ASAN_OPTIONS="detect_leaks=0", NO_COLOR=""))
    os.close(theirs)
    written = b""
    while True:
        assert select.select([ours], [], [], DEADLINE)[0], written
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        written += piece
        if answer is not None and b"[y/N] " in written:
            os.write(ours, answer)
            answer = None
    os.close(ours)
    return process.wait(DEADLINE), written.decode()


def test_deleting_asks_on_a_terminal(server):
    account, = run_json(server, "add", "--subdomain", "precious")
    assert refused(server, "delete", "precious", stdin=subprocess.DEVNULL).endswith("give --yes to delete")
    for answer in (b"\n", b"n\n", b"yesterday\n", b"\x04"):
        code, text = on_a_terminal(server, answer, "delete", "precious")
        assert code == 1
        assert f"Delete the account {account['username']} with its name \"precious\"" in text
        assert text.endswith("nothing was deleted\r\n")
    assert len(run_json(server, "list")) == 1
    # A beginning does where a person sees the whole name, and nowhere else.
    assert "a whole user name or subdomain is needed" in refused(server, "delete", "prec", stdin=subprocess.DEVNULL)
    code, text = on_a_terminal(server, None, "delete", "prec", "--yes")
    assert code == 1 and "a whole user name or subdomain is needed here, and these begin so: precious" in text
    code, text = on_a_terminal(server, b"n\n", "delete", "prec")
    assert code == 1 and f"Delete the account {account['username']} with its name \"precious\"" in text
    code, text = on_a_terminal(server, b"y\n", "delete", "prec")
    assert code == 0 and f"deleted {account['username']}" in text
    assert run_json(server, "list") == []


def test_colours_on_a_terminal_only(server):
    run(server, "add", "--subdomain", "x")
    assert "\033" not in run(server, "list")
    code, text = on_a_terminal(server, None, "list")
    assert code == 0 and "\033[1mSUBDOMAIN" in text


def test_what_was_done_is_in_the_log(folder):
    with Server(folder) as server:
        account, = run_json(server, "add")
        run(server, "values", account["username"], "--set", FIRST)
        changed, = run_json(server, "rotate", account["username"])
        run(server, "delete", account["username"], "--yes")
        for what in ("account_added", "updated", "key_rotated", "account_deleted"):
            assert f"event={what} uid={os.geteuid()} account={account['username']} " in server.log()
        assert account["password"] not in server.log() and changed["password"] not in server.log()


# --- many ---

def fill(server, count):
    """A database of `count` accounts, made by store's own code."""
    names = sorted(str(uuid.uuid4()) for _ in range(count))
    server.database.mkdir(exist_ok=True)
    uid = UIDS["store"] if os.geteuid() == 0 else os.geteuid()
    os.chown(server.database, uid, uid)
    subprocess.run([BUILD / "bench" / "fill", server.database, str(uid), str(uid)], check=True, text=True,
                   input="".join(f"{name} {FIRST}\n" for name in names), capture_output=True, timeout=DEADLINE)
    return names


def test_pages_leave_nothing_out(folder):
    """More than a page, and every account once, in order; the end of a page falls on the last one, too."""
    server = Server(folder)
    names = fill(server, 1024)
    assert [account["username"] for account in run_json(server, "list")] == names
    assert [line.split()[1] for line in run(server, "list").splitlines()[1:]] == names
    run(server, "delete", names[511], "--yes")
    assert [account["username"] for account in run_json(server, "list")] == names[:511] + names[512:]


def memory(pid, kind):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(rf"{kind}:\s+(\d+)", file.read()).group(1))


def test_a_hundred_thousand_accounts_in_flat_memory(folder):
    """Neither end holds more of a list when it nears its end than when it began."""
    server = Server(folder)
    names = fill(server, 100_000)
    with server:
        store = server.pids()["store"]
        for words in (["--json"], []):
            process = subprocess.Popen([SALLYPORT, "accounts", "list", *words, "-c", server.file], stdout=subprocess.PIPE)
            held = []
            # What is left after each does not fit into the pipe: the program is still there.
            for count in (5_000, 90_000):
                for _ in range(count):
                    assert process.stdout.readline()
                # Not the database's pages, which belong to the file.
                held.append((memory(process.pid, "VmHWM"), memory(store, "RssAnon")))
            rest = process.stdout.read()
            assert process.wait(DEADLINE) == 0
            assert rest.count(b"\n") == 5_000 + (not words)
            if not SANITIZED:  # a sanitizer keeps what was freed
                assert all(later < earlier + 4 * 1024 for earlier, later in zip(*held)), held
        assert server.txt(names[77_777]) == [FIRST]


# --- without a server ---

def test_a_path_of_any_length(folder):
    """The longest that the kernel takes reaches the store that is started; a longer one is refused."""
    server = Server(folder)
    rest = 4095 - len(str(folder)) - len(server.file.name) - 1
    for more, code in ((0, 0), (2, 78)):
        path = f"{folder}/{'/' * (rest % 2)}{'./' * ((rest + more) // 2)}{server.file.name}"
        assert len(path) == 4095 + more
        done = subprocess.run([SALLYPORT, "accounts", "list", "--json", "-c", path], capture_output=True, text=True,
                              timeout=DEADLINE, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
        assert (done.returncode, done.stdout) == (code, ""), done
        if code:
            assert "the configuration cannot be read: File name too long" in done.stderr
        else:
            assert complaints(done) == []


@pytest.mark.root
def test_who_cannot_open_the_database_is_told_what_to_do(folder):
    server = Server(folder)
    run(server, "add")
    line = refused(server, "list", uid=64199)
    assert "no server runs" in line and "start the server, or do this as root" in line


@pytest.mark.root
def test_without_root_it_works_for_the_one_user(folder):
    server = Server(folder, as_uid=NOBODY)
    account, = [json.loads(server.command("accounts", "add", "--json", uid=NOBODY).stdout)]
    assert json.loads(server.command("accounts", "list", "--json", uid=NOBODY).stdout)["username"] == account["username"]
    assert (server.database / "data.mdb").stat().st_uid == NOBODY


def test_a_store_that_cannot_be_reached_keeps_its_database(folder):
    """A server runs, and its socket is gone: there must not be two stores."""
    store = Daemon(folder, "store").start()
    (store.runtime / "control").unlink()
    done = store.command("accounts", "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert "another store has it open" in done.stderr
    assert done.stderr.splitlines()[-1] == "sallyport: the database could not be used; the line above says why"
    assert store.terminate() == 0


@pytest.mark.root
def test_the_store_of_a_command_is_confined(folder):
    """While the question is open, its store can be looked at."""
    server = Server(folder)
    run(server, "add", "--subdomain", "x")
    ours, theirs = pty.openpty()
    process = subprocess.Popen([SALLYPORT, "accounts", "delete", "x", "-c", server.file], stdin=theirs, stdout=theirs,
                               stderr=theirs, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    os.close(theirs)
    store = wait_until(lambda: [pid for pid in process_children(process.pid) if "--control" in command_line(pid)],
                       "its store")[0]
    wait_until(lambda: b"[y/N]" in os.read(ours, 65536), "the question")
    with open(f"/proc/{store}/status") as file:
        status = file.read()
    assert re.search(rf"^Uid:\s+{UIDS['store']}\s+{UIDS['store']}\s+{UIDS['store']}\s", status, re.M)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)
    assert re.search(r"^CapBnd:\s+0+$", status, re.M)
    assert SANITIZED or re.search(r"^Seccomp:\s+2$", status, re.M)
    # However its command ends, it ends as well.
    process.kill()
    process.wait(DEADLINE)
    os.close(ours)
    wait_until(lambda: not os.path.exists(f"/proc/{store}"), "the end of its store")

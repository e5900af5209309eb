"""
sallyport import and export: accounts of acme-dns's databases and of lines of JSON, into a server that runs and into
none. Old keys update, old names answer, and nothing that is there is overwritten.
"""

import contextlib
import json
import os
import pty
import re
import select
import shutil
import sqlite3
import stat
import subprocess
import time
from pathlib import Path

import pytest

import acme_dns
from protocol import IMPORT, IMPORT_ANSWER, administer, message
from sallyport import complaints, DEADLINE, SALLYPORT, Daemon, Server, random_txt, wait_until

ACCOUNTS = 3000  # in the database that most tests share
KNOWN = 6


def sallyport(server, *words, **options):
    done = subprocess.run([SALLYPORT, *map(str, words), "-c", server.file], capture_output=True, text=True,
                          timeout=DEADLINE, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"),
                          **{"stdin": subprocess.DEVNULL, **options})
    done.stderr = "".join(f"{line}\n" for line in complaints(done))
    return done


def imported(server, file, *options, code=0, **more):
    """Imports a file; the counts of the summary by their words."""
    done = sallyport(server, "import", file, *options, **more)
    assert done.returncode == code, done.stdout + done.stderr
    counts = {}
    for line in done.stdout.splitlines()[1:]:
        count, words = line.strip().split(" ", 1)
        counts[words] = int(count.rstrip(":"))
    counts["read"] = int(done.stdout.split()[0])
    counts["stderr"] = done.stderr
    return counts


def exported(server):
    done = sallyport(server, "export")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def insist_same(one, other):
    """Of two exports; pytest would think for minutes about how they differ."""
    different = [pair for pair in zip(one.splitlines(), other.splitlines()) if pair[0] != pair[1]]
    assert not different[:1]
    assert len(one) == len(other)


def write_lines(path, *accounts):
    path.write_text("".join(json.dumps(account) + "\n" for account in accounts))
    return path


def line(**changes):
    """An account as a line of JSON, with its key in clear."""
    account = {"username": acme_dns.make_uuid(), "password": acme_dns.make_key(), "subdomain": acme_dns.make_uuid()}
    account.update(changes)
    return {key: value for key, value in account.items() if value is not None}


def texts(account):
    return [text for text, _ in account["values"]]


@pytest.fixture(scope="module")
def known():
    values = [[], [(random_txt(), 1600000000)], [(random_txt(), 1600000000), (random_txt(), 1600000001)]]
    return [acme_dns.make_account(known=True, values=values[i % 3], cost=10 if i == 0 else 4,
                                  allowfrom=["127.0.0.0/8"] if i == 3 else ["192.0.2.0/24"] if i == 4 else [])
            for i in range(KNOWN)]


@pytest.fixture(scope="module")
def database(module_folder, known):
    accounts = [*known, *(acme_dns.make_account() for _ in range(ACCOUNTS - KNOWN))]
    return acme_dns.write_sqlite(module_folder / "acme-dns.db", accounts)


def check_moved(server, known):
    """Every client goes on: the name answers, the key updates."""
    for account in known:
        assert sorted(server.txt(account["subdomain"])) == sorted(texts(account))
    for i, account in enumerate(known):
        value = random_txt()
        answer = server.update(account, value)
        assert answer.status_code == (401 if i == 4 else 200), answer.text
        if i != 4:
            assert server.txt(account["subdomain"])[-1:] == [value] or value in server.txt(account["subdomain"])
        assert server.update({**account, "password": acme_dns.make_key()}).status_code == 401


def test_acme_dns_moves_into_a_running_server(folder, database, known):
    before = database.read_bytes()
    with Server(folder) as server:
        counts = imported(server, database)
        assert (counts["read"], counts["added"], counts["left out"], counts["stderr"]) == (ACCOUNTS, ACCOUNTS, 0, "")
        check_moved(server, known)
        again = imported(server, database)
        assert (again["added"], again["there already, unchanged"]) == (0, ACCOUNTS)
    assert database.read_bytes() == before


def test_acme_dns_moves_into_a_stopped_server(folder, database, known):
    server = Server(folder)
    assert imported(server, database)["added"] == ACCOUNTS
    with server:
        check_moved(server, known)


def test_the_oldest_value_goes_first(folder):
    old, new, next_one = random_txt(), random_txt(), random_txt()
    account = acme_dns.make_account(known=True, values=[(old, 1600000000), (new, 1700000000)])
    with Server(folder) as server:
        imported(server, acme_dns.write_sqlite(folder / "a.db", [account]))
        server.set_value(account, next_one)
        assert sorted(server.txt(account["subdomain"])) == sorted([new, next_one])


def test_a_value_set_at_acme_dns_meanwhile_is_fetched(folder):
    value, later = random_txt(), random_txt()
    quiet, busy = (acme_dns.make_account(known=True, values=[(random_txt(), 1600000000)]) for _ in range(2))
    database = acme_dns.write_sqlite(folder / "a.db", [quiet, busy])
    with Server(folder) as server:
        imported(server, database)
        server.set_value(busy, value)
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute("UPDATE txt SET Value = ?, LastUpdate = 1650000000 WHERE Value = ''", (later,))
            connection.commit()
        counts = imported(server, database)
        assert (counts["added"], counts["there already, got newer values"], counts["there already, unchanged"]) == (0, 1, 1)
        assert later in server.txt(quiet["subdomain"])
        # What was set here is newer than what was set there.
        assert later not in server.txt(busy["subdomain"]) and value in server.txt(busy["subdomain"])
        assert imported(server, database)["there already, unchanged"] == 2


def test_an_export_is_imported_to_the_same_export(folder, database):
    first, second = Server(folder / "first"), Server(folder / "second")
    imported(first, database)
    with first:
        for _ in range(3):
            first.set_value(first.register(allowfrom=["127.0.0.0/8", "::1/128"]))
        export = exported(first)
    assert len(export.splitlines()) == ACCOUNTS + 3
    file = folder / "export.jsonl"
    file.write_text(export)
    assert imported(second, file)["added"] == ACCOUNTS + 3
    insist_same(exported(second), export)
    with second:
        insist_same(exported(second), export)
        assert imported(second, file)["there already, unchanged"] == ACCOUNTS + 3
        insist_same(exported(second), export)


def test_an_export_into_a_file_is_its_owners(folder):
    server = Server(folder)
    imported(server, write_lines(folder / "in.jsonl", line()))
    file = folder / "out.jsonl"
    file.write_text("what was there before")
    file.chmod(0o644)
    done = sallyport(server, "export", file)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == exported(server)
    assert not [path for path in folder.iterdir() if path.name.startswith("out.jsonl.")]


def test_an_export_that_cannot_be_written_leaves_what_was_there(folder):
    server = Server(folder)
    imported(server, write_lines(folder / "in.jsonl", line()))
    done = sallyport(server, "export", folder / "missing" / "out.jsonl")
    assert done.returncode == 1 and "No such file" in done.stderr
    with open("/dev/full", "w") as full:
        done = subprocess.run([SALLYPORT, "export", "-c", server.file], stdout=full, stderr=subprocess.PIPE, text=True,
                              timeout=DEADLINE)
    assert done.returncode == 1 and "standard output" in done.stderr


def test_keys_in_clear_are_hashed(folder):
    accounts = [line() for _ in range(6)]
    file = write_lines(folder / "in.jsonl", *accounts)
    with Server(folder) as server:
        assert imported(server, file)["added"] == 6
        for account in accounts:
            server.set_value(account)
        export = exported(server)
        assert not any(account["password"] in export for account in accounts)
        assert export.count('"$2b$10$') == 6
        assert imported(server, file)["there already, unchanged"] == 6


REFUSED = {
    "the user name is no UUID": ({"username": "me"}, "no UUID"),
    "the subdomain is no label": ({"subdomain": "a.b"}, "no label"),
    "the hash is no hash": ({"password": None, "password_hash": "$2a$10$short"}, "bcrypt"),
    "the hash is too dear": ({"password": None, "password_hash": acme_dns.unknown_hash().replace("$10$", "$20$")}, "cost"),
    "the key is too short": ({"password": "short"}, "40"),
    "the network has no mask": ({"allowfrom": ["192.0.2.1"]}, "allowfrom"),
    "there is an unknown key": ({"allowform": []}, "allowform"),
    "there is no key": ({"password": None}, "password_hash or password"),
    "the subdomain is too long": ({"subdomain": "a" * 64}, "at most 63"),
    "the subdomain is a fixed name": ({"subdomain": "www"}, "fixed record"),
    "a text is too long": ({"token": "x" * 200}, "longer"),
}


@pytest.mark.parametrize("changes, words", REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_left_out_alone(folder, changes, words):
    server = Server(folder, records=["auth.example.org. NS auth.example.org.", "auth.example.org. A 192.0.2.1", "www A 192.0.2.1"])
    report = folder / "report"
    good, bad = line(), line(**changes)
    counts = imported(server, write_lines(folder / "in.jsonl", bad, good), "--report", report, code=1)
    assert (counts["added"], counts["left out"]) == (1, 1)
    assert report.read_text().startswith("line 1: ") and words in report.read_text()
    assert words in counts["stderr"] and str(bad["username"]) in counts["stderr"]
    assert "short" not in counts["stderr"].replace("$2a$10$short", "")
    assert [json.loads(text)["username"] for text in exported(server).splitlines()] == [good["username"]]


def test_what_is_there_is_not_overwritten(folder):
    server = Server(folder)
    account = acme_dns.make_account()
    mine = line(password=None, password_hash=account["hash"], allowfrom=["192.0.2.0/24"])
    imported(server, write_lines(folder / "in.jsonl", mine))
    before = exported(server)
    conflicts = [({"password_hash": acme_dns.unknown_hash()}, "another key"),
                 ({"subdomain": acme_dns.make_uuid()}, "another subdomain"),
                 ({"allowfrom": []}, "another allowfrom"),
                 ({"allowfrom": ["192.0.2.0/25"]}, "another allowfrom"),
                 ({"username": acme_dns.make_uuid()}, "belongs to another account"),
                 ({"password_hash": None, "password": acme_dns.make_key()}, "another key")]
    file = write_lines(folder / "in.jsonl",
                       *({key: value for key, value in {**mine, **changes}.items() if value is not None}
                         for changes, _ in conflicts))
    counts = imported(server, file, code=1)
    assert (counts["added"], counts["left out"]) == (0, len(conflicts))
    shown = counts["stderr"].splitlines()
    for number, (_, words) in enumerate(conflicts, 1):
        assert any(text.startswith(f"line {number}: ") and words in text for text in shown), (words, shown)
    assert exported(server) == before


def test_values_that_cannot_be_set_here_are_told(folder):
    server = Server(folder)
    values = [{"txt": random_txt(), "time": 1600000000 + i} for i in range(3)]
    good, bad = line(values=values), line(values=["not a challenge"])
    counts = imported(server, write_lines(folder / "in.jsonl", good, bad))
    assert (counts["added"], counts["of all these without some of their values"]) == (2, 2)
    assert counts["stderr"].count("without some of its values") == 2
    kept = {account["username"]: account["values"] for account in map(json.loads, exported(server).splitlines())}
    assert kept == {good["username"]: values[1:], bad["username"]: []}


def test_only_the_first_of_many_are_shown(folder):
    server = Server(folder)
    report = folder / "report"
    counts = imported(server, write_lines(folder / "in.jsonl", *(line(username="x") for _ in range(500))),
                      "--report", report, code=1)
    assert counts["left out"] == 500
    assert counts["stderr"].count("no UUID") == 20 and "the report has the others" in counts["stderr"]
    assert report.read_text().count("no UUID") == 500
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


def test_from_standard_input(folder):
    server = Server(folder)
    file = write_lines(folder / "in.jsonl", line(), line())
    with open(file) as lines:
        assert imported(server, "-", stdin=lines)["added"] == 2


def test_a_terminal_shows_how_far_it_is_and_is_left_clean(folder):
    server = Server(folder)
    ours, theirs = pty.openpty()
    with subprocess.Popen([SALLYPORT, "import", "-", "-c", server.file], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=theirs, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0")) as process:
        os.close(theirs)
        written, sent, deadline = b"", 0, time.monotonic() + DEADLINE
        # It looks at the clock with each account, and reads by the block: some blocks, until it has something to say.
        while b"a second" not in written and time.monotonic() < deadline:
            for _ in range(600):
                account = line(password=None, password_hash=acme_dns.unknown_hash())
                process.stdin.write(json.dumps(account).encode() + b"\n")
            process.stdin.flush()
            sent += 600
            if select.select([ours], [], [], 0.2)[0]:
                written += os.read(ours, 65536)
        process.stdin.close()
        summary = process.stdout.read().decode()
        with contextlib.suppress(OSError):  # EIO: nobody has the terminal open any more
            while piece := os.read(ours, 65536):
                written += piece
        os.close(ours)
        assert process.wait(DEADLINE) == 0
    # A store of a build with sanitizers says in a line before that it has no filter.
    shown = written.decode().rsplit("\n", 1)[-1]
    assert re.fullmatch(r"(\r\d+ accounts, \d+ a second )+\r\x1b\[K", shown), written
    assert summary.startswith(f"{sent} ")


def test_a_name_that_was_deleted_is_given_to_nobody(folder):
    with Server(folder) as server:
        first, again = line(subdomain="shop"), line(subdomain="shop")
        assert imported(server, write_lines(folder / "first.jsonl", first))["added"] == 1
        assert server.command("accounts", "delete", "shop", "--yes").returncode == 0
        for account in (again, first):
            counts = imported(server, write_lines(folder / "again.jsonl", account), code=1)
            assert counts.get("added", 0) == 0 and "deleted" in counts["stderr"], counts
            assert server.update(account).status_code == 401
        assert server.txt("shop") is None
        assert imported(server, write_lines(folder / "other.jsonl", line(subdomain="shop2")))["added"] == 1


@pytest.mark.parametrize("content, words", [
    (b"PGDMP\x01\x0e", "--format=plain"),
    (b"\x1f\x8b\x08\x00", "compressed"),
    (b"SQLite format 3\0" + bytes(200), "cannot be"),
    (b"SELECT 1;\n", 'no rows of a table "records"'),
    (b"\x7fELF\x00", "neither"),
])
def test_a_file_of_another_kind_is_refused(folder, content, words):
    server = Server(folder)
    file = folder / "file"
    file.write_bytes(content)
    done = sallyport(server, "import", file)
    assert (done.returncode, done.stdout) == (1, "") and words in done.stderr and str(file) in done.stderr


def test_a_dump_that_is_cut_off_is_not_taken(folder):
    server = Server(folder)
    file = folder / "dump.sql"
    file.write_text("COPY public.records (username, password, subdomain, allowfrom) FROM stdin;\n"
                    + "\t".join(str(word) for word in acme_dns.record_row(acme_dns.make_account())))
    done = sallyport(server, "import", file)
    assert done.returncode == 1 and "complete" in done.stderr
    assert exported(server) == ""


def test_a_database_without_an_index_and_one_from_before_values(folder):
    server = Server(folder)
    database = acme_dns.write_sqlite(folder / "a.db", [acme_dns.make_account(values=[(random_txt(), 5)])])
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.executescript("DROP TABLE txt; DROP TABLE acmedns")
    assert imported(server, database)["added"] == 1
    assert json.loads(exported(server))["values"] == []


def test_an_import_that_was_broken_off_goes_on(folder, database):
    """store is killed in the midst of it; what was taken stays, and the rest follows."""
    with Server(folder) as server:
        server.deaths_expected = True
        process = subprocess.Popen([SALLYPORT, "import", database, "-c", server.file], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        wait_until(lambda: server.dns_is_ready() and exported(server), "the first accounts")
        server.kill("store")
        _, complaint = process.communicate(timeout=DEADLINE)
        server.wait_ready()
        there = len(exported(server).splitlines())
        counts = imported(server, database)
        assert counts["added"] == ACCOUNTS - there and counts["there already, unchanged"] == there
        assert process.returncode == 0 or "goes on" in complaint


# --- the link ---

@pytest.fixture
def store(folder):
    daemon = Daemon(folder, "store").start()
    yield daemon
    assert daemon.terminate() == 0


def test_bodies_that_are_none_end_their_connection_alone(store):
    whole = bytes([36]) + b"x" * 36 + bytes([1]) + b"s" + bytes(22)
    for body in (whole[:-1], whole + b"\0", whole + whole[:-1], b"\x25" + whole[1:], whole[:-4] + b"\1\1" + whole[-2:],
                 whole[:-2] + b"\x11\0", whole[:-1] + b"\1", bytes(200)):
        link = administer(store).greet("control")
        link.send(message(IMPORT, body, 1))
        link.wait_closed()
    link = administer(store).greet("control")
    link.send(message(IMPORT, whole * 100, 7))
    assert link.receive() == (IMPORT_ANSWER, 7, bytes([3]) * 100)  # no UUID
    link.close()


# --- PostgreSQL ---

def postgresql_programs():
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))


@pytest.fixture(scope="module")
def cluster(module_folder):
    """A PostgreSQL of its own in a temporary folder, reached by a socket there; its superuser is "postgres"."""
    programs, folder = postgresql_programs(), module_folder / "postgresql"
    folder.mkdir()
    shutil.chown(folder, "postgres", "postgres")

    def run(program, *words, **options):
        return subprocess.run([programs / program, *map(str, words)], user="postgres", group="postgres", extra_groups=[],
                              check=True, capture_output=True, text=True, timeout=DEADLINE, cwd=folder, **options).stdout

    run("initdb", "-D", folder / "data", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    server = subprocess.Popen([programs / "postgres", "-D", folder / "data", "-k", folder, "-h", "", "-F"],
                              user="postgres", group="postgres", extra_groups=[], cwd=folder,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: subprocess.run([programs / "pg_isready", "-h", folder], capture_output=True).returncode == 0,
                   "PostgreSQL")
        yield lambda program, *words, **options: run(program, "-h", folder, *words, **options)
    finally:
        server.terminate()
        server.wait(DEADLINE)


@pytest.fixture(scope="module")
def filled(cluster, known):
    """A database as acme-dns makes it, with what SQL has to escape."""
    odd = acme_dns.make_account(known=True, values=[(random_txt(), 5)])
    odd["allowfrom"] = ["it's \\ \t \n \"no\" network"]
    accounts = [*known, odd]
    statements = acme_dns.POSTGRESQL

    def quote(value):
        if isinstance(value, (int, bytes)):
            return str(value) if isinstance(value, int) else quote(value.decode())
        return "'" + value.replace("'", "''") + "'"

    for account in accounts:
        statements += f"INSERT INTO records VALUES ({', '.join(map(quote, acme_dns.record_row(account)))});\n"
        for row in acme_dns.txt_rows(account):
            statements += f"INSERT INTO txt (Subdomain, Value, LastUpdate) VALUES ({', '.join(map(quote, row))});\n"
    cluster("psql", "-q", "-v", "ON_ERROR_STOP=1", "postgres", input=statements)
    return cluster


@pytest.mark.root
@pytest.mark.parametrize("options", [[], ["--inserts"], ["--column-inserts"], ["--rows-per-insert=3"],
                                     ["--data-only"], ["-t", "records", "-t", "txt"], ["--quote-all-identifiers"]],
                         ids=" ".join)
def test_a_dump_of_postgresql_moves(folder, filled, known, options):
    dump = folder / "dump.sql"
    dump.write_text(filled("pg_dump", *options, "postgres"))
    with Server(folder) as server:
        counts = imported(server, dump, code=1)
        assert (counts["added"], counts["left out"]) == (len(known), 1)
        assert "allowfrom has an entry that is no network" in counts["stderr"]
        check_moved(server, known)


@pytest.mark.root
def test_a_custom_dump_of_postgresql_is_refused(folder, filled):
    dump = folder / "dump"
    folder.chmod(0o777)
    filled("pg_dump", "--format=custom", "-f", dump, "postgres")
    done = sallyport(Server(folder), "import", dump)
    assert done.returncode == 1 and "--format=plain" in done.stderr

"""sallyport backup, restore and verify: under load, on damaged files, and where they have to refuse."""

import contextlib
import fcntl
import os
import random
import shutil
import signal
import stat
import struct
import subprocess
import threading

import pytest

from sallyport import (DEADLINE, ROOT, SALLYPORT, UIDS, Daemon, Server, complaints, credentials, make_folder,
                       process_status, random_txt, remove_folder, wait_until)

CLIENTS = 6
ROUNDS = 3
PAGE = 4096


# What confined processes cannot look for.
WITHOUT_LEAKS = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")


def into_a_pipe(server):
    return [SALLYPORT, "backup", "-", "-c", server.file]


def works(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def fails(done, *words):
    assert done.returncode == 1, done.stdout + done.stderr
    for word in words:
        assert word in done.stdout + done.stderr
    return done


@contextlib.contextmanager
def restored(backup):
    """A server of its own that serves what is in a backup."""
    folder = make_folder()
    server = Server(folder)
    try:
        works(server.command("restore", backup))
        with server:
            yield server
    finally:
        server.destroy()
        remove_folder(folder)


def test_a_backup_is_private_whole_and_served(server, folder):
    account, cleared = server.register(["127.0.0.0/8"]), server.register()
    values = [server.set_value(account), server.set_value(account)]
    server.set_value(cleared)
    server.set_value(cleared, "__VOID__")
    backup = folder / "backup"
    done = works(server.command("backup", backup))
    assert (done.stdout, complaints(done)) == ("", [])
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["backup"]
    assert "nothing is wrong" in works(server.command("verify", backup)).stdout
    server.set_value(account)
    with restored(backup) as second:
        assert second.txt(account["subdomain"]) == values
        assert second.txt(cleared["subdomain"]) == []
        new = second.set_value(account)
        assert second.txt(account["subdomain"]) == [values[1], new]
        data = second.database / "data.mdb"
        assert stat.S_IMODE(data.stat().st_mode) == 0o600
        if ROOT:
            assert data.stat().st_uid == UIDS["store"]


def test_a_file_that_is_there_is_replaced_by_force_alone(server, folder):
    backup = folder / "backup"
    backup.write_text("precious")
    fails(server.command("backup", backup), "exists already", "--force")
    assert backup.read_text() == "precious"
    works(server.command("backup", "--force", backup))
    works(server.command("verify", backup))
    assert [path.name for path in folder.iterdir()] == ["backup"]


def test_a_backup_goes_down_a_pipe(server, folder):
    backup = folder / "backup"
    with open(backup, "wb") as out, subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=out) as pipe:
        done = subprocess.run(into_a_pipe(server), stdout=pipe.stdin, timeout=DEADLINE, env=WITHOUT_LEAKS)
        assert done.returncode == 0
        pipe.stdin.close()
        pipe.wait(DEADLINE)
    works(server.command("verify", backup))


def test_a_pipe_that_nobody_reads_ends_it(server):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(into_a_pipe(server), stdout=writer, stderr=subprocess.PIPE, text=True, timeout=DEADLINE,
                          env=WITHOUT_LEAKS)
    os.close(writer)
    assert done.returncode == 1
    assert "backup: cannot be written: Broken pipe" in done.stderr
    assert server.is_ready()


def test_an_interrupted_backup_leaves_nothing(server, folder):
    """The reader of a pipe does not read: the backup stands still until Ctrl-C ends it."""
    for _ in range(40):
        server.register(["192.0.2.0/24"] * 100)  # more than the two pipes on the way hold
    reader, writer = os.pipe()
    with subprocess.Popen(into_a_pipe(server), stdout=writer, start_new_session=True, env=WITHOUT_LEAKS) as backup:
        os.close(writer)
        try:
            assert os.read(reader, 1)
            backup.send_signal(signal.SIGINT)
            assert backup.wait(DEADLINE) == 1
        finally:
            backup.kill()
            os.close(reader)
    works(server.command("backup", folder / "backup"))
    assert [path.name for path in folder.iterdir()] == ["backup"]


def test_a_folder_that_is_missing_is_named(server, folder):
    fails(server.command("backup", folder / "nowhere" / "backup"), "No such file or directory")
    fails(server.command("verify", folder / "nothing"), "No such file or directory")
    fails(server.command("restore", folder / "nothing"), "No such file or directory")


@pytest.mark.root
def test_whoever_may_not_read_the_database_is_told(server, folder):
    done = server.command("verify", uid=64999)
    assert done.returncode != 0
    assert done.stderr != ""


def test_a_server_that_runs_is_not_restored(server, folder):
    backup = folder / "backup"
    works(server.command("backup", backup))
    for force in ([], ["--force"]):
        fails(server.command("restore", *force, backup), "another store has it open", "stop that server first")
    account = server.register()
    server.set_value(account)


def test_a_database_that_is_there_is_kept(folder):
    backup = folder / "backup"
    with Server(folder) as server:
        account = server.register()
        first = server.set_value(account)
        works(server.command("backup", backup))
        second = server.set_value(account)
    fails(server.command("restore", backup), "there is a database in", "--force")
    done = works(server.command("restore", "--force", backup))
    aside, = server.database.glob("data.mdb.before-*")
    assert aside.name in done.stderr
    with server:
        assert server.txt(account["subdomain"]) == [first]
    os.replace(aside, server.database / "data.mdb")
    with server:
        assert server.txt(account["subdomain"]) == [first, second]


def test_without_a_server(folder):
    with Server(folder) as server:
        account = server.register()
        value = server.set_value(account)
    works(server.command("verify"))
    works(server.command("backup", folder / "backup"))
    with restored(folder / "backup") as second:
        assert second.txt(account["subdomain"]) == [value]


def test_without_a_database(folder):
    server = Server(folder)
    fails(server.command("verify"), "cannot enter the folder")
    server.database.mkdir()
    if ROOT:
        os.chown(server.database, UIDS["store"], UIDS["store"])
    fails(server.command("verify"), "there is none")
    fails(server.command("backup", folder / "backup"), "there is none")
    assert not (folder / "backup").exists()


def test_a_damaged_backup_is_neither_verified_nor_restored(server, folder):
    backup = folder / "backup"
    works(server.command("backup", backup))
    whole = backup.read_bytes()
    victim = Server(folder / "victim")
    for damaged in (whole[:-1], whole + b"x", whole[:PAGE], b"", b"nothing of ours" * 100,
                    whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]):
        backup.write_bytes(damaged)
        done = fails(server.command("verify", backup), "WHAT IS WRONG")
        assert done.stderr == "" or "sanitizers" in done.stderr
        fails(victim.command("restore", backup), "is not restored")
        assert not victim.database.exists()


class Client(threading.Thread):
    """Registers accounts and sets values, one after the other, and knows what was answered."""

    def __init__(self, server, stop):
        super().__init__()
        self.server, self.stop = server, stop
        self.accounts = []  # [account, values sent, how many of them were answered]
        self.failure = None

    def run(self):
        try:
            while not self.stop.is_set():
                if len(self.accounts) < 3 or random.random() < 0.05:
                    self.accounts.append([self.server.register(), [], 0])
                entry = random.choice(self.accounts)
                entry[1].append(random_txt())
                self.server.set_value(entry[0], entry[1][-1])
                entry[2] = len(entry[1])
        except Exception as error:  # shown by the test
            self.failure = error

    def answered(self):
        """[(account, values answered by now)]"""
        return [(entry[0], entry[2]) for entry in list(self.accounts)]


def check_restored(backup, clients, answered):
    """What was answered before is there, in order, and nothing that nobody has sent."""
    sent = {entry[0]["subdomain"]: entry[1] for client in clients for entry in client.accounts}
    with restored(backup) as second:
        for account, count in answered:
            values = second.txt(account["subdomain"])
            assert values is not None, "an account that was answered is not there"
            places = [sent[account["subdomain"]].index(value) for value in values]
            assert places == list(range(places[0], places[0] + len(places))) if places else count == 0
            assert not count or places[-1] >= count - 1, "a value that was answered is not there"
        some = random.choice(answered)[0]
        assert second.http("POST", "/update", headers=credentials(some), json={
            "subdomain": some["subdomain"], "txt": random_txt()}).status_code == 200


def test_under_load_everything_answered_before_is_in_it(folder):
    stop = threading.Event()
    with Server(folder) as server:
        clients = [Client(server, stop) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            for number in range(ROUNDS):
                mark = sum(count for client in clients for _, count in client.answered())
                wait_until(lambda mark=mark: sum(
                    count for client in clients for _, count in client.answered()) > mark + 50, "50 more updates")
                answered = [pair for client in clients for pair in client.answered()]
                backup = folder / f"backup-{number}"
                works(server.command("backup", backup))
                assert "nothing is wrong" in works(server.command("verify", backup)).stdout
                check_restored(backup, clients, answered)
            assert "nothing is wrong" in works(server.command("verify")).stdout
        finally:
            stop.set()
            for client in clients:
                client.join(DEADLINE)
    assert [client.failure for client in clients] == [None] * CLIENTS


# --- damage ---

BRANCH, LEAF, OVERFLOW, META = 0x01, 0x02, 0x04, 0x08


@pytest.fixture(scope="module")
def stopped():
    """A server that is not running, whose database has pages of every kind, and its whole file."""
    folder = make_folder()
    with Server(folder) as server:
        works(server.command("tokens", "add", "team"))
        for number in range(48):
            account = server.register(["127.0.0.0/8", "2001:db8::/32"] * (100 if number % 12 == 0 else 1))
            server.set_value(account)
            if number % 10 == 1:
                works(server.command("accounts", "delete", "--yes", account["username"]))
    yield server, (server.database / "data.mdb").read_bytes()
    remove_folder(folder)


def pages_of(data):
    """{kind: [page numbers]}; a page that is not in use is of the kind that it was."""
    kinds = {}
    for number in range(len(data) // PAGE):
        flags = struct.unpack_from("<H", data, number * PAGE + 10)[0]
        page = struct.unpack_from("<Q", data, number * PAGE)[0]
        if page == number and flags & 0xf in (BRANCH, LEAF, OVERFLOW, META):
            kinds.setdefault(flags & 0xf, []).append(number)
    return kinds


def damage(server, data, changes):
    """Writes the file with {offset: bytes} changed, and has it verified; never a hang, a crash of ours, or silence."""
    changed = bytearray(data)
    for offset, content in changes.items():
        changed[offset:offset + len(content)] = content
    (server.database / "data.mdb").write_bytes(changed)
    done = server.command("verify")
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert "nothing is wrong" in done.stdout or done.stdout.startswith("TABLE") or "error" in done.stderr, done
    assert (done.returncode == 0) == ("nothing is wrong" in done.stdout)
    return done


@pytest.mark.as_shipped  # a sanitizer catches what ends the walk, and tells of it in its own way
def test_damage_to_any_page_ends_in_a_finding_or_in_nothing(stopped):
    server, data = stopped
    kinds = pages_of(data)
    assert set(kinds) == {BRANCH, LEAF, OVERFLOW, META}
    for kind, pages in kinds.items():
        for number in random.sample(pages, min(len(pages), 6)):
            start = number * PAGE
            # Its number and flags, where its free room begins and ends, its first pointers, its last node, all of it.
            for at, length in ((0, 8), (10, 2), (12, 4), (16, 8), (PAGE - 60, 60), (0, PAGE)):
                content = bytes(byte ^ random.choice((0x01, 0x80, 0xff)) for byte in data[start + at:start + at + length])
                damage(server, data, {start + at: content})


def test_a_damaged_record_is_named(stopped):
    server, data = stopped
    works(damage(server, data, {}))
    export = works(server.command("accounts", "list", "--json")).stdout.splitlines()
    name = export[5].split('"subdomain": "')[1].split('"')[0] if '"subdomain": "' in export[5] else \
        export[5].split('"subdomain":"')[1].split('"')[0]
    # Keys that a later page has taken over may still lie in a free one: all of them are damaged.
    places, at = [], data.find(name.encode())
    while at >= 0:
        places.append(at)
        at = data.find(name.encode(), at + 1)
    # Behind the label as a key stands its record, behind the label in an account's record the hash.
    done = fails(damage(server, data, {at + len(name) + 2: b"\xff\xff" for at in places}), "the record is damaged")
    assert name in done.stdout or "accounts " in done.stdout


@pytest.mark.as_shipped
def test_a_file_that_ends_early_is_told_as_a_finding(stopped):
    server, data = stopped
    (server.database / "data.mdb").write_bytes(data[:len(data) // 2 // PAGE * PAGE])
    done = fails(server.command("verify"), "WHAT IS WRONG")
    assert "ended the walk (signal 7)" in done.stdout or "cannot be" in done.stdout


def test_a_page_in_two_places_is_found(stopped):
    """A branch page whose second child is the first one: a tree without an end, if nobody looks."""
    server, data = stopped
    found = 0
    for number in pages_of(data)[BRANCH]:
        start = number * PAGE
        first, second = struct.unpack_from("<HH", data, start + 16)
        node = data[start + first:start + first + 6]
        if second < PAGE and struct.unpack_from("<H", data, start + 12)[0] >= 20:
            found += "keys out of order" in damage(server, data, {start + second: node}).stdout
    assert found > 0


def test_a_damaged_database_does_not_end_the_server(stopped):
    """Whoever asks for a backup of it is told; who serves goes on."""
    server, data = stopped
    overflow = random.choice(pages_of(data)[OVERFLOW])
    shutil.copy(server.database / "data.mdb", server.folder / "whole")
    (server.database / "data.mdb").write_bytes(data)
    with server:
        with open(server.database / "data.mdb", "r+b") as file:
            file.seek(overflow * PAGE + 100)
            file.write(b"\0" * 200)
        server.command("verify")
        server.command("backup", server.folder / "any")
        account = server.register()
        server.set_value(account)


@pytest.mark.parametrize("verb", ["verify", "restore"])
def test_what_is_no_file_is_told_and_not_waited_for(folder, verb):
    server = Server(folder)
    os.mkfifo(folder / "pipe")
    for path in ("pipe", "."):
        done = server.command(verb, folder / path)
        assert done.returncode == 1
        assert complaints(done)[0] == f"sallyport: {folder / path}: it is not a file"


def test_two_stores_on_one_folder(folder):
    with Server(folder) as server:
        second = Daemon(folder / "second", "store")
        second.configuration["store"]["path"] = str(server.database)
        second.write_configuration()
        second.launch()
        assert second.wait_exit() == 1
        assert "another store has it open, and only one can: stop that server first" in second.log()
        account = server.register()
        server.set_value(account)



def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_clock_set_back_does_not_cost_the_new_backups(server, folder):
    """What is named after the one just made goes first, however many of those there are."""
    backups = folder / "backups"
    backups.mkdir()
    past = [f"sallyport-2020010{day}T000000Z.backup" for day in (1, 2)]
    future = [f"sallyport-2099010{day}T000000Z.backup" for day in (1, 2, 3)]
    for name in past + future:
        (backups / name).write_text("")
    works(server.command("backup", "--keep", "4", backups))
    made, = set(names_in(backups)) - set(past + future)
    assert names_in(backups) == [*past, made, future[2]]
    (backups / made).rename(backups / past[1])
    works(server.command("backup", "--keep", "2", backups))
    kept = names_in(backups)
    assert kept[0] == past[1] and kept[1] not in future and len(kept) == 2


def test_what_a_killed_backup_left_is_removed(server, folder):
    backups = folder / "backups"
    backups.mkdir()
    old = "sallyport-20200101T000000Z.backup"
    left, held = backups / f"{old}.part-aB3dE6", backups / f"{old}.part-000000"
    others = [backups / name for name in (f"{old}.part-aB3dE", f"{old}.part-aB3d.6", f"{old}.backup", "mine.part-aB3dE6")]
    for path in (left, held, *others):
        path.write_text("x")
    with open(held) as maker:
        fcntl.flock(maker, fcntl.LOCK_EX)
        works(server.command("backup", "--keep", "2", backups))
        assert not left.exists() and held.exists() and all(path.exists() for path in others)
        works(server.command("backup", backups / "mine"))
    assert not others.pop().exists() and all(path.exists() for path in others)


def is_locked(path):
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def stopped_while_it_makes(server, backup):
    """A `sallyport backup` that stands still in the middle, or None where it was faster than we."""
    making = subprocess.Popen([SALLYPORT, "backup", "--force", backup, "-c", server.file], env=WITHOUT_LEAKS, start_new_session=True)
    wait_until(lambda: list(backup.parent.glob("*.part-*")) or making.poll() is not None, "a part", pause=0)
    if making.poll() is None:
        os.killpg(making.pid, signal.SIGSTOP)
        # D: it waits in vfork() for its stopped child.
        wait_until(lambda: process_status(making.pid)["State"][0] in "TDZ", "it to stand still")
        # Stopped in front of its lock its part would be swept away, and it would make another.
        if any(is_locked(part) for part in backup.parent.glob("*.part-*")):
            return making
        os.killpg(making.pid, signal.SIGKILL)
    making.wait(DEADLINE)
    return None


def test_a_part_is_let_alone_as_long_as_somebody_makes_it(server, folder):
    backup = folder / "backups" / "mine"
    backup.parent.mkdir()
    making = wait_until(lambda: stopped_while_it_makes(server, backup), "a backup to be stopped")
    try:
        part, = backup.parent.glob("*.part-*")
        works(server.command("backup", "--force", backup))
        assert part.exists()
    finally:
        os.killpg(making.pid, signal.SIGKILL)
        making.wait(DEADLINE)
    wait_until(lambda: works(server.command("backup", "--force", backup)) and not part.exists(), "the end of the part")


def test_the_newest_are_kept(server, folder):
    backups = folder / "backups"
    names = [f"sallyport-2020010{day}T000000Z.backup" for day in range(1, 6)]
    others = ["sallyport-20200101T000000Z.backup.mine", "sallyport-2020010xT000000Z.backup", "notes"]
    works(server.command("backup", "--keep", "3", backups))
    assert stat.S_IMODE(backups.stat().st_mode) == 0o700
    newest, = backups.iterdir()
    works(server.command("verify", newest))
    for name in names + others:
        (backups / name).write_text("")
    newest.unlink()
    works(server.command("backup", "--keep", "3", backups))
    kept = sorted(path.name for path in backups.iterdir())
    assert set(names[-2:] + others) < set(kept) and len(kept) == 6
    for wrong in ("0", "-1", "many", "3x", ""):
        assert server.command("backup", "--keep", wrong, backups).returncode == 2
    assert sorted(path.name for path in backups.iterdir()) == kept

"""A disk that fills up, and store.map_max: who is refused, who goes on, and that all is well when room comes back."""

import contextlib
import os
import signal
import subprocess
import uuid

import pytest

from sallyport import DEADLINE, SALLYPORT, Server, random_txt, wait_until

MIB = 1024 * 1024
DISK = 16 * MIB
RESERVE = 4 * MIB
# What acme-dns's accounts have, in the form of `sallyport export`; any bcrypt hash will do.
HASH = "$2a$10$vXQ9gxZbvR1mRRJIIFKjYOAvfXWdUUpIW0K1ZxVxhzxDfEeGh2Qoe"


class OnSmallDisk(Server):
    """Its database lies on a disk of its own, which nobody sees but the server and what is run inside()."""

    def __init__(self, folder, **overrides):
        super().__init__(folder, **overrides)
        self.database.mkdir()
        self.arguments = ["unshare", "--mount", "sh", "-ec",
                          f'mount -t tmpfs -o size={DISK},mode=755 tmpfs "$0" && exec "$@"', str(self.database),
                          *self.arguments]

    @property
    def within(self):
        return ["nsenter", "--mount", f"--target={self.pid}", "--"]

    def inside(self, *words):
        return subprocess.run([*self.within, *words], capture_output=True, text=True, timeout=DEADLINE,
                              env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))

    def free(self):
        return int(self.inside("stat", "--file-system", "--format=%a", self.database).stdout) * 4096

    def leave(self, size):
        """Fills the disk up to `size` bytes."""
        more = self.free() - size
        done = self.inside("sh", "-c", f'head -c {more} /dev/zero >>"$0/filler"', str(self.database))
        assert done.returncode == 0, done.stderr

    def fill(self):
        self.inside("sh", "-c", 'cat /dev/zero >"$0/rest"', str(self.database))
        assert self.free() == 0

    def make_room(self):
        self.inside("sh", "-c", 'rm -f "$0/filler" "$0/rest"', str(self.database))


def children(pid):
    with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]
    return []


def registered(server):
    """(status, text) of an attempt to register."""
    answer = server.http("POST", "/register")
    return answer.status_code, answer.text


@contextlib.contextmanager
def held_pages(server, within=()):
    """A backup that stands still, and with it the pages of its moment: the process that holds them."""
    reader, writer = os.pipe()
    with subprocess.Popen([*within, SALLYPORT, "backup", "-", "-c", server.file], stdout=writer,
                          env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0")) as backup:
        os.close(writer)
        try:
            assert os.read(reader, 1)
            task, = children(backup.pid)
            os.kill(task, signal.SIGSTOP)
            yield task
        finally:
            for pid in children(backup.pid):
                os.kill(pid, signal.SIGKILL)
            backup.wait(DEADLINE)
            os.close(reader)


REFUSED = 507, '{"error": "insufficient_storage"}'


@pytest.fixture
def disk(folder):
    with OnSmallDisk(folder, store={"path": "lib", "reserve": f"{RESERVE}", "map_size": "1MiB"}) as server:
        yield server


def account_line(number):
    """An account that takes a page of its own."""
    networks = ", ".join(f'"10.{number % 256}.{network}.0/24"' for network in range(200))
    return f'{{"username": "{uuid.uuid4()}", "subdomain": "imported-{number}", "password_hash": "{HASH}", ' \
        f'"allowfrom": [{networks}], "values": []}}\n'


@pytest.mark.root
def test_a_disk_that_fills_up(disk, folder):
    account = disk.register()
    (folder / "accounts").write_text("".join(account_line(number) for number in range(120)))
    assert disk.command("import", folder / "accounts").returncode == 0
    # Or LMDB would go on with the pages that updates leave behind, for ever.
    with held_pages(disk, disk.within):
        fill_and_refuse(disk, account)
    # Room again, and nobody has to do anything.
    pids = disk.pids()
    disk.make_room()
    value = disk.set_value(account)
    assert disk.txt(account["subdomain"])[-1] == value
    wait_until(lambda: registered(disk)[0] == 201, "registrations")
    disk.wait_log("there is room again")
    disk.wait_log("of its readers died without a word")
    assert disk.pids() == pids


def fill_and_refuse(disk, account):
    # Below the reserve nobody registers, and everybody else goes on.
    disk.leave(RESERVE - MIB)
    assert registered(disk) == REFUSED
    for _ in range(3):
        value = disk.set_value(account)
    assert disk.txt(account["subdomain"])[-1] == value
    assert disk.http("GET", "/health").status_code == 200
    disk.wait_log("left on the disk of the database: nobody can register until there are 4 MiB")
    done = disk.inside(SALLYPORT, "backup", disk.folder / "backup", "-c", disk.file)
    assert done.returncode == 1 and "less than store.reserve free" in done.stderr

    # At zero nothing can be written, and DNS does not notice.
    disk.fill()
    wait_until(lambda: [disk.update(account).status_code for _ in range(3)] == [500] * 3, "nothing but refusals")
    assert disk.update(account).text == '{"error": "db_error"}'
    served = disk.txt(account["subdomain"])
    assert len(served) == 2
    assert registered(disk) == REFUSED
    disk.wait_log("database: cannot commit: No space left on device")

    # The same after a start.
    pid = disk.kill("store")
    disk.deaths_expected = True
    wait_until(lambda: disk.pids().get("store") not in (None, pid) and disk.is_ready(), "another store")
    assert disk.txt(account["subdomain"]) == served
    assert disk.update(account).status_code == 500


def test_a_map_that_is_full(folder):
    """Also for an import, which has more accounts than there may be."""
    accounts = folder / "accounts"
    accounts.write_text("".join(account_line(number) for number in range(900)))
    server = Server(folder, store={"path": "lib", "map_size": "1MiB", "map_max": "3MiB", "reserve": "1MiB"})
    with server:
        account = server.register()
        server.set_value(account)
        done = server.command("import", "--report", folder / "report", accounts)
        assert done.returncode == 1, done.stdout + done.stderr
        report = (folder / "report").read_text()
        assert "store.reserve is left on the disk, or below store.map_max" in report
        assert "could not be written" not in report
        refused = len(report.splitlines())
        assert 100 < refused < 800
        server.wait_log("the database's map grew to 3 MiB")
        server.wait_log("left below store.map_max: nobody can register until there are 1 MiB (store.reserve)")
        assert registered(server) == REFUSED
        for _ in range(20):
            server.set_value(account)
        done = server.command("verify")
        assert f"accounts: {901 - refused}" in done.stdout and "nothing is wrong" in done.stdout
    server.configuration["store"]["map_max"] = "1GiB"
    server.write_configuration()
    with server:
        assert server.command("import", accounts).returncode == 0
        server.set_value(server.register())


def test_at_map_max_the_log_says_so(folder):
    accounts = folder / "accounts"
    accounts.write_text("".join(account_line(number) for number in range(500)))
    with Server(folder, store={"path": "lib", "map_size": "1MiB", "map_max": "1MiB", "reserve": "0"}) as server:
        account = server.register()
        value = server.set_value(account)
        assert server.command("import", accounts).returncode == 1
        server.wait_log("database: it is full: its map has 1 MiB, and store.map_max lets it have no more")
        server.wait_log("% of store.map_max: raise that before nothing can be written any more")
        assert server.txt(account["subdomain"]) == [value]
        assert server.update(account, random_txt()).status_code in (200, 500)


def test_a_reader_that_was_killed_does_not_make_the_file_grow(folder):
    """What a backup held on to when it died comes free, and is used again."""
    (folder / "accounts").write_text("".join(account_line(number) for number in range(120)))
    with Server(folder) as server:
        assert server.command("import", folder / "accounts").returncode == 0
        with held_pages(server) as reader:
            os.kill(reader, signal.SIGKILL)
        server.wait_log("database: 1 of its readers died without a word")

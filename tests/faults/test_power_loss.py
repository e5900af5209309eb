"""The power fails at any moment of a run with real clients: what was answered is there, all of it, and nothing is half there."""

import concurrent.futures
import json
import os
import random
import shutil
import threading
import uuid

import disk
import figures
from power_loss import FATES, History, Replay, choices
from sallyport import ROOT, UIDS, Server, credentials, random_txt

IMAGES = 2000 if os.environ.get("SALLYPORT_LONG") else 200
SEED = os.environ.get("SALLYPORT_SEED", "1")
CLIENTS = 4
ACTIONS = 40  # of each client
IMPORTED = 400
# Any bcrypt hash will do.
HASH = "$2a$10$vXQ9gxZbvR1mRRJIIFKjYOAvfXWdUUpIW0K1ZxVxhzxDfEeGh2Qoe"
BROAD = ["127.0.0.0/8", *["192.0.2.0/24"] * 150]  # an account that takes pages of its own


class Client(threading.Thread):
    """Registers accounts, sets values and deletes accounts, one after the other."""

    def __init__(self, server, failing, seed):
        super().__init__()
        self.server, self.failing = server, failing
        self.dice = random.Random(seed)
        self.accounts = []  # [account, History]
        self.failure = None

    def run(self):
        try:
            for _ in range(ACTIONS):
                self.act()
        except BaseException as failure:
            self.failure = failure

    def act(self):
        if not self.accounts or self.dice.random() < 0.2:
            history = History(self.failing)
            networks = BROAD if self.dice.random() < 0.3 else None
            account = history.ask([], lambda: self.server.register(networks))
            self.accounts.append((account, history))
            return
        account, history = self.dice.choice(self.accounts)
        if history.states[-1] is None:
            return
        if self.dice.random() < 0.1:
            history.ask(None, lambda: self.delete(account))
            return
        value = random_txt()
        history.ask((history.states[-1] + [value])[-2:], lambda: self.server.set_value(account, value))

    def delete(self, account):
        answer = self.server.http("DELETE", "/account", headers=credentials(account))
        assert answer.status_code in (200, 204), answer.text


def import_accounts(server, failing, path):
    """So many that the map has to grow; each is there or not, as long as the command runs."""
    accounts = [{"username": str(uuid.uuid4()), "subdomain": f"imported-{number}", "password_hash": HASH,
                 "allowfrom": BROAD, "values": []} for number in range(IMPORTED)]
    path.write_text("".join(json.dumps(account) + "\n" for account in accounts))
    histories = [History(failing) for _ in accounts]
    begun = failing.recorded
    done = server.command("import", path)
    assert done.returncode == 0, done.stderr
    for history in histories:
        history.add([], begun)
    return list(zip(accounts, histories))


def record_run(folder):
    """The events of a run from the making of the database on, and [(account, History)]."""
    failing = disk.FailingDisk(folder, recording=True)
    server = Server(folder / "server", store={"path": "lib", "map_size": "1MiB"})
    server.environment.update(failing.environment)
    with server:
        clients = [Client(server, failing, f"{SEED} {number}") for number in range(CLIENTS)]
        for client in clients:
            client.start()
        imported = import_accounts(server, failing, folder / "accounts")
        for client in clients:
            client.join()
        assert [client.failure for client in clients] == [None] * CLIENTS
        events = list(failing.events())
        assert "the database's map grew" in server.log()
    # What is recorded is all there is: written from the beginning, it gives the file.
    replay = Replay(events)
    replay.advance(len(events))
    written = replay.image("kept", random.Random(0))
    assert written == (server.database / "data.mdb").read_bytes()[:len(written)]
    return events, imported + [pair for client in clients for pair in client.accounts]


class Finder:
    """A place in which images are looked at by the real programs, one after the other."""

    def __init__(self, folder):
        self.server = Server(folder)
        self.server.database.mkdir(mode=0o700)

    def look(self, image):
        """What is wrong with an image (empty: nothing), and {user name: values}, or None where there is no database."""
        path = self.server.database / "data.mdb"
        for old in self.server.database.iterdir():
            old.unlink()
        if image is not None:
            path.write_bytes(image)
        if ROOT:
            for one in (self.server.database, *self.server.database.iterdir()):
                shutil.chown(one, UIDS["store"], UIDS["store"])
        if image is not None:
            done = self.server.command("verify")
            if done.returncode != 0:
                return done.stdout + done.stderr, None
        done = self.server.command("export")
        if done.returncode != 0:
            return done.stdout + done.stderr, None
        accounts = [json.loads(line) for line in done.stdout.splitlines()]
        return "", {account["username"]: [value["txt"] for value in account["values"]] for account in accounts}


def check(found, moment, accounts):
    """Every account is in a state that it may be in, and there is no other account."""
    for account, history in accounts:
        values = found.pop(account["username"], None)
        possible = history.possible(*moment)
        assert values in possible, f"{account['subdomain']}: {values} instead of one of {possible}"
    assert found == {}, "accounts that nobody has made"


def test_whatever_the_disk_kept_everything_answered_is_there(folder):
    events, accounts = record_run(folder)
    assert sum(len(history.states) - 1 for _, history in accounts) > 100
    replay = Replay(events)
    free = [Finder(folder / f"finder-{number}") for number in range(os.cpu_count())]
    counts = dict.fromkeys(FATES, 0)

    def examine(image, fate, moment, done):
        finder = free.pop()
        try:
            wrong, found = finder.look(image)
            where = f"after {done} of {len(events)} events, what was not synced {fate} (seed {SEED})"
            assert wrong == "", f"{where}: {wrong}"
            try:
                check(found, moment, accounts)
            except AssertionError as failure:
                raise AssertionError(f"{where}: {failure}") from None
        finally:
            free.append(finder)
        counts[fate] += 1

    with concurrent.futures.ThreadPoolExecutor(len(free)) as pool:
        tasks = []
        for fraction, fate, dice in choices(IMAGES, SEED):
            replay.advance(int(fraction * (len(events) + 1)))
            tasks.append(pool.submit(examine, replay.image(fate, dice), fate, replay.moment, replay.done))
        failures = [str(task.exception()) for task in tasks if task.exception() is not None]
    assert not failures, f"{len(failures)} of {IMAGES} images: " + "\n".join(failures[:5])
    print(f"{len(events)} events, {IMAGES} images: {counts}")
    answered = sum(len(history.states) - 1 for _, history in accounts)
    figures.write("power_lost", rounds=IMAGES, updates=answered, lost=0)

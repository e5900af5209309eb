"""The links between the processes are cut in the middle of a snapshot, or carry what is wrong."""

import os
import signal
import struct
import subprocess
import time
import uuid

import figures
import protocol
from fault import Fault, seeded
from history import KEPT
from oracle import Oracle
from protocol import REGISTER, REGISTER_ANSWER, UPDATE, UPDATE_ANSWER, FalseFront, message
from sallyport import BUILD, DEADLINE, UIDS, Daemon, Server, process_status, random_txt, wait_until
from test_hostile import malformed_for_anyone

NAMES = 200_000  # of a snapshot, which then takes long enough to be cut
CUTS = 40 if figures.LONG else 4
WRONG = 1_000_000 if figures.LONG else 20_000
BATCH = 500
MALFORMED = 40 if figures.LONG else 4  # messages that cost the link, between the others
LOOKED_AT = 0.003  # of them need a look at a hash, which takes some 50 ms of a processor
SLACK = 1024 * 1024  # bytes: of what the allocator keeps
RESULT_OK, RESULT_BUSY = 0, 6  # enum message_result


# --- a snapshot that is cut ---

def fill(server, count):
    """A database with as many names, which nobody else knows."""
    uid = UIDS["store"] if os.geteuid() == 0 else os.geteuid()
    server.database.mkdir(exist_ok=True)
    os.chown(server.database, uid, uid)
    names = sorted(str(uuid.uuid4()) for _ in range(count))
    subprocess.run([BUILD / "bench" / "fill", server.database, str(uid), str(uid)], check=True, text=True, capture_output=True,
                   input="".join(f"{name} {'f' * 43}\n" for name in names), timeout=DEADLINE)
    return names


def snapshots(server):
    """So many were complete."""
    return server.log().count("dnsd: synchronised: ")


def test_the_link_is_cut_in_a_snapshot(folder):
    """dnsd is started afresh and gets all names; store dies while it tells them, dnsd hears them anew from the next store."""
    dice, seed = seeded("cut")
    server = Server(folder)
    names = fill(server, NAMES)
    with server:
        server.deaths_expected = True
        with Oracle(server, seed, others=NAMES) as oracle, Fault("snapshot_cut", oracle) as fault:
            cut = 0
            for _ in range(CUTS):
                with fault.round():
                    complete = snapshots(server)
                    pid = server.pids()["store"]
                    server.kill("dnsd")
                    wait_until(lambda: server.pids().get("dnsd"), "the next dnsd")
                    time.sleep(dice.uniform(0, 0.15))
                    os.kill(pid, signal.SIGKILL)
                    cut += snapshots(server) == complete
                assert server.txt(dice.choice(names)) == ["f" * 43]
            fault.remarks["cut"] = cut
            print(f"{cut} of {CUTS} snapshots cut")
            assert cut > CUTS // 4 or not figures.LONG, "most were whole before: they have to be larger"


# --- what is wrong ---

class Fronts:
    """A real store and a real dnsd, and between store and the world an apid that was taken over."""

    def __init__(self, folder):
        self.dnsd = Daemon(folder, "dnsd").start()
        self.store = Daemon(folder, "store").start()
        self.front = FalseFront(self.store, "apid")
        self.link = self.front.greeted()
        self.accounts = [self.register(number) for number in range(20)]

    def register(self, number):
        self.link.send(message(REGISTER, protocol.register(), number))
        return protocol.read_register_answer(self.link.receive_until(REGISTER_ANSWER)[2])

    def ask(self, updates):
        """The results of so many updates: [enum message_result], in their order."""
        size, waiting = 0, []
        for number, update in enumerate(updates):
            one = protocol.update(*update, number=number)
            if size + len(one) > protocol.MAXIMUM - 16:
                self.link.send(message(UPDATE, b"".join(waiting)))
                size, waiting = 0, []
            waiting.append(one)
            size += len(one)
        self.link.send(message(UPDATE, b"".join(waiting)))
        results = {}
        while len(results) < len(updates):
            _, _, body = self.link.receive_until(UPDATE_ANSWER)
            for at in range(0, len(body), 9):
                number, result = struct.unpack("!QB", body[at:at + 9])
                assert number not in results, "answered twice"
                results[number] = result
        return [results[number] for number in range(len(updates))]

    def cost_the_link(self, data):
        """What no peer may say."""
        self.link.send(data)
        self.link.wait_closed()
        self.link.close()
        self.link = self.front.greeted()

    def close(self):
        self.link.close()
        self.front.close()
        assert self.store.terminate() == 0
        assert self.dnsd.terminate() == 0


def memory_of(program):
    status = process_status(program.pid)
    return (int(status["RssAnon"].split()[0]) + int(status["RssShmem"].split()[0])) * 1024


def wrong_update(dice, accounts):
    """One that nobody may make, whatever he has seen."""
    username, key, subdomain = dice.choice(accounts)
    other = dice.choice([one for one in accounts if one[0] != username])
    value = random_txt().encode()
    if dice.random() < LOOKED_AT:
        return dice.choice((
            (str(uuid.UUID(int=dice.getrandbits(128), version=4)).encode(), key, subdomain, value),  # nobody
            (other[0], key, other[2], value),  # another's key
        ))
    return dice.choice((
        (dice.randbytes(dice.randrange(37)), key, subdomain, value),
        (username, key, other[2], value),  # another's name
        (username, key, b"", value),
        (username, key, dice.randbytes(36), value),
        (username, key, subdomain[:-1], value),
        (username, key, subdomain, value[:-1]),  # no value
        (username, key, subdomain, b""),
        (username, key, subdomain, dice.randbytes(43)),
    ))


def test_a_million_wrong_messages(folder):
    """
    A taken-over apid asks for what it has no right to, and says what no peer may. Between that are updates which are right: those are
    made, and are served; nothing else ever is.
    """
    dice, _ = seeded("wrong")
    fronts = Fronts(folder)
    asked = made = answers = cut = 0
    malformed = list(malformed_for_anyone("apid").values())
    each = max(WRONG // BATCH // MALFORMED, 1)
    values = {account[2]: [] for account in fronts.accounts}
    memory = []
    while asked < WRONG:
        batch = [wrong_update(dice, fronts.accounts) for _ in range(BATCH)]
        account = dice.choice(fronts.accounts)
        value = random_txt()
        at = dice.randrange(len(batch))
        batch.insert(at, (*account, value.encode()))
        results = fronts.ask(batch)
        right = results.pop(at)
        assert RESULT_OK not in results, "what was wrong was done"
        asked += len(results)
        # Whoever fills the queue of keys with wrong ones may be told that it is full: then nothing was done.
        assert right in (RESULT_OK, RESULT_BUSY)
        if right == RESULT_OK:
            made += 1
            values[account[2]] = [*values[account[2]], value][-KEPT:]
        assert fronts.dnsd.txt(account[2].decode()) == values[account[2]]
        answers += 1
        memory.append(memory_of(fronts.store))
        if len(memory) % each == 0:
            fronts.cost_the_link(dice.choice(malformed))
            cut += 1
    assert made > 0
    for account in fronts.accounts:
        for transport in ("udp", "tcp"):
            assert (fronts.dnsd.txt(account[2].decode(), transport=transport) or []) == values[account[2]]
            answers += 1
    warm = max(memory[:len(memory) // 4])
    print(f"{asked} wrong updates, {cut} malformed messages, {made} right updates; store: {warm} to {memory[-1]} bytes")
    assert memory[-1] < warm + SLACK, "store has grown"
    fronts.close()
    figures.write("wrong_messages", rounds=asked, malformed=cut, updates=made, lost=0, answers=answers, wrong=0,
                  memory=[warm, memory[-1]])

"""
A hostile peer on each link. store must outlive whatever a taken-over front process says: it logs, drops that
link, dials again, and the other front notices nothing. dnsd and apid give up, with exit code 1 and not by a
crash, when store itself talks nonsense; and strangers do not get through a door at all.
"""

import contextlib
import itertools
import os
import random
import re
import secrets
import select
import socket
import struct
import time
import uuid
from pathlib import Path

import dns.rcode
import pytest

import protocol
from protocol import (ACCOUNT, ACCOUNT_ANSWER, DELTA, DELTA_APPLIED, HELLO, HELLO_ANSWER, LINK, METRICS,
                      METRICS_ANSWER, REGISTER, REGISTER_ANSWER, RELOAD, RELOAD_ANSWER, RELOAD_APPLY,
                      RELOAD_PAIR, SNAPSHOT_BEGIN, SNAPSHOT_CHUNK, SNAPSHOT_END, STATISTICS, UPDATE, UPDATE_ANSWER, FalseFront, dial, greeted,
                      hand_over, hello, message, name, reload_answer, snapshot_end, update_answer)
from sallyport import DEADLINE, ROLES, UIDS, Daemon, http_request, process_status, wait_closed, wait_until

FRONTS = ("dnsd", "apid")
STRANGER = 64199
RESULT_FORBIDDEN, RESULT_BUSY = 1, 6  # enum message_result


# --- store between two false fronts ---

class Stage:
    """A lone store and both its fronts played by the test."""

    def __init__(self, folder):
        self.store = Daemon(folder, "store").start()
        self.fronts = {role: FalseFront(self.store, role) for role in FRONTS}
        self.links = {role: front.greeted() for role, front in self.fronts.items()}

    def redial(self, role):
        """A fresh, greeted link after the old one ended."""
        self.links[role].close()
        self.links[role] = self.fronts[role].greeted()
        return self.links[role]

    def fresh(self, role):
        """A fresh link on which nothing was said yet."""
        self.links[role].close()
        self.links[role] = self.fronts[role].link()
        return self.links[role]

    def violations(self, role):
        return self.store.log().count(f"protocol violation by {role}")

    def check_serving(self):
        """A registration goes all the way: asked by apid, committed, served by dnsd, answered."""
        assert self.store.runs(), f"store ended with {self.store.process.returncode}"
        wait_until(self.register, "a registration", 2 * DEADLINE, 0.2)

    def register(self):
        """Plays both fronts for one registration. False when store is too busy for it."""
        asker, server = self.links["apid"], self.links["dnsd"]
        number = secrets.randbits(63)
        asker.send(message(REGISTER, protocol.register(), number))
        served, answer = b"", None
        while answer is None or answer not in served:
            ready, _, _ = select.select([asker.end, server.end], [], [], DEADLINE)
            assert ready, "neither an answer nor a delta"
            if server.end in ready:
                kind, last, body = server.receive()
                served += body
                if kind == DELTA:
                    server.send(message(DELTA_APPLIED, b"", last))
            if asker.end in ready:
                _, answered, body = asker.receive_until(REGISTER_ANSWER)
                if answered != number:
                    continue
                if body[0] == RESULT_BUSY:
                    return False
                answer = protocol.read_register_answer(body)[2]
        return True

    def close(self):
        for link in self.links.values():
            link.close()
        for front in self.fronts.values():
            front.close()


@pytest.fixture
def stage(folder):
    """One for each test: misdeeds add up to longer pauses between two links."""
    made = Stage(folder)
    yield made
    assert made.store.terminate() == 0
    made.close()


def random_message(seed):
    generator = random.Random(seed)
    kind = generator.choice([HELLO, REGISTER, UPDATE, DELTA_APPLIED, generator.randrange(65536)])
    return message(kind, generator.randbytes(generator.randrange(1, 2000)), generator.getrandbits(64))


def malformed_for_anyone(role):
    """What is wrong on every link and in every state."""
    good = message(HELLO, hello(role))
    return {
        "one_byte": b"\0",
        "header_cut": good[:15],
        "header_only_of_hello": message(HELLO),
        "length_short": message(HELLO, hello(role), length=18),
        "length_long": message(HELLO, hello(role), length=20),
        "length_zero": message(HELLO, hello(role), length=0),
        "length_huge": message(HELLO, hello(role), length=0xFFFFFFFF),
        "flags": message(HELLO, hello(role), flags=1),
        "all_flags": message(HELLO, hello(role), flags=0xFFFF),
        "type_0": message(0),
        "type_1": message(1),
        "type_5": message(5),
        "statistics_empty": message(STATISTICS),
        "statistics_cut": message(STATISTICS, protocol.statistics(role)[:-1]),
        "statistics_trailing": message(STATISTICS, protocol.statistics(role) + b"\0"),
        "statistics_one_more": message(STATISTICS, protocol.statistics(role) + bytes(8)),
        "statistics_of_the_other": message(STATISTICS, protocol.statistics("apid" if role == "dnsd" else "dnsd")),
        "statistics_largest": message(STATISTICS, bytes(protocol.MAXIMUM - 16)),
        "type_65535": message(65535, b"x" * 100),
        "hello_answer": message(HELLO_ANSWER, hello(role)),
        "snapshot_begin": message(SNAPSHOT_BEGIN, bytes(8)),
        "snapshot_chunk": message(SNAPSHOT_CHUNK, name(b"a")),
        "snapshot_end": message(SNAPSHOT_END, bytes(9)),
        "delta": message(DELTA, name(b"a", [b"v"])),
        "register_answer": message(REGISTER_ANSWER, b"\1"),
        "update_answer": message(UPDATE_ANSWER, update_answer(1)),
        "link": message(LINK),
        "too_large_by_one": message(HELLO, bytes(protocol.MAXIMUM - 15)),
        "too_large": message(UPDATE, bytes(100000)),
        "largest": message(HELLO, bytes(protocol.MAXIMUM - 16)),
        "all_ones": b"\xff" * 64,
        "random": random.Random(7).randbytes(500),
    }


def wrong_greetings(role):
    other = "apid" if role == "dnsd" else "dnsd"
    return {
        "cut": message(HELLO, hello(role)[:-1]),
        "trailing": message(HELLO, hello(role) + b"\0"),
        "version_0": message(HELLO, hello(role, 0)),
        "version_next": message(HELLO, hello(role, protocol.VERSION + 1)),
        "version_65535": message(HELLO, hello(role, 65535)),
        "role_0": message(HELLO, hello(0)),
        "role_of_the_other": message(HELLO, hello(other)),
        "role_255": message(HELLO, hello(255)),
        "register_first": message(REGISTER, protocol.register()),
        "update_first": message(UPDATE, protocol.update()),
        "applied_first": message(DELTA_APPLIED),
        "statistics_first": message(STATISTICS, protocol.statistics(role)),
        "metrics_first": message(METRICS),
    }


def wrong_when_open(role):
    cases = {"second_hello": message(HELLO, hello(role))}
    if role == "dnsd":
        cases |= {
            "applied_with_body": message(DELTA_APPLIED, b"\0", 1),
            "applied_with_large_body": message(DELTA_APPLIED, bytes(30000), 1),
            "register": message(REGISTER, protocol.register()),
            "update": message(UPDATE, protocol.update()),
            "account": message(ACCOUNT, protocol.account("delete")),
            "metrics": message(METRICS),
        }
    else:
        cases |= {
            "applied": message(DELTA_APPLIED),
            "register_empty": message(REGISTER),
            "register_trailing": message(REGISTER, protocol.register() + b"\0"),
            "register_count_above": message(REGISTER, protocol.register([b"192.0.2.0/24"], count=2)),
            "register_count_below": message(REGISTER, protocol.register([b"192.0.2.0/24"], count=0)),
            "register_257": message(REGISTER, protocol.register([b"192.0.2.0/24"] * 257)),
            "register_65535": message(REGISTER, protocol.register([b"192.0.2.0/24"], count=65535)),
            "register_network_of_64": message(REGISTER, protocol.register([b"1" * 64])),
            "register_network_of_255": message(REGISTER, protocol.register([b"1" * 255])),
            "register_token_65": message(REGISTER, protocol.register(token=b"s" * 65)),
            "register_token_255": message(REGISTER, protocol.register(token=b"s" * 255)),
            "update_empty": message(UPDATE),
            "update_trailing": message(UPDATE, protocol.update() + b"\0"),
            "update_user_65": message(UPDATE, protocol.update(username=b"u" * 65)),
            "update_key_39": message(UPDATE, protocol.update(key=b"k" * 39)),
            "update_key_41": message(UPDATE, protocol.update(key=b"k" * 41)),
            "update_key_0": message(UPDATE, protocol.update(key=b"")),
            "update_subdomain_64": message(UPDATE, protocol.update(subdomain=b"s" * 64)),
            "update_txt_1026": message(UPDATE, protocol.update(txt=b"t" * 1026)),
            "update_txt_65535": message(UPDATE, protocol.update(txt=b"t" * 30000)[:-29000]),
            "update_second_cut": message(UPDATE, protocol.update() + protocol.update()[:-1]),
            "update_second_key_39": message(UPDATE, protocol.update() + protocol.update(key=b"k" * 39)),
            "update_second_of_nothing": message(UPDATE, protocol.update() + bytes(70)),
            "account_empty": message(ACCOUNT),
            "account_trailing": message(ACCOUNT, protocol.account() + b"\0"),
            "account_action_0": message(ACCOUNT, protocol.account(0)),
            "account_action_7": message(ACCOUNT, protocol.account(7)),
            "account_user_65": message(ACCOUNT, protocol.account(username=b"u" * 65)),
            "account_key_39": message(ACCOUNT, protocol.account(key=b"k" * 39)),
            "account_key_41": message(ACCOUNT, protocol.account(key=b"k" * 41)),
            "account_subdomain_64": message(ACCOUNT, protocol.account(subdomain=b"s" * 64)),
            "account_txt_1026": message(ACCOUNT, protocol.account("remove", txt=b"t" * 1026)),
            "account_read_with_txt": message(ACCOUNT, protocol.account(txt=b"t")),
            "account_delete_with_networks": message(ACCOUNT, protocol.account("delete", networks=[b"192.0.2.0/24"])),
            "account_257": message(ACCOUNT, protocol.account("allowfrom", networks=[b"192.0.2.0/24"] * 257)),
            "account_count_above": message(ACCOUNT, protocol.account("allowfrom", networks=[b"::/0"], count=2)),
            "account_answer": message(ACCOUNT_ANSWER, b"\1"),
            "metrics_with_body": message(METRICS, b"\0"),
            "metrics_answer": message(METRICS_ANSWER),
            "ready_with_body": message(protocol.READY, b"\0"),
        }
    return cases


def check_dropped(stage, role, link):
    """The link is gone, the log says so in one line, and everything goes on."""
    link.wait_closed()
    wait_until(lambda: stage.violations(role) == 1, f"a line about {role}")
    stage.redial(role)
    stage.check_serving()
    assert stage.violations(role) == 1


@pytest.mark.parametrize("role", FRONTS)
@pytest.mark.parametrize("case", malformed_for_anyone("dnsd"))
@pytest.mark.parametrize("state", ["greeting", "open"])
def test_malformed_messages(stage, role, case, state):
    link = stage.links[role] if state == "open" else stage.fresh(role)
    link.send(malformed_for_anyone(role)[case])
    check_dropped(stage, role, link)


@pytest.mark.parametrize("role, case", [(role, case) for role in FRONTS for case in wrong_greetings(role)])
def test_wrong_greetings(stage, role, case):
    link = stage.fresh(role)
    link.send(wrong_greetings(role)[case])
    check_dropped(stage, role, link)


@pytest.mark.parametrize("role, case", [(role, case) for role in FRONTS for case in wrong_when_open(role)])
def test_wrong_when_open(stage, role, case):
    link = stage.links[role]
    link.send(wrong_when_open(role)[case])
    check_dropped(stage, role, link)


REQUESTS = {REGISTER: protocol.register([b"192.0.2.0/24", b"2001:db8::/32"]), UPDATE: protocol.update(),
            ACCOUNT: protocol.account("allowfrom", networks=[b"192.0.2.0/24"])}


@pytest.mark.parametrize("kind, length", [(kind, length) for kind, body in REQUESTS.items() for length in
                                          (0, 1, 15, 16, 17, 18, len(body) // 2, len(body) - 2, len(body) - 1)])
def test_requests_cut_short(stage, kind, length):
    """With a header that tells the true length; every prefix is for the unit tests."""
    link = stage.links["apid"]
    link.send(message(kind, REQUESTS[kind][:length]))
    check_dropped(stage, "apid", link)


def kernel_version():
    return tuple(int(number) for number in re.match(r"(\d+)\.(\d+)", os.uname().release).groups())


def give_descriptors(link, role, count):
    """Greets with descriptors attached. False where the kernel (Linux 6.16) turns them away for store."""
    with open(os.devnull) as file:
        try:
            socket.send_fds(link.end, [message(HELLO, hello(role))], [file.fileno()] * count)
        except PermissionError:
            return False
    return True


@pytest.mark.parametrize("role", FRONTS)
@pytest.mark.parametrize("count", [1, 2, 3, 100])
def test_descriptors_nobody_asked_for(stage, role, count):
    link = stage.fresh(role)
    if not give_descriptors(link, role, count):
        link.send(message(0))  # refused by the kernel; store must end it for something else
    check_dropped(stage, role, link)


def test_descriptors_are_not_kept(stage):
    """A hundred gifts later store has no more descriptors than before."""
    def held():
        return len(os.listdir(f"/proc/{stage.store.pid}/fd"))
    before = held()
    for count in (1, 2, 50, 200):
        link = stage.fresh("apid")
        if not give_descriptors(link, "apid", count):
            link.send(message(0))
        link.wait_closed()
        stage.redial("apid")
    wait_until(lambda: held() <= before, "the descriptors to be closed")


def test_the_kernel_turns_descriptors_away(stage):
    """
    Before store has to close them: with a TCP socket that lingers that takes as long as its sender
    likes. An older kernel cannot; there the senders' filters keep them from making one linger.
    """
    link = stage.fresh("apid")
    assert give_descriptors(link, "apid", 1) == (kernel_version() < (6, 16))
    if kernel_version() >= (6, 16):
        link.send(message(0))
    check_dropped(stage, "apid", link)


@pytest.mark.parametrize("role", FRONTS)
@pytest.mark.parametrize("seed", range(8))
def test_random_messages(stage, role, seed):
    link = stage.links[role]
    link.send(random_message(seed))
    check_dropped(stage, role, link)


@pytest.mark.parametrize("number", [0, 1, 2 ** 32, 2 ** 63, 2 ** 64 - 1])
def test_acknowledging_what_was_never_sent(stage, number):
    """It may cost dnsd its link; it must not cost anybody's answer."""
    link = stage.links["dnsd"]
    link.send(message(DELTA_APPLIED, b"", number))
    stage.redial("dnsd")
    stage.check_serving()


@pytest.mark.parametrize("role", FRONTS)
def test_hanging_up_at_once(stage, role):
    for _ in range(10):
        stage.fresh(role)
    stage.redial(role)
    stage.check_serving()


@pytest.mark.parametrize("role", FRONTS)
def test_an_empty_message(stage, role):
    link = stage.links[role]
    link.send(b"")
    link.wait_closed()
    stage.redial(role)
    stage.check_serving()


@pytest.mark.parametrize("role", FRONTS)
def test_one_who_never_greets_is_dropped(stage, role):
    stage.fresh(role).wait_closed()
    stage.redial(role)
    stage.check_serving()


def test_a_flood_of_registrations_is_bounded(stage):
    """Far more than the queue holds, and none of the answers read until the end."""
    link = stage.links["apid"]
    link.end.settimeout(2)
    with contextlib.suppress(TimeoutError, BrokenPipeError, ConnectionResetError):
        for number in range(3000):
            link.send(message(REGISTER, protocol.register(), number))
    stage.redial("apid")
    # What the flood left in the password queue is worked off; until then the answer is "busy".
    stage.check_serving()


def test_updates_share_a_message(stage):
    """As many as fit, and each is answered once, whatever becomes of the others."""
    link = stage.links["apid"]
    least = protocol.update(username=b"", subdomain=b"", txt=b"")
    numbers = range((protocol.MAXIMUM - 16) // len(least))
    link.send(message(UPDATE, b"".join(protocol.update(b"", b"k" * 40, b"", b"", number=number) for number in numbers)))
    answers = {}
    while len(answers) < len(numbers):
        kind, number, body = link.receive()
        assert (kind, number, len(body) % 9) == (UPDATE_ANSWER, 0, 0)
        for at in range(0, len(body), 9):
            asked, result = struct.unpack("!QB", body[at:at + 9])
            assert asked not in answers
            answers[asked] = result
    assert sorted(answers) == list(numbers)
    assert set(answers.values()) == {RESULT_FORBIDDEN}
    stage.check_serving()


def test_what_a_former_link_asked_for_comes_not_late(stage):
    """
    Its client has been told that the outcome is unknown, and has set something newer since: an update whose key is still being looked
    at then would push that out.
    """
    stage.links["apid"].send(message(REGISTER, protocol.register(), 8))
    username, key, subdomain = protocol.read_register_answer(stage.links["apid"].receive_until(REGISTER_ANSWER)[2])
    stage.store.terminate()  # and with it what it remembers of keys
    stage.store.launch()
    stage.links = {role: front.greeted() for role, front in stage.fronts.items()}
    late, newer = b"l" * 43, b"n" * 43
    for number in range(40):  # keys to look at before
        stage.links["apid"].send(message(UPDATE, protocol.update(str(uuid.uuid4()).encode(), number=number)))
    stage.links["apid"].send(message(UPDATE, protocol.update(username, key, subdomain, late)))
    stage.redial("apid").send(message(UPDATE, protocol.update(username, key, subdomain, newer)))
    served = b""
    while newer not in served:
        kind, _, body = stage.links["dnsd"].receive()
        served += body if kind == DELTA else b""
    assert late not in served


def test_one_who_never_reads_loses_his_link_only(stage):
    """Answers pile up to the queue's bound or until nothing has moved for the time allowed."""
    link = stage.links["apid"]
    link.end.settimeout(1)
    numbers = iter(range(2 ** 63))

    def dropped():
        with contextlib.suppress(TimeoutError):
            try:
                for number in itertools.islice(numbers, 10000):
                    link.send(message(UPDATE, protocol.update(number=number)))
            except (BrokenPipeError, ConnectionResetError):
                return True
        return "apid is dropped" in stage.store.log() or stage.violations("apid")
    wait_until(dropped, "the drop")
    stage.redial("apid")
    stage.check_serving()


@pytest.mark.parametrize("role", FRONTS)
def test_lies_about_ones_own_numbers(folder, role):
    """Nobody else's are changed by them, however many and however large they are."""
    stage = Stage(folder)
    lie = message(STATISTICS, protocol.statistics(role, [2 ** 64 - 1] * protocol.STATISTIC_COUNTS[role]))
    for _ in range(1000):
        stage.links[role].send(lie)
    stage.check_serving()
    assert stage.violations(role) == 0
    assert stage.store.terminate() == 0
    stage.close()
    log = stage.store.log()
    assert f"statistics of {role}: " in log
    assert "statistics of store: commits=1 registrations=1 bcrypt.hash=1 links.dnsd=1 links.apid=1" in log
    assert f"statistics of {'apid' if role == 'dnsd' else 'dnsd'}: " not in log


@pytest.mark.parametrize("nonsense", [message(65535), message(HELLO, hello(255))], ids=["violation", "greeting"])
def test_what_the_log_says_of_an_attacker_is_bounded(stage, nonsense):
    """Greeting properly before each nonsense must not buy unlimited lines: ten in a minute."""
    for _ in range(13):
        stage.links["apid"].send(nonsense)
        stage.links["apid"].wait_closed()
        stage.redial("apid")
    # One more where this lasts into the next minute.
    assert 1 <= stage.violations("apid") <= 11


def test_a_greeting_does_not_end_the_back_off(stage):
    """100 ms, doubled by each misdeed: the pause after the sixth is 3.2 s, however politely each link began."""
    for _ in range(6):
        stage.links["apid"].send(message(65535))
        stage.links["apid"].wait_closed()
        before = time.monotonic()
        stage.redial("apid")
    assert time.monotonic() - before > 1.6  # a lower bound: a slow machine only makes it longer


@pytest.mark.root
def test_a_door_kept_by_a_stranger_gets_no_link(folder):
    store = Daemon(folder, "store").start()
    front = FalseFront(store, "dnsd", uid=STRANGER)
    with front.accept() as guest:
        assert guest.recv(100) == b""
    store.wait_log(f"uid {STRANGER}")
    front.close()
    # The rightful one is found without a restart.
    front = FalseFront(store, "dnsd")
    link = front.greeted()
    link.close()
    front.close()
    assert store.terminate() == 0


# --- a front process and a false store ---

@pytest.fixture(params=FRONTS)
def front(request, folder):
    return Daemon(folder, request.param).start()


def is_serving(daemon):
    if daemon.role == "dnsd":
        return daemon.dns("", "A").rcode() == dns.rcode.NOERROR
    with daemon.http_connection() as connection:
        return connection.ask(http_request("GET", "/health")).status == 200


def check_gave_up(daemon):
    assert daemon.wait_exit() == 1
    assert "protocol violation" in daemon.log() or "violat" in daemon.log(), daemon.log()


def wrong_at_the_door():
    return {
        "one_byte": (b"\0", 1),
        "no_descriptor": (message(LINK), 0),
        "two_descriptors": (message(LINK), 2),
        "many_descriptors": (message(LINK), 50),
        "body": (message(LINK, b"x"), 1),
        "flags": (message(LINK, flags=1), 1),
        "another_type": (message(HELLO), 1),
        "wrong_length": (message(LINK, length=17), 1),
        "too_large": (message(LINK, bytes(60000)), 1),
    }


@pytest.mark.parametrize("case", wrong_at_the_door())
def test_nonsense_at_the_door(front, case):
    hand_over(front, *wrong_at_the_door()[case]).close()
    check_gave_up(front)


def wrong_from_root():
    return {
        "a_link": (message(LINK), 1),
        "no_descriptor": (message(RELOAD, bytes(8)), 0),
        "two_descriptors": (message(RELOAD, bytes(8)), 2),
        "many_descriptors": (message(RELOAD, bytes(8)), 50),
        "no_body": (message(RELOAD), 1),
        "a_body_too_short": (message(RELOAD, bytes(7)), 1),
        "a_body_too_long": (message(RELOAD, bytes(9)), 1),
        "a_pair_without_a_configuration": (message(RELOAD_PAIR), 2),
        "apply_without_a_configuration": (message(RELOAD_APPLY), 0),
        "the_answer": (message(RELOAD_ANSWER, bytes(4)), 0),
        "another_type": (message(HELLO), 1),
    }


@pytest.mark.root
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("case", wrong_from_root())
def test_nonsense_from_root_changes_nothing(folder, case, role):
    """He has mistaken the program, or the version; the daemon goes on, and keeps none of what he sent."""
    daemon = Daemon(folder, role).start()
    data, count = wrong_from_root()[case]
    with dial(daemon, 0) as guest:
        held = len(list(Path(f"/proc/{daemon.pid}/fd").iterdir()))
        with open(daemon.file) as any_file:
            socket.send_fds(guest, [data], [any_file.fileno()] * count)
        assert wait_closed(guest) == b""
    wait_until(lambda: len(list(Path(f"/proc/{daemon.pid}/fd").iterdir())) <= held, "the descriptors' end")
    daemon.wait_log("what root said at the door was refused")
    assert daemon.terminate() == 0


def wrong_configurations(folder):
    """As files that are no effective configuration: what of the reason is told."""
    def written(name, text):
        path = folder / name
        path.write_bytes(text)
        return open(path, "rb")
    os.mkfifo(folder / "fifo")
    text = (folder / "sallyport.yaml").read_bytes()
    return [
        (written("empty", b""), "the file is empty"),
        (written("bytes", bytes(range(256))), "error"),
        (written("ten", text.replace(b"txt_ttl", b"txt_tl") + b"nonsense: 1\n" * 9), "unknown key"),
        (written("large", b"#" * (5 << 20)), "no configuration"),
        (written("deep", b"[" * 100000), "error"),
        (open(os.open(folder / "fifo", os.O_RDWR), "rb", buffering=0), "no configuration"),
        (open("/dev/zero", "rb"), "no configuration"),
        (open("/dev/null", "rb"), "no configuration"),
        (written("moved", text.replace(b"auth.example.org", b"other.example.org")), "zone.name is auth.example.org."),
        (written("outside", text.replace(b"auth.example.org. AAAA", b"www.example.net. AAAA")), "zone"),
    ]


@pytest.mark.root
@pytest.mark.parametrize("role", ROLES)
def test_a_configuration_that_is_none_changes_nothing(folder, role):
    """Whatever root hands in, parsed in the sandbox: one line in the log, the same in the answer, and the daemon goes on."""
    daemon = Daemon(folder, role, store={"path": str(folder / "lib")},
                    privsep={"runtime_dir": str(folder / "run")}).start()
    for file, words in wrong_configurations(folder):
        log = len(daemon.log())
        with dial(daemon, 0) as guest, file:
            socket.send_fds(guest, [message(RELOAD, bytes(8))], [file.fileno()])
            busy, reason, _ = reload_answer(guest.recv(2000))
            assert not busy and words in reason, (file.name, reason)
            assert wait_closed(guest) == b""
        assert daemon.log()[log:].count("a new configuration was refused: ") == 1
    # And one that is, which is forgotten with whoever does not go on.
    with dial(daemon, 0) as guest, open(daemon.file) as file:
        socket.send_fds(guest, [message(RELOAD, bytes(8))], [file.fileno()])
        assert reload_answer(guest.recv(2000)) == (0, "", "")
        with dial(daemon, 0) as other, open(daemon.file) as again:
            socket.send_fds(other, [message(RELOAD, bytes(8))], [again.fileno()])
            assert reload_answer(other.recv(2000)) == (1, "another reload is under way", "")
    daemon.wait_log("the new configuration is not to be used")
    assert daemon.terminate() == 0


def wrong_from_store(role):
    names = name(b"a", [b"v" * 43])
    cases = {
        "one_byte": b"\0",
        "header_cut": message(HELLO_ANSWER)[:15],
        "flags": message(HELLO_ANSWER, hello(role), flags=1),
        "length": message(HELLO_ANSWER, hello(role), length=1),
        "hello": message(HELLO, hello(role)),
        "hello_answer_again": message(HELLO_ANSWER, hello(role)),
        "type_65535": message(65535),
        "link": message(LINK),
        "statistics": message(STATISTICS, protocol.statistics(role)),
        "too_large": message(HELLO_ANSWER, bytes(100000)),
    }
    if role == "apid":
        return cases | {
            "delta": message(DELTA, names),
            "register": message(REGISTER, protocol.register()),
            "register_answer_empty": message(REGISTER_ANSWER),
            "register_answer_result": message(REGISTER_ANSWER, b"\xff"),
            "register_answer_cut": message(REGISTER_ANSWER, b"\0\x24abc"),
            "register_answer_trailing": message(REGISTER_ANSWER, b"\1\0"),
            "update_answer_empty": message(UPDATE_ANSWER),
            "update_answer_cut": message(UPDATE_ANSWER, update_answer(1)[:-1]),
            "update_answer_trailing": message(UPDATE_ANSWER, update_answer(1) + b"\0"),
            "update_answer_result": message(UPDATE_ANSWER, update_answer(1, 255)),
            "update_answer_to_nobody": message(UPDATE_ANSWER, update_answer(1) + update_answer(2)),
            "account_answer_empty": message(ACCOUNT_ANSWER),
            "account_answer_result": message(ACCOUNT_ANSWER, b"\xff"),
            "account_answer_cut": message(ACCOUNT_ANSWER, b"\0\1\x24abc"),
            "account_answer_trailing": message(ACCOUNT_ANSWER, b"\1\0"),
            "metrics_answer_empty": message(METRICS_ANSWER),
            "ready_answer_8": message(protocol.READY_ANSWER, b"\x08"),
            "ready_answer_unasked": message(protocol.READY_ANSWER, b"\x07", 5),
            "metrics_answer_cut": message(METRICS_ANSWER, bytes(800)),
            "metrics_answer_unasked": message(METRICS_ANSWER, bytes(8 * protocol.STATISTICS_OF_ALL)),
        }
    return cases | {
        "chunk_without_begin": message(SNAPSHOT_CHUNK, names),
        "end_without_begin": message(SNAPSHOT_END, bytes(9)),
        "end_cut": message(SNAPSHOT_BEGIN, bytes(8)) + message(SNAPSHOT_END, bytes(8)),
        "end_trailing": message(SNAPSHOT_BEGIN, bytes(8)) + message(SNAPSHOT_END, bytes(10)),
        "end_all_2": message(SNAPSHOT_BEGIN, bytes(8)) + message(SNAPSHOT_END, bytes(8) + b"\2"),
        "begin_cut": message(SNAPSHOT_BEGIN, bytes(7)),
        "update_answer": message(UPDATE_ANSWER, update_answer(1)),
        "delta_cut": message(DELTA, names[:-1], 1),
        "delta_label_empty": message(DELTA, name(b""), 1),
        "delta_label_64": message(DELTA, name(b"a" * 64), 1),
        "delta_exists_2": message(DELTA, name(b"a", exists=2), 1),
        "delta_count_17": message(DELTA, name(b"a", [b"v"] * 17), 1),
        "delta_count_255": message(DELTA, name(b"a", [b"v"], count=255), 1),
        "delta_value_1025": message(DELTA, name(b"a", [b"v" * 1025]), 1),
        "delta_second_cut": message(DELTA, names + names[:10], 1),
    }


@pytest.mark.parametrize("role, case", [(role, case) for role in FRONTS for case in wrong_from_store(role)])
def test_nonsense_from_store(folder, role, case):
    daemon = Daemon(folder, role).start()
    link = greeted(daemon)
    link.send(wrong_from_store(role)[case])
    check_gave_up(daemon)
    link.close()


@pytest.mark.parametrize("answer", [hello("dnsd", protocol.VERSION + 1), hello(0), hello(255), b"", b"\0", bytes(4)])
def test_a_wrong_answer_to_the_greeting(front, answer):
    link = hand_over(front)
    kind, number, _ = link.receive()
    assert kind == HELLO
    link.send(message(HELLO_ANSWER, answer, number))
    check_gave_up(front)
    link.close()


def send_snapshot(link, expected, sent, end):
    link.send(message(SNAPSHOT_BEGIN, struct.pack("!Q", expected)))
    for number in range(sent):
        link.send(message(SNAPSHOT_CHUNK, name(b"name%d" % number)))
    link.send(snapshot_end(end))


@pytest.mark.parametrize("sent, end", [(1, 0), (0, 1), (1, 2), (3, 2), (1, 2 ** 64 - 1)])
def test_a_snapshot_that_does_not_add_up(folder, sent, end):
    """Serving an incomplete zone would mean NXDOMAIN for names that exist."""
    daemon = Daemon(folder, "dnsd").start()
    link = greeted(daemon)
    send_snapshot(link, sent, sent, end)
    check_gave_up(daemon)
    link.close()


@pytest.mark.parametrize("expected", [0, 2, 2 ** 32, 2 ** 64 - 1])
def test_a_snapshot_of_another_size_than_announced(folder, expected):
    """Names come and go while it is read, so the announcement is a hint, and nothing to allocate by."""
    daemon = Daemon(folder, "dnsd").start()
    link = greeted(daemon)
    send_snapshot(link, expected, 1, 1)
    wait_until(lambda: daemon.dns("name0", "TXT").rcode() == dns.rcode.NOERROR, "the snapshot")
    assert int(process_status(daemon.pid)["VmRSS"].split()[0]) < 1024 * 1024
    assert daemon.terminate() == 0
    link.close()


def test_an_honest_store_is_understood(folder):
    """The same helpers telling the truth: else the tests above would prove nothing."""
    daemon = Daemon(folder, "dnsd").start()
    link = greeted(daemon)
    link.send(message(SNAPSHOT_BEGIN, struct.pack("!Q", 2)),
              message(SNAPSHOT_CHUNK, name(b"kept", [b"one", b"two"], 5) + name(b"empty", [], 6)),
              message(DELTA, name(b"new", [b"three"], 7), 7),
              snapshot_end(2))
    assert link.receive_until(DELTA_APPLIED)[1] == 7
    wait_until(lambda: daemon.dns("kept", "TXT").rcode() == dns.rcode.NOERROR, "the snapshot")
    assert sorted(daemon.txt("kept")) == ["one", "two"]
    assert daemon.txt("empty") == []
    assert daemon.txt("new") == ["three"]
    assert daemon.txt("other") is None
    # An older state of a name changes nothing; a deletion does.
    link.send(message(DELTA, name(b"kept", [b"stale"], 4), 8), message(DELTA, name(b"new", exists=0, commit=9), 9))
    while link.receive_until(DELTA_APPLIED)[1] < 9:
        pass
    assert sorted(daemon.txt("kept")) == ["one", "two"]
    assert daemon.txt("new") is None
    # store goes away: what is known stays known.
    link.close()
    assert sorted(daemon.txt("kept")) == ["one", "two"]
    # A new snapshot replaces everything, and a name that it does not have is gone.
    link = greeted(daemon)
    link.send(message(SNAPSHOT_BEGIN, struct.pack("!Q", 1)), message(SNAPSHOT_CHUNK, name(b"fresh", [b"four"], 20)))
    assert sorted(daemon.txt("kept")) == ["one", "two"]
    link.send(snapshot_end(1))
    wait_until(lambda: daemon.txt("kept") is None, "the new snapshot")
    assert daemon.txt("fresh") == ["four"]
    assert daemon.terminate() == 0
    link.close()


def test_a_store_that_cannot_read_all_names(folder):
    """A name that is not told of may exist: it is not denied, and what was known of it is forgotten, until a snapshot has all."""
    daemon = Daemon(folder, "dnsd").start()
    link = greeted(daemon)
    both = name(b"kept", [b"one"], 5) + name(b"damaged", [b"two"], 6)
    link.send(message(SNAPSHOT_BEGIN, struct.pack("!Q", 2)), message(SNAPSHOT_CHUNK, both), snapshot_end(2))
    wait_until(lambda: daemon.txt("damaged") == ["two"], "the first snapshot")
    link.send(message(SNAPSHOT_BEGIN, struct.pack("!Q", 2)), message(SNAPSHOT_CHUNK, name(b"kept", [b"one"], 5)),
              snapshot_end(1, everything=False))
    wait_until(lambda: daemon.dns("damaged", "TXT").rcode() == dns.rcode.SERVFAIL, "the second snapshot")
    assert daemon.dns("neverwas", "TXT").rcode() == dns.rcode.SERVFAIL
    assert daemon.txt("kept") == ["one"]
    assert "store cannot read all names" in daemon.log()
    link.send(message(SNAPSHOT_BEGIN, struct.pack("!Q", 2)), message(SNAPSHOT_CHUNK, both), snapshot_end(2))
    wait_until(lambda: daemon.txt("damaged") == ["two"], "the third snapshot")
    assert daemon.dns("neverwas", "TXT").rcode() == dns.rcode.NXDOMAIN
    assert daemon.terminate() == 0
    link.close()


def test_the_newest_link_wins(front):
    first = greeted(front)
    second = greeted(front)
    first.wait_closed()
    assert is_serving(front)
    assert front.terminate() == 0
    second.close()


def test_a_link_closed_again_and_again(front):
    for _ in range(20):
        greeted(front).close()
        hand_over(front).close()
    assert is_serving(front)
    assert front.terminate() == 0


def test_silent_guests_do_not_block_the_door(front):
    guests = [dial(front) for _ in range(8)]
    found = []

    def got_through():
        """Like store, which comes again when it was turned away for want of room."""
        try:
            found.append(greeted(front))
        except (OSError, struct.error):
            return False
        return True
    wait_until(got_through, "a link beside the silent ones")
    link, = found
    assert is_serving(front)
    assert front.terminate() == 0
    for guest in (*guests, link):
        guest.close()


@pytest.mark.root
@pytest.mark.parametrize("uid", [STRANGER, UIDS["dnsd"], UIDS["apid"]])
def test_strangers_are_kept_out_by_the_file_system(front, uid):
    wait_until((front.runtime / f"{front.role}.door").exists, "the door")
    with pytest.raises(PermissionError):
        dial(front, uid)
    assert front.terminate() == 0


@pytest.mark.root
def test_root_is_not_store(front):
    """Root gets past the file's mode; the kernel's word on who connects keeps him out all the same."""
    with dial(front, 0) as guest:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            guest.send(message(LINK))
        with contextlib.suppress(ConnectionResetError):
            assert guest.recv(100) == b""
    assert is_serving(front)
    link = greeted(front)
    assert front.terminate() == 0
    link.close()



"""
What a taken-over dnsd or apid can do with the link that it really holds, from inside (tests/attack/): docs/security.md promises
what is tested here.
"""

import concurrent.futures
import itertools
import json
import os
import signal
import threading
from pathlib import Path

import pytest

import protocol
from back_door import UIDS, AttackedDaemon, AttackedServer
from protocol import ACCOUNT, DELTA_APPLIED, REGISTER, UPDATE, UPDATE_ANSWER, administer, message, parse
from sallyport import ROOT, Daemon, make_folder, process_status, random_txt, remove_folder, wait_until
from test_hostile import kernel_version, malformed_for_anyone, wrong_when_open

FRONTS = ("dnsd", "apid")
OK, FORBIDDEN, BAD_SUBDOMAIN, REGISTRATION_FORBIDDEN = 0, 1, 2, 8  # enum message_result
BURST = 3  # misdeeds for one store: each doubles the time until it dials again
NOBODYS_KEY = b"k" * 40


def seize(door):
    """Takes the link away from the daemon's own code, as soon as it has greeted."""
    wait_until(lambda: door.ask("seize") == "done", "a link to seize")
    return door


def ask(door, kind, body, number=1):
    """The body of the answer to a request over the seized link, past what was still on its way."""
    assert door.send(message(kind, body, number)) == "done"
    while True:
        answer = door.receive()
        assert isinstance(answer, bytes), f"the link is {answer or 'dead'}"
        found, answered, content = parse(answer)
        if found == UPDATE_ANSWER and kind == UPDATE:
            return content[8:]  # after the number, which is 0
        if (found, answered) == (kind + 1, number):
            return content


@pytest.fixture
def server(folder):
    with AttackedServer(folder) as running:
        running.deaths_expected = True
        yield running


def exported(server):
    """{user name: account} with hashes, as the administrator has them."""
    done = server.command("export")
    assert done.returncode == 0, done.stderr
    return {account["username"]: account for account in map(json.loads, done.stdout.splitlines())}


# --- nonsense over the real link ---

def nonsense(role):
    """{name: message} of what store must end the link for, in whatever state: every wrong shape, and every other type."""
    cases = malformed_for_anyone(role) | wrong_when_open(role)
    for kind in (*range(128), 255, 256, 32768, 65535):
        # Three bytes are no body of anything that a front process may say.
        cases[f"type_{kind}"] = message(kind, bytes(3))
    return cases


def ends_of_links(role, cases):
    """{name: what became of the link} of these cases, said by a real, confined front process to a store of its own."""
    folder = make_folder()
    front = AttackedDaemon(folder, role)
    store = Daemon(folder, "store", privsep={"users": UIDS}, tls=False)
    front.write_configuration()
    outcomes, links, misdeeds = {}, 0, 0
    try:
        front.start().back_door.serve()
        for number, (name, wrong) in enumerate(cases):
            if number % BURST == 0:
                if store.runs():
                    assert store.terminate() == 0
                store.launch()
            links, misdeeds = links + 1, misdeeds + 1
            store.wait_log(f"linked to {role}", links)
            seize(front.back_door).send(wrong)
            outcomes[name] = front.back_door.end_of_link()
            store.wait_log(f"protocol violation by {role}", misdeeds)
        assert store.terminate() == 0
        return outcomes
    finally:
        store.destroy()
        front.destroy()
        remove_folder(folder)


@pytest.mark.parametrize("role", FRONTS)
def test_nonsense_ends_the_link_and_nothing_else(role):
    cases = list(nonsense(role).items())
    shares = [cases[start::4] for start in range(4)]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        ends = [end for share in pool.map(ends_of_links, [role] * 4, shares) for end in share.items()]
    assert dict(ends) == {name: "closed" for name, _ in cases}


@pytest.mark.parametrize("role", FRONTS)
def test_descriptors_over_the_link(server, role):
    """From Linux 6.16 they never reach store; before, they cost the link."""
    door = seize(server.doors[role])
    sent = door.send(message(DELTA_APPLIED if role == "dnsd" else REGISTER), fds=1)
    if kernel_version() >= (6, 16):
        assert sent == "EPERM"
    else:
        assert door.end_of_link() == "closed"


# --- apid ---

def test_apid_gets_no_hash_no_list_and_no_change(server):
    victim, other = server.register(), server.register(["192.0.2.0/24"])
    value = server.set_value(victim)
    before = exported(server)
    door = seize(server.doors["apid"])
    names = victim["username"].encode(), victim["subdomain"].encode()
    heard = []

    def refused(kind, body):
        answer = ask(door, kind, body, len(heard) + 1)
        heard.append(answer)
        assert answer[0] in (FORBIDDEN, BAD_SUBDOMAIN), answer

    keys = [NOBODYS_KEY, b"\0" * 40, before[victim["username"]]["password_hash"].encode()[:40],
            other["password"].encode()]  # that of its own account
    for key in keys:
        refused(UPDATE, protocol.update(names[0], key, names[1]))
        for action in ("read", "allowfrom", "rotate", "clear", "delete"):
            refused(ACCOUNT, protocol.account(action, names[0], key))
    # With the account that it may use, it gets at no other's name.
    refused(UPDATE, protocol.update(other["username"].encode(), other["password"].encode(), names[1],
                                    client=bytes(10) + b"\xff\xff" + bytes([192, 0, 2, 1])))
    # And what it may read has no hash.
    own = ask(door, ACCOUNT, protocol.account("read", *names[:1], key=victim["password"].encode()), 1000)
    assert own[0] == OK and victim["subdomain"].encode() in own
    for account in before.values():
        for answer in (own, *heard):
            assert account["password_hash"].encode() not in answer
            assert account["password_hash"].encode()[29:] not in answer
    for answer in heard:
        assert names[1] not in answer
    assert exported(server) == before
    assert server.txt(victim["subdomain"]) == [value]


def test_apid_lies_about_addresses_and_gains_only_what_they_are_for(server):
    """What is left to it: with a key that it has seen, from any address; store cannot know better."""
    account = server.register(["192.0.2.0/24"])
    server.update(account)
    door = seize(server.doors["apid"])
    body = [account[word].encode() for word in ("username", "password", "subdomain")]
    assert ask(door, UPDATE, protocol.update(*body))[0] == FORBIDDEN
    true_client = bytes(10) + b"\xff\xff" + bytes([192, 0, 2, 7])
    assert ask(door, UPDATE, protocol.update(*body, client=true_client), 2)[0] == OK


def test_apid_registers_only_where_registration_is_open(folder):
    with AttackedServer(folder, api={"registration": "closed"}) as server:
        server.deaths_expected = True
        door = seize(server.doors["apid"])
        for token in (b"", b"sp_" + b"x" * 43):
            answer = ask(door, REGISTER, protocol.register(token=token))
            assert answer == bytes([REGISTRATION_FORBIDDEN])
        assert exported(server) == {}


def resident(pid):
    """KiB"""
    return int(process_status(pid)["VmRSS"].split()[0])


def flood(door, bodies, enough):
    """Requests without end, of whose answers one in two is read, until it is enough or store has ended the link."""
    for number in itertools.count(1):
        if enough.is_set() or door.send(message(*bodies[number % len(bodies)], number)) == "EPIPE":
            return
        if number % 2:
            door.receive(0)


def check_neighbours(server, account_values):
    """The administrator and DNS, while it rages."""
    assert server.command("stats").returncode == 0
    assert len(exported(server)) >= len(account_values)
    for subdomain, value in account_values.items():
        assert server.txt(subdomain) == [value]


def test_apid_cannot_exhaust_store(server):
    accounts = [server.register() for _ in range(3)]
    values = {account["subdomain"]: server.set_value(account) for account in accounts}
    pids = server.pids()
    before = resident(pids["store"])
    door = seize(server.doors["apid"])
    user = accounts[0]["username"].encode()
    # From other addresses than ours, whose registrations it would use up.
    bodies = [(REGISTER, protocol.register(client=os.urandom(16))), (UPDATE, protocol.update(user, NOBODYS_KEY, b"s" * 36)),
              (ACCOUNT, protocol.account("rotate", user)),
              (REGISTER, protocol.register([b"2001:db8::%x/128" % number for number in range(200)], client=os.urandom(16)))]
    enough = threading.Event()
    raging = threading.Thread(target=flood, args=(door, bodies, enough))
    raging.start()
    for _ in range(5):
        check_neighbours(server, values)
    enough.set()
    raging.join()
    check_neighbours(server, values)
    assert resident(pids["store"]) < before + 64 * 1024
    # The next apid, which nobody holds, serves; store and dnsd are who they were.
    os.kill(pids["apid"], signal.SIGKILL)
    server.admit()

    def registered():
        return server.http("POST", "/register").status_code == 201
    wait_until(lambda: server.api_is_ready() and registered(), "a registration", pause=0.2)
    assert {role: server.pids()[role] for role in ("store", "dnsd")} == {role: pids[role] for role in ("store", "dnsd")}


# --- dnsd ---

def test_dnsd_changes_nothing(server):
    """Whatever it acknowledges, or does not."""
    account = server.register()
    values = [server.set_value(account)]
    before = exported(server)
    door = seize(server.doors["dnsd"])
    for number in (0, 1, 2 ** 32, 2 ** 64 - 1):
        if door.send(message(DELTA_APPLIED, b"", number)) != "done":
            break
    assert exported(server) == before
    # An update is durable and answered all the same, though nobody takes it up.
    values.append(server.set_value(account, random_txt()))
    after = exported(server)
    assert after[account["username"]]["password_hash"] == before[account["username"]]["password_hash"]
    # The next dnsd has all of it.
    os.kill(server.pids()["dnsd"], signal.SIGKILL)
    server.admit()
    wait_until(lambda: server.dns_is_ready() and server.txt(account["subdomain"]) == values, "the next dnsd", pause=0.2)


# --- both ---

def test_nobody_but_store_has_the_database_open(server):
    if ROOT:
        for role in FRONTS:
            folder = Path(f"/proc/{server.pids()[role]}/fd")
            assert not [link for link in folder.iterdir() if str(server.database) in os.readlink(link)]
    link = administer(server).greet("control")
    link.close()

"""
A database whose bytes are not what was written: no value is served that nobody has set, whoever can be served is served, what
ends a process has its line first, and `sallyport verify` finds what there is to find.
"""

import json
import os
import random
import signal

import dns.message
import dns.rcode
import pytest
import requests

import figures
from sallyport import Server, complaints, process_children, process_runs, process_status, random_txt, udp_exchange, wait_until

ROUNDS = 200 if os.environ.get("SALLYPORT_LONG") else 12
SEED = os.environ.get("SALLYPORT_SEED", "1")
ACCOUNTS = 40
PAGE = 4096
LEAF = 2  # of the flags of a page, which stand behind its number and two more bytes
ADVICE = '"sallyport verify" says more'


@pytest.fixture(scope="module")
def kept(module_folder):
    """A server that is not running, [(account, values)], and the whole file."""
    with Server(module_folder) as server:
        accounts = []
        for number in range(ACCOUNTS):
            account = server.register(["127.0.0.0/8"] + [f"192.0.2.{one}/32" for one in range(150)] * (number % 10 == 0))
            accounts.append((account, [server.set_value(account) for _ in range(number % 3)]))
    return server, accounts, (server.database / "data.mdb").read_bytes()


def flip_bits(data, dice):
    for _ in range(dice.choice((1, 10, 100))):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def zero_a_page(data, dice):
    start = dice.randrange(len(data) // PAGE) * PAGE
    data[start:start + PAGE] = bytes(PAGE)


def copy_a_page(data, dice):
    """As a disk does that writes to the wrong place."""
    source, target = (dice.randrange(len(data) // PAGE) * PAGE for _ in range(2))
    data[target:target + PAGE] = data[source:source + PAGE]


def fill_a_page(data, dice):
    start = dice.randrange(2, len(data) // PAGE) * PAGE + dice.choice((0, 16))
    data[start:start + 256] = dice.randbytes(256)


def cut_off(data, dice):
    del data[dice.randrange(1, len(data)):]


DAMAGES = (flip_bits, zero_a_page, copy_a_page, fill_a_page, cut_off)


def keys(page):
    """Of a leaf's records, in LMDB's own layout; [] of any other page."""
    if not page[10] & LEAF:
        return []
    places = [int.from_bytes(page[at:at + 2], "little") for at in range(16, int.from_bytes(page[12:14], "little"), 2)]
    return [page[place + 8:place + 8 + int.from_bytes(page[place + 6:place + 8], "little")] for place in places]


def start(server):
    """Whether it came up, as far as it can."""
    server.log_path.write_text("")
    server.launch()
    wait_until(lambda: not server.runs() or "serving" in server.log() and
               ("dnsd: synchronised" in server.log() or "answered with SERVFAIL" in server.log()), "an end or a beginning")
    return server.runs()


def end(server):
    """All of it: a store that has not noticed yet would share the next round's file with it."""
    pids = ()
    if server.runs():
        os.kill(server.pid, signal.SIGSTOP)  # no more are started, of which nobody here would know
        wait_until(lambda: process_status(server.pid)["State"][0] in "TZ", "the parent to stand still")
        pids = process_children(server.pid)
    server.destroy()
    wait_until(lambda: not any(process_runs(pid) for pid in pids), "the end of the three")


def crashes(server):
    """The ends of store: by a signal, or by itself, since LMDB gave up."""
    return [line for line in server.log().splitlines() if "store was ended by signal" in line or "store ended with status" in line]


def explained(server):
    """Nothing ended store without a word of what happened and what to do."""
    log = server.log()
    assert f"ended by signal {int(signal.SIGSYS)}" not in log
    words = sum(ADVICE in line and "database: cannot" not in line for line in log.splitlines())
    assert words >= len(crashes(server)), log
    return log


def ask(server, account):
    """The rcode and the values, without waiting for a better answer."""
    with server.udp_socket() as peer:
        answer = dns.message.from_wire(udp_exchange(peer, server.question(account["subdomain"], "TXT").to_wire()),
                                       one_rr_per_rrset=False)
    return dns.rcode.to_text(answer.rcode()), [
        b"".join(rdata.strings).decode() for rrset in answer.answer for rdata in rrset]


def look_at_dns(server, accounts):
    """The accounts that DNS does not serve. What is served is what was set, or what was before that."""
    lost = 0
    for account, values in accounts:
        rcode, served = ask(server, account)
        if rcode == "NOERROR":
            # An older state of a page, written back in its place, is as good as the newer one: nobody can tell.
            assert served in (values[:count] for count in range(len(values) + 1)), f"{account['subdomain']}: {served} of {values}"
        else:
            assert rcode == "SERVFAIL", f"{account['subdomain']} is there, and has {rcode}"
            lost += 1
    return lost


def update(server, account, value):
    """The status of an attempt; None: apid has not met store yet, which says nothing, unless store keeps on dying."""
    try:
        status = server.update(account, value).status_code
    except requests.RequestException:
        return None
    return status if status != 503 or crashes(server) else None


def look_at_updates(server, accounts, dice):
    """What was accepted is served; the number of those that were not."""
    refused = 0
    for account, _ in dice.sample(accounts, 6):
        value = random_txt()
        status = wait_until(lambda value=value, account=account: update(server, account, value), "an answer")
        assert status in (200, 401, 403, 500, 503)
        if status != 200:
            refused += 1
        elif ask(server, account)[0] == "NOERROR":
            assert ask(server, account)[1][-1] == value
    return refused


@pytest.fixture(scope="module")
def good():
    """Rounds in which all was as it should be; when those are all of them they are the fault's figures."""
    rounds = set()
    yield rounds
    if len(rounds) == ROUNDS:
        figures.write("database_damaged", rounds=ROUNDS, wrong=0)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_damage(kept, good, number):
    server, accounts, whole = kept
    dice = random.Random(f"{SEED} {number}")
    damage = DAMAGES[number % len(DAMAGES)]
    data = bytearray(whole)
    damage(data, dice)
    path = server.database / "data.mdb"
    path.write_bytes(data)
    verified = server.command("verify")
    assert verified.returncode in (0, 1), verified
    found = verified.returncode == 1
    assert found == ("nothing is wrong" not in verified.stdout) or complaints(verified)
    server.deaths_expected = True
    lost = refused = 0
    try:
        up = start(server)
        if up:
            lost = look_at_dns(server, accounts)
            refused = look_at_updates(server, accounts, dice)
        log = explained(server)
    finally:
        end(server)
        path.write_bytes(whole)
    print(f"{damage.__name__}: {'up' if up else 'refused'}, {lost} names and {refused} of 6 accounts not served, "
          f"{len(crashes(server))} crashes; verify {'found it' if found else 'found nothing'}")
    if not up or lost > 0 or refused > 0:
        # What leads to records, and not a record itself, only a write shows to stand in the wrong place.
        told = damage is copy_a_page and "LMDB gives up" in log
        assert found or told, f"{damage.__name__} was noticed by clients, and not by verify:\n{verified.stdout}\n{log}"
    good.add(number)


def test_a_damaged_record_is_refused_and_the_others_go_on(kept):
    """However often it is asked for, the log tells of it ten times a minute."""
    server, accounts, whole = kept
    (victim, _), (neighbour, _) = accounts[1], accounts[2]
    label = victim["subdomain"].encode()
    data, at = bytearray(whole), whole.find(label)
    while at >= 0:  # in a leaf there stands the name's record behind it, or the rest of the account's; elsewhere the way to others
        if data[at // PAGE * PAGE + 10] & LEAF:
            data[at + len(label):at + len(label) + 4] = bytes(4)
        at = whole.find(label, at + 1)
    path = server.database / "data.mdb"
    path.write_bytes(data)
    try:
        assert start(server)
        wait_until(lambda: update(server, neighbour, random_txt()) == 200, "apid to meet store")
        for _ in range(30):
            assert server.update(victim).status_code == 500
        value = server.set_value(neighbour)
        assert server.txt(neighbour["subdomain"])[-1] == value
        assert look_at_dns(server, accounts[:2] + accounts[3:]) == 1
        assert ask(server, {"subdomain": "never-was-there"})[0] == "SERVFAIL"
        status = json.loads(server.command("status", "--json").stdout)
        assert status["disk"]["is_damaged"] and status["level"] == "failure"
        lines = [line for line in server.log().splitlines() if "the record of" in line]
        assert 0 < len(lines) <= 20
        assert all(ADVICE in line and (victim["username"] in line or victim["subdomain"] in line) for line in lines)
    finally:
        end(server)
        path.write_bytes(whole)


def test_a_page_of_names_that_cannot_be_read(kept):
    """The names on it get SERVFAIL, the others are served; and verify tells whose they are, and finds nothing wrong with what is good."""
    server, accounts, whole = kept
    data = bytearray(whole)
    for start_of_page in range(0, len(data), PAGE):
        if accounts[0][0]["subdomain"].encode() in keys(whole[start_of_page:start_of_page + PAGE]):
            data[start_of_page:start_of_page + PAGE] = bytes(PAGE)
    path = server.database / "data.mdb"
    path.write_bytes(data)
    try:
        assert start(server)
        lost = {account["username"] for account, _ in accounts if look_at_dns(server, [(account, _)])}
        assert accounts[0][0]["username"] in lost and len(lost) < ACCOUNTS
        verified = server.command("verify")
        assert verified.returncode == 1
        assert {line.split()[1] for line in verified.stdout.splitlines() if "its name cannot be read" in line} == lost
        assert "MDB_BAD_TXN" not in verified.stdout
        assert not [line for line in verified.stdout.splitlines() if line.startswith(("meta", "tokens", "token_hashes"))]
    finally:
        end(server)
        path.write_bytes(whole)


def test_an_emptied_database_is_not_filled_up(kept):
    """As new it would deny all names, and give them out again."""
    server, _, whole = kept
    path = server.database / "data.mdb"
    path.write_bytes(b"")
    server.deaths_expected = True
    try:
        start(server)
        server.wait_log("a part that every database has is missing")
        assert ADVICE in server.log()
        assert "dnsd was sent" not in server.log()
    finally:
        end(server)
        path.write_bytes(whole)

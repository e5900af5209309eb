"""
The administrator's link to store: who gets it, what it carries, and that nobody on it can do more than end his own
connection.
"""

import contextlib
import grp
import json
import os
import random
import secrets
import signal
import stat

import dns.exception
import pytest

import protocol
from protocol import (ADD_ACCOUNT, ADD_TOKEN, ALL_STATISTICS, ALL_STATISTICS_ANSWER, CHANGE_ACCOUNT, DELTA_APPLIED,
                      FIND_ACCOUNT, HELLO, HELLO_ANSWER, LINK, LIST_ACCOUNTS, LIST_TOKEN_ACCOUNTS, LIST_TOKENS,
                      READ_TOKEN, REGISTER, REVOKE_TOKEN, SHOW_TRIAL, SHOW_TRIAL_ANSWER, STATISTICS, STATUS, STATUS_ANSWER, UPDATE, administer, hello, message)
from sallyport import NOBODY, UIDS, Daemon, Server, wait_until

ADMINISTRATOR = 64120
STRANGER = 64199
GROUP = 64130
CONNECTIONS = 8  # CONTROL_PEERS
OF_THE_GROUP = 4  # CONTROL_GROUP_PEERS


@pytest.fixture
def store(folder):
    daemon = Daemon(folder, "store", control={"group": str(GROUP)}).start()
    yield daemon
    assert daemon.terminate() == 0


def served(store):
    """Somebody else is served as ever."""
    link = administer(store).greet("control")
    link.send(message(ALL_STATISTICS, b"", 5))
    kind, number, body = link.receive()
    link.close()
    assert (kind, number) == (ALL_STATISTICS_ANSWER, 5)
    return body


# --- who ---

@pytest.mark.root
def test_root_and_the_group_reach_the_socket(store):
    status = os.stat(store.runtime / "control")
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (0, GROUP, 0o660)
    for who in ({}, {"uid": ADMINISTRATOR, "gid": GROUP}, {"uid": ADMINISTRATOR, "gid": 1, "groups": [5, GROUP]}):
        administer(store, **who).greet("control").close()
    for who in ({"uid": STRANGER, "gid": STRANGER}, {"uid": UIDS["store"], "gid": UIDS["store"]},
                {"uid": UIDS["apid"], "gid": UIDS["apid"]}):
        with pytest.raises(PermissionError):
            administer(store, **who)


@pytest.mark.root
def test_the_kernel_says_who_connects_whatever_the_mode(store):
    (store.runtime / "control").chmod(0o666)
    for count in (1, 200):
        groups = range(70000, 70000 + count)
        administer(store, uid=STRANGER, gid=STRANGER, groups=groups).wait_closed()
        administer(store, uid=STRANGER, gid=STRANGER, groups=[*groups, GROUP]).greet("control").close()
    for uid in (UIDS["store"], UIDS["dnsd"], UIDS["apid"]):
        administer(store, uid=uid, gid=uid).wait_closed()
    store.wait_log(f"control: uid {STRANGER} is not allowed to connect")
    served(store)


@pytest.mark.root
def test_without_the_group_it_is_root_alone(folder):
    name = "no-such-group-" + secrets.token_hex(4)
    with pytest.raises(KeyError):
        grp.getgrnam(name)
    store = Daemon(folder, "store", control={"group": name}).start()
    status = os.stat(store.runtime / "control")
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (0, 0, 0o600)
    assert store.log().count(f'there is no group "{name}": only root may administer') == 1
    (store.runtime / "control").chmod(0o666)
    administer(store, uid=STRANGER, gid=STRANGER).wait_closed()
    served(store)
    assert store.terminate() == 0


@pytest.mark.root
def test_without_root_it_is_the_one_user(folder):
    store = Daemon(folder, "store", as_uid=NOBODY).start()
    status = os.stat(store.runtime / "control")
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (NOBODY, 0o600)
    administer(store, uid=NOBODY, gid=NOBODY).greet("control").close()
    (store.runtime / "control").chmod(0o666)
    administer(store, uid=STRANGER, gid=STRANGER).wait_closed()
    served(store)
    assert store.terminate() == 0


# --- how many, how long ---

def test_connections_are_bounded(store):
    links = [administer(store).greet("control") for _ in range(CONNECTIONS)]
    administer(store).wait_closed()
    store.wait_log(f"there are {CONNECTIONS} already")
    links.pop().close()

    def has_room():
        with contextlib.suppress(OSError, AssertionError, ValueError, protocol.struct.error):
            served(store)
            return True
    wait_until(has_room, "room for another")
    for link in links:
        link.close()


@pytest.mark.root
def test_the_group_cannot_lock_root_out(store):
    """However many connections its members keep open, alone or together."""
    members = [administer(store, uid=ADMINISTRATOR + count % 2, gid=GROUP).greet("control") for count in range(OF_THE_GROUP)]
    for uid in (ADMINISTRATOR, ADMINISTRATOR + 2):
        administer(store, uid=uid, gid=GROUP).wait_closed()
    store.wait_log(f"there are {OF_THE_GROUP} of the group already")
    links = [administer(store).greet("control") for _ in range(CONNECTIONS - OF_THE_GROUP)]
    administer(store).wait_closed()
    store.wait_log(f"there are {CONNECTIONS} already")
    members.pop().close()

    def has_room():
        with contextlib.suppress(OSError, AssertionError, ValueError, protocol.struct.error):
            administer(store, uid=ADMINISTRATOR, gid=GROUP).greet("control").close()
            return True
    wait_until(has_room, "room for another member")
    for link in members + links:
        link.close()


def test_one_who_never_greets_is_closed(store):
    administer(store).wait_closed()
    store.wait_log("no greeting came")


def test_one_who_never_reads_loses_his_connection(store):
    link = administer(store).greet("control")
    link.end.settimeout(1)
    with contextlib.suppress(TimeoutError, BrokenPipeError, ConnectionResetError):
        for number in range(10000):
            link.send(message(ALL_STATISTICS, b"", number))
    store.wait_log("it does not take its answers")
    served(store)
    link.close()


def test_a_program_of_another_version_is_told_ours(store):
    link = administer(store)
    link.send(message(HELLO, hello("control", protocol.VERSION + 1), 9))
    assert link.receive() == (HELLO_ANSWER, 9, hello("control"))
    link.wait_closed()
    store.wait_log("its program is of another version")


# --- what ---

GOOD = message(HELLO, hello("control"))
GREETING_BROKEN = {
    "one_byte": b"\0",
    "header_cut": GOOD[:15],
    "length_short": message(HELLO, hello("control"), length=18),
    "length_huge": message(HELLO, hello("control"), length=0xFFFFFFFF),
    "flags": message(HELLO, hello("control"), flags=1),
    "empty_hello": message(HELLO),
    "trailing": message(HELLO, hello("control") + b"\0"),
    "role_of_dnsd": message(HELLO, hello("dnsd")),
    "role_of_apid": message(HELLO, hello("apid")),
    "role_255": message(HELLO, hello(255)),
    "too_early": message(ALL_STATISTICS),
    "too_large": message(HELLO, bytes(100000)),
    "random": random.Random(11).randbytes(500),
}
OPEN_BROKEN = {
    "second_hello": GOOD,
    "register": message(REGISTER, protocol.register()),
    "update": message(UPDATE, protocol.update()),
    "applied": message(DELTA_APPLIED),
    "statistics": message(STATISTICS, protocol.statistics("dnsd")),
    "link": message(LINK),
    "answer": message(ALL_STATISTICS_ANSWER),
    "statistics_with_body": message(ALL_STATISTICS, b"\0"),
    "list_empty": message(LIST_ACCOUNTS),
    "list_trailing": message(LIST_ACCOUNTS, protocol.list_accounts() + b"\0"),
    "list_after_half_a_name": message(LIST_ACCOUNTS, protocol.list_accounts(b"0" * 18)),
    "list_after_no_name": message(LIST_ACCOUNTS, protocol.list_accounts(b"x" * 36)),
    "list_of_none": message(LIST_ACCOUNTS, protocol.list_accounts(maximum=0)),
    "list_of_513": message(LIST_ACCOUNTS, protocol.list_accounts(maximum=513)),
    "list_hashes_2": message(LIST_ACCOUNTS, protocol.list_accounts(hashes=2)),
    "find_empty": message(FIND_ACCOUNT),
    "find_nobody": message(FIND_ACCOUNT, protocol.string8(b"")),
    "find_64": message(FIND_ACCOUNT, protocol.string8(b"x" * 64)),
    "find_trailing": message(FIND_ACCOUNT, protocol.string8(b"x") + b"\0"),
    "add_empty": message(ADD_ACCOUNT),
    "add_trailing": message(ADD_ACCOUNT, protocol.add_account() + b"\0"),
    "add_subdomain_64": message(ADD_ACCOUNT, protocol.add_account(b"s" * 64)),
    "add_257_networks": message(ADD_ACCOUNT, protocol.add_account(networks=[b"192.0.2.0/24"] * 257)),
    "add_count_above": message(ADD_ACCOUNT, protocol.add_account(networks=[b"192.0.2.0/24"], count=2)),
    "add_network_of_64": message(ADD_ACCOUNT, protocol.add_account(networks=[b"1" * 64])),
    "change_empty": message(CHANGE_ACCOUNT),
    "change_trailing": message(CHANGE_ACCOUNT, protocol.change_account(0) + b"\0"),
    "change_nothing_known": message(CHANGE_ACCOUNT, protocol.change_account(6)),
    "change_username_35": message(CHANGE_ACCOUNT, protocol.change_account(0, b"u" * 35)),
    "change_text_for_a_deletion": message(CHANGE_ACCOUNT, protocol.change_account(0, text=b"x")),
    "change_set_without_a_text": message(CHANGE_ACCOUNT, protocol.change_account(3)),
    "change_text_1025": message(CHANGE_ACCOUNT, protocol.change_account(3, text=b"t" * 1025)),
    "change_networks_of_a_deletion": message(CHANGE_ACCOUNT, protocol.change_account(0, networks=[b"::/0"])),
    "change_257_networks": message(CHANGE_ACCOUNT, protocol.change_account(2, networks=[b"::/0"] * 257)),
    "tokens_empty": message(LIST_TOKENS),
    "tokens_after_65": message(LIST_TOKENS, protocol.string8(b"t" * 65)),
    "tokens_trailing": message(LIST_TOKENS, protocol.string8(b"t") + b"\0"),
    "token_without_a_name": message(READ_TOKEN, protocol.string8(b"")),
    "token_65": message(READ_TOKEN, protocol.string8(b"t" * 65)),
    "token_with_a_blank": message(READ_TOKEN, protocol.string8(b"t t")),
    "token_accounts_after_half_a_name": message(LIST_TOKEN_ACCOUNTS, protocol.string8(b"t") + protocol.string8(b"0" * 18)),
    "token_accounts_after_no_name": message(LIST_TOKEN_ACCOUNTS, protocol.string8(b"t") + protocol.string8(b"x" * 36)),
    "token_accounts_cut": message(LIST_TOKEN_ACCOUNTS, protocol.string8(b"tttt")[:-1]),
    "add_token_empty": message(ADD_TOKEN),
    "add_token_trailing": message(ADD_TOKEN, protocol.token() + b"\0"),
    "add_token_without_a_name": message(ADD_TOKEN, protocol.token(b"")),
    "add_token_with_a_line_end": message(ADD_TOKEN, protocol.token(b"t\n")),
    "add_token_65_networks": message(ADD_TOKEN, protocol.token(networks=[protocol.LOOPBACK] * 65)),
    "add_token_count_above": message(ADD_TOKEN, protocol.token(networks=[protocol.LOOPBACK], count=2)),
    "add_token_mask_129": message(ADD_TOKEN, protocol.token(networks=[protocol.LOOPBACK], bits=129)),
    "revoke_token_empty": message(REVOKE_TOKEN),
    "revoke_token_trailing": message(REVOKE_TOKEN, protocol.string8(b"t") + b"\0"),
    "status_with_body": message(STATUS, b"\0"),
    "status_answer": message(STATUS_ANSWER, bytes(2200)),
    "show_trial_with_body": message(SHOW_TRIAL, b"\0"),
    "show_trial_answer": message(SHOW_TRIAL_ANSWER, b"\6\0\0"),
    "type_65535": message(65535),
}


def check_closed(store, link):
    link.wait_closed()
    wait_until(lambda: store.log().count("protocol violation by an administrator's program") == 1, "a line about it")
    served(store)


@pytest.mark.parametrize("case", GREETING_BROKEN)
def test_wrong_greetings_end_their_own_connection(store, case):
    link = administer(store)
    link.send(GREETING_BROKEN[case])
    check_closed(store, link)


@pytest.mark.parametrize("case", OPEN_BROKEN)
def test_wrong_requests_end_their_own_connection(store, case):
    other = administer(store).greet("control")
    link = administer(store).greet("control")
    link.send(OPEN_BROKEN[case])
    check_closed(store, link)
    other.send(message(ALL_STATISTICS, b"", 3))
    assert other.receive()[:2] == (ALL_STATISTICS_ANSWER, 3)
    other.close()


@pytest.mark.parametrize("seed", range(8))
def test_random_requests(store, seed):
    generator = random.Random(seed)
    link = administer(store).greet("control")
    link.send(message(generator.randrange(96, 65536), generator.randbytes(generator.randrange(2000))))
    check_closed(store, link)


# --- sallyport stats ---

def test_statistics_of_all_processes(folder):
    with Server(folder) as server:
        account = server.register()
        server.set_value(account)

        def counted():
            done = server.command("stats", "--json")
            assert (done.returncode, done.stderr) == (0, "")
            rows = [json.loads(line) for line in done.stdout.splitlines()]
            return {(row["process"], row["name"], *sorted(row["labels"].items())): row["value"] for row in rows}
        wait_until(lambda: counted()["apid", "sallyport_http_requests_total", ("route", "update"), ("status", "2xx")] == 1,
                   "apid's report")
        wait_until(lambda: counted()["dnsd", "sallyport_dns_names"] == 1, "dnsd's report")
        values = counted()
        assert values["store", "sallyport_store_changes_total", ("kind", "register")] == 1
        assert values["store", "sallyport_store_changes_total", ("kind", "set")] == 1
        table = server.command("stats").stdout.splitlines()
        assert table[0].split() == ["PROCESS", "METRIC", "LABELS", "VALUE"]
        assert ["store", "sallyport_store_changes_total", 'kind="register"', "1"] in [line.split() for line in table]
        assert all(line.split()[-1] != "0" for line in table[1:])
        assert len({len(line) for line in table}) == 1  # the last column is aligned at its right


def ask_for_trial(server):
    """The name and the value that doctor looks for."""
    link = administer(server).greet("control")
    link.send(message(SHOW_TRIAL, b"", 6))
    kind, number, body = link.receive()
    link.close()
    assert (kind, number, body[0]) == (SHOW_TRIAL_ANSWER, 6, 0)
    label, value = body[2:2 + body[1]], body[3 + body[1]:]
    assert (len(label), body[2 + len(label)], len(value)) == (36, 43, 43)
    return label.decode(), value.decode()


def wait_served(server, label, expected):
    """Until the name has these values; None: it does not exist."""
    def looks_so():
        with contextlib.suppress(AssertionError, OSError, dns.exception.DNSException):
            return server.txt(label) == expected
        return False  # a process is being started
    wait_until(looks_so, f"{label}: {expected}")


def test_a_trial_is_served_until_store_is_gone(folder):
    """Everybody is told the same one; a dnsd that starts anew has it, too; a store that starts anew has it dropped."""
    with Server(folder) as server:
        server.deaths_expected = True
        label, value = ask_for_trial(server)
        assert ask_for_trial(server) == (label, value)
        wait_served(server, label, [value])
        os.kill(server.pids()["dnsd"], signal.SIGKILL)
        wait_served(server, label, [value])
        os.kill(server.pids()["store"], signal.SIGKILL)
        wait_served(server, label, None)
        assert ask_for_trial(server) != (label, value)


def test_no_trial_without_dnsd(store):
    link = administer(store).greet("control")
    link.send(message(SHOW_TRIAL, b"", 6))
    assert link.receive() == (SHOW_TRIAL_ANSWER, 6, bytes([6, 0, 0]))
    link.close()


def test_statistics_need_a_server(folder):
    server = Server(folder)
    done = server.command("stats")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"sallyport: no server runs: nothing listens at {server.runtime}/control\n"
    with server:
        pass
    assert server.command("stats").stderr == done.stderr


@pytest.mark.root
def test_who_may_not_is_told_who_may(folder):
    with Server(folder, control={"group": str(GROUP)}) as server:
        done = server.command("stats", uid=STRANGER)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (f"sallyport: uid {STRANGER} may not use {server.runtime}/control: that is for root and the "
                               f'members of the group "{GROUP}" (control.group)\n')
        done = server.command("stats", uid=ADMINISTRATOR, groups=[GROUP])
        assert (done.returncode, done.stderr) == (0, "")


def test_exit_codes(folder):
    server = Server(folder)
    assert server.command("stats", "--no-such-option").returncode == 2
    server.write_configuration("zones: {}\n")
    done = server.command("stats")
    assert (done.returncode, done.stdout) == (78, "")
    assert 'did you mean "zone"?' in done.stderr

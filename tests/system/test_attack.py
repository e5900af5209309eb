"""
What somebody can do who runs code in one of the daemons: every attempt of tests/attack/, from inside, and what came of it. The
expected is tests/attack/table.txt, and docs/security.md shows it.
"""

import concurrent.futures
import ctypes
import sys
from pathlib import Path

import pytest

from back_door import ATTACKED, TRACES, UIDS, WITHOUT_ROOT, AttackedDaemon, AttackedServer, Victim, traces
from sallyport import LIBEXEC, ROLES, ROOT, SALLYPORT, Server, make_folder, remove_folder, wait_until

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import attack_table  # noqa: E402

LANDLOCK_CREATE_RULESET = 444
LANDLOCK_VERSION = 1
# What differs before this version of Landlock: Linux 6.12 keeps processes from sockets without a path.
BEFORE_LANDLOCK = {"connect_abstract": (6, {"store": "done"})}


def landlock_version():
    return ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_VERSION)


def word(answer):
    """What the table calls it."""
    return "killed" if answer == "SIGSYS" else answer


def attempts_before_serving(role, as_root):
    """Each by a copy of the process that confines itself as the daemon does: so that each can be its last."""
    folder = make_folder()
    daemon = AttackedDaemon(folder, role, as_root=as_root)
    try:
        daemon.start()
        with Victim(UIDS[role] if as_root else WITHOUT_ROOT) as victim:
            return {name: word(daemon.back_door.attempt(name, victim.pid))
                    for name in daemon.back_door.ask("list").split()}
    finally:
        daemon.destroy()
        remove_folder(folder)


def attempts_while_serving(names, as_root):
    """What does not kill, once more, in daemons that serve."""
    folder = make_folder()
    server = AttackedServer(folder, as_root=as_root)
    try:
        server.start()
        outcomes = {}
        for role in ROLES:
            with Victim(UIDS[role] if as_root else WITHOUT_ROOT) as victim:
                outcomes[role] = {name: word(server.doors[role].attempt(name, victim.pid)) for name in names[role]}
        server.register()
        return outcomes
    finally:
        server.destroy()
        remove_folder(folder)


@pytest.fixture(scope="module", params=[pytest.param(True, marks=pytest.mark.root, id="as_root"),
                                        pytest.param(False, id="without_root")])
def measured(request):
    """(as_root, {role: {attempt: outcome}})"""
    as_root = request.param
    with concurrent.futures.ThreadPoolExecutor() as pool:
        outcomes = dict(zip(ROLES, pool.map(attempts_before_serving, ROLES, [as_root] * 3)))
    survived = {role: [name for name, outcome in outcomes[role].items() if outcome not in ("killed", "SIGSEGV")]
                for role in ROLES}
    for role, again in attempts_while_serving(survived, as_root).items():
        outcomes[role].update(again)
    return as_root, outcomes


@pytest.mark.parametrize("role", ROLES)
def test_what_comes_of_every_attempt(measured, role):
    as_root, outcomes = measured
    expected = {name: row.expected(role, as_root) for name, row in attack_table.read().items()}
    for name, (version, others) in BEFORE_LANDLOCK.items():
        if landlock_version() < version:
            expected[name] = others.get(role, expected[name])
    assert outcomes[role] == expected


def test_the_document_shows_the_table():
    text = attack_table.DOCUMENT.read_text()
    assert attack_table.place(text, attack_table.render(attack_table.read())) == text, \
        "run tools/attack_table.py --write"


@pytest.mark.parametrize("role", ROLES)
def test_a_forbidden_call_ends_one_process_and_the_others_go_on(folder, role):
    with AttackedServer(folder) as server:
        server.deaths_expected = True
        before = server.pids()
        assert server.doors[role].attempt("socket_tcp") == ""
        server.wait_log(f"{role} was ended by signal 31")
        if role != "dnsd":
            assert server.dns_is_ready(120)
        server.admit()
        wait_until(server.is_ready, "all of it again")
        after = server.pids()
        assert {other for other in ROLES if before[other] != after[other]} == {role}


PROGRAMS = [SALLYPORT, *(LIBEXEC / f"sallyport-{role}" for role in ROLES)]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_what_is_shipped_has_no_back_door(program):
    assert traces(program) == []


@pytest.mark.parametrize("role", ROLES)
def test_what_is_attacked_has_one(role):
    assert traces(ATTACKED / "libexec" / "sallyport" / f"sallyport-{role}") == list(TRACES)


def test_what_is_shipped_does_not_listen_to_a_back_door(folder):
    """Named in its environment, as in the attacked builds, it is never looked for."""
    server = Server(folder)
    server.environment["SALLYPORT_BACK_DOOR"] = str(folder / "back_door")
    with server:
        for pid in server.pids().values():
            if ROOT:
                assert b"BACK_DOOR" in Path(f"/proc/{pid}/environ").read_bytes()
        server.set_value(server.register())

"""
Memory runs out: one allocation fails, at any moment of a start and of the work under load. Each program goes on, or ends with a line that
blames nothing else and is started afresh; nothing acknowledged is lost.
"""

import contextlib
import re
import struct
import time
from pathlib import Path

import dns.rcode
import pytest

import figures
import memory
import memory_group
from fault import Fault, seeded
from oracle import Oracle
from protocol import SNAPSHOT_BEGIN, SNAPSHOT_CHUNK, greeted, message, name, snapshot_end
from sallyport import DEADLINE, ROLES, Daemon, Server, make_folder, remove_folder, wait_until

STARTS = 150 if figures.LONG else 12
# Libraries that do not look at what they are given, and so fall over it, or end the program on purpose.
FRAGILE = ("libldns", "libseccomp", "libcrypto", "libssl", "libuv", "libc.so.6:getgrnam_r", "libc.so.6:getpwnam_r")
# And one that then turns in circles, for a minute and more: so long it is watched.
TURNING, TURNS = "libseccomp", 5.0
ROUNDS = 200 if figures.LONG else 5
LASTING = 1.0  # seconds of too little memory
SQUEEZED = 30 if figures.LONG else 3
REFUSALS = (500, 503, 507)
MISLEADING = ("YAML syntax", "the data of the", "this kernel or this C library", "its filter does not allow", "status 78")


def failing_server(folder, role):
    failing = memory.FailingMemory(folder, role)
    server = Server(folder / "server")
    server.environment.update(failing.environment)
    server.deaths_expected = True
    return failing, server


def allocations_of_a_start(role):
    folder = make_folder()
    failing, server = failing_server(folder, role)
    with server:
        return failing.count


def start(role, spared):
    """A start in which one allocation fails, after so many."""
    folder = make_folder()
    failing, server = failing_server(folder, role)
    began = time.monotonic()
    try:
        failing.fail(spared)
        server.launch()
        wait_until(lambda: not server.runs() or server.is_ready() or
                   (TURNING in "".join(failing.callers) and time.monotonic() > began + TURNS), "the end of the start")
        assert failing.failed == 1
        log, callers = server.log(), failing.callers
        fragile = any(caller.startswith(FRAGILE) for caller in callers)
        if server.runs() and server.is_ready():
            server.set_value(server.register())
            server.stop()
        elif not server.runs() and "memory" not in log:
            # The parent tells of its daemons; of itself the shell does.
            assert fragile and ("was ended by signal" in log or server.process.returncode < 0), f"{callers}: {log}"
        assert not [words for words in MISLEADING if words in log], log
    finally:
        server.destroy()
        remove_folder(folder)


@pytest.mark.parametrize("role", (*ROLES, "parent"))
def test_start(role):
    """At places all over a start, from the dynamic linker's first to when it is ready."""
    count = allocations_of_a_start(role)
    for spared in range(0, count, count // STARTS):
        start(role, spared)


def fails(server, account):
    return server.dns(account.name).rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize("role", ROLES)
def test_work(folder, role):
    dice, seed = seeded(f"memory-{role}")
    failing, server = failing_server(folder, role)
    with server:
        with Oracle(server, seed, refusals=REFUSALS) as oracle, Fault(f"no_memory_{role}", oracle) as fault:
            for _ in range(ROUNDS):
                with fault.round():
                    failed, end = failing.failed, time.monotonic() + 1
                    failing.fail(dice.randrange(20))
                    # Where nothing is allocated at work nothing can fail.
                    wait_until(lambda: failing.failed > failed or time.monotonic() > end, "an allocation that fails")
                    failing.heal()
                    # dnsd may have left a name out, and asks for all of them again.
                    wait_until(lambda: not any(fails(server, account) for account in list(oracle.accounts)), "every name")
                assert oracle.complaints == [], "\n".join(oracle.complaints[:10])
            fault.remarks["failed"] = failing.failed
        assert not [words for words in MISLEADING if words in server.log()]
        done = server.command("verify")
        assert done.returncode == 0, done.stdout + done.stderr


def begin_snapshot(daemon, failing, shortage):
    """A link whose snapshot has one name, which finds no memory with `shortage`; the link and when it ended."""
    link = greeted(daemon)
    link.send(message(SNAPSHOT_BEGIN, struct.pack("!Q", 1)))
    failed = failing.failed
    if shortage:
        failing.fail()
    link.send(message(SNAPSHOT_CHUNK, name(b"a", [b"v" * 43])), snapshot_end(1))
    if shortage:
        wait_until(lambda: failing.failed > failed, "an allocation that fails")
    return link, time.monotonic()


def test_dnsd_asks_ever_more_seldom(folder):
    """All names again and again, for as long as memory is short, would be work for both, and help nobody."""
    failing = memory.FailingMemory(folder, "dnsd")
    daemon = Daemon(folder / "daemon", "dnsd")
    daemon.environment.update(failing.environment)
    daemon.start()
    for pause in (2, 4, 8):
        link, sent = begin_snapshot(daemon, failing, shortage=True)
        assert daemon.dns("a", "TXT").rcode() == dns.rcode.SERVFAIL
        link.wait_closed()
        assert time.monotonic() - sent > pause * 0.9  # a lower bound: a slow machine only makes it longer
    link, _ = begin_snapshot(daemon, failing, shortage=False)
    wait_until(lambda: daemon.dns("a", "TXT").rcode() == dns.rcode.NOERROR, "the name")
    assert daemon.txt("a") == ["v" * 43]
    assert daemon.log().count("because memory was short") == 3
    assert daemon.terminate() == 0
    link.close()


@pytest.fixture
def group():
    made = memory_group.make()
    if made is None:
        pytest.skip("no control group with a limit of memory can be made here")
    yield made
    made.remove()


@pytest.mark.root
def test_the_limit_of_a_control_group(group, folder):
    """As of a container, or of a unit with MemoryMax=: the kernel ends whom it likes, again and again, as long as there is too little."""
    dice, seed = seeded("memory-group")
    server = Server(folder)
    group.enclose(server)
    server.deaths_expected = True
    with server:
        with Oracle(server, seed, refusals=REFUSALS) as oracle, Fault("no_memory_group", oracle) as fault:
            for number in range(SQUEEZED):
                with fault.round():
                    victim = server.pids()[ROLES[number % len(ROLES)]]
                    with contextlib.suppress(ProcessLookupError):
                        Path(f"/proc/{victim}/oom_score_adj").write_text("1000")
                    group.squeeze(DEADLINE)
                    time.sleep(dice.uniform(0, LASTING))
                    group.release()
                assert oracle.complaints == [], "\n".join(oracle.complaints[:10])
            fault.remarks["killed"] = group.killed
        for role in ROLES:
            assert re.search(rf"{role} was ended by signal 9", server.log()), f"{role} was spared"
        done = server.command("verify")
        assert done.returncode == 0, done.stdout + done.stderr

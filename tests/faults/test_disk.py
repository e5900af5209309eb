"""The disk of the database breaks under load, and is well again: nothing acknowledged is lost, and DNS does not notice."""

import errno
import time

import pytest

import disk
import figures
from fault import Fault
from oracle import Oracle
from sallyport import Server, wait_until

ROUNDS = 20 if figures.LONG else 1
SLOW_ROUNDS = 10 if figures.LONG else 1
SPARED = (0, 1, 2, 3, 7, 20) if figures.LONG else (0, 2)  # calls that go well before the one that fails
REFUSALS = (500, 503)  # db_error; or store is away
LASTING = 1.0  # seconds of load while the disk is as it is


@pytest.fixture
def failing(folder):
    return disk.FailingDisk(folder)


@pytest.fixture
def server(folder, failing):
    server = Server(folder / "server", store={"path": "lib", "reserve": "0"})
    server.environment.update(failing.environment)
    with server:
        server.deaths_expected = True
        yield server
        done = server.command("verify")
        assert done.returncode == 0, done.stdout + done.stderr


def goes_on(oracle, calls, failing):
    """Until the disk was asked so often, and DNS has answered meanwhile."""
    answers = oracle.answers()
    wait_until(lambda: failing.count(disk.WRITE) + failing.count(disk.SYNC) > calls, "the disk to be asked")
    wait_until(lambda: oracle.broken() or oracle.answers() > answers + 50, "DNS to go on")


# Which call fails, how, and what the log then says.
BREAKS = {
    "disk_full": (disk.WRITE, errno.ENOSPC, "database: cannot commit: No space left on device"),
    "disk_read_only": (disk.WRITE, errno.EROFS, "the database cannot be synced (Read-only file system)"),
    "disk_write_error": (disk.WRITE, errno.EIO, "the database cannot be synced (Input/output error)"),
    "disk_sync_error": (disk.SYNC, errno.EIO, "the database cannot be synced (Input/output error)"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_for_a_while(server, failing, name):
    """Everything fails, for as long as it lasts."""
    call, error, words = BREAKS[name]
    with Oracle(server, refusals=REFUSALS) as oracle, Fault(name, oracle) as fault:
        for _ in range(ROUNDS):
            with fault.round():
                calls = failing.count(disk.WRITE) + failing.count(disk.SYNC)
                failing.fail(call, error)
                goes_on(oracle, calls + 2, failing)
                time.sleep(LASTING)
                failing.heal()
    server.wait_log(words)


def test_once_at_any_moment(server, failing):
    """One call fails: a page, the root of the database, the sync between them."""
    with Oracle(server, refusals=REFUSALS) as oracle, Fault("disk_one_error", oracle) as fault:
        for call, error, _ in BREAKS.values():
            for spared in SPARED:
                with fault.round():
                    failing.fail(call, error, spared=spared, failures=1)
                    calls = failing.count(call)
                    wait_until(lambda: failing.count(call) > calls + 31, "the disk to be asked")


def test_half_a_write(server, failing):
    """What a disk that becomes full does: LMDB calls it an error of the disk, and the room left tells."""
    with Oracle(server, refusals=REFUSALS) as oracle, Fault("disk_half_a_write", oracle) as fault:
        for number in range(4):
            with fault.round():
                failing.fail(disk.WRITE, 0, spared=number, failures=1)
                calls = failing.count(disk.WRITE)
                wait_until(lambda: failing.count(disk.WRITE) > calls + 8, "the disk to be asked")
    server.wait_log("the database cannot be synced (Input/output error)")


def test_slow_syncs(server, failing):
    """Each takes two seconds longer: updates wait, and all of them are answered as ever."""
    pids = server.pids()
    with Oracle(server, refusals=()) as oracle, Fault("disk_slow", oracle) as fault:
        for _ in range(SLOW_ROUNDS):
            with fault.round(noticed=False):
                syncs, answers = failing.count(disk.SYNC), oracle.answers()
                failing.delay_syncs(2)
                wait_until(lambda syncs=syncs: failing.count(disk.SYNC) > syncs + 3, "slow syncs")
                assert oracle.answers() > answers + 100
                failing.heal()
    assert server.pids() == pids

"""
The database's file system, a real one in a file: it is full to its last block, or the kernel makes it read-only because it is damaged.
Updates are refused or wait, nothing acknowledged is lost, DNS goes on, and all is well when the file system is, without a restart by hand.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

import figures
from fault import Fault
from oracle import Oracle
from sallyport import DEADLINE, SALLYPORT, Server, process_status, wait_until

MIB = 1024 * 1024
SIZE = 48 * MIB
REFUSALS = (500, 503, 507)  # db_error; store is away; no room for more accounts
LASTING = 2.0  # seconds of load while it is as it is
ROUNDS = 10 if figures.LONG else 1
CLONE_NEWNS = 0x20000
pytestmark = pytest.mark.root


def do(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout.strip()


class FileSystem:
    """ext4 in a file, of which root has no share for itself alone; after a mistake the kernel makes it read-only."""

    def __init__(self, folder):
        self.image, self.place = folder / "image", folder / "place"
        self.place.mkdir()
        with open(self.image, "wb") as file:
            file.truncate(SIZE)
        do("mkfs.ext4", "-q", "-m", "0", self.image)

    def __enter__(self):
        self.mount()
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "--lazy", self.place], capture_output=True, check=False)

    def mount(self):
        do("mount", "-o", "loop,errors=remount-ro", self.image, self.place)
        self.device = os.path.basename(do("findmnt", "--noheadings", "--output", "SOURCE", self.place))

    def mend(self):
        """As an administrator would who finds it read-only."""
        do("umount", self.place)
        checked = subprocess.run(["fsck.ext4", "-fy", self.image], capture_output=True, text=True, timeout=DEADLINE)
        assert checked.returncode in (0, 1), checked.stdout + checked.stderr
        self.mount()

    def break_down(self):
        """The kernel finds a mistake in it, and allows no more writing."""
        Path(f"/sys/fs/ext4/{self.device}/trigger_fs_error").write_text("a fault on purpose")
        with pytest.raises(OSError):
            (self.place / "probe").write_text("")

    def fill(self):
        """To the last block."""
        with open(self.place / "ballast", "ab", buffering=0) as file:
            for size in (MIB, 4096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))
        assert os.statvfs(self.place).f_bavail == 0

    def clear(self):
        (self.place / "ballast").unlink()
        os.sync()


@pytest.fixture
def file_system(folder):
    """Mounted where nobody sees it but this program and what it starts."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "cannot make a mount namespace")
    do("mount", "--make-rprivate", "/")
    with FileSystem(folder) as system:
        yield system


@pytest.fixture
def server(folder, file_system):
    with Server(folder / "server", store={"path": str(file_system.place / "lib"), "reserve": "0"}) as server:
        server.deaths_expected = True
        yield server
        done = server.command("verify")
        assert done.returncode == 0, done.stdout + done.stderr


@contextlib.contextmanager
def held_pages(server):
    """A backup that stands still: nothing of its moment may be reused, so each update needs room."""
    reader, writer = os.pipe()
    with subprocess.Popen([SALLYPORT, "backup", "-", "-c", server.file], stdout=writer) as backup:
        os.close(writer)
        try:
            assert os.read(reader, 1)
            yield
        finally:
            os.close(reader)
            backup.terminate()


def dns_goes_on(oracle):
    answers = oracle.answers()
    wait_until(lambda: oracle.broken() or oracle.answers() > answers + 50, "DNS to go on")


def test_no_block_is_left(server, file_system):
    pids = server.pids()
    words = "database: cannot commit: No space left on device"
    with Oracle(server, refusals=REFUSALS) as oracle, Fault("file_system_full", oracle) as fault:
        for _ in range(ROUNDS):
            with fault.round():
                with held_pages(server):
                    file_system.fill()
                    wait_until(lambda: server.update(oracle.canary).status_code == 500, "a refusal")
                    dns_goes_on(oracle)
                    time.sleep(LASTING)
                file_system.clear()
    server.wait_log(words)
    assert server.pids() == pids


def parent_stands_still(server):
    os.kill(server.pid, signal.SIGSTOP)
    wait_until(lambda: process_status(server.pid)["State"][0] == "T", "the parent to stand still")


def test_the_kernel_makes_it_read_only(server, file_system):
    with Oracle(server, refusals=REFUSALS) as oracle, Fault("file_system_read_only", oracle) as fault:
        for number in range(ROUNDS):
            with fault.round():
                file_system.break_down()
                server.wait_log("Read-only file system", number + 1)
                dns_goes_on(oracle)
                time.sleep(LASTING)
                # It can be unmounted when nobody has it open.
                parent_stands_still(server)
                for role, pid in server.pids().items():
                    if role == "store":
                        os.kill(pid, signal.SIGKILL)
                wait_until(lambda: "store" not in server.pids(), "the end of store")
                file_system.mend()
                os.kill(server.pid, signal.SIGCONT)

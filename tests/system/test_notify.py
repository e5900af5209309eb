"""systemd's notify protocol, as the daemons and `sallyport run` speak it to a socket that stands for systemd's."""

import ctypes
import os
import secrets
import signal
import subprocess
from pathlib import Path

import pytest

from sallyport import DEADLINE, ROLES, SALLYPORT, Daemon, Server, wait_until
from service_manager import Systemd

@pytest.fixture
def systemds(folder):
    """{role: Systemd}, each at a path."""
    made = {role: Systemd(folder / f"notify-{role}") for role in ROLES}
    yield made
    for systemd in made.values():
        systemd.close()


def abstract_name():
    return f"@sallyport-test-{secrets.token_hex(8)}"


def start_separately(folder, systemds, watchdog=False):
    """The three daemons without a parent, as units start them: {role: Daemon}."""
    daemons = {}
    for role in ROLES:
        daemon = Daemon(folder, role)
        if daemons:
            daemon.configuration = daemons["store"].configuration
            daemon.dns_port, daemon.api_port = daemons["store"].dns_port, daemons["store"].api_port
        daemons[role] = daemon
        systemds[role].watch(daemon, watchdog)
    daemons["store"].write_configuration()
    for daemon in daemons.values():
        daemon.start()
    return daemons


def stop(daemons):
    for daemon in daemons.values():
        assert daemon.terminate() == 0


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_ready_and_stopping(folder, role, kind):
    systemd = Systemd(folder / "notify" if kind == "path" else abstract_name())
    daemon = Daemon(folder, role)
    systemd.watch(daemon)
    daemon.start()
    systemd.wait("READY=1")
    assert next(message for message in systemd.heard if not message.startswith("FDSTORE=1")) == "READY=1"
    systemd.wait("STATUS=")
    assert daemon.terminate() == 0
    systemd.wait("STOPPING=1")
    assert sum("READY=1" in message for message in systemd.heard) == 1
    assert "WATCHDOG=1" not in systemd.heard
    systemd.close()


def test_status_says_what_each_does(folder, systemds):
    daemons = start_separately(folder, systemds)
    store, dnsd, apid = (systemds[role] for role in ROLES)
    store.wait("STATUS=keeping 0 accounts, linked to dnsd and apid")
    dnsd.wait("STATUS=answering 0 dynamic names of auth.example.org., linked to store")
    apid.wait("STATUS=serving the API for auth.example.org, linked to store")
    wait_until(lambda: daemons["apid"].http("GET", "/health").status_code == 200, "the API")
    daemons["apid"].register()
    store.wait("STATUS=keeping 1 account, linked to dnsd and apid")
    dnsd.wait("STATUS=answering 1 dynamic name of auth.example.org., linked to store")
    # Without store they say so, and of each other when they are back.
    heard = {role: len(systemds[role].listen()) for role in ROLES}
    assert daemons["store"].terminate() == 0
    store.wait("STOPPING=1")
    dnsd.wait("STATUS=answering 1 dynamic name of auth.example.org., as when the link to store ended", heard["dnsd"])
    apid.wait("STATUS=serving the API for auth.example.org, but store is away", heard["apid"])
    daemons["store"].start()
    dnsd.wait("STATUS=answering 1 dynamic name of auth.example.org., linked to store", heard["dnsd"])
    apid.wait("STATUS=serving the API for auth.example.org, linked to store", heard["apid"])
    assert daemons["dnsd"].terminate() == 0
    store.wait("STATUS=keeping 1 account, linked to apid", heard["store"])
    del daemons["dnsd"]
    stop(daemons)


def test_watchdog_is_told_by_all(folder, systemds):
    daemons = start_separately(folder, systemds, watchdog=True)
    for systemd in systemds.values():
        place = 0
        for _ in range(3):
            place = systemd.wait("WATCHDOG=1", place)
    stop(daemons)


class Frozen:
    """One thread of a process held still, as a lock that nobody gives back would; the others run on."""

    SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17

    def __init__(self, pid, names):
        self.thread = next(int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()
                           if (task / "comm").read_text().strip() in names)
        self.libc = ctypes.CDLL(None, use_errno=True)

    def ptrace(self, request):
        if self.libc.ptrace(request, self.thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")

    def __enter__(self):
        self.ptrace(self.SEIZE)
        self.ptrace(self.INTERRUPT)
        os.waitpid(self.thread, 0x40000000)  # __WALL: threads, too
        return self

    def __exit__(self, *_):
        self.ptrace(self.DETACH)


@pytest.mark.root
@pytest.mark.parametrize("role, threads", [("dnsd", ["dns-1"]), ("store", ["commit"])])
def test_watchdog_finds_a_thread_that_stands_still(folder, systemds, role, threads):
    daemons = start_separately(folder, systemds, watchdog=True)
    systemd = systemds[role]
    systemd.wait("WATCHDOG=1")
    with Frozen(daemons[role].pid, threads):
        # What had been asked before may still be answered; then it is silent, and says so in its log.
        daemons[role].wait_log("threads have not turned")
        heard = len(systemd.listen())
        daemons[role].wait_log("threads have not turned", 3)
        assert "WATCHDOG=1" not in systemd.listen()[heard:]
        # A stuck thread of one is nothing to another.
        other = systemds["apid"]
        other.wait("WATCHDOG=1", len(other.listen()))
    systemd.wait("WATCHDOG=1", heard)
    stop(daemons)


def test_parent_speaks_for_its_children(folder):
    systemd = Systemd(folder / "notify")
    server = Server(folder)
    systemd.watch(server, watchdog=True)
    server.deaths_expected = True
    with server:
        systemd.wait("READY=1")
        systemd.wait("STATUS=serving for auth.example.org.")
        systemd.wait("WATCHDOG=1")
        heard = len(systemd.listen())

        # The first restart is too quick to be told; with each further death the next one is later.
        def noticed():
            pid = server.pids().get("dnsd")
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
            return any(message.startswith("STATUS=serving without dnsd") for message in systemd.listen()[heard:])
        wait_until(noticed, "a status without dnsd")
        systemd.wait("STATUS=serving for auth.example.org.", heard)
        server.wait_ready()
    systemd.wait("STOPPING=1")
    # One voice: the children have a parent to tell.
    assert sum("READY=1" in message for message in systemd.heard) == 1


def test_a_command_does_not_speak_for_a_unit(folder):
    """ExecReload and the like run with the unit's NOTIFY_SOCKET; store, started by a command, is nobody's service."""
    systemd = Systemd(folder / "notify")
    server = Server(folder)
    done = subprocess.run([SALLYPORT, "accounts", "list", "-c", server.file], capture_output=True, text=True,
                          timeout=DEADLINE, env=dict(os.environ, NOTIFY_SOCKET=systemd.name,
                                                     ASAN_OPTIONS="detect_leaks=0"))
    assert done.returncode == 0, done.stderr
    assert systemd.listen() == []


def test_a_socket_that_is_away_is_told(folder):
    daemon = Daemon(folder, "dnsd")
    daemon.environment["NOTIFY_SOCKET"] = str(folder / "nothing")
    daemon.launch()
    assert daemon.wait_exit() == 1
    assert "cannot connect to NOTIFY_SOCKET" in daemon.log()

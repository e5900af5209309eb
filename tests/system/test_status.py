"""`sallyport status`: one look for people and programs, and the screen that `--watch` keeps, in a terminal of the test's."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
from pathlib import Path

import pyte
import pytest

from sallyport import (DEADLINE, ROLES, ROOT, SALLYPORT, SANITIZED, TLS, Daemon, Server, complaints, make_certificate,
                       wait_until)

WELL, FAILURE, WARNING = 0, 1, 3
ADMINISTRATOR, GROUP = 64120, 64130
# Builds with sanitizers have no filters, and without root there is less.
CONFINED = ROOT and not SANITIZED


def look(server, *options, **who):
    """What programs read, and the exit code."""
    done = server.command("status", "--json", *options, **who)
    assert complaints(done) == []
    found = json.loads(done.stdout)
    assert {"well": WELL, "warning": WARNING, "failure": FAILURE}[found["level"]] == done.returncode
    return found


def troubles(found):
    """Without what the build lacks."""
    return [trouble["what"] for trouble in found["troubles"] if "confined less" not in trouble["what"]]


def test_all_is_well(server):
    found = look(server)
    assert found["zone"] == server.zone
    assert troubles(found) == []
    assert {role: process["pid"] for role, process in found["processes"].items()} == server.pids()
    assert {process["state"] for process in found["processes"].values()} == {"running"}
    assert {process["confinement"] for process in found["processes"].values()} == {"full" if CONFINED else "weaker"}
    assert found["processes"]["dnsd"]["linked"] and found["processes"]["apid"]["linked"]
    assert found["lag"]["synchronised"]
    assert found["disk"]["reserve_bytes"] == 64 << 20 and not found["disk"]["reserve_is_reached"]
    assert 0 < found["disk"]["database_bytes"] <= found["disk"]["map_bytes"] <= found["disk"]["map_max_bytes"]
    assert (found["certificate"] is not None) == TLS
    done = server.command("status")
    assert done.returncode == (WELL if CONFINED else WARNING)
    assert "\033" not in done.stdout and done.stdout.isascii()  # whoever reads it, it is no terminal
    assert ("all is well" in done.stdout) == CONFINED
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_counts_and_refusals(folder):
    with Server(folder) as server:
        account = server.register()
        server.set_value(account)
        for _ in range(3):
            assert server.update(account | {"password": "x" * 40}).status_code == 401
        assert server.update(account, "short").status_code == 400
        for _ in range(20):
            server.dns("", "A")
        found = wait_until(lambda: (now := look(server))["rates"]["dns_queries"]["total"] >= 20 and now, "dnsd's report")
        assert found["accounts"] == 1
        rates = found["rates"]
        assert rates["updates"]["total"] == rates["registrations"]["total"] == 1
        assert rates["commits"]["total"] == 2
        assert rates["refused"]["total"] >= 4
        assert all(rate["per_second"] is None or rate["per_second"] >= 0 for rate in rates.values())
        refused = {(one["client"], one["reason"]): one["count"] for one in found["refused"]["clients"]}
        assert refused["127.0.0.1", "wrong key"] == 3
        assert refused["127.0.0.1", "bad value"] == 1
        text = server.command("status").stdout
        assert re.search(r"^REFUSED +since apid's start: .*\bforbidden \d+, .*\bbad_txt 1\b", text, re.M)
        assert re.search(r"^ +3 +127\.0\.0\.1 +wrong key, last \d+ s ago$", text, re.M)
        for secret in (account["password"], account["subdomain"], "x" * 40):
            assert secret not in text + json.dumps(found)


def test_rates_are_of_now(server):
    """Under load the rate between two looks is not 0, and of the order of what the load says itself."""
    stop = threading.Event()
    sent = [0]

    def ask():
        question = server.question("", "A").to_wire()
        with server.udp_socket() as peer:
            while not stop.is_set():
                peer.send(question)
                peer.recv(512)
                sent[0] += 1
    threads = [threading.Thread(target=ask)]
    for thread in threads:
        thread.start()
    try:
        rate = wait_until(lambda: look(server)["rates"]["dns_queries"]["per_second"], "a rate")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert 0 < rate <= sent[0]


@pytest.mark.parametrize("role, words", [("store", "nobody can update"), ("dnsd", "no DNS query is answered"),
                                         ("apid", "the API does not answer")])
def test_a_process_that_is_down(folder, role, words):
    """Each for itself, since a parent would start it again."""
    daemons = {name: Daemon(folder, name).start() for name in ROLES}
    try:
        some = daemons["store"]
        wait_until(lambda: troubles(look(some)) == [], "all links")
        assert daemons[role].terminate() == 0
        found = wait_until(lambda: (now := look(some))["processes"][role]["state"] == "down" and now, "its end")
        what, = [what for what in troubles(found) if "does not run" in what]
        assert what.startswith(f"{role} does not run: {words}")
        assert found["level"] == "failure"
        if role == "store":
            assert "lag" not in found and found["rates"]["updates"]["total"] is None
        else:
            assert found["processes"][role]["linked"] is False
        done = some.command("status")
        assert done.returncode == FAILURE
        assert re.search(rf"^{role} +does not run$", done.stdout, re.M)
        assert f"systemctl start sallyport-{role}" in " ".join(done.stdout.split())
    finally:
        for daemon in daemons.values():
            daemon.destroy()


@pytest.mark.parametrize("role", ROLES)
def test_a_process_that_is_stopped(server, role):
    """More looks than its queue of connections is long: none of them waits for it."""
    pid = server.kill(role, signal.SIGSTOP)
    try:
        # A thread stops when it next gets a processor.
        wait_until(lambda: all("T (stopped)" in (task / "status").read_text() for task in Path(f"/proc/{pid}/task").iterdir()),
                   "every thread to stop")
        for _ in range(3):
            found = look(server)
            assert any(f"{role} stands still" in what for what in troubles(found))
            # When its queue is full the kernel does not say who it is.
            if found["processes"][role]["state"] == "stopped":
                assert any(trouble["remedy"] == f"let it go on: kill -CONT {pid}" for trouble in found["troubles"])
            else:
                assert found["processes"][role]["state"] == "stalled"
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: troubles(look(server)) == [], "all is well again")


def test_no_server(folder):
    server = Server(folder)
    server.write_configuration()
    found = look(server)
    assert troubles(found) == ["no server runs"]
    done = server.command("status")
    assert (done.returncode, complaints(done)) == (FAILURE, [])
    assert done.stdout.count("does not run") == 3 and "PER SECOND" not in done.stdout


def test_a_mistake_in_the_configuration(folder):
    server = Server(folder, store={"reserve": "nonsense"})
    server.write_configuration()
    done = server.command("status")
    assert (done.returncode, done.stdout) == (78, "")
    assert "store.reserve" in done.stderr


@pytest.mark.parametrize("days, words", [(5, ["the API's certificate ends in 4 days"]), (90, [])])
def test_the_certificate(folder, days, words):
    server = Server(folder, tls=True)
    make_certificate(folder, days=days)
    with server:
        found = look(server)
        assert troubles(found) == words
        assert found["certificate"]["days_left"] == days - 1
        assert f"CERTIFICATE  {days - 1} days left, until " in server.command("status").stdout


@pytest.mark.root
def test_no_room(folder):
    """More than there is on any disk is wanted to be left."""
    with Server(folder, store={"path": "lib", "reserve": "1023GiB", "map_max": "1024GiB"}) as server:
        found = look(server)
        what, = troubles(found)
        assert what.startswith("less than store.reserve (1023 GiB) is left: nobody can register")
        assert found["disk"]["reserve_is_reached"] and found["level"] == "failure"


@pytest.mark.root
def test_what_the_group_sees(folder):
    """Its members may ask store, but not look into the processes; a stranger sees that he may not."""
    with Server(folder, control={"group": str(GROUP)}) as server:
        found = look(server, uid=ADMINISTRATOR, groups=(GROUP,))
        assert [process["confinement"] for process in found["processes"].values()][1:] == [None, None]
        assert found["processes"]["dnsd"]["uptime_seconds"] >= 0
        assert troubles(found) == []
        stranger = look(server, uid=ADMINISTRATOR)
        what, = [what for what in troubles(stranger) if "store" in what]
        assert f"store cannot be asked: uid {ADMINISTRATOR} may not use" in what


# --- on a terminal ---

class Screen:
    """`sallyport status --watch` in a terminal, as one would see it."""

    def __init__(self, server, columns=80, lines=40, environment=None, words=("--watch",)):
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.bytes = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
                os.execve(SALLYPORT, [str(SALLYPORT), "status", *words, "-c", str(server.file)],
                          {"PATH": "/usr/bin:/bin", "TERM": "xterm-256color", "LC_ALL": "C.UTF-8",
                           "ASAN_OPTIONS": "detect_leaks=0", **(environment or {})})
            finally:
                os._exit(127)
        self.before = termios.tcgetattr(self.terminal)

    def read(self):
        """What came within a moment. False at the end."""
        while select.select([self.terminal], [], [], 0.05)[0]:
            try:
                data = os.read(self.terminal, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.bytes += data
            self.stream.feed(data)
        return True

    def text(self):
        self.read()
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def wait(self, pattern):
        return wait_until(lambda: re.search(pattern, self.text(), re.M), f"{pattern!r} on the screen")

    def resize(self, columns, lines):
        self.read()
        self.screen.resize(lines, columns)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def end(self):
        """Its wait status, when it has ended by itself."""
        def ended():
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            return pid and [status]
        status, = wait_until(ended, "the end")
        self.read()
        self.pid = None
        return status

    def close(self):
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def check_restored(self):
        """The first screen, the cursor, and the keys are as they were."""
        assert self.bytes.count(b"\033[?1049h") == self.bytes.count(b"\033[?1049l") >= 1
        assert b"\033[?25h\033[?1049l" in self.bytes[-40:]
        assert termios.tcgetattr(self.terminal)[3] == self.before[3]


@pytest.fixture
def watch(server):
    with contextlib.ExitStack() as stack:
        def start(of=server, **options):
            screen = Screen(of, **options)
            stack.callback(screen.close)
            screen.wait("^PROCESS")
            return screen
        yield start


def test_the_screen(server, watch):
    screen = watch()
    screen.wait(r"^DNS queries +\d.*[▁█]$")
    text = screen.text()
    assert text.startswith("Sallyport ")
    assert "all is well" in text or not CONFINED
    assert re.search(r"^apid +\d+ +\d+ (s|min \d+ s) +(yes|weaker) +linked", text, re.M)
    assert b"\033[1mPROCESS" in screen.bytes  # bold, as colours are
    # It goes on: a change shows without a key.
    before = look(server)["accounts"]
    server.register()
    screen.wait(f"accounts: {before + 1}")
    os.write(screen.terminal, b"q")
    assert screen.end() == 0
    screen.check_restored()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal(watch, number):
    screen = watch()
    if number == signal.SIGINT:
        os.write(screen.terminal, b"\x03")  # Ctrl-C, as a person ends it
    else:
        os.kill(screen.pid, number)
    status = screen.end()
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == number
    screen.check_restored()


def test_stopped_and_continued(watch):
    screen = watch()
    os.write(screen.terminal, b"\x1a")  # Ctrl-Z
    wait_until(lambda: screen.read() and screen.bytes.endswith(b"\033[?1049l"), "the first screen")
    assert termios.tcgetattr(screen.terminal)[3] == screen.before[3]
    os.kill(screen.pid, signal.SIGCONT)
    wait_until(lambda: screen.read() and screen.bytes.count(b"\033[?1049h") == 2, "the second screen")
    screen.wait("^PROCESS")
    os.write(screen.terminal, b"q")
    assert screen.end() == 0
    screen.check_restored()


@pytest.mark.parametrize("columns, lines", [(132, 50), (60, 24), (40, 10), (20, 3), (1, 1)])
def test_resizing(watch, columns, lines):
    """Never a line that the terminal would have to wrap, nor one more than it has."""
    screen = watch()
    screen.resize(columns, lines)
    frames = len(screen.bytes)
    wait_until(lambda: screen.read() and screen.bytes.count(b"\033[H", frames) >= 2, "frames of the new size")
    frame = screen.bytes[frames:].split(b"\033[H")[-2].decode()
    shown = re.split(r"\r*\n", re.sub(r"\033\[[0-9;?]*[A-Za-z]", "", frame))
    assert len(shown) <= lines
    assert all(len(line) <= columns for line in shown), shown
    if lines < 20:
        assert "more lines"[:columns] in shown[-1] or columns < 20 or lines == 1
    os.write(screen.terminal, b"q")
    assert screen.end() == 0


@pytest.mark.parametrize("environment, has_colours, has_blocks", [
    ({"NO_COLOR": "1"}, False, True), ({"LC_ALL": "C"}, True, False), ({"TERM": "linux"}, True, False),
    ({"TERM": "dumb"}, False, False)])
def test_what_the_terminal_can(watch, environment, has_colours, has_blocks):
    screen = watch(environment=environment)
    screen.wait(r"^DNS queries +\d+")
    assert (re.search(rb"\033\[[0-9;]+m", screen.bytes) is not None) == has_colours
    assert screen.bytes.isascii() != has_blocks
    os.write(screen.terminal, b"q")
    assert screen.end() == 0


def test_a_kill_while_it_is_watched(server, watch):
    """store is killed and started again by the parent: the screen says so, and goes on with its numbers."""
    server.deaths_expected = True
    screen = watch()
    accounts = look(server)["accounts"]
    account = server.register()
    screen.wait(f"accounts: {accounts + 1}")
    before = server.pids()["store"]
    server.kill("store", signal.SIGSTOP)
    screen.wait("^FAILURE +store stands still")
    server.kill("store")
    screen.wait(rf"^store +(?!{before} )\d+ +\d+ s .*accounts: {accounts + 1}")
    screen.wait("^commits +0 ")
    server.set_value(account)
    assert not re.search(r"^(commits|updates) +\d{4,}", screen.text(), re.M)
    os.write(screen.terminal, b"q")
    assert screen.end() == 0


def test_a_watch_without_a_terminal(server):
    done = server.command("status", "--watch")
    assert (done.returncode, done.stdout) == (FAILURE, "")
    assert done.stderr == "sallyport: --watch needs a terminal; without one leave it out, or add --json\n"
    command = [SALLYPORT, "status", "--watch", "--json", "-c", server.file]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        first, second = (json.loads(process.stdout.readline()) for _ in range(2))
        process.stdout.close()
        assert first["rates"]["commits"]["per_second"] is None
        assert second["rates"]["commits"]["per_second"] == 0
        assert process.wait(DEADLINE) != 0  # nobody reads it any more

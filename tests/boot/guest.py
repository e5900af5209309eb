"""A Debian system booted under systemd (guest.sh), and how a test talks to it."""

import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEADLINE = 120  # seconds for anything that must happen
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
               "LANG": "C.UTF-8", "TERM": "dumb", "DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_PAGER": "cat"}


class Late(AssertionError):
    """Something did not happen before its deadline."""


def wait_until(condition, what, seconds=DEADLINE, pause=0.02):
    """Polls `condition` until it is true and returns its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise Late(f"{what}: not within {seconds} s")
        time.sleep(pause)
    return value


class Guest:
    """One boot of `root`, which is only read; `shared` folders are seen inside under the same paths."""

    def __init__(self, root, shared=()):
        self.root = Path(root)
        self.shared = [Path(folder).resolve() for folder in shared]
        self.work = None
        self.process = None
        self.leader = None  # the guest's process 1, by our count

    def __enter__(self):
        self.work = Path(tempfile.mkdtemp(prefix="sallyport-boot-"))
        try:
            self._boot()
        except BaseException:
            print(self.console(), self.text("journalctl", "-b", "-n", "60", check=False) if self.leader else "")
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        shutil.rmtree(self.work, ignore_errors=True)

    def _boot(self):
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", HERE / "guest.sh", self.root, self.work, *self.shared],
                                        stdin=subprocess.DEVNULL)
        self.leader = wait_until(self._find_leader, "the guest's systemd")
        wait_until(lambda: self.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip()
                   in ("running", "degraded"), "the end of the boot")

    def _find_leader(self):
        assert self.process.poll() is None, "the guest has ended"
        below = [self.process.pid]
        while below:
            pid = below.pop()
            try:
                if Path(f"/proc/{pid}/comm").read_text() == "systemd\n" and \
                        Path(f"/proc/{pid}/root/run/systemd/private").exists():
                    return pid
                for task in Path(f"/proc/{pid}/task").iterdir():
                    below += map(int, (task / "children").read_text().split())
            except OSError:
                continue
        return None

    def console(self):
        """What systemd printed; the file is in the guest's mounts only."""
        try:
            return Path(f"/proc/{self.process.pid}/root{self.work}/console").read_text(errors="replace")
        except (OSError, AttributeError):
            return ""

    def command(self, *arguments):
        """The command line that runs a command in the guest."""
        return ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "--", "env", "-i",
                *(f"{name}={value}" for name, value in ENVIRONMENT.items()), *map(str, arguments)]

    def run(self, *arguments, check=True, stdin=None, seconds=DEADLINE):
        """Runs a command to its end. Its exit code must be 0 unless `check` is false."""
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=seconds,
                              **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}))
        assert not check or done.returncode == 0, \
            f"{' '.join(map(str, arguments))}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def text(self, *arguments, **options):
        """What a command prints, both streams."""
        done = self.run(*arguments, **options)
        return done.stdout + done.stderr

    def start(self, *arguments, **options):
        """A command that runs beside the test; the caller ends it."""
        return subprocess.Popen(self.command(*arguments), stdin=subprocess.DEVNULL, **options)

    def start_in_network(self, *arguments, **options):
        """A program of this machine in the guest's network, beside the test; it ends by itself."""
        return subprocess.Popen(["nsenter", "-t", str(self.leader), "-n", "--", *map(str, arguments)],
                                stdin=subprocess.DEVNULL, **options)

    def path(self, name):
        """A file of the guest, as it is seen from here."""
        return Path(f"/proc/{self.leader}/root{name}")

    def show(self, unit, name):
        """One property of a unit."""
        return self.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def pid(self, unit):
        """A service's main process as the guest counts; 0: none."""
        return int(self.show(unit, "MainPID"))

    def proc(self, pid, name):
        """A file of a guest's process."""
        return self.run("cat", f"/proc/{pid}/{name}").stdout

    def journal(self, unit):
        return self.text("journalctl", "-b", "-o", "cat", "-u", unit)

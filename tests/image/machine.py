"""A machine of namespaces (machine.sh) with Podman on it, and containers of our image."""

import json
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEADLINE = 120  # seconds for anything that must happen


class Machine:
    """`folder` gets Podman's storage and what the tests put there."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.storage = ["--root", f"{folder}/storage", "--runroot", f"{folder}/run", "--storage-driver", "vfs"]

    def __enter__(self):
        self.process = subprocess.Popen([HERE / "machine.sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "up\n"
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.leader, = children
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(DEADLINE)

    def run(self, *command, check=True, **options):
        """On the machine; its end, with text."""
        done = subprocess.run(["nsenter", "-t", self.leader, "-m", "-n", "-p", f"--wd={self.folder}", "--", *map(str, command)],
                              capture_output=True, text=True, timeout=DEADLINE, stdin=subprocess.DEVNULL, **options)
        assert not check or done.returncode == 0, (command, done.stdout, done.stderr)
        return done

    def podman(self, *words, **options):
        return self.run("podman", *self.storage, "--cgroup-manager", "cgroupfs", "--events-backend", "file", *words, **options)


class Container:
    """One that runs in the background, with what `arguments` say to `podman run`."""

    def __init__(self, machine, image, name, arguments, words=()):
        self.machine, self.name = machine, name
        # The health check's timer would be systemd's, which is not there: the tests ask by themselves.
        done = machine.podman("run", "--detach", "--name", name, "--network", "host", "--cgroups", "disabled", "--pull", "never",
                              *arguments, image, *words)
        self.id = done.stdout.strip()

    def inspect(self):
        return json.loads(self.machine.podman("inspect", self.name).stdout)[0]

    @property
    def running(self):
        return self.inspect()["State"]["Running"]

    @property
    def pid(self):
        """Of its first process, as the machine counts."""
        return self.inspect()["State"]["Pid"]

    def log(self):
        done = self.machine.podman("logs", self.name)
        return done.stdout + done.stderr

    def sallyport(self, *words, check=True):
        return self.machine.podman("exec", self.name, "sallyport", *words, check=check)

    def wait(self):
        """Waits for its end, and gives the exit code."""
        return int(self.machine.podman("wait", self.name).stdout)

    def stop(self, seconds=20):
        """Its exit code: 0 where it needed no more than that, or else Podman kills it."""
        self.machine.podman("stop", "--time", seconds, self.name)
        return self.inspect()["State"]["ExitCode"]

    def remove(self):
        self.machine.podman("rm", "--force", "--time", 0, self.name)

"""What a service manager does for a daemon: hears how it is (sd_notify(3)), keeps sockets, passes them (sd_listen_fds(3))."""

import select
import socket
import sys

from sallyport import Late, wait_until

WATCHDOG_USEC = 400_000

# Puts the sockets where they are looked for, and names the process that is to look.
PASS = """
import fcntl, os, sys
count, names, *command = sys.argv[1:]
copies = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 100) for fd in count.split(",")]
for place, fd in enumerate(copies):
    os.dup2(fd, 3 + place)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(copies)), LISTEN_FDNAMES=names)
os.execv(command[0], command)
"""


class Systemd:
    """What a service manager hears of one unit."""

    def __init__(self, name):
        self.name = str(name)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind(self.name.replace("@", "\0", 1))
        self.heard = []
        self.kept = {}  # {name: sockets that it is to keep}

    def watch(self, program, watchdog=False):
        """`program` will find us when it starts."""
        program.environment["NOTIFY_SOCKET"] = self.name
        if watchdog:
            program.environment["WATCHDOG_USEC"] = str(WATCHDOG_USEC)

    def listen(self):
        while select.select([self.socket], [], [], 0)[0]:
            message, fds, _, _ = socket.recv_fds(self.socket, 4096, 253)
            self.heard.append(message.decode("ascii"))
            fields = dict(line.split("=", 1) for line in self.heard[-1].splitlines())
            if "FDSTORE" in fields:
                self.kept.setdefault(fields["FDNAME"], []).extend(socket.socket(fileno=fd) for fd in fds)
            if "FDSTOREREMOVE" in fields:
                self.forget(fields["FDNAME"])
        return self.heard

    def forget(self, name):
        for one in self.kept.pop(name, []):
            one.close()

    def wait(self, what, after=0):
        """The place behind the first message that begins with `what`, from the given place on."""
        def found():
            return next((place + 1 for place, message in enumerate(self.listen())
                         if place >= after and message.startswith(what)), None)
        try:
            return wait_until(found, what)
        except Late:
            raise AssertionError(f"{what!r} is not among {set(self.heard[after:])}") from None

    def close(self):
        for name in list(self.kept):
            self.forget(name)
        self.socket.close()


def pass_to(daemon, sockets, names="api"):
    """Starts the daemon with the sockets. Its log says what it makes of them."""
    daemon.arguments = [sys.executable, "-c", PASS, ",".join(str(s.fileno()) for s in sockets), names,
                        *map(str, daemon.arguments)]
    daemon.pass_fds = tuple(one.fileno() for one in sockets)
    return daemon

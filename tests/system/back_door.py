"""
The daemons with a back door (tests/attack/back_door.c), and this end of it: what an attacker would do is done from inside
the real process.
"""

import os
import shutil
import socket
import subprocess
from pathlib import Path

from sallyport import BUILD, DEADLINE, ROOT, Daemon, Server, wait_until

ATTACKED = BUILD / "attack"
# Not those of other tests: an attacker fills what belongs to a uid.
UIDS = {"store": 64121, "dnsd": 64122, "apid": 64123}
WITHOUT_ROOT = 64124 if ROOT else os.getuid()
# What a program with the door has in it.
TRACES = ("back_door", "BACK_DOOR", "attempt_call", "attempt_deed", "__wrap_", "sallyport-attack")


def traces(program):
    """Of the door in a file: in its symbols, its strings, anywhere."""
    content = Path(program).read_bytes()
    symbols = subprocess.run(["readelf", "--wide", "--symbols", "--dyn-syms", program], capture_output=True, check=True,
                             text=True).stdout
    return [trace for trace in TRACES if trace.encode() in content or trace in symbols]


class BackDoor:
    """One process's end: commands as words, answers as text. An empty answer: it is dead."""

    def __init__(self, connection):
        self.connection = connection
        self.connection.settimeout(DEADLINE)
        self.role = self.ask(None)

    def ask(self, command):
        try:
            if command is not None:
                self.connection.send(command.encode())
            return self.connection.recv(300000).decode()
        except (BrokenPipeError, ConnectionResetError):
            return ""

    def attempt(self, name, victim=0):
        return self.ask(f"try {name} {victim}")

    def serve(self):
        answer = self.ask("serve")
        assert answer == "serving", answer

    def send(self, message, fds=0):
        return self.ask(f"send {fds} {message.hex()}")

    def receive(self, milliseconds=1000 * DEADLINE):
        """A message's bytes; "nothing" or "closed"."""
        answer = self.ask(f"receive {milliseconds}")
        return answer if answer in ("nothing", "closed", "") else bytes.fromhex(answer)

    def end_of_link(self):
        """"closed", after whatever else was still to come; "nothing" if nothing more comes."""
        while True:
            answer = self.receive()
            if not isinstance(answer, bytes):
                return answer

    def close(self):
        self.connection.close()


class Listener:
    """Where the daemons' back doors report."""

    def __init__(self, folder):
        self.path = folder / "back_door"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.bind(os.fspath(self.path))
        self.path.chmod(0o666)
        self.socket.listen(16)
        self.socket.setblocking(False)

    def accept(self, program):
        """The next process that reports; `program` must not end before."""
        def reported():
            assert program.runs(), program.log()
            try:
                return self.socket.accept()[0]
            except BlockingIOError:
                return None
        return BackDoor(wait_until(reported, "a process with a back door"))

    def close(self):
        self.socket.close()


class Attacked:
    """What both below have: the programs with the door, where every uid can reach them, and uids of their own."""

    def __init__(self, folder, *arguments, as_root=ROOT, **overrides):
        super().__init__(folder, *arguments, as_uid=None if as_root or not ROOT else WITHOUT_ROOT,
                         privsep={"users": UIDS}, **overrides)
        attacked = shutil.copytree(ATTACKED, self.folder / "attacked", dirs_exist_ok=True)
        self.arguments[0] = str(attacked / Path(self.arguments[0]).relative_to(BUILD))
        self.listener = Listener(self.folder)
        self.environment["SALLYPORT_BACK_DOOR"] = str(self.listener.path)

    def destroy(self):
        super().destroy()
        self.listener.close()


class AttackedDaemon(Attacked, Daemon):
    """One daemon alone. Started, it waits for commands before it confines itself."""

    back_door = None

    def start(self):
        self.launch()
        self.back_door = self.listener.accept(self)
        assert self.back_door.role == self.role
        return self


class AttackedServer(Attacked, Server):
    """All three, each serving, with its back door in .doors."""

    def __init__(self, folder, **overrides):
        super().__init__(folder, **overrides)
        self.doors = {}

    def launch(self):
        super().launch()
        for _ in range(3):
            self.admit()
        return self

    def admit(self):
        """Lets the next daemon that starts go on to serve."""
        door = self.listener.accept(self)
        door.serve()
        self.doors[door.role] = door
        return door


class Victim:
    """A process of the same uid as the attacker, and two sockets that let everybody in: attempts name it by its pid."""

    def __init__(self, uid):
        who = ["setpriv", "--reuid", str(uid), "--clear-groups", "--"] if ROOT else []
        self.process = subprocess.Popen([*who, "sleep", "infinity"])
        name = f"sallyport-attack-{self.pid}"
        self.path = Path("/tmp") / name
        self.listeners = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        for listener, address in zip(self.listeners, ("\0" + name, os.fspath(self.path))):
            listener.bind(address)
            listener.listen(8)
        self.path.chmod(0o666)

    @property
    def pid(self):
        return self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        assert self.process.poll() is None, "somebody killed the victim"
        assert os.getpriority(os.PRIO_PROCESS, self.pid) == os.getpriority(os.PRIO_PROCESS, 0)
        self.process.kill()
        self.process.wait()
        for listener in self.listeners:
            listener.close()
        self.path.unlink()

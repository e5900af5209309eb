"""
The messages between store and the front processes, as bytes, and both ends of a link: enough to stand
in for either side, honestly or not. The numbers are those of common/message.h.
"""

import contextlib
import os
import socket
import struct

from sallyport import DEADLINE, ROOT, UIDS, wait_until

VERSION = 21
MAXIMUM = 32 * 1024

HELLO, HELLO_ANSWER, STATISTICS = 2, 3, 4
SNAPSHOT_BEGIN, SNAPSHOT_CHUNK, SNAPSHOT_END = 16, 18, 20
DELTA, DELTA_APPLIED = 22, 23
REGISTER, REGISTER_ANSWER = 32, 33
UPDATE, UPDATE_ANSWER = 34, 35
ACCOUNT, ACCOUNT_ANSWER = 36, 37
METRICS, METRICS_ANSWER = 38, 39
READY, READY_ANSWER = 40, 41
LINK = 48
RELOAD, RELOAD_ANSWER, RELOAD_PAIR, RELOAD_APPLY = 50, 51, 52, 54
ALL_STATISTICS, ALL_STATISTICS_ANSWER = 64, 65
LIST_ACCOUNTS, FIND_ACCOUNT, ADD_ACCOUNT, CHANGE_ACCOUNT = 66, 68, 70, 72
LIST_TOKENS, READ_TOKEN, LIST_TOKEN_ACCOUNTS, ADD_TOKEN, REVOKE_TOKEN = 82, 84, 86, 88, 90
IMPORT, IMPORT_ANSWER = 80, 81
SHOW_TRIAL, SHOW_TRIAL_ANSWER = 92, 93
STATUS, STATUS_ANSWER = 94, 95

ROLE_NUMBERS = {"dnsd": 1, "apid": 2, "control": 3}
STATISTIC_COUNTS = {"dnsd": 55, "apid": 125, "store": 80}  # values of each process
STATISTICS_OF_ALL = sum(STATISTIC_COUNTS.values())
LOOPBACK = bytes(10) + b"\xff\xff" + bytes([127, 0, 0, 1])


def message(kind, body=b"", number=0, flags=0, length=None):
    """One whole message; `length` lies about its size."""
    size = 16 + len(body) if length is None else length
    return struct.pack("!HHIQ", kind, flags, size, number) + body


def parse(data):
    """(type, id, body) of a message."""
    kind, flags, length, number = struct.unpack("!HHIQ", data[:16])
    assert (flags, length) == (0, len(data))
    return kind, number, data[16:]


def string8(data):
    return bytes([len(data)]) + data


def string16(data):
    return struct.pack("!H", len(data)) + data


def hello(role, version=VERSION):
    return struct.pack("!HB", version, ROLE_NUMBERS.get(role, role))


def statistics(role, values=()):
    """A report that begins with these values; the rest is 0."""
    return struct.pack(f"!{STATISTIC_COUNTS[role]}Q", *values, *[0] * (STATISTIC_COUNTS[role] - len(values)))


def register(networks=(), count=None, client=LOOPBACK, token=b""):
    return client + string8(token) + struct.pack("!H", len(networks) if count is None else count) + \
        b"".join(string8(network) for network in networks)


def update(username=b"u" * 36, key=b"k" * 40, subdomain=b"s" * 36, txt=b"t" * 43, client=LOOPBACK, number=0):
    """One of those in an UPDATE."""
    return struct.pack("!Q", number) + client + string8(username) + string8(key) + string8(subdomain) + string16(txt)


def update_answer(number, result=0):
    """One of those in an UPDATE_ANSWER."""
    return struct.pack("!QB", number, result)


ACTIONS = {"read": 1, "allowfrom": 2, "rotate": 3, "remove": 4, "clear": 5, "delete": 6}


def account(action="read", username=b"u" * 36, key=b"k" * 40, subdomain=b"", txt=b"", networks=(), count=None,
            client=LOOPBACK):
    return bytes([ACTIONS.get(action, action)]) + client + string8(username) + string8(key) + string8(subdomain) + \
        string16(txt) + struct.pack("!H", len(networks) if count is None else count) + \
        b"".join(string8(network) for network in networks)


def token(name=b"team", networks=(), count=None, bits=120):
    return string8(name) + bytes(6 * 8 + 16) + struct.pack("!H", len(networks) if count is None else count) + \
        b"".join(network + bytes([bits]) for network in networks)


def name(label, values=(), commit=1, exists=1, count=None):
    return struct.pack("!Q", commit) + string8(label) + \
        bytes([exists, len(values) if count is None else count]) + b"".join(bytes(8) + string16(value) for value in values)


def snapshot_end(sent, everything=True):
    return message(SNAPSHOT_END, struct.pack("!QB", sent, everything))


def read_register_answer(body):
    """(username, password, subdomain) of a successful one."""
    assert body[0] == 0, f"result {body[0]}"
    parts, offset = [], 1
    for _ in range(3):
        parts.append(body[offset + 1:offset + 1 + body[offset]])
        offset += 1 + body[offset]
    return parts


def networks_of(networks, count=None):
    return struct.pack("!H", len(networks) if count is None else count) + \
        b"".join(string8(network) for network in networks)


def list_accounts(after=b"", maximum=512, hashes=0):
    return string8(after) + struct.pack("!HB", maximum, hashes)


def add_account(subdomain=b"", networks=(), count=None):
    return string8(subdomain) + networks_of(networks, count)


def change_account(action, username=b"00000000-0000-0000-0000-000000000000", text=b"", networks=(), count=None):
    return bytes([action]) + string8(username) + string16(text) + networks_of(networks, count)


@contextlib.contextmanager
def being(uid):
    """What happens inside is done by this uid as far as the kernel is asked; without root we have but one."""
    if not ROOT:
        yield
        return
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


class LinkEnd:
    """One end of a link in the test's hands."""

    def __init__(self, end):
        self.end = end
        self.end.settimeout(DEADLINE)

    def close(self):
        self.end.close()

    def send(self, *messages):
        for one in messages:
            self.end.send(one)

    def receive(self):
        return parse(self.end.recv(MAXIMUM + 1))

    def receive_until(self, kind):
        """Reads over other messages to the next one of a type."""
        while True:
            found = self.receive()
            if found[0] == kind:
                return found

    def wait_closed(self):
        """Until the other side has closed; what it still had to say is read over."""
        try:
            while self.end.recv(MAXIMUM + 1):
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass

    def greet(self, role):
        self.send(message(HELLO, hello(role), 7))
        kind, number, body = self.receive()
        assert (kind, number, body) == (HELLO_ANSWER, 7, hello(role))
        return self


class FalseFront:
    """Keeps a front process's door in its place; store dials it and hands over links."""

    def __init__(self, store, role, uid=None):
        self.role = role
        self.path = store.runtime / f"{role}.door"
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        wait_until(store.runtime.is_dir, "the runtime folder")
        self.path.unlink(missing_ok=True)
        self.door.bind(os.fspath(self.path))
        self.path.chmod(0o600)
        if ROOT:
            os.chown(self.path, UIDS["store"], -1)
        # The kernel notes here whose door it is.
        with being(UIDS[role] if uid is None else uid):
            self.door.listen(4)
        self.door.settimeout(DEADLINE)

    def accept(self):
        guest, _ = self.door.accept()
        guest.settimeout(DEADLINE)
        return guest

    def link(self):
        """The next link that store hands over."""
        with self.accept() as guest:
            data, fds, flags, _ = socket.recv_fds(guest, MAXIMUM, 4)
        assert flags & socket.MSG_CTRUNC == 0
        assert parse(data) == (LINK, 0, b"")
        end, = fds
        return LinkEnd(socket.socket(fileno=end))

    def greeted(self):
        return self.link().greet(self.role)

    def close(self):
        self.door.close()
        self.path.unlink(missing_ok=True)


def reload_answer(data):
    """Whether another reload is under way, why it was refused, and what needs a restart."""
    kind, number, body = parse(data)
    assert kind == RELOAD_ANSWER
    reason = body[2:2 + body[1]]
    keys = body[2 + len(reason):]
    assert int.from_bytes(keys[:2], "big") == len(keys) - 2
    return body[0], reason.decode(), keys[2:].decode()


def dial(daemon, uid=UIDS["store"]):
    """A connection to a front process's door, made by a uid."""
    path = daemon.runtime / f"{daemon.role}.door"
    guest = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    guest.settimeout(DEADLINE)

    def connected():
        try:
            with being(uid):
                guest.connect(os.fspath(path))
            return True
        except (FileNotFoundError, ConnectionRefusedError, BlockingIOError):
            return False  # not bound, not listening, or the queue is full
    try:
        wait_until(connected, f"the door of {daemon.role}")
    except BaseException:
        guest.close()
        raise
    return guest


def administer(daemon, uid=0, gid=0, groups=()):
    """A connection to store's control socket, not greeted yet, made by whomever; PermissionError where the socket's mode forbids it."""
    guest = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    path = daemon.runtime / "control"
    wait_until(path.exists, "the control socket")
    before = os.getgroups() if ROOT else None
    try:
        if ROOT:
            os.setgroups(groups)
            os.setegid(gid)
            os.seteuid(uid)
        guest.connect(os.fspath(path))
    except BaseException:
        guest.close()
        raise
    finally:
        if ROOT:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(before)
    return LinkEnd(guest)


def hand_over(daemon, data=None, count=1):
    """A link made as store makes it; `data` and `count` of descriptors for one that does it wrongly."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with dial(daemon) as guest, theirs:
        socket.send_fds(guest, [message(LINK) if data is None else data], [theirs.fileno()] * count)
    return LinkEnd(ours)


def greeted(daemon):
    """A link to the daemon on which its greeting was answered."""
    link = hand_over(daemon)
    kind, number, body = link.receive()
    assert (kind, body) == (HELLO, hello(daemon.role))
    link.send(message(HELLO_ANSWER, hello(daemon.role), number))
    return link

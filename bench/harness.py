"""What the benchmarks share: the zone and its questions, servers that can be started and watched, tables."""

import base64
import contextlib
import hashlib
import json
import os
import pathlib
import platform
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("SALLYPORT_BUILD", ROOT / "build"))
TOOLS = BUILD / "bench"

ADDRESS = "127.0.0.1"
ZONE = "auth.example.org"
SERVER_CORE, LOAD_CORE = "0", "1"
TICKS = os.sysconf("SC_CLK_TCK")
UIDS = {"store": 64101, "dnsd": 64102, "apid": 64103}  # numbers: no account has to be made
START_LIMIT = 120  # seconds for a server to give its first right answer, or to take a snapshot
QUESTIONS = 200_000  # different queries in a file, at most
RATE_LIMIT = 1_000_000  # answers a second to one network: the highest that can be set
UDP_WINDOW = 200  # queries under way

TYPE_A, TYPE_NS, TYPE_SOA, TYPE_TXT = 1, 2, 6, 16


class Failure(Exception):
    """The benchmark cannot go on, or what it measured is not what it says."""


# The zone and the questions


def label_of(number):
    digest = hashlib.blake2b(b"label %d" % number, digest_size=16).digest()
    return str(uuid.UUID(bytes=digest, version=4))


def values_of(number):
    """Two values as an ACME client would set them: 43 characters of base64url each."""
    digest = hashlib.blake2b(b"value %d" % number, digest_size=64).digest()
    return [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (digest[:32], digest[32:])]


def write_zone(folder, names):
    """The names once for the filler, once as a zone file."""
    lines, zone = folder / "names", folder / "zone"
    with open(lines, "w", encoding="ascii") as names_out, open(zone, "w", encoding="ascii") as zone_out:
        zone_out.write(f"$ORIGIN {ZONE}.\n$TTL 3600\n@ SOA {ZONE}. hostmaster.example.org. 1 28800 7200 604800 60\n"
                       f"@ NS {ZONE}.\n@ A 198.51.100.1\n")
        for number in range(names):
            label, values = label_of(number), values_of(number)
            names_out.write(f"{label} {values[0]} {values[1]}\n")
            zone_out.write(f"{label} 1 TXT {values[0]}\n{label} 1 TXT {values[1]}\n")
    for path in (folder, lines, zone):
        path.chmod(0o755)
    return lines, zone


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def query(name, qtype, number):
    """EDNS always, a client cookie (RFC 7873) in every other one, and every query another id."""
    options = b""
    if number % 2:
        options = struct.pack("!HH", 10, 8) + hashlib.blake2b(b"cookie %d" % number, digest_size=8).digest()
    return (struct.pack("!HHHHHH", number & 0xffff, 0, 1, 0, 0, 1) + wire_name(name) + struct.pack("!HH", qtype, 1)
            + struct.pack("!BHHIH", 0, 41, 1232, 0, len(options)) + options)


def hit(rng, names):
    return f"{label_of(rng.randrange(names))}.{ZONE}", TYPE_TXT


def write_questions(path, names, draw, seed):
    rng = random.Random(seed)
    with open(path, "wb") as out:
        for number in range(min(QUESTIONS, max(10 * names, 1000))):
            message = query(*draw(rng, names), number)
            out.write(struct.pack("!H", len(message)) + message)
    return path


# The servers


def free_port():
    """A port that is free for both transports."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            port = random.randrange(20000, 30000)  # below the ports that connections are given
            try:
                udp.bind((ADDRESS, port))
                tcp.bind((ADDRESS, port))
            except OSError:
                continue
            return port
    raise Failure("no free port")


def children_of(pid):
    """The process and all its descendants."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(") ", 1)[1].split()[1])
    family, grew = {pid}, True
    while grew:
        more = {child for child, parent in parents.items() if parent in family} - family
        family |= more
        grew = bool(more)
    return sorted(family)


def cpu_ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def memory_bytes(pid, field):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE).group(1)) * 1024


class Server:
    """One server under test: `start` begins it, the properties look at it from outside."""

    name = version = ""
    tcp = True
    cores = SERVER_CORE

    def __init__(self, folder, names, lines, zone):
        self.folder = folder / self.name.replace(", ", "-").replace(" ", "-")
        self.folder.mkdir(mode=0o755)
        self.folder.chmod(0o755)
        self.names, self.lines, self.zone = names, lines, zone
        self.port = free_port()
        self.process = None
        self.start_seconds = None

    def prepare(self):
        """Everything that need not be measured. Returns the command."""
        raise NotImplementedError

    def pids(self):
        return children_of(self.process.pid)

    def start(self):
        command = self.prepare()
        log = self.folder / "log"
        with open(log, "ab") as out:
            begin = time.monotonic()
            self.process = subprocess.Popen(["taskset", "-c", self.cores, *command], stdout=out, stderr=out,
                                            stdin=subprocess.DEVNULL, cwd=self.folder)
        while not self.answers_right():
            if self.process.poll() is not None or time.monotonic() > begin + START_LIMIT:
                raise Failure(f"{self.name} does not come up:\n{log.read_text(errors='replace')[-2000:]}")
        self.start_seconds = time.monotonic() - begin

    def answers_right(self):
        """Asks for one name that an update would have made; its two values must be in the answer."""
        number = self.names - 1
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.005)
            with contextlib.suppress(OSError):
                probe.connect((ADDRESS, self.port))
                probe.send(query(f"{label_of(number)}.{ZONE}", TYPE_TXT, 0))
                return self.is_right(probe.recv(4096), number)
        time.sleep(0.002)
        return False

    def is_right(self, answer, number):
        return all(value.encode() in answer for value in values_of(number))

    def cpu_seconds(self):
        return sum(cpu_ticks(pid) for pid in self.pids()) / TICKS

    def memory(self):
        """Bytes of the largest process, and of all of them with what they share counted once."""
        return (max(memory_bytes(pid, "Rss") for pid in self.pids()),
                sum(memory_bytes(pid, "Pss") for pid in self.pids()))

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        family = children_of(self.process.pid)
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        for pid in family:  # whoever has outlived it
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


class Sallyport(Server):
    name = "sallyport"
    workers = 1
    socket_buffer = 1 << 20  # the default
    synchronised_seconds = None  # from the start until all names are served
    api_port = None

    def prepare(self):
        self.version = output(BUILD / "bin" / "sallyport", "--version").split("\n")[0]
        self.api_port = free_port()
        data = self.folder / "lib"
        # Without root the three processes run as whoever started this.
        uid, gid = (UIDS["store"],) * 2 if os.geteuid() == 0 else (os.getuid(), os.getgid())
        with open(self.lines, "rb") as lines:
            subprocess.run([TOOLS / "fill", data, str(uid), str(gid)], stdin=lines, check=True,
                           stdout=subprocess.DEVNULL, timeout=1800)
        path = self.folder / "sallyport.yaml"
        path.write_text(
            f"zone:\n  name: {ZONE}\n  records:\n    - '{ZONE}. A 198.51.100.1'\n    - '{ZONE}. NS {ZONE}.'\n"
            f"dns:\n  listen: ['{ADDRESS}:{self.port}']\n  workers: {self.workers}\n"
            # Everything is counted, and nothing reaches the limit.
            f"  rate_limit: {{responses_per_second: {RATE_LIMIT}, exempt: []}}\n"
            f"  socket_buffer: {self.socket_buffer}\n"
            f"api: {{listen: ['{ADDRESS}:{self.api_port}']}}\n"
            f"store: {{path: {data}}}\n"
            f"privsep: {{users: {json.dumps(UIDS)}, runtime_dir: {self.folder / 'run'}}}\n")
        return [BUILD / "bin" / "sallyport", "run", "-c", path]

    def daemons(self, role):
        name = f"sallyport-{role}"
        return [pid for pid in super().pids() if os.path.basename(os.readlink(f"/proc/{pid}/exe")) == name]

    def pids(self):
        """Only dnsd: the other two sleep, and are not what a DNS server is compared with."""
        found = self.daemons("dnsd")
        if not found:
            raise Failure("sallyport-dnsd is gone")
        return found

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def start(self):
        """A name is answered as soon as it is known; whoever measures what all of them take wants all of them."""
        super().start()
        begin = time.monotonic()
        self.wait_synchronised(1)
        self.synchronised_seconds = self.start_seconds + time.monotonic() - begin

    def wait_synchronised(self, count):
        end = time.monotonic() + START_LIMIT
        while self.log().count("synchronised:") < count:
            if time.monotonic() > end:
                raise Failure("no snapshot came")
            time.sleep(0.02)

    def restart_store(self):
        """Kills store and waits until dnsd has taken the whole of a new snapshot. Returns the seconds that took."""
        count, begin = self.log().count("synchronised:"), time.monotonic()
        for pid in self.daemons("store"):
            os.kill(pid, signal.SIGKILL)
        self.wait_synchronised(count + 1)
        return time.monotonic() - begin


# Running and reporting


def output(*command):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30,
                            check=False)
    return result.stdout.strip()


def run_load(seconds, *command):
    try:
        return subprocess.run(["taskset", "-c", LOAD_CORE, *map(str, command)], capture_output=True, text=True,
                              timeout=seconds + 60, check=True).stdout
    except subprocess.CalledProcessError as error:
        raise Failure(f"{command[0]}: {error.stderr}") from error


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def text_table(head, rows):
    rows = [head, *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) if column < 2 else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(row, widths))).rstrip()
                     for row in rows) + "\n"


def machine():
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.*)", info, re.MULTILINE)
    system = re.search(r'^PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text(), re.MULTILINE)
    virtual = ", a virtual machine" if re.search(r"^flags.*\bhypervisor\b", info, re.MULTILINE) else ""
    return (f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} cores{virtual}, "
            f"Linux {platform.release()}, {system.group(1) if system else ''}")

"""
The server under test: its configuration, its processes, and clients for its two doors to the world.

Tests make a `Server(folder, zone=..., records=[...], **overrides)`, start it, and talk to it with the
methods here, or through `exchange()` and `HttpConnection` where a library would hide the bytes.
Every wait has a deadline and none of them is a measurement: sanitizer builds are slow.
"""

import atexit
import base64
import contextlib
import errno
import json
import os
import random
import secrets
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import requests

# Set for a run of the same tests in which the API is spoken to over TLS.
TLS = os.environ.get("SALLYPORT_TLS", "") != ""

BUILD = Path(os.environ.get("SALLYPORT_BUILD", Path(__file__).resolve().parents[2] / "build"))
FLAVOUR = os.environ.get("SALLYPORT_FLAVOUR", "release")
SANITIZED = os.environ.get("SALLYPORT_SANITIZE", "") != ""

ROOT = os.geteuid() == 0


def programs():
    """
    The folder with bin/ and libexec/. A checkout in root's home is closed to the users that some tests start the
    programs as: then it is a copy, gone with this process.
    """
    if not ROOT or not (BUILD / "bin").exists() or all(
            folder.stat().st_mode & 0o001 for folder in (BUILD / "bin").resolve().parents):
        return BUILD
    folder = make_folder()
    atexit.register(shutil.rmtree, folder)
    for name in ("bin", "libexec"):
        shutil.copytree(BUILD / name, folder / name)
    return folder

ROLES = ("store", "dnsd", "apid")
# Numbers, so that no account has to be made; distinct, because the configuration insists.
UIDS = {"store": 64101, "dnsd": 64102, "apid": 64103}
# Whom the server runs as in the tests of a start without root.
NOBODY = 64110

ZONE = "auth.example.org"
RECORDS = [
    f"{ZONE}. A 198.51.100.1",
    f"{ZONE}. AAAA 2001:db8::1",
    f"{ZONE}. NS {ZONE}.",
]

# Seconds within which anything must have happened that happens at all, on a machine whose disk and
# processors are busy with something else.
DEADLINE = 120

SANITIZER_REPORTS = (
    "ERROR: AddressSanitizer",
    "ERROR: LeakSanitizer",
    "WARNING: ThreadSanitizer",
    "Sanitizer:DEADLYSIGNAL",
    "runtime error:",
    "SUMMARY: ",
)


class Late(AssertionError):
    """Something did not happen before its deadline."""


def wait_until(condition, what, seconds=DEADLINE, pause=0.01):
    """Polls `condition` until it is true and returns its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Late(f"{what}: not within {seconds} s")
        time.sleep(pause)


def complaints(done):
    """What a finished command wrote to standard error, without what a build or a kernel lacks."""
    return [line for line in done.stderr.splitlines()
            if "this build has sanitizers" not in line and "Landlock" not in line]


def make_folder():
    """A new folder that every uid can enter; pytest's own tmp_path cannot be."""
    folder = Path(tempfile.mkdtemp(prefix="sallyport-"))
    folder.chmod(0o755)
    return folder


SALLYPORT = programs() / "bin" / "sallyport"
LIBEXEC = SALLYPORT.parents[1] / "libexec" / "sallyport"

_port_claims = []  # sockets, kept until this process ends


def free_port():
    """
    A port free for UDP and TCP on both loopback addresses. Below the range that the kernel gives to
    outgoing sockets, and claimed by an abstract Unix socket, which leaves nothing behind whatever
    becomes of this process, so that suites may run side by side.
    """
    for _ in range(1000):
        port = random.randrange(10000, 32000)
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0sallyport-port-{port}")
        except OSError as error:
            claim.close()
            if error.errno != errno.EADDRINUSE:
                raise
            continue
        if all(_bindable(*where, port) for where in
               ((socket.AF_INET, "127.0.0.1", socket.SOCK_DGRAM),
                (socket.AF_INET, "127.0.0.1", socket.SOCK_STREAM),
                (socket.AF_INET6, "::1", socket.SOCK_DGRAM),
                (socket.AF_INET6, "::1", socket.SOCK_STREAM))):
            _port_claims.append(claim)
            return port
        claim.close()
    raise RuntimeError("no free port found")


def release_ports():
    while _port_claims:
        _port_claims.pop().close()


def _bindable(family, address, kind, port):
    with socket.socket(family, kind) as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def merge(base, changes):
    """`base` with `changes` laid over it; a value of None takes the key away."""
    result = dict(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = value
    return result


def make_certificate(folder, name="api", days=90, key="ec:P-256", names=("DNS:sallyport.test",)):
    """A certificate that signs itself and its key, in the folder: the paths of both."""
    certificate, key_file = Path(folder) / f"{name}.pem", Path(folder) / f"{name}.key"
    kind, size = key.split(":")
    options = ["-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{size}"] if kind == "ec" else ["-newkey", key]
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-batch", "-days", str(days), "-subj", "/CN=sallyport.test",
         "-addext", "subjectAltName=" + ",".join(["IP:127.0.0.1", "IP:::1", *names]), *options,
         "-keyout", key_file, "-out", certificate], check=True, capture_output=True, timeout=DEADLINE)
    key_file.chmod(0o600)
    return certificate, key_file


def to_yaml(configuration):
    """Two levels of block mapping; the values in JSON, which YAML includes."""
    lines = []
    for section, content in configuration.items():
        if not isinstance(content, dict):
            lines.append(f"{section}: {json.dumps(content)}")
            continue
        lines.append(f"{section}:")
        lines += [f"  {key}: {json.dumps(value)}" for key, value in content.items()]
    return "\n".join(lines) + "\n"


def random_txt():
    """What an ACME client sets: 32 bytes in unpadded base64url, 43 characters."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()


def process_status(pid):
    """/proc/PID/status as a dictionary."""
    text = Path(f"/proc/{pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def process_children(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def process_runs(pid):
    """Whether the process exists and is not merely waiting to be reaped."""
    try:
        return process_status(pid)["State"][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Program:
    """One started program with its log in a file of its own."""

    started = []  # every Program of this run of pytest, for the log of a failed test

    def __init__(self, folder, arguments, log_name="server.log", as_uid=None):
        self.folder = Path(folder)
        self.arguments = [str(argument) for argument in arguments]
        self.log_path = self.folder / log_name
        self.as_uid = as_uid
        self.pass_fds = ()
        self.environment = {}  # beyond ours
        self.process = None
        self.reported = 0  # bytes of the log already searched for sanitizer reports

    @property
    def pid(self):
        return self.process.pid

    def launch(self):
        # Should pytest itself be killed, the kernel ends what it started.
        command = ["setpriv", "--pdeathsig", "TERM"]
        if self.as_uid is not None:
            command += ["--reuid", str(self.as_uid), "--regid", str(self.as_uid), "--clear-groups"]
        environment = dict(os.environ)
        environment.pop("JOURNAL_STREAM", None)
        environment.pop("NOTIFY_SOCKET", None)
        # LeakSanitizer needs /proc and ptrace, and a confined process has neither.
        environment["ASAN_OPTIONS"] = "detect_leaks=0:abort_on_error=0"
        environment["UBSAN_OPTIONS"] = "print_stacktrace=1"
        environment.update(self.environment)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                command + ["--"] + self.arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.folder, env=environment, start_new_session=True, pass_fds=self.pass_fds)
        if self not in Program.started:
            Program.started.append(self)
        return self

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_log(self, text, count=1, seconds=DEADLINE):
        wait_until(lambda: self.log().count(text) >= count, f"{count} x {text!r} in the log", seconds)

    def runs(self):
        return self.process is not None and self.process.poll() is None

    def wait_exit(self, seconds=DEADLINE):
        """The exit code; negative is a signal."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Late(f"{self.arguments[0]} did not end within {seconds} s") from None

    def terminate(self, seconds=DEADLINE):
        self.process.send_signal(signal.SIGTERM)
        return self.wait_exit(seconds)

    def destroy(self):
        """Ends it whatever its state; part of cleaning up, so it never complains."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(DEADLINE)

    def sanitizer_report(self):
        """What a sanitizer wrote since the last call, or an empty string."""
        text = self.log()[self.reported:]
        self.reported += len(text)
        return text if any(words in text for words in SANITIZER_REPORTS) else ""


class Configured(Program):
    """A program of Sallyport's with a configuration file in its folder."""

    def __init__(self, folder, program, zone=ZONE, records=None, as_uid=None, log_name="server.log",
                 zone_keys=None, tls=TLS, **overrides):
        self.zone = zone
        folder = Path(folder)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        self.dns_port = free_port()
        self.api_port = free_port()
        self.configuration = merge({
            "zone": {
                "name": zone,
                "nameserver": zone,
                "admin": "hostmaster@example.org",
                "records": [record.replace(ZONE, zone) for record in RECORDS]
                if records is None else records,
                "txt_ttl": 1,
                "negative_ttl": 60,
                **(zone_keys or {}),
            },
            "dns": {
                "listen": [f"127.0.0.1:{self.dns_port}", f"[::1]:{self.dns_port}"],
                "protocols": ["udp", "tcp"],
                "workers": 2,
            },
            "api": {"listen": [f"127.0.0.1:{self.api_port}", f"[::1]:{self.api_port}"]},
            "store": {"path": "lib"},
            "privsep": {"users": UIDS, "runtime_dir": "run"},
            "log": {"level": "info", "format": "text"},
        }, overrides)
        self.certificate = None  # what its clients trust; None: plain HTTP
        if tls:
            self.use_certificate(*make_certificate(folder))
        self.file = folder / "sallyport.yaml"
        super().__init__(folder, program + ["-c", self.file], log_name, as_uid)
        self.write_configuration()

    def use_certificate(self, certificate, key_file):
        """For the next start, after write_configuration()."""
        self.certificate = certificate
        self.configuration["api"]["tls"] = {"certificate": str(certificate), "key": str(key_file)}

    def command(self, *words, uid=None, groups=(), environment=None, **options):
        """Runs `sallyport WORDS -c FILE`, perhaps as somebody else, with more in its environment."""
        command = [SALLYPORT, *words, "-c", self.file]
        if uid is not None:
            command = ["setpriv", "--reuid", str(uid), "--regid", str(uid),
                       *(["--groups", ",".join(map(str, groups))] if groups else ["--clear-groups"]), "--", *command]
        return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE,
                              env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0", **(environment or {})), **options)

    @property
    def runtime(self):
        return self.folder / self.configuration["privsep"]["runtime_dir"]

    @property
    def database(self):
        return self.folder / self.configuration["store"]["path"]

    def write_configuration(self, text=None):
        self.file.write_text(text if text is not None else to_yaml(self.configuration))
        if ROOT and self.as_uid is not None:
            for path in [self.folder, *self.folder.rglob("*")]:
                os.lchown(path, self.as_uid, self.as_uid)

    # --- DNS ---

    def dns(self, name, rdtype="TXT", transport="udp", address="127.0.0.1", **options):
        """Asks one question, `name` relative to the zone or with a final dot; a dns.message back."""
        return self.dns_message(self.question(name, rdtype, **options), transport, address)

    def question(self, name, rdtype="TXT", rdclass="IN", **options):
        if not name.endswith("."):
            name = f"{name}.{self.zone}." if name else f"{self.zone}."
        flags = options.pop("flags", 0)
        query = dns.message.make_query(name, rdtype, rdclass, **options)
        query.flags = dns.flags.Flag(flags)
        return query

    def dns_message(self, query, transport="udp", address="127.0.0.1"):
        answer = dns.message.from_wire(self.exchange(query.to_wire(), transport, address),
                                       one_rr_per_rrset=False, ignore_trailing=False)
        assert answer.id == query.id
        assert answer.flags & dns.flags.QR
        return answer

    def exchange(self, wire, transport="udp", address="127.0.0.1"):
        """Sends one DNS message as it is and returns the answer's bytes."""
        if transport == "udp":
            with self.udp_socket(address) as peer:
                return udp_exchange(peer, wire)
        with self.tcp_socket(address) as peer:
            peer.sendall(struct.pack("!H", len(wire)) + wire)
            return tcp_answer(peer)

    def udp_socket(self, address="127.0.0.1", source=None):
        """`source`: the loopback address to come from."""
        peer = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        peer.settimeout(DEADLINE)
        if source is not None:
            peer.bind((source, 0))
        peer.connect((address, self.dns_port))
        return peer

    def tcp_socket(self, address="127.0.0.1", source=None):
        return socket.create_connection((address, self.dns_port), DEADLINE, (source, 0) if source is not None else None)

    def txt(self, name, **where):
        """The values of a name, oldest first as they stand in the answer; None if it does not exist."""
        answer = self.dns(name, "TXT", **where)
        if answer.rcode() == dns.rcode.NXDOMAIN:
            return None
        assert answer.rcode() == dns.rcode.NOERROR, answer
        return [b"".join(rdata.strings).decode() for rrset in answer.answer
                if rrset.rdtype == dns.rdatatype.TXT for rdata in rrset]

    # --- HTTP ---

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.api_port}"

    @property
    def scheme(self):
        return "http" if self.certificate is None else "https"

    def http(self, method, path, address="127.0.0.1", session=requests, **options):
        host = f"[{address}]" if ":" in address else address
        options.setdefault("timeout", DEADLINE)
        options.setdefault("allow_redirects", False)
        # Proxies of the environment have no business here.
        options.setdefault("proxies", {"http": "", "https": ""})
        options.setdefault("verify", str(self.certificate))
        return session.request(method, f"{self.scheme}://{host}:{self.api_port}{path}", **options)

    def register(self, allowfrom=None, **options):
        """A new account: the answer's dictionary."""
        if allowfrom is not None:
            options["json"] = {"allowfrom": allowfrom}
        answer = self.http("POST", "/register", **options)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def update(self, account, txt=None, **options):
        """Sets a value for an account; returns the HTTP answer."""
        return self.http("POST", "/update", headers=credentials(account), json={
            "subdomain": account["subdomain"], "txt": random_txt() if txt is None else txt}, **options)

    def set_value(self, account, txt=None):
        """The same where anything but 200 is a failure; returns the value."""
        txt = random_txt() if txt is None else txt
        answer = self.update(account, txt)
        assert answer.status_code == 200, answer.text
        return txt

    def http_connection(self, address="127.0.0.1", source=None):
        """`source`: the loopback address to come from."""
        peer = self.api_socket(address, source)
        return HttpConnection(peer if self.certificate is None else TlsPeer(peer, self.tls_context()))

    def api_socket(self, address="127.0.0.1", source=None):
        return socket.create_connection((address, self.api_port), DEADLINE,
                                        (source, 0) if source is not None else None)

    def tls_context(self):
        """As a client has it that trusts this server."""
        return ssl.create_default_context(cafile=str(self.certificate))


class Daemon(Configured):
    """One daemon alone, without a parent and without its neighbours."""

    def __init__(self, folder, role, **overrides):
        self.role = role
        super().__init__(folder, [LIBEXEC / f"sallyport-{role}"],
                         **{"log_name": f"{role}.log", **overrides})

    def start(self):
        self.launch()
        self.wait_log(f"{self.role}: ready")
        return self


class Server(Configured):
    """`sallyport run` and its three daemons."""

    def __init__(self, folder, zone=ZONE, records=None, **overrides):
        super().__init__(folder, [SALLYPORT, "run"], zone, records, **overrides)
        self.deaths_expected = False  # set by tests that kill; otherwise stop() insists on no restart
        self.first_pids = None

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()
        else:
            self.destroy()

    def start(self):
        self.launch()
        try:
            self.wait_ready()
        except BaseException:
            self.destroy()
            raise
        self.first_pids = self.pids()
        return self

    def pids(self):
        """{role: pid} of the daemons that run."""
        found = {}
        for pid in process_children(self.pid):
            role = daemon_role(pid)
            if role is not None and process_runs(pid):
                found[role] = pid
        return found

    def wait_ready(self, seconds=DEADLINE):
        """Until every listener answers, dnsd is synchronised and apid reaches store."""
        def running():
            if not self.runs():
                raise AssertionError(f"sallyport run ended with {self.process.returncode}:\n{self.log()}")
            return self.is_ready()
        wait_until(running, "readiness", seconds, 0.02)

    def is_ready(self):
        return set(self.pids()) == set(ROLES) and self.dns_is_ready() and self.api_is_ready()

    def dns_is_ready(self, patience=1.0):
        """A name that nobody has is NXDOMAIN or a wildcard's, not SERVFAIL, once the zone is complete."""
        question = self.question("probe-" + secrets.token_hex(8), "TXT")
        for address in loopbacks(self.configuration["dns"]["listen"]):
            with self.udp_socket(address) as peer:
                peer.settimeout(patience)
                try:
                    peer.send(question.to_wire())
                    answer = dns.message.from_wire(peer.recv(4096))
                except OSError:
                    return False
                if answer.rcode() not in (dns.rcode.NXDOMAIN, dns.rcode.NOERROR):
                    return False
        return True

    def api_is_ready(self):
        """Credentials that nobody has are 401 once store is there to say so, and 503 before."""
        stranger = {"username": str(uuid.uuid4()), "password": secrets.token_hex(20),
                    "subdomain": str(uuid.uuid4())}
        try:
            return self.update(stranger).status_code == 401
        except requests.RequestException:
            return False

    def stop(self):
        """SIGTERM; everything must end in order and by itself."""
        if not self.runs():
            raise AssertionError(f"the server ended by itself with {self.process.returncode}")
        pids = self.pids()
        code = self.terminate()
        assert code == 0, f"exit code {code} after SIGTERM"
        left = {role: pid for role, pid in pids.items() if process_runs(pid)}
        assert not left, f"left over after the parent: {left}"
        if not self.deaths_expected and self.first_pids is not None:
            assert pids == self.first_pids, "a daemon was restarted though nobody killed it"

    def destroy(self):
        pids = {}
        if self.runs():
            with contextlib.suppress(OSError):
                os.kill(self.pid, signal.SIGCONT)
                pids = self.pids()
        super().destroy()
        for pid in pids.values():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGKILL)

    def kill(self, role, number=signal.SIGKILL):
        """Signals a daemon; returns its pid."""
        pid = wait_until(lambda: self.pids().get(role), f"a running {role}")
        os.kill(pid, number)
        return pid


class LocalServer(Server):
    """Also at a Unix socket, where api_socket() and http_connection() go."""

    def __init__(self, folder, **overrides):
        super().__init__(folder, **overrides)
        self.socket_path = Path(folder) / "api.sock"
        self.configuration["api"]["listen"].append(f"unix:{self.socket_path}")
        self.write_configuration()

    def api_socket(self, address=None, source=None):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(DEADLINE)
        peer.connect(os.fspath(self.socket_path))
        return peer


def daemon_role(pid):
    try:
        name = os.path.basename(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode())
    except (FileNotFoundError, ProcessLookupError):
        return None
    role = name.removeprefix("sallyport-")
    return role if role in ROLES else None


def loopbacks(listeners):
    return [address for address, mark in (("127.0.0.1", "127.0.0.1:"), ("::1", "[::1]:"))
            if any(listener.startswith(mark) for listener in listeners)]


def credentials(account):
    return {"X-Api-User": account["username"], "X-Api-Key": account["password"]}


# --- the wire ---

def udp_exchange(peer, wire):
    """Repeats the question, as every resolver does, until its answer is there."""
    deadline = time.monotonic() + DEADLINE
    patience = peer.gettimeout()
    try:
        while time.monotonic() < deadline:
            peer.settimeout(2.0)
            peer.send(wire)
            try:
                while True:
                    answer = peer.recv(65535)
                    if answer[:2] == wire[:2]:
                        return answer
            except TimeoutError:
                continue
    finally:
        peer.settimeout(patience)
    raise Late("no answer over UDP")


def receive_exactly(peer, length):
    """`length` bytes, or fewer if the peer closed before."""
    data = b""
    while len(data) < length:
        piece = peer.recv(length - len(data))
        if not piece:
            break
        data += piece
    return data


def tcp_answer(peer):
    """The next DNS message of a stream; empty at its end."""
    prefix = receive_exactly(peer, 2)
    if not prefix:
        return b""
    length, = struct.unpack("!H", prefix)
    answer = receive_exactly(peer, length)
    assert len(answer) == length, "the stream ended within a message"
    return answer


def wait_closed(peer):
    """Reads to the end of a stream and returns what came; a reset is an end, too."""
    data = b""
    while True:
        try:
            piece = peer.recv(65536)
        except ConnectionResetError:
            return data
        if not piece:
            return data
        data += piece


class TlsPeer:
    """
    A client's end of TLS over a socket, with the socket's own methods. Unlike ssl.SSLSocket it can be shut down
    in one direction, and shows every byte that comes.
    """

    def __init__(self, peer, context, name="sallyport.test", session=None):
        self.peer = peer
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name, session=session)
        self._until_done(self.tls.do_handshake)

    def __getattr__(self, name):
        return getattr(self.peer, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.peer.close()

    def _flush(self):
        if self.outgoing.pending:
            self.peer.sendall(self.outgoing.read())

    def _until_done(self, step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self._flush()
                data = self.peer.recv(65536)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()
            finally:
                self._flush()

    def sendall(self, data):
        for start in range(0, len(data), 16384):
            self.tls.write(data[start:start + 16384])
        self._flush()

    send = sendall

    def recv(self, maximum):
        """As of a socket: no bytes at the end, which the server must have announced."""
        try:
            return self._until_done(lambda: self.tls.read(maximum))
        except ssl.SSLZeroReturnError:
            return b""

    def close_tls(self):
        """Says that nothing follows; the socket stays open, and can be read."""
        with contextlib.suppress(ssl.SSLError):
            self.tls.unwrap()
        self._flush()


class HttpAnswer:
    def __init__(self, status, headers, body, head):
        self.status = status
        self.headers = headers  # lower-case name to value
        self.body = body
        self.head = head  # status line and headers as they came

    @property
    def error(self):
        """The word of an error answer, after checking its form to the byte."""
        assert self.headers["content-type"] == "application/json", self.head
        word = json.loads(self.body)["error"]
        assert self.body == b'{"error": "%s"}' % word.encode(), self.body
        return word


class HttpConnection:
    """A connection on which a test writes bytes and reads whole answers."""

    def __init__(self, peer):
        self.peer = peer
        self.left = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.peer.close()

    def send(self, data):
        self.peer.sendall(data)

    def _more(self):
        piece = self.peer.recv(65536)
        if not piece:
            raise ConnectionError(f"closed; unread: {self.left!r}")
        self.left += piece

    def answer(self):
        """The next answer. ConnectionError when the server closes before it is complete."""
        while b"\r\n\r\n" not in self.left:
            self._more()
        head, self.left = self.left.split(b"\r\n\r\n", 1)
        lines = head.decode("ascii").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            assert name.lower() not in headers, f"header given twice: {head!r}"
            headers[name.lower()] = value.strip()
        version, status = lines[0].split(" ")[:2]
        assert version == "HTTP/1.1", lines[0]
        if status == "100":
            return HttpAnswer(100, headers, b"", head)
        length = int(headers["content-length"])
        while len(self.left) < length:
            self._more()
        body, self.left = self.left[:length], self.left[length:]
        return HttpAnswer(int(status), headers, body, head)

    def ask(self, data):
        self.send(data)
        return self.answer()

    def closed(self):
        """Whether the server closes without another byte."""
        return self.left == b"" and wait_closed(self.peer) == b""


def http_request(method, path, body=b"", headers=(), host="sallyport.test"):
    """A plain HTTP/1.1 request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def update_body(account, txt):
    return json.dumps({"subdomain": account["subdomain"], "txt": txt}).encode()


def update_request(account, txt, headers=()):
    return http_request("POST", "/update", update_body(account, txt),
                        [*credentials(account).items(), *headers])


def remove_folder(folder):
    shutil.rmtree(folder, ignore_errors=True)
